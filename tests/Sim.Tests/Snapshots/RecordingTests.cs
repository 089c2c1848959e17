using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>What recordings keep, how they end, and what a replay may do.</summary>
public sealed class RecordingTests : IDisposable
{
    private static readonly MachineScenario Demo = new("demo", 2, "random:3");

    private readonly TemporaryJournal file = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => file.Dispose();

    [Fact]
    public void A_script_that_saves_replays_from_the_middle_although_a_replay_saves_nothing()
    {
        using var session = Demo.Boot();
        MachineScenario.RunFor(session, 1_000);
        using var saving = Restored(session, static (_, _) => { });
        saving.Attach(Script.Parse("save.script", "expect e\nsave here.simsnap\nsend x\n"));
        Record(saving, 300_000);
        Assert.False(Replayed().IsPrefix);
    }

    [Fact]
    public void Inputs_that_enter_at_one_boundary_before_and_after_its_digest_keep_their_places()
    {
        using var session = Demo.Boot();
        using (var recording = Recording.Start(session, file.Path, new RecordingOptions { Detail = true, DigestInterval = 1, SnapshotInterval = 1 }))
        {
            var stop = new StopBetweenFrames(session, () => session.Send("x"));
            MachineScenario.RunFor(session, 300_000);
            Assert.True(stop.Stops > 3);
            recording.Finish(EndReason.Instructions);
        }

        using (var journal = JournalReader.Open(file.Path))
        {
            Assert.Contains(journal.Inputs, static i => i.IsLate);
            Assert.Contains(journal.Digests, d => journal.Inputs.Any(i => i.Moment.Is(d.Moment)));
            using var later = Replayer.Near(journal, StopCondition.None, null, static _ => LawGuests.Demo.Bytes);
            Assert.Null(later.Run(null, null, Cancellation).Divergence);
        }

        Assert.False(Replayed().IsPrefix);
    }

    [Fact]
    public void A_mark_after_the_last_frames_end_is_at_the_end_and_one_that_never_came_is_told()
    {
        using var session = Demo.Boot();
        using var recording = Recording.Start(session, file.Path, new RecordingOptions { Marks = [(VirtualTime.Second, "never"), (1, "early"), (40_000, "last")] });
        session.Run(new RunLimits { Stop = StopCondition.None with { Time = 40_002 } }, Cancellation);
        recording.Finish(EndReason.Time);
        Assert.Equal([(VirtualTime.Second, "never")], recording.MarksToCome);
        using var journal = JournalReader.Open(file.Path);
        Assert.Equal(["early", "last"], journal.Marks.Select(static m => m.Name));
    }

    [Fact]
    public void A_session_that_is_recorded_cannot_go_back()
    {
        using var session = Demo.Boot();
        var checkpoint = session.Checkpoint();
        using var recording = Recording.Start(session, file.Path);
        MachineScenario.RunFor(session, 200_000);
        recording.Mark("before");
        session.Restore(checkpoint);
        Assert.Throws<InvalidOperationException>(() => recording.Mark("after"));
    }

