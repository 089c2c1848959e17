using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;

namespace Sim.PropertyKit.Machines;

/// <summary>Something that entered a machine, and where in the schedule.</summary>
/// <param name="Point">Where.</param>
/// <param name="Input">What was typed; null for a write.</param>
/// <param name="Write">What a debugger wrote; null for something typed.</param>
internal readonly record struct TapeEntry(SchedulePoint Point, InputEvent? Input, DebuggerWrite? Write)
{
    /// <inheritdoc/>
    public override string ToString() => Write is null ? $"typed at {Point}" : $"{Write} at {Point}";
}

/// <summary>
/// Does the steps of a history, and keeps a tape of what entered the machine in the past that it has now: going back takes the tape back.
/// A machine that is run straight with that tape must come to the same state.
/// </summary>
internal sealed class MachineHistoryRun : IDisposable
{
    private const int MostCheckpoints = 6;

    private static readonly string[] Texts = ["x", "\r", "help\r", "version\r", "0123456789abcdefghijklmnopqrstuvwxyz", "\x03", "é"];

    private readonly MachineHistory history;
    private readonly SessionOptions options;
    private readonly CaseClasses classes;
    private readonly MachineConfiguration configuration;
    private readonly List<TapeEntry> tape = [];
    private readonly List<byte> printed = [];
    private readonly List<KeptMoment> checkpoints = [];
    private Session session = null!;
    private (Recording Recording, TemporaryJournal File, int Printed)? recording;

    /// <param name="history">What is to be done.</param>
    /// <param name="table">Types of a machine with a <see cref="PlantedDevice"/>; null for one without.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public MachineHistoryRun(MachineHistory history, TypeRegistry? table, CaseClasses classes)
    {
        this.history = history;
        this.classes = classes;
        options = new SessionOptions { Registry = table };
        configuration = history.Configuration(table is null ? null : [new DeviceRequest(PlantedDevice.TypeName, [])]);
        Take(Session.Boot(configuration, options));
    }

    /// <summary>The machine as it is now.</summary>
    public Session Session => session;

    /// <summary>What entered the machine in its past.</summary>
    public IReadOnlyList<TapeEntry> Tape => tape;

    private int Vcpus => session.Scheduler.Clocks.Count;

    /// <summary>Does all steps and compares with the straight run.</summary>
    public void Run()
    {
        foreach (var operation in history.Operations)
        {
            if (session.PoweredOff && operation.Kind is not (MachineOperationKind.GoBack or MachineOperationKind.Branch))
                continue;
            if (Do(operation))
            {
                classes.Add(operation.Kind.ToString());
                classes.CoverOperation(operation.Kind);
            }

            classes.Add("inside a slice", session.Scheduler.Turn >= 0);
            classes.Add("between frames", session.Scheduler.AtFrameBoundary);
            classes.Add("all idle", session.Scheduler.Clocks.All(static c => c.Vcpu.IsIdle));
        }

        EndRecording();
        Go(StopCondition.None with { Instructions = session.Scheduler.TotalInstructions + 5_000 });
        CompareWithStraight();
        classes.CoverSession(session);
    }

