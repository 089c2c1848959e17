using System.Runtime.ExceptionServices;

namespace Sim.Engine.Base;

/// <summary>
/// Makes a realize atomic (law L5). While a log is open, everything that changes the structure of the machine (object tree, buses, memory
/// map, wiring, timers, vCPUs) adds the action that takes it back. A failed realize runs the actions in reverse; a successful
/// one keeps them as its unrealize.
/// <para>
/// An object that goes while a log is open does not come back: a realize removes only what it has itself added.
/// </para>
/// </summary>
public sealed class UndoLog
{
    private readonly Stack<List<Entry>> scopes = new();
    private int running;

    /// <summary>True while a change must be recorded.</summary>
    public bool IsOpen => scopes.Count > 0;

    /// <summary>True while changes are being taken back.</summary>
    public bool IsRunning => running > 0;

    /// <summary>Records how to take back a change of structure that has just been made; does nothing when no scope is open.</summary>
    public void Add(Action undo)
    {
        if (scopes.TryPeek(out var scope))
            scope.Add(new Entry(undo, RollBackOnly: false));
    }

    /// <summary>
    /// Records how to take back a change that belongs to the running machine (a timer armed): a failed realize takes it back, an unrealize, which may
    /// come much later, leaves it alone.
    /// </summary>
    public void AddForRollBack(Action undo)
    {
        if (scopes.TryPeek(out var scope))
            scope.Add(new Entry(undo, RollBackOnly: true));
    }

    /// <summary>Opens a scope; the caller ends it with <see cref="Commit"/> or <see cref="RollBack"/>.</summary>
    public void Open() => scopes.Push([]);

    /// <summary>
    /// Ends the innermost scope and returns its changes of structure as actions in the order in which they must be run to take everything back. What only
    /// a failure takes back passes to the scope around it.
    /// </summary>
    public IReadOnlyList<Action> Commit()
    {
        var ended = scopes.Pop();
        if (scopes.TryPeek(out var outer))
            outer.AddRange(ended.Where(static entry => entry.RollBackOnly));
        var actions = ended.Where(static entry => !entry.RollBackOnly).Select(static entry => entry.Undo).ToList();
        actions.Reverse();
        return actions;
    }

    /// <summary>Ends the innermost scope and takes everything in it back, last change first.</summary>
    public void RollBack()
    {
        var actions = scopes.Pop().ConvertAll(static entry => entry.Undo);
        actions.Reverse();
        Run(actions);
    }

    /// <summary>
    /// Runs undo actions with recording switched off: taking back is never itself taken back. One that throws does not keep the others from running; the
    /// first exception is thrown at the end.
    /// </summary>
    public void Run(IReadOnlyList<Action> actions)
    {
        ArgumentNullException.ThrowIfNull(actions);
        ExceptionDispatchInfo? first = null;
        scopes.Push([]);
        running++;
        foreach (var action in actions)
        {
            try
            {
                action();
            }
            catch (Exception error)
            {
                first ??= ExceptionDispatchInfo.Capture(error);
            }
        }

        running--;
        scopes.Pop();
        first?.Throw();
    }

    private readonly record struct Entry(Action Undo, bool RollBackOnly);
}
