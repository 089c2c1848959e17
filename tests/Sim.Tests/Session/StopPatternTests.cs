using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qdev;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary>Where a run stops.</summary>
internal enum StopKind
{
    /// <summary>So many instructions further.</summary>
    Instructions,

    /// <summary>So many instructions of one CPU further.</summary>
    OwnInstructions,

    /// <summary>So many ns further.</summary>
    Time,

    /// <summary>The console prints the letter with that index among the printed ones.</summary>
    Output,
}

/// <summary>A stop: what is counted, and how far.</summary>
internal readonly record struct Stop(StopKind Kind, int Distance);

/// <summary>A run and the stops at which it is interrupted; from the last one it goes on to its end.</summary>
internal sealed record StoppedRun(MachineScenario Scenario, IReadOnlyList<Stop> Stops)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Scenario}, stops: {string.Join(' ', Stops)}";
}

/// <summary>Laws L1 and L7: where a run stops, and what is looked at or dropped there, does not change it.</summary>
public sealed class StopPatternTests
{
    private static readonly Arbitrary<StoppedRun> StoppedRuns = Arb.From(
        from scenario in MachineScenario.Any.Generator
        from count in Gen.Choose(1, 30)
        from stops in StopGenerator().ListOf(count)
        select new StoppedRun(scenario, [.. stops]),
        static run => MachineScenario.Any.Shrinker(run.Scenario).Select(scenario => run with { Scenario = scenario })
            .Concat(Shrinking.List(run.Stops).Where(static stops => stops.Count > 0).Select(stops => run with { Stops = stops })));

    private static readonly LawOptions Options = new()
    {
        Runs = 30,
        Required =
        [
            ("several CPUs", 0.5), ("random schedule", 0.2), ("stopped inside a slice", 0.5), ("stopped by output", 0.3),
        ],
    };

    private static readonly LawOptions Few = new() { Runs = 10 };

    [Fact]
    public void Stopping_and_running_on_is_as_not_stopping() =>
        Law.Holds("stops do not disturb", StoppedRuns, static (run, classes) => AssertAsStraight(run, static _ => { }, classes), Options);

    [Theory]
    [InlineData(8, "round-robin", 3_001)]
    [InlineData(3, "random:9", 2_003)]
    public void Stopping_again_and_again_is_as_not_stopping(int smp, string schedule, int nanoseconds)
    {
        var classes = new CaseClasses();
        var stops = Enumerable.Repeat(new Stop(StopKind.Time, nanoseconds), 1_000);
        AssertAsStraight(new StoppedRun(new MachineScenario("demo", smp, schedule), [.. stops]), static _ => { }, classes);
        Assert.Contains("stopped inside a slice", classes.Names);
        Assert.Contains("stopped between frames", classes.Names);
        Assert.Contains("stopped while all idle", classes.Names);
    }

    [Fact]
    public void Dropping_decoded_code_and_translations_anywhere_changes_nothing() => Law.Holds(
        "caches are invisible",
        StoppedRuns,
        static (run, classes) => AssertAsStraight(run, static session => Cpus(session).ForEach(static cpu => cpu.DropCaches()), classes),
        Options with { Runs = 15, Required = [] });

    [Fact]
    public void Observing_everything_changes_nothing() =>
        Law.Holds(
            "L7", StoppedRuns, static (run, classes) => AssertAsStraight(FirstStops(run), Observation.LookAtEverything, classes), Few);

    /// <summary>A digest hashes only the pages written since the last one; one made from nothing hashes all of them.</summary>
    [Fact]
    public void A_digest_kept_up_to_date_is_the_one_made_from_nothing() => Law.Holds(
        "digests of written pages", StoppedRuns, static (run, classes) => AssertAsStraight(FirstStops(run), CompareDigests, classes), Few);

    [Fact]
    public void A_store_that_leaves_no_stamp_is_found() => Assert.Throws<LawFailedException>(static () => Law.Holds(
        "digests of written pages",
        StoppedRuns,
        static (run, classes) => AssertAsStraight(run, static session =>
        {
            CompareDigests(session);
            var ram = session.Machine.RamBlocks.Single();
            unsafe
            {
                ram.Host[session.Machine.Devices().OfType<PowerPcCpu>().First().Pc & ~3u] ^= 1;
            }

            CompareDigests(session);
        }, classes),
        new LawOptions { Runs = 3, MaxShrinkAttempts = 3 }));