    /// <summary>Builds a machine and takes it through the same past without a stop that the tape does not ask for.</summary>
    public Session RunStraight(Action<Session>? atBegin = null)
    {
        var straight = Session.Boot(configuration, options);
        try
        {
            atBegin?.Invoke(straight);
            foreach (var entry in tape)
            {
                GoTo(straight, entry.Point);
                Check.Equal(entry.Point, MomentRecord.Of(straight).Point, "where the straight run stops for what entered");
                if (entry.Write is { } write)
                {
                    straight.Input.Apply(write);
                    continue;
                }

                straight.Input.Enqueue(entry.Input!.Value);
                GoTo(straight, entry.Point);
                Check.That(!straight.Input.HasWaiting, $"{entry}: it did not enter the straight run.");
            }

            GoTo(straight, MomentRecord.Of(session).Point);
            return straight;
        }
        catch
        {
            straight.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        session.Dispose();
        recording?.File.Dispose();
    }

    private void CompareWithStraight()
    {
        using var straight = RunStraight();
        var console = new List<byte>(straight.Console.Bytes.ToArray());
        Check.Equal(Outcome(straight, console), Outcome(session, printed), "the run with this history");
        Check.Equal(new StateDigest(session.Machine).Compute(), session.Digest(), "digest kept up to date");
        classes.Add("several CPUs", Vcpus > 1);
        classes.Add("random schedule", configuration.Scheduler.Policy.Kind == SchedulePolicyKind.Random);
        classes.Add(history.Guest);
        classes.Add("printed", printed.Count > 0);
        classes.Add("typed", tape.Exists(static entry => entry.Input is not null));
        classes.Add("typed inside a run", tape.Exists(static entry => entry.Input is not null && entry.Point.Frame > 1));
        classes.Add("debugger wrote", tape.Exists(static entry => entry.Write is not null));
        classes.Add("powered off", session.PoweredOff);
    }

    private static RunOutcome Outcome(Session session, List<byte> console) =>
        RunOutcome.Of(session) with { Console = Convert.ToBase64String([.. console]) };

    private static void GoTo(Session session, SchedulePoint point)
    {
        if (MomentRecord.Of(session).Point != point || session.Input.HasWaiting)
            session.Run(new RunLimits { Stop = StopCondition.None with { Point = point } });
    }

    /// <summary>Does a step; false when there is nothing that it could be done to.</summary>
    private bool Do(MachineOperation operation)
    {
        var vcpu = operation.A % Vcpus;
        switch (operation.Kind)
        {
            case MachineOperationKind.Run:
                Go(Limit(operation));
                return true;
            case MachineOperationKind.Type:
                session.Send(Texts[operation.A % Texts.Length]);
                return true;
            case MachineOperationKind.Move:
                Move();
                return true;
            case MachineOperationKind.Load:
                Load(operation.B);
                return true;
            case MachineOperationKind.Checkpoint:
                if (checkpoints.Count == MostCheckpoints)
                    checkpoints.RemoveAt(operation.A % MostCheckpoints);
                checkpoints.Add(new KeptMoment(session.Checkpoint(), session.Digest(), session.Scheduler.TotalInstructions, [.. tape], [.. printed]));
                return true;
            case MachineOperationKind.GoBack or MachineOperationKind.Branch when checkpoints.Count > 0:
                GoBack(operation);
                return true;
            case MachineOperationKind.Record when recording is null:
                BeginRecording(operation);
                return true;
            case MachineOperationKind.Replay when recording is not null:
                EndRecording();
                return true;
            case MachineOperationKind.DropCaches:
                foreach (var cpu in session.Debugger.Cpus)
                    cpu.DropCaches();
                return true;
            case MachineOperationKind.Look:
                Look(session.Debugger.Cpus[vcpu]);
                return true;
            case MachineOperationKind.Count:
                session.StartStatistics();
                return true;
            case MachineOperationKind.WriteRegister:
                return Write(new RegisterWrite(vcpu, FormattableString.Invariant($"r{operation.A % 32}"), (ulong)operation.B * 0x1_0001));
            case MachineOperationKind.WriteMemory:
                return Write(new MemoryWrite(vcpu, Near(vcpu, operation), new[] { (byte)operation.B, (byte)(operation.B >> 8) }));
            case MachineOperationKind.Step:
                session.Debugger.Step(vcpu);
                Debug(operation);
                return true;
            case MachineOperationKind.Breakpoint:
                session.Debugger.Add(new Breakpoint(session.Debugger.Cpus[vcpu].Pc + (4 * ((uint)operation.B % 9)), operation.B % 2 == 0 ? -1 : vcpu));
                Debug(operation);
                return true;
            case MachineOperationKind.Watchpoint:
                session.Debugger.Add(new Watchpoint(Near(vcpu, operation) & ~63u, 1 + ((uint)operation.B % 64), WatchKind.Access));
                Debug(operation);
                return true;
            default:
                return false;
        }
    }

    private void Go(StopCondition stop) => session.Run(new RunLimits { Stop = stop });

    private StopCondition Limit(MachineOperation operation)
    {
        var scheduler = session.Scheduler;
        var (vcpu, total) = (operation.A / 3 % Vcpus, scheduler.TotalInstructions + operation.B);
        return (operation.A % 3) switch
        {
            0 => StopCondition.None with { Instructions = total },
            1 => StopCondition.None with { Instructions = total, Vcpu = vcpu, VcpuInstructions = scheduler.Clocks[vcpu].Instructions + (operation.B / 4) },
            _ => StopCondition.None with { Time = scheduler.ReachedTime + operation.B },
        };
    }

    /// <summary>Data of programs, or the stack of other guests.</summary>
    private uint Near(int vcpu, MachineOperation operation) => history.Guest == "program"
        ? Cpu.GuestProgram.Data + ((uint)operation.A % 4096)
        : (uint)session.Debugger.Cpus[vcpu].ReadRegister("r1") - ((uint)operation.A % 512);

    private void Debug(MachineOperation operation)
    {
        Go(StopCondition.None with { Instructions = session.Scheduler.TotalInstructions + Math.Min(operation.B, 5_000) });
        classes.Add("debugger stopped the run", session.Debugger.LastStop is not null);
        session.Debugger.Clear();
    }

    private bool Write(DebuggerWrite write)
    {
        try
        {
            session.Input.Apply(write);
            return true;
        }
        catch (SimException)
        {
            return false;   // Nothing is mapped there.
        }
    }

    private void Look(PowerPcCpu cpu)
    {
        Observation.LookAt(cpu);
        _ = StateSections.Collect(session.Machine).Sum(static section => section.Bytes.Length);
        Check.Equal(new StateDigest(session.Machine).Compute(), session.Digest(), "digest kept up to date");
    }

    private void Move()
    {
        EndRecording();
        var (snapshot, digest) = (SnapshotLaws.Save(session), session.Digest());
        session.Dispose();
        Take(SnapshotLaws.Restore(snapshot, options.Registry));
        Check.Equal(digest, session.Digest(), "digest of the restored machine");
        Check.That(snapshot.AsSpan().SequenceEqual(SnapshotLaws.Save(session)), "The restored machine's snapshot is another one.");
    }

    private void Load(int instructions)
    {
        EndRecording();
        var snapshot = SnapshotLaws.Save(session);
        var (digest, entered, length) = (session.Digest(), tape.Count, printed.Count);
        Go(StopCondition.None with { Instructions = session.Scheduler.TotalInstructions + Math.Min(instructions, 5_000) });
        using var reader = SnapshotLaws.Open(snapshot);
        reader.Load(session);
        Check.Equal(digest, session.Digest(), "digest of the machine that was taken back to a snapshot");
        tape.RemoveRange(entered, tape.Count - entered);
        printed.RemoveRange(length, printed.Count - length);
    }

    private void GoBack(MachineOperation operation)
    {
        EndRecording();
        var kept = checkpoints[operation.A % checkpoints.Count];
        classes.Add("back before an input", kept.Tape.Count < tape.Count);
        classes.Add("forward to a checkpoint", kept.Instructions > session.Scheduler.TotalInstructions);
        if (operation.Kind == MachineOperationKind.GoBack && ReferenceEquals(kept.Checkpoint.Configuration, session.Machine.Configuration))
        {
            session.Restore(kept.Checkpoint);
        }
        else
        {
            session.Dispose();
            Take(Session.Open(kept.Checkpoint, options));
        }

        Check.Equal(kept.Digest, session.Digest(), "digest at a checkpoint");
        tape.Clear();
        tape.AddRange(kept.Tape);
        printed.Clear();
        printed.AddRange(kept.Printed);
    }

    private void BeginRecording(MachineOperation operation)
    {
        var file = new TemporaryJournal();
        var begun = Recording.Start(session, file.Path, new RecordingOptions
        {
            DigestInterval = (1 + (operation.B % 100)) * VirtualTime.Microsecond,
            Detail = operation.A % 5 == 0,
            SnapshotInterval = operation.A % 3 == 0 ? (1 + (operation.B % 50)) * VirtualTime.Microsecond : 0,
        });
        recording = (begun, file, printed.Count);
    }

    /// <summary>Ends the recording under way, if there is one, and replays it in a machine of its own.</summary>
    private void EndRecording()
    {
        if (recording is not var (recorded, file, length))
            return;
        recording = null;
        using (file)
        {
            recorded.Finish(session.PoweredOff ? EndReason.PowerOff : EndReason.Instructions);
            recorded.Dispose();
            using var journal = JournalReader.Open(file.Path);
            Check.Equal(null, journal.Problem, "problem of the journal");
            using var replayer = new Replayer(journal, options, _ => history.Image.Bytes);
            var result = replayer.Run();
            Check.That(result.Divergence is null, $"The replay diverged: {result.Divergence?.Text}, after {result.Divergence?.LastEqual}.");
            Check.Equal(EndReason.Replayed, result.Reason, "end of the replay");
            Check.Equal(
                Outcome(session, printed[length..]), Outcome(replayer.Session, [.. replayer.Session.Console.Bytes.Span]), "the replay");
            classes.Add("replayed inputs", journal.Steps.Count + journal.Inputs.Count > 0);
            classes.Add("replayed several digests", journal.Digests.Count > 2);
        }
    }

    /// <summary>Goes on with a machine.</summary>
    private void Take(Session other)
    {
        session = other;
        session.Input.Entered += (_, input) => tape.Add(new TapeEntry(MomentRecord.Of(other).Point, input, null));
        session.Input.Applied += (_, write) => tape.Add(new TapeEntry(MomentRecord.Of(other).Point, null, write));
        session.Console.Written += printed.Add;
    }

    /// <summary>A checkpoint, with the past that belongs to it.</summary>
    private sealed record KeptMoment(
        Checkpoint Checkpoint, UInt128 Digest, long Instructions, IReadOnlyList<TapeEntry> Tape, IReadOnlyList<byte> Printed);
}
