using Sim.Engine.Base;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Snapshot files: the machine at one moment, to go on from anywhere.</summary>
public static class Snapshot
{
    /// <summary>Ending of snapshot files.</summary>
    public const string Extension = ".simsnap";

    /// <summary>Saves a session's present moment. The file appears whole or not at all; an old one of that name stays until then.</summary>
    /// <exception cref="SimException">The file cannot be written.</exception>
    public static void Save(Session session, string path, SnapshotOptions? options = null) =>
        AtomicFile.Write(path, stream => SnapshotWriter.Write(session, stream, options));

    /// <summary>A session that goes on from a saved moment.</summary>
    /// <exception cref="SimException">The file is refused; see <see cref="SnapshotReader"/>.</exception>
    public static Session Restore(string path, SessionOptions? options = null)
    {
        using var reader = SnapshotReader.Open(path);
        return reader.Restore(options);
    }

    /// <summary>Takes a session, whose machine is built as the saved one was, to a saved moment; see <see cref="SnapshotReader.Load"/>.</summary>
    /// <exception cref="SimException">The file is refused, or was saved by a machine of another configuration.</exception>
    public static void Load(Session session, string path)
    {
        using var reader = SnapshotReader.Open(path);
        reader.Load(session);
    }
}