    [Fact]
    public void An_observer_that_reads_the_time_as_a_device_would_breaks_the_law() =>
        Assert.Throws<LawFailedException>(static () => Law.Holds(
            "stops do not disturb",
            StoppedRuns,
            static (run, classes) => AssertAsStraight(run, static session => _ = session.Scheduler.Now, classes),
            new LawOptions { Runs = 200, MaxShrinkAttempts = 10 }));

    [Fact]
    public void A_stop_that_ends_the_reservation_breaks_the_law()
    {
        var stops = Enumerable.Repeat(new Stop(StopKind.Instructions, 7), 150_000);
        var run = new StoppedRun(new MachineScenario("demo", 2), [.. stops]);
        Assert.Throws<Xunit.Sdk.EqualException>(() => AssertAsStraight(run, static session => Cpus(session).ForEach(static cpu =>
        {
            unsafe
            {
                cpu.Core.State->Reserved = 0;
            }
        }), new CaseClasses()));
    }

    [Fact]
    public void A_register_whose_peek_counts_breaks_the_law() => Assert.Throws<LawFailedException>(static () =>
    {
        var table = PlantedDevice.CountingPeeks();
        Law.Holds(
            "L7",
            StoppedRuns,
            (run, _) =>
            {
                using var session = run.Scenario.Boot(table);
                RunWithStops(session, run.Stops, Observation.LookAtEverything, null);
                Assert.Equal(run.Scenario.RunStraight(table), MachineScenario.Finish(session));
            },
            new LawOptions { Runs = 2, MaxShrinkAttempts = 3 });
    });

    private static StoppedRun FirstStops(StoppedRun run) => run with { Stops = [.. run.Stops.Take(4)] };

    private static void CompareDigests(Session session) => Assert.Equal(new StateDigest(session.Machine).Compute(), session.Digest());

    private static void AssertAsStraight(StoppedRun run, Action<Session> atStop, CaseClasses classes)
    {
        run.Scenario.Classify(classes);
        using var session = run.Scenario.Boot();
        RunWithStops(session, run.Stops, atStop, classes);
        Assert.Equal(run.Scenario.RunStraight(), MachineScenario.Finish(session));
    }

    private static void RunWithStops(Session session, IEnumerable<Stop> stops, Action<Session> atStop, CaseClasses? classes)
    {
        foreach (var stop in stops)
        {
            var reason = session.Run(Limits(session, stop), TestContext.Current.CancellationToken).Reason;
            atStop(session);
            if (reason == EndReason.PowerOff)
                return;
            classes?.Add("stopped inside a slice", session.Scheduler.Turn >= 0);
            classes?.Add("stopped between frames", session.Scheduler.AtFrameBoundary);
            classes?.Add("stopped while all idle", session.Scheduler.Clocks.All(static c => c.Vcpu.IsIdle));
            classes?.Add("stopped by output", reason == EndReason.Output);
        }
    }

    private static RunLimits Limits(Session session, Stop stop)
    {
        // An output or a CPU may not come; then a millisecond is the limit.
        var scheduler = session.Scheduler;
        var none = new StopCondition { Time = scheduler.ReachedTime + (1000 * VirtualTime.Microsecond) };
        var vcpu = stop.Distance % scheduler.Clocks.Count;
        var total = scheduler.TotalInstructions + stop.Distance;
        var own = scheduler.Clocks[vcpu].Instructions + stop.Distance;
        return stop.Kind switch
        {
            StopKind.Instructions => new RunLimits { Stop = new StopCondition { Instructions = total } },
            StopKind.Time => new RunLimits { Stop = new StopCondition { Time = scheduler.ReachedTime + stop.Distance } },
            StopKind.Output => new RunLimits { Output = "e.: c0\n"[stop.Distance % 7].ToString(), Stop = none },
            _ => new RunLimits { Stop = none with { Vcpu = vcpu, VcpuInstructions = own } },
        };
    }

    private static Gen<Stop> StopGenerator() =>
        from kind in Gen.Elements(StopKind.Instructions, StopKind.OwnInstructions, StopKind.Time, StopKind.Output)
        from scale in Gen.Elements(3, 300, 30_000, 300_000)
        from distance in Gen.Choose(1, scale)
        select new Stop(kind, distance);

    private static List<PowerPcCpu> Cpus(Session session) => [.. session.Machine.Devices().OfType<PowerPcCpu>()];
}