    [Fact]
    public void A_record_that_cannot_be_written_ends_the_recording_in_one_sentence()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This host has no /dev/full.");
        using var session = Demo.Boot();
        var error = Assert.Throws<SimException>(() => Recording.Start(session, "/dev/full"));
        Assert.StartsWith("/dev/full: the journal cannot be written (", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_replay_that_does_not_come_to_a_mark_diverges()
    {
        using var session = Demo.Boot();
        Record(session, 400_000);
        using var journal = JournalReader.Open(file.Path);
        using var replayer = new Replayer(journal, null, static _ => LawGuests.Demo.Bytes);
        var elsewhere = new MomentRecord { Frame = 3, Time = 7, Instructions = 100, IsBoundary = true };
        Assert.Equal(EndReason.Divergence, replayer.Run(null, elsewhere, Cancellation).Reason);
    }

    [Fact]
    public void An_awaited_output_is_found_across_the_pauses_of_a_replay()
    {
        using var session = Demo.Boot();
        using (var recording = Recording.Start(session, file.Path))
        {
            session.Console.Written += _ => session.Debugger.RequestStop();
            session.Debugger.Client = new Writer(session);
            MachineScenario.RunFor(session, 400_000);
            recording.Finish(EndReason.Instructions);
        }

        var text = session.Console.Text[10..20];
        using var journal = JournalReader.Open(file.Path);
        Assert.True(journal.Writes.Count > 20);
        using var replayer = new Replayer(journal, null, static _ => LawGuests.Demo.Bytes);
        Assert.Equal(EndReason.Output, replayer.Run(new RunLimits { Output = text }, null, Cancellation).Reason);
        Assert.EndsWith(text, replayer.Session.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_and_writes_enter_the_same_configuration_again_at_their_instruction()
    {
        using var session = Demo.Boot();
        using (var recording = Recording.Start(session, file.Path, new RecordingOptions { DigestInterval = 20_000 }))
        {
            _ = new StopBetweenFrames(session, () =>
            {
                if (session.Scheduler.AtFrameBoundary)
                    session.Send("x");
                session.Input.Apply(new RegisterWrite(0, "sprg7", (uint)session.Scheduler.TotalInstructions));
            });
            session.Console.Written += _ => session.Debugger.RequestStop();
            MachineScenario.RunFor(session, 400_000);
            recording.Finish(EndReason.Instructions);
        }

        using var journal = JournalReader.Open(file.Path);
        Assert.Contains(journal.Inputs, static i => i.IsLate);
        Assert.Contains(journal.Writes, static w => !w.Moment.IsBoundary);
        var same = journal.ReadConfiguration(static _ => LawGuests.Demo.Bytes);
        Assert.Null(JournalComparison.Find(journal, same, static _ => LawGuests.Demo.Bytes, Cancellation));
        var other = same with { Scheduler = same.Scheduler with { Quantum = 30_000 } };
        Assert.NotNull(JournalComparison.Find(journal, other, static _ => LawGuests.Demo.Bytes, Cancellation));
    }

    [Fact]
    public void A_fork_leaves_the_recorded_run_at_the_first_write()
    {
        using var session = Demo.Boot();
        Record(session, 400_000);
        using var journal = JournalReader.Open(file.Path);
        using var replayer = new Replayer(journal, null, static _ => LawGuests.Demo.Bytes);
        replayer.Run(new RunLimits { Stop = StopCondition.None with { Instructions = 50_000 } }, null, Cancellation);
        var write = new RegisterWrite(0, "r20", 1);
        Assert.Contains("--fork", Assert.Throws<SimException>(() => replayer.Session.Input.Apply(write)).Message, StringComparison.Ordinal);
        replayer.AllowFork();
        replayer.Session.Input.Apply(write);
        Assert.True(replayer.IsForked);
        Assert.Equal(EndReason.Instructions, replayer.Run(new RunLimits { Stop = StopCondition.None with { Instructions = 500_000 } }, null, Cancellation).Reason);
    }

    [Fact]
    public void A_failing_test_leaves_its_run_and_the_command_that_replays_it()
    {
        using var session = Demo.Boot();
        session.Debugger.Cpus[0].WriteRegister("r20", 7);   // Not what a machine begins with: the journal holds it all the same.
        var error = Assert.Throws<RecordedTestException>(() => RecordedTest.Run(session, file.Path, static session =>
        {
            MachineScenario.RunFor(session, 300_000);
            throw new InvalidOperationException("Seven is wrong.");
        }));
        Assert.Equal($"Seven is wrong.\nThe run is recorded: sim replay {file.Path}", error.Message);
        var result = SimCommandLine.Invoke("replay", file.Path);
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("end: reason=test-failed ", result.LastLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_test_that_passes_leaves_nothing()
    {
        using var session = Demo.Boot();
        RecordedTest.Run(session, file.Path, static session => MachineScenario.RunFor(session, 10_000));
        Assert.False(File.Exists(file.Path));
    }

    private static Session Restored(Session session, Action<Session, string> save)
    {
        using var reader = SnapshotLaws.Open(SnapshotLaws.Save(session));
        return reader.Restore(new SessionOptions { Save = save });
    }

    private void Record(Session session, long instructions)
    {
        using var recording = Recording.Start(session, file.Path);
        MachineScenario.RunFor(session, instructions);
        recording.Finish(EndReason.Instructions);
    }

    private ReplayResult Replayed()
    {
        using var journal = JournalReader.Open(file.Path);
        using var replayer = new Replayer(journal, null, static _ => LawGuests.Demo.Bytes);
        var result = replayer.Run(null, null, Cancellation);
        Assert.Null(result.Divergence);
        return result;
    }

    /// <summary>Stops at every fifth frame's end.</summary>
    private sealed class StopBetweenFrames : IDebuggerClient
    {
        private readonly Action stopped;
        private int asked;

        public StopBetweenFrames(Session session, Action stopped)
        {
            this.stopped = stopped;
            session.Debugger.Client = this;
        }

        public int Stops { get; private set; }

        public bool WantsStop => ++asked % 5 == 0;

        public void Stopped(DebugStop stop)
        {
            Stops++;
            stopped();
        }

        public void MachineReset()
        {
        }
    }

    /// <summary>Writes a register that nobody uses at every stop.</summary>
    private sealed class Writer(Session session) : IDebuggerClient
    {
        public bool WantsStop => false;

        public void Stopped(DebugStop stop) => session.Input.Apply(new RegisterWrite(0, "sprg7", 1));

        public void MachineReset()
        {
        }
    }
}
