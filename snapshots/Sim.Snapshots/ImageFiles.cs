using System.Security.Cryptography;
using Sim.Engine.Base;

namespace Sim.Snapshots;

/// <summary>Finds the files of images that a snapshot does not hold itself.</summary>
public static class ImageFiles
{
    /// <summary>
    /// Content of an image: from the file that the user named when the machine was built, else from one of that name beside the snapshot.
    /// </summary>
    /// <param name="image">What is looked for.</param>
    /// <param name="snapshot">Path of the snapshot.</param>
    /// <exception cref="SimException">No such file has the content; names the file and its checksum.</exception>
    public static ReadOnlyMemory<byte> Find(ImageRecord image, string snapshot)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(snapshot);
        var beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(snapshot)) ?? "", Path.GetFileName(image.Name));
        var found = "does not exist";
        foreach (var path in (string[])[image.Name, beside])
        {
            if (Read(path, image.Length) is not { } content)
                continue;
            if (SHA256.HashData(content).AsSpan().SequenceEqual(image.Sha256))
                return content;
            found = "has another content";
        }

        throw SnapshotError.In(snapshot,
            $"it does not hold the image '{image.Role}', and the file {image.Name} {found}; "
                + $"expected a file with SHA-256 {Convert.ToHexStringLower(image.Sha256)} there or beside the snapshot");
    }

    /// <summary>
    /// Content of a file; null when there is none that can be read. A file of another length is not the one and is not read: the name
    /// comes from a snapshot, and may be that of a device.
    /// </summary>
    private static byte[]? Read(string path, long length)
    {
        try
        {
            if (!File.Exists(path))
                return null;
            return length > 0 && new FileInfo(path).Length == length ? File.ReadAllBytes(path) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
