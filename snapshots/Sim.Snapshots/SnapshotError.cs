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
        new($"{name}: {Printable(what)}.", SimErrorKind.Guest, cause);

    /// <summary>The error of a file in which something was found that is refused with a sentence of its own.</summary>
    /// <param name="name">Name of the file.</param>
    /// <param name="cause">The error behind it.</param>
    public static SimException In(string name, SimException cause) =>
        cause.Message.EndsWith('?') ? new($"{name}: {Printable(cause.Message)}", SimErrorKind.Guest, cause) : In(name, cause.Message.TrimEnd('.'), cause);

    /// <summary>A text that may come from a file, without what would move a terminal's cursor, and not longer than a screen.</summary>
    public static string Printable(string text)
    {
        const int Most = 600;
        var shown = text.Length <= Most ? text : text[..Most] + "…";
        return string.Concat(shown.Select(static c => char.IsControl(c) ? '?' : c));
    }
}
