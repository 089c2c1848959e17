namespace Sim.Engine.Base;

/// <summary>
/// Makes a realize atomic (law L5). While a log is open, everything that changes the structure of the machine (object tree, buses, memory
/// map, wiring, timers, vCPUs) adds the action that takes it back. A failed realize runs the actions in reverse; a successful
/// one keeps them as its unrealize.
/// </summary>
public sealed class UndoLog
{
    private readonly Stack<Scope> scopes = new();

    /// <summary>True while a change must be recorded.</summary>
    public bool IsOpen => scopes.Count > 0;

    /// <summary>Records how to take back a change that has just been made; does nothing when no scope is open.</summary>
    public void Add(Action undo)
    {
        if (scopes.TryPeek(out var scope))
            scope.Actions.Add(undo);
    }

    /// <summary>Opens a scope; the caller ends it with <see cref="Commit"/> or <see cref="RollBack"/>.</summary>
    public void Open() => scopes.Push(new Scope([]));

    /// <summary>Ends the innermost scope and returns its actions in the order in which they must be run to take everything back.</summary>
    public IReadOnlyList<Action> Commit()
    {
        var actions = scopes.Pop().Actions;
        actions.Reverse();
        return actions;
    }

    /// <summary>Ends the innermost scope and takes everything in it back, last change first.</summary>
    public void RollBack() => Run(Commit());

    /// <summary>Runs undo actions with recording switched off: taking back is never itself taken back.</summary>
    public void Run(IReadOnlyList<Action> actions)
    {
        ArgumentNullException.ThrowIfNull(actions);
        scopes.Push(new Scope([]));
        foreach (var action in actions)
            action();
        scopes.Pop();
    }

    private readonly record struct Scope(List<Action> Actions);
}
