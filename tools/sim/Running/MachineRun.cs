using System.Diagnostics;
using Sim.Cli.CommandLine;
using Sim.Cli.Gdb;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Running;

/// <summary>
/// One run of a machine from the command line: connects consoles, keyboard, clock and signals to a session, runs it, and tells how it
/// ended.
/// </summary>
internal sealed class MachineRun : IDisposable
{
    private readonly CommandHost host;
    private readonly RunSettings settings;
    private readonly SerialBackends serials;
    private readonly LogWriter? log;
    private readonly GdbServer? gdbServer;
    private readonly InputInbox inbox = new();
    private readonly KeyMarks marks = new();
    private readonly CancellationTokenSource stop;
    private string? stopReason;

    /// <summary>Opens what the run writes to.</summary>
    /// <exception cref="SimException">A name is wrong or a file cannot be created.</exception>
    public MachineRun(CommandHost host, RunSettings settings, IReadOnlyList<string> serialNames)
    {
        this.host = host;
        this.settings = settings;
        serials = new SerialBackends(serialNames, host);
        log = settings.Log is { } what ? new LogWriter(what, host) : null;
        gdbServer = settings.Gdb is { } gdb ? new GdbServer(gdb.Address, inbox.WakeUp) : null;
        stop = CancellationTokenSource.CreateLinkedTokenSource(host.Interrupted);
        if (serials.Stdio is { } output)
            output.Closed = () => Stop("output-closed");
    }

    /// <summary>False when the guest takes no input: stdin is then left alone.</summary>
    public bool TakesInput { get; init; } = true;

    /// <summary>True when the machine that is opened brings a script that goes on: stdin is then not read.</summary>
    public bool BringsScript { get; init; }

    /// <summary>Begins the recording of the run; null for none.</summary>
    public Func<Session, Recording>? Record { get; init; }

    /// <summary>Sees the machine being built; null for nobody.</summary>
    public BuildDisplay? Display { get; init; }

    /// <summary>Boots the machine, runs it and prints the end line.</summary>
    /// <returns>The exit code.</returns>
    public int Execute(MachineConfiguration configuration) => Execute(options => Session.Boot(configuration, options));

    /// <summary>Runs a machine that somebody else builds, and prints the end line.</summary>
    /// <param name="open">Builds it.</param>
    /// <param name="run">Runs it; by default to the limits of the settings.</param>
    /// <returns>The exit code.</returns>
    public int Execute(Func<SessionOptions, Session> open, Func<Session, CancellationToken, RunEnd>? run = null)
    {
        run ??= (machine, token) => RunEnd.Of(machine.Run(settings.Limits, token));
        var interactive = TakesInput && host.InputIsTerminal && settings.Script is null && !BringsScript && serials.StdioIndex >= 0;
        var keepPace = settings.Pace is { } pace ? pace == "real" : interactive;
        var pacer = interactive || keepPace ? new HostPacer(keepPace, inbox, serials.Flush, stop.Token) : null;
        using var session = open(new SessionOptions { Observer = Display, Pacer = pacer, Save = SaveSnapshot });
        session.Machine.Root.Observer = null;
        CheckVcpu(session);
        serials.Connect(session);
        log?.Connect(session);
        if (settings.Stats)
            session.StartStatistics();
        if (settings.Script is { } script)
            session.Attach(script);
        else if (!interactive && !BringsScript)
            TypeAhead(session);
        var progress = settings.Progress && host.ErrorIsTerminal
            ? new ProgressLine(host, session.Scheduler, settings.Limits.Stop, host.OutputIsTerminal ? serials.Stdio : null)
            : null;
        using var recording = Record?.Invoke(session);
        using var terminal = interactive ? Interact(session) : null;
        if (!interactive)
            inbox.End();
        host.WatchSignals();
        if (settings.HostTimeout is { } timeout)
            stop.CancelAfter(timeout);

        var gdb = gdbServer is { } server ? Debug(session, server) : null;
        var start = Stopwatch.GetTimestamp();
        marks.Attach(session, recording);
        var end = run(session, stop.Token);
        var elapsed = Stopwatch.GetElapsedTime(start);
        progress?.Clear();
        serials.Flush();
        gdb?.Ended(end.Reason == EndReason.Interrupted);
        if (end.Reason == EndReason.Interrupted)
            end = WhyStopped();
        var recorded = recording is null ? ExitCodes.Done : Guarded(() => EndRecording(recording, end.Name));
        var saved = settings.Save is { } path ? Guarded(() => SaveSnapshot(session, path)) : ExitCodes.Done;
        return Math.Max(Finish(session, end, elapsed), Math.Max(recorded, saved));
    }

    private void EndRecording(Recording recording, string reason)
    {
        marks.Write(recording);
        recording.Finish(reason);
        foreach (var (time, name) in recording.MarksToCome)
            host.Say(FormattableString.Invariant($"the run ended before {time} ns: the mark '{name}' is not in the journal."));
    }

