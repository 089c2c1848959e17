using Sim.Engine.Base;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Guests;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L4: a replay equals the recording, and a divergence is named.</summary>
public sealed class ReplayLawTests
{
    private static readonly MachineScenario Demo = new("demo", 2, "random:3");

    [Fact]
    public void A_recorded_run_replays() => ReplayLaws.Replay.Sampled();

    [Fact]
    public void Any_history_gives_the_machine_that_was_run_straight() => MachineHistoryLaws.Histories.Sampled();

    [Fact]
    public void A_device_that_draws_from_the_host_or_forgets_breaks_a_history()
    {
        var number = 0UL;
        foreach (var table in (TypeRegistry[])[PlantedDevice.Drawing(() => number++), PlantedDevice.Forgetting()])
        {
            var failure = Assert.Throws<LawFailedException>(() => Law.Holds(
                "machine-histories", MachineHistory.Any, (history, classes) => MachineHistoryLaws.CheckHistory(history, table, classes),
                new LawOptions { Runs = 50, MaxShrinkAttempts = 30 }));
            Assert.IsType<MachineHistory>(failure.Case);
        }
    }

    [Fact]
    public void A_failing_history_can_be_recorded_and_replays()
    {
        using var file = new TemporaryJournal();
        var schedule = new GuestSchedule(2, new SchedulerOptions());
        new MachineHistory("echo", null, schedule, [new(MachineOperationKind.Run, 0, 5_000), new(MachineOperationKind.Type, 4, 0), new(MachineOperationKind.Run, 0, 30_000)])
            .Record(file.Path);
        using var journal = JournalReader.Open(file.Path);
        Assert.Single(journal.Inputs);
        using var replayer = new Replayer(journal, null, static _ => EchoGuest.Image.Bytes);
        Assert.Equal(EndReason.Replayed, replayer.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
        Assert.Contains("0123456789", replayer.Session.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_corrupted_journal_is_refused_or_replays_as_a_prefix() => JournalLaws.Corrupted.Sampled();

    [Fact]
    public void A_device_that_draws_from_the_host_is_found()
    {
        var number = 0UL;
        var table = PlantedDevice.Drawing(() => number++);
        var failure = Assert.Throws<LawFailedException>(() =>
            Law.Holds("replay", RecordedRun.Any, (run, classes) => ReplayLaws.RecordAndReplay(run, table, classes), new LawOptions { Runs = 3, MaxShrinkAttempts = 3 }));
        Assert.NotNull(failure.Case);
    }

    [Fact]
    public void Planted_nondeterminism_is_named_to_interval_and_section()
    {
        var divergence = Diverge(detail: false, 0);
        var difference = Assert.Single(divergence.Differences);
        Assert.Equal(("/machine/peripheral-anon/device[0]", PlantedDevice.TypeName), (difference.Where, difference.What));
        Assert.True(divergence.Found.Time - divergence.LastEqual.Time <= 150 * VirtualTime.Microsecond, divergence.Text);
    }

    [Fact]
    public void Planted_nondeterminism_is_named_to_frame_and_field_with_both_values_where_the_recording_has_detail()
    {
        var divergence = Diverge(detail: true, 0);
        var difference = Assert.Single(divergence.Differences);
        Assert.Equal(("/machine/peripheral-anon/device[0]", "Value"), (difference.Where, difference.What));
        Assert.Equal(("0x64", "0x65"), (difference.First, difference.Second));
        Assert.Equal(divergence.LastEqual.Frame + 1, divergence.Found.Frame);
    }

    [Fact]
    public void A_corrupted_register_is_named_to_the_frame_the_CPU_and_the_field()
    {
        var divergence = Diverge(detail: true, 50_000);
        Assert.Contains(divergence.Differences, static d => d is { Where: "CPU 0 (/machine/unattached/device[0])", What: "Gpr[20]", Second: "0xbad" });
        Assert.Equal(divergence.LastEqual.Frame + 1, divergence.Found.Frame);
        Assert.InRange(50_000, divergence.LastEqual.Instructions, divergence.Found.Instructions);
    }

    /// <summary>
    /// Records the demo with a device whose source gives 0 throughout, or 100 from some moment on, and replays it with one that gives 101
    /// then; or with a register that is changed behind the recording's back.
    /// </summary>
    private static Divergence Diverge(bool detail, long corruptedAt)
    {
        using var file = new TemporaryJournal();
        var draws = 0;
        var late = 100UL;
        var table = PlantedDevice.Drawing(() => ++draws < 30 || corruptedAt > 0 ? 0 : draws == 30 ? late : 0);
        using (var session = Demo.Boot(table))
        {
            using var recording = Recording.Start(
                session, file.Path, new RecordingOptions { Detail = detail, DigestInterval = 100 * VirtualTime.Microsecond });
            draws = 0;
            MachineScenario.RunFor(session, 600_000);
            recording.Finish(EndReason.Instructions);
        }

        late = 101;
        using var journal = JournalReader.Open(file.Path);
        using var replayer = new Replayer(journal, new SessionOptions { Registry = table }, static _ => LawGuests.Demo.Bytes);
        draws = 0;
        if (corruptedAt > 0)
        {
            replayer.Run(new RunLimits { Stop = new() { Instructions = corruptedAt } });
            replayer.Session.Debugger.Cpus[0].WriteRegister("r20", 0xBAD);
        }

        var result = replayer.Run();
        Assert.Equal(EndReason.Divergence, result.Reason);
        Assert.Equal(result.Divergence!.LastEqual.Time / 100_000, replayer.Session.Scheduler.GlobalTime / 100_000);
        return result.Divergence;
    }
}
