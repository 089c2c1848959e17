using Sim.Snapshots;

namespace Sim.PropertyKit.Snapshots;

/// <summary>A name for a journal that goes, with the snapshots beside it, when it is disposed of.</summary>
public sealed class TemporaryJournal : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-law-");

    /// <summary>The name.</summary>
    public string Path => System.IO.Path.Combine(directory.FullName, $"run{JournalFormat.Extension}");

    /// <inheritdoc/>
    public void Dispose() => directory.Delete(recursive: true);
}
