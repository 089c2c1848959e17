using System.Security.Cryptography;
using Sim.Snapshots;

namespace Sim.Cli.Running;

/// <summary>Finds images that a snapshot or a journal does not hold.</summary>
internal static class SavedImages
{
    /// <summary>The built-in demo, or a file, see <see cref="ImageFiles"/>.</summary>
    /// <exception cref="Engine.Base.SimException">There is none.</exception>
    public static ReadOnlyMemory<byte> Find(ImageRecord image, string file) =>
        Firmware.DemoImage().Bytes is var demo && SHA256.HashData(demo.Span).AsSpan().SequenceEqual(image.Sha256) ? demo : ImageFiles.Find(image, file);
}