    /// <summary>Writes something where the run has ended. A failure is told, and the end of the run all the same.</summary>
    private int Guarded(Action write)
    {
        try
        {
            write();
            return ExitCodes.Done;
        }
        catch (SimException error)
        {
            host.Say(error.Message);
            return (int)error.Kind;
        }
    }

    private void SaveSnapshot(Session session, string path)
    {
        var bar = host.ErrorIsTerminal ? new SaveProgress(host, path) : null;
        Snapshot.Save(session, path, new SnapshotOptions { EmbedImages = settings.EmbedImages, Progress = bar is null ? null : bar.Show });
        bar?.Clear();
    }

    public void Dispose()
    {
        gdbServer?.Dispose();
        log?.Dispose();
        serials.Dispose();
        stop.Dispose();
    }

    private GdbDebugger Debug(Session session, GdbServer server)
    {
        var gdb = new GdbDebugger(session, server, stop.Token) { BeforeWaiting = serials.Flush, Killed = () => Stop("quit") };
        host.Say($"gdb can connect: target remote {server.Address}");
        if (settings.Gdb!.WaitsAtStart)
            session.Debugger.RequestStop();
        return gdb;
    }

    private void CheckVcpu(Session session)
    {
        var vcpu = settings.Limits.Stop.Vcpu;
        if (vcpu >= session.Scheduler.Clocks.Count)
            throw new SimException(FormattableString.Invariant(
                $"--until-icount names CPU {vcpu}; the machine has {session.Scheduler.Clocks.Count}, counted from 0."));
    }

    private void Stop(string reason)
    {
        Interlocked.CompareExchange(ref stopReason, reason, null);
        stop.Cancel();
    }

    /// <summary>Standard input that is no terminal is read whole before power-on, so that the run depends on its content alone.</summary>
    private void TypeAhead(Session session)
    {
        if (!TakesInput || host.InputIsTerminal || serials.StdioIndex < 0 || !session.Consoles[serials.StdioIndex].Chardev.IsAttached)
            return;
        const string Hint = "reading standard input to its end before power-on (</dev/null for none).";
        using var hint = new Timer(_ => host.Say(Hint), null, 2000, Timeout.Infinite);
        var typed = new MemoryStream();
        try
        {
            host.Input.CopyTo(typed);
        }
        catch (IOException)
        {
            // Closed or unreadable: nothing is typed.
        }

        if (typed.Length > 0)
            session.Input.Enqueue(new InputEvent(serials.StdioIndex, typed.ToArray()));
    }

    private RawTerminal? Interact(Session session)
    {
        if (!session.Consoles[serials.StdioIndex].Chardev.IsAttached)
        {
            inbox.End();
            return null;
        }

        session.Input.Inbox = inbox;
        host.Say("Ctrl-A X leaves, Ctrl-A H helps.");
        var terminal = RawTerminal.Enter();
        new Keyboard(host, inbox, serials.StdioIndex, () => Stop("quit"), marks.Request).Start();
        return terminal;
    }

    private int Finish(Session session, RunEnd end, TimeSpan elapsed)
    {
        var code = end.Code;
        if (host.OutputsMeet && serials.Stdio?.AtLineStart == false)
            host.Error.Write("\n");
        if (end.Reason is not (EndReason.Interrupted or EndReason.Quit) && MissingText(session, end) is { } missing)
        {
            host.Say(missing);
            code = ExitCodes.Guest;
        }

        if (end.Message is { } message)
            host.Say(message);
        if (session.Statistics is { } statistics)
            host.Error.Write(StatisticsText.Format(statistics));
        host.Error.Write(EndLine.Format(end.Name, session, elapsed));
        return code;
    }

    private RunEnd WhyStopped()
    {
        if (host.Interrupted.IsCancellationRequested)
            return new RunEnd(EndReason.Interrupted, "interrupted", ExitCodes.Interrupted);
        return stopReason switch
        {
            "quit" => new RunEnd(EndReason.Interrupted, "quit", ExitCodes.Done),
            { } known => new RunEnd(EndReason.Interrupted, known, ExitCodes.HostLimit),
            null => new RunEnd(EndReason.Interrupted, "host-timeout", ExitCodes.HostLimit),
        };
    }

    /// <summary>The awaited text that had not come when the run ended; null when all came.</summary>
    private string? MissingText(Session session, RunEnd end)
    {
        var what = session.Script is { Waiting: { } step } script
            ? FormattableString.Invariant($"{script.Name}:{step.Line}: expect {step.Text}")
            : end.OutputCame ? null : $"--until-output {settings.Limits.Output}";
        return what is null
            ? null
            : $"{what}: the text has not come when the run ended (reason={end.Name}); the console's last lines: {session.Console.Tail(3)}";
    }
}
