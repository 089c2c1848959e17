using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Memory;

namespace Sim.Engine.Session;

/// <summary>What waits outside of the machine to go in: part of a run's future, though not of the machine's state.</summary>
/// <param name="Waiting">Inputs that enter at the next frame boundary, in order.</param>
/// <param name="Script">Where the script stands; null for none.</param>
public sealed record PendingInput(IReadOnlyList<InputEvent> Waiting, ScriptProgress? Script);

/// <summary>
/// A moment of a run, in memory: the machine's whole state between two instructions and what waits to go in. It is immutable, belongs to
/// no session, and shares its pages with other checkpoints; any number of sessions, on any threads, can go on from it.
/// </summary>
public sealed class Checkpoint
{
    internal Checkpoint(MachineConfiguration configuration, IReadOnlyList<StateSection> sections, IReadOnlyList<RamImage> ram, PendingInput input)
    {
        Configuration = configuration;
        Sections = sections;
        Ram = ram;
        Input = input;
    }

    /// <summary>What the machine was built from.</summary>
    public MachineConfiguration Configuration { get; }

    /// <summary>State of every object and of the scheduler.</summary>
    public IReadOnlyList<StateSection> Sections { get; }

    /// <summary>RAM, block by block.</summary>
    public IReadOnlyList<RamImage> Ram { get; }

    /// <summary>What waits to go in.</summary>
    public PendingInput Input { get; }
}

public sealed partial class Session
{
    private List<RamHistory>? ramHistories;

    private List<RamHistory> RamHistories => ramHistories ??= [.. Machine.RamBlocks.Select(static block => new RamHistory(block))];

    /// <summary>What waits to go into the machine.</summary>
    public PendingInput PendingInput => new(Input.Waiting, Script?.Progress);

    /// <summary>
    /// Notes this moment, to come back to it with <see cref="Restore"/> or to go on from it in another session with <see cref="Open"/>.
    /// Costs what was written since the last checkpoint, and changes nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">An instruction is under way: call it between runs.</exception>
    public Checkpoint Checkpoint()
    {
        CheckBetweenInstructions();
        return new Checkpoint(Machine.Configuration, StateSections.Collect(Machine), [.. RamHistories.Select(static h => h.Take())], PendingInput);
    }

    /// <summary>
    /// Goes back, or over, to a moment: the run goes on from there as it did, or would have, the first time. The consoles' texts begin
    /// afresh. Costs what differs between now and then.
    /// </summary>
    /// <param name="checkpoint">A checkpoint of this session, or of one that was opened from the same configuration object.</param>
    /// <exception cref="ArgumentException">The checkpoint is of another machine.</exception>
    /// <exception cref="InvalidOperationException">An instruction is under way: call it between runs.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        CheckBetweenInstructions();
        if (!ReferenceEquals(checkpoint.Configuration, Machine.Configuration))
            throw new ArgumentException("The checkpoint is of a machine with another configuration; open a session from it.", nameof(checkpoint));
        foreach (var (history, image) in RamHistories.Zip(checkpoint.Ram))
            history.Put(image);
        Load(checkpoint.Sections, checkpoint.Input);
    }

    /// <summary>Builds another machine of the same configuration and takes it to a checkpoint's moment.</summary>
    /// <exception cref="SimException">The machine cannot be built.</exception>
    public static Session Open(Checkpoint checkpoint, SessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var session = Boot(checkpoint.Configuration, options);
        try
        {
            session.Restore(checkpoint);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Gives the machine, whose RAM has its content already, saved state, and lets wait what waited. The session is not fit for use after
    /// a failure.
    /// </summary>
    /// <exception cref="SimException">The state is none of a machine of this configuration.</exception>
    public void Load(IEnumerable<StateSection> sections, PendingInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CheckBetweenInstructions();
        if (input.Waiting.Any(waiting => waiting.Serial < 0 || waiting.Serial >= Consoles.Count))
            throw new SimException("Machine state cannot be loaded: an input waits for a serial port that the machine lacks.", SimErrorKind.Guest);
        if (input.Script is not null && Consoles.Count == 0)
            throw new SimException("Machine state cannot be loaded: a script waits for a serial port and the machine has none.", SimErrorKind.Guest);
        StateSections.Load(Machine, sections);
        Input.ReplaceWaiting(input.Waiting);
        foreach (var console in Consoles)
            console.Clear();
        DetachScript();
        if (input.Script is { } progress)
            Attach(Script.Resume(progress));
    }

    private void CheckBetweenInstructions()
    {
        if (Scheduler.RunningVcpu >= 0)
            throw new InvalidOperationException("A checkpoint is taken or restored between two instructions, and one is under way.");
    }
}
