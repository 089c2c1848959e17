using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Session;

/// <summary>
/// A machine and its run: the library's way in. <see cref="Boot"/> it, <see cref="Run"/> it, talk to it through <see cref="Input"/> and <see cref="Consoles"/>, look at it. Any number of sessions
/// live side by side, each used by one thread at a time.
/// </summary>
public sealed partial class Session : IDisposable
{
    private readonly IPacer? pacer;
    private readonly Action<Session, string>? save;
    private readonly StateDigest digest;
    private Debugger? debugger;
    private CancellationToken cancellation;
    private EndReason? requestedEnd;
    private string? requestedSave;

    private Session(MachineState machine, IReadOnlyList<SerialConsole> consoles, SessionOptions options)
    {
        Machine = machine;
        Consoles = consoles;
        pacer = options.Pacer;
        save = options.Save;
        digest = new StateDigest(machine);
        Input = new InputPort(machine, consoles);
        Scheduler.FrameBoundary += OnFrameBoundary;
        Scheduler.IdleAdvance = pacer is null ? null : AdvanceIdle;
    }

    /// <summary>The machine.</summary>
    public MachineState Machine { get; }

    /// <summary>Its scheduler: time and instruction counts.</summary>
    public Scheduler Scheduler => Machine.Scheduler;

    /// <summary>The serial consoles, in order of <c>--serial</c>.</summary>
    public IReadOnlyList<SerialConsole> Consoles { get; }

    /// <summary>The first serial console.</summary>
    /// <exception cref="SimException">The machine has none.</exception>
    public SerialConsole Console => Consoles.Count > 0 ? Consoles[0] : throw new SimException("The machine has no serial console.");

    /// <summary>The one door through which anything from outside enters the machine.</summary>
    public InputPort Input { get; }

    /// <summary>Execution control: breakpoints, watchpoints, single steps. It costs nothing until it is asked for.</summary>
    public Debugger Debugger => debugger ??= new Debugger(this);

    /// <summary>The script that talks to the first console; null for none.</summary>
    public Script? Script { get; private set; }

    /// <summary>True once the guest has powered the machine off.</summary>
    public bool PoweredOff => Scheduler.PoweredOff;

    /// <summary>What has happened since <see cref="StartStatistics"/>; null before.</summary>
    public RunStatistics? Statistics { get; private set; }

    /// <summary>
    /// Counts instructions, exceptions, interrupts and register accesses from now on. Counting changes nothing of the run; it makes exceptions
    /// and register accesses a little slower. A second call changes nothing.
    /// </summary>
    public RunStatistics StartStatistics() => Statistics ??= new RunStatistics(Machine);

    /// <summary>Digest of the whole machine state as it stands (law L1). Taking it changes nothing.</summary>
    public UInt128 Digest() => digest.Compute();

    /// <summary>The digest, with a short hash of each section of state and then of each block of RAM.</summary>
    public UInt128 Digest(ICollection<uint> parts) => digest.Compute(StateSections.Collect(Machine), parts);

    /// <summary>Types text at the first console; it enters at the next frame boundary, and waits in the machine until the UART has room.</summary>
    public void Send(string text) => Input.Type(Console, text);

