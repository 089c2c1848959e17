using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Laws L1 and L7: where a run stops, and what is looked at or dropped there, does not change it.</summary>
public sealed class StopPatternTests
{
    [Fact]
    public void Stopping_and_running_on_is_as_not_stopping() => StopLaws.Stops.Sampled();

    [Theory]
    [InlineData(8, "round-robin", 3_001)]
    [InlineData(3, "random:9", 2_003)]
    public void Stopping_again_and_again_is_as_not_stopping(int smp, string schedule, int nanoseconds)
    {
        var classes = new CaseClasses();
        var stops = Enumerable.Repeat(new RunStop(StopKind.Time, nanoseconds), 1_000);
        StopLaws.CompareWithStraight(new StoppedRun(new MachineScenario("demo", smp, schedule), [.. stops]), static _ => { }, classes);
        Assert.Contains("stopped inside a slice", classes.Names);
        Assert.Contains("stopped between frames", classes.Names);
        Assert.Contains("stopped while all idle", classes.Names);
    }

    [Fact]
    public void Dropping_decoded_code_and_translations_anywhere_changes_nothing() => StopLaws.DroppedCaches.Sampled();

    [Fact]
    public void Observing_everything_changes_nothing() => StopLaws.Observed.Sampled();

    [Fact]
    public void A_digest_kept_up_to_date_is_the_one_made_from_nothing() => StopLaws.IncrementalDigests.Sampled();

    [Fact]
    public void A_store_that_leaves_no_stamp_is_found() => Assert.Throws<LawFailedException>(static () => Law.Holds(
        "digests of written pages",
        StoppedRun.Any,
        static (run, classes) => StopLaws.CompareWithStraight(run, static session =>
        {
            StopLaws.CompareDigests(session);
            var ram = session.Machine.RamBlocks.Single();
            unsafe
            {
                ram.Host[session.Machine.Devices().OfType<PowerPcCpu>().First().Pc & ~3u] ^= 1;
            }

            StopLaws.CompareDigests(session);
        }, classes),
        new LawOptions { Runs = 3, MaxShrinkAttempts = 3 }));

    [Fact]
    public void An_observer_that_reads_the_time_as_a_device_would_breaks_the_law() =>
        Assert.Throws<LawFailedException>(static () => Law.Holds(
            "stops do not disturb",
            StoppedRun.Any,
            static (run, classes) => StopLaws.CompareWithStraight(run, static session => _ = session.Scheduler.Now, classes),
            new LawOptions { Runs = 200, MaxShrinkAttempts = 10 }));

    [Fact]
    public void A_stop_that_ends_the_reservation_breaks_the_law()
    {
        var stops = Enumerable.Repeat(new RunStop(StopKind.Instructions, 7), 150_000);
        var run = new StoppedRun(new MachineScenario("demo", 2), [.. stops]);
        Assert.Throws<CheckFailedException>(() => StopLaws.CompareWithStraight(run, static session => Cpus(session).ForEach(static cpu =>
        {
            unsafe
            {
                cpu.Core.State->Reserved = 0;
            }
        }), new CaseClasses()));
    }

    [Fact]
    public void A_register_whose_peek_counts_breaks_the_law()
    {
        var table = PlantedDevice.CountingPeeks();
        Assert.Throws<LawFailedException>(() => Law.Holds(
            "L7",
            StoppedRun.Any,
            (run, classes) => StopLaws.CompareWithStraight(run, session => Observation.LookAtEverything(session, classes), classes, table),
            new LawOptions { Runs = 2, MaxShrinkAttempts = 3 }));
    }

    private static List<PowerPcCpu> Cpus(Session session) => [.. session.Machine.Devices().OfType<PowerPcCpu>()];
}
