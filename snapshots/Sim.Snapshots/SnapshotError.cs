using Sim.Engine.Base;

namespace Sim.Snapshots;

/// <summary>Makes the one sentence that says why a snapshot is refused.</summary>
internal static class SnapshotError
{
    /// <summary>The error of a file.</summary>
    /// <param name="name">Name of the file.</param>
    /// <param name="what">What is wrong, and what was expected; without a full stop.</param>
    /// <param name="cause">The error behind it.</param>
    public static SimException In(string name, string what, Exception? cause = null) =>
        new($"{name}: {what}.", SimErrorKind.Guest, cause);
}