    /// <summary>Lets a script talk to the first console from now on, in place of any other.</summary>
    /// <exception cref="SimException">The script saves snapshots, and this session cannot.</exception>
    public void Attach(Script script)
    {
        ArgumentNullException.ThrowIfNull(script);
        if (save is null && script.Steps.FirstOrDefault(static s => s.Action == ScriptAction.Save) is { } saving)
        {
            throw new SimException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
                $"{script.Name}:{saving.Line}: save: this run has no way to save snapshots."), SimErrorKind.Guest);
        }

        DetachScript();
        Script = script;
        script.Attach(this);
    }

    /// <summary>Lets the script go, wherever it stands. What it has sent still enters.</summary>
    public void DetachScript()
    {
        Script?.Detach();
        Script = null;
    }

    /// <summary>Runs the machine until it ends of itself, a limit is reached, the script quits, or the token is cancelled (which takes effect at the next frame boundary).</summary>
    public RunResult Run(RunLimits? limits = null, CancellationToken cancellationToken = default)
    {
        limits ??= RunLimits.None;
        cancellation = cancellationToken;
        var matcher = limits.Output is { } text ? new OutputMatcher(Script.Encode(text)) : null;
        void Match(byte value)
        {
            if (matcher!.Feed(value))
                RequestEnd(EndReason.Output);
        }

        if (matcher is not null)
            Console.Written += Match;
        try
        {
            requestedEnd = null;
            Script?.Advance();
            return new RunResult(requestedEnd ?? RunToEnd(limits.Stop), limits.Output is null || requestedEnd == EndReason.Output);
        }
        finally
        {
            if (matcher is not null)
                Console.Written -= Match;
        }
    }

    /// <summary>Runs until the first console has printed <paramref name="text"/> from now on, or <paramref name="limit"/> is reached.</summary>
    /// <exception cref="SimException">The text has not come; the message quotes the console's last lines.</exception>
    public void RunUntilOutput(string text, StopCondition? limit = null, CancellationToken cancellationToken = default)
    {
        var result = Run(new RunLimits { Output = text, Stop = limit ?? StopCondition.None }, cancellationToken);
        if (result.Reason != EndReason.Output)
            throw new SimException($"Output '{text}' has not come when the run ended ({EndReasons.Name(result.Reason)}). The console's last lines: {Console.Tail(3)}", SimErrorKind.Guest);
    }

    /// <summary>Frees the machine's memory.</summary>
    public void Dispose() => Machine.Dispose();

    /// <summary>Ends the run under way after the current instruction.</summary>
    internal void RequestEnd(EndReason reason)
    {
        requestedEnd ??= reason;
        Scheduler.RequestStop();
    }

    /// <summary>Saves a snapshot after the current instruction, for the script.</summary>
    internal void RequestSave(string path)
    {
        requestedSave = path;
        Scheduler.RequestStop();
    }

    private void SaveAsRequested()
    {
        while (requestedSave is { } path)
        {
            requestedSave = null;
            Script!.AdvancePastSave(() => save!(this, path));
        }
    }

    private EndReason RunToEnd(StopCondition stop)
    {
        while (true)
        {
            SaveAsRequested();
            if (requestedEnd is { } ended)
                return ended;
            if (Scheduler.AtFrameBoundary)
                Input.Drain(Scheduler.GlobalTime);
            debugger?.Arm();
            var reason = Scheduler.Run(stop);
            SaveAsRequested();
            switch (reason)
            {
                case StopReason.PowerOff:
                    return EndReason.PowerOff;
                case StopReason.Limit:
                    return stop.Time != VirtualTime.Never && Scheduler.ReachedTime >= stop.Time ? EndReason.Time : EndReason.Instructions;
                case StopReason.Requested when requestedEnd is { } known:
                    debugger?.ForgetStop();
                    return known;
                case StopReason.Requested when debugger?.TellStop(out var goesOn) == true && !goesOn:
                    return EndReason.Debugger;
                case StopReason.Idle when Input.HasWaiting || pacer?.WaitForInput(cancellation) == true:
                    continue;
                case StopReason.Idle:
                    return cancellation.IsCancellationRequested ? EndReason.Interrupted : EndReason.Idle;
            }
        }
    }

    private void OnFrameBoundary()
    {
        Input.Drain(Scheduler.GlobalTime);
        debugger?.Poll();
        pacer?.Pace(Scheduler.GlobalTime);
        if (cancellation.IsCancellationRequested)
            RequestEnd(EndReason.Interrupted);
    }

    private long AdvanceIdle(long target) => Math.Clamp(pacer!.AdvanceIdle(Scheduler.GlobalTime, target, cancellation), Scheduler.GlobalTime, target);
}
