using Sim.Engine.Base;

namespace Sim.PropertyKit.Qom;

/// <summary>Records the instantiation flow as lines, each step indented below the one that it is part of.</summary>
public sealed class FlowRecorder : IFlowObserver
{
    private readonly List<string> lines = [];
    private readonly Func<string, string, bool> shows;
    private readonly Stack<bool> open = new();
    private int depth;

    /// <summary>Makes a recorder.</summary>
    /// <param name="shows">Says by step and subject what to record; null for everything.</param>
    public FlowRecorder(Func<string, string, bool>? shows = null) => this.shows = shows ?? (static (_, _) => true);

    /// <summary>What was recorded.</summary>
    public IReadOnlyList<string> Lines => lines;

    /// <inheritdoc/>
    public void Enter(string step, string subject, string detail)
    {
        var shown = shows(step, subject);
        open.Push(shown);
        if (!shown)
            return;
        Note(detail.Length == 0 ? $"{step} {subject}" : $"{step} {subject} {detail}");
        depth++;
    }

    /// <inheritdoc/>
    public void Leave(bool failed)
    {
        if (!open.Pop())
            return;
        depth--;
        if (failed)
            Note("failed");
    }

    /// <summary>Records a line of the test's own.</summary>
    public void Note(string line) => lines.Add(new string(' ', 2 * depth) + line);

    /// <summary>Forgets what was recorded.</summary>
    public void Clear() => lines.Clear();
}
