using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L1: configuration and inputs decide the run; it does not matter what else goes on in the process.</summary>
public sealed class DeterminismTests
{
    private static readonly LawOptions Options = new()
    {
        Runs = 40,
        Required = [("demo", 0.5), ("several CPUs", 0.5), ("random schedule", 0.2), ("round robin", 0.2)],
    };

    /// <summary>Machines and the order in which they get their turns: which one, and for how many instructions.</summary>
    private static readonly Arbitrary<(MachineScenario[] Machines, (int Machine, int Instructions)[] Turns)> Interleavings = Arb.From(
        from machines in MachineScenario.Any.Generator.Select(static m => m with { Guest = "demo" }).ArrayOf(3)
        from turns in Gen.Choose(0, 2).SelectMany(static m => Gen.Choose(1, 60_000).Select(n => (m, n))).ArrayOf(40)
        select (machines, turns));

    public static TheoryData<int, string> EverySmp { get; } =
        new(from smp in Enumerable.Range(1, 8) from policy in (string[])["round-robin", "random:5"] select (smp, policy));

    [Theory]
    [MemberData(nameof(EverySmp))]
    public void Same_run_twice_gives_the_same_digest_and_console(int smp, string policy) =>
        AssertRunsAlike(new MachineScenario("demo", smp, policy));

    [Theory]
    [InlineData(1, "round-robin")]
    [InlineData(2, "random:6")]
    public void Same_U_Boot_session_twice_gives_the_same_digest_and_console(int smp, string policy) =>
        AssertRunsAlike(new MachineScenario("u-boot", smp, policy));

    [Fact]
    public void Any_run_twice_gives_the_same_digest_and_console() => Law.Holds("L1", MachineScenario.Any, static (scenario, classes) =>
    {
        scenario.Classify(classes);
        AssertRunsAlike(scenario);
    }, Options);

    [Fact]
    public void A_device_with_process_wide_state_breaks_the_law()
    {
        var processWide = 0UL;
        var table = PlantedDevice.Drawing(() => Interlocked.Increment(ref processWide));
        Assert.Throws<LawFailedException>(() =>
            Law.Holds("L1", MachineScenario.Any, (scenario, _) => AssertRunsAlike(scenario, table), Options with { Runs = 2 }));
    }

    [Fact]
    public void A_device_that_reads_the_hosts_clock_breaks_the_law()
    {
        var table = PlantedDevice.Drawing(static () => (ulong)System.Diagnostics.Stopwatch.GetTimestamp());
        Assert.Throws<LawFailedException>(() =>
            Law.Holds("L1", MachineScenario.Any, (scenario, _) => AssertRunsAlike(scenario, table), Options with { Runs = 2 }));
    }

    [Fact]
    public void Machines_interleaved_in_one_thread_do_not_affect_each_other() => Law.Holds(
        "L1, interleaved",
        Interleavings,
        static (plan, classes) =>
        {
            AssertInterleavedAsAlone(plan.Machines, plan.Turns, null);
            classes.Add("different CPU counts", plan.Machines.DistinctBy(static m => m.Smp).Count() > 1);
        },
        Options with { Runs = 6, Required = [("different CPU counts", 0.3)] });

    [Fact]
    public void Machines_that_share_state_break_the_law_when_interleaved()
    {
        // Each machine alone counts from 0; interleaved they count together.
        var shared = 0UL;
        Assert.ThrowsAny<Exception>(() => AssertInterleavedAsAlone(
            [new("demo", 1), new("demo", 2)],
            [.. Enumerable.Range(0, 40).Select(static turn => (turn % 2, 10_000))],
            PlantedDevice.Drawing(() => shared++),
            () => shared = 0));
    }

    [Fact]
    public void Machines_on_several_threads_at_once_do_not_affect_each_other()
    {
        MachineScenario[] scenarios =
            [new("demo", 1), new("demo", 4), new("demo", 2, "random:7"), new("demo", 8, "random:8"), new("demo", 2), new("demo", 2)];
        Assert.Equal(scenarios.Select(static s => s.RunStraight()), RunOnThreads(scenarios, null));
    }

    [Fact]
    public void A_device_that_depends_on_its_thread_breaks_the_law()
    {
        var table = PlantedDevice.Drawing(static () => (ulong)Environment.CurrentManagedThreadId);
        MachineScenario[] scenarios = [new("demo", 1), new("demo", 1)];
        Assert.NotEqual(scenarios.Select(s => s.RunStraight(table)), RunOnThreads(scenarios, table));
    }

    private static void AssertRunsAlike(MachineScenario scenario, TypeRegistry? table = null) =>
        Assert.Equal(scenario.RunStraight(table), scenario.RunStraight(table));

    private static void AssertInterleavedAsAlone(
        MachineScenario[] machines, (int Machine, int Instructions)[] turns, TypeRegistry? table, Action? before = null)
    {
        var sessions = new List<Session>();
        try
        {
            before?.Invoke();
            sessions.AddRange(machines.Select(m => m.Boot(table)));
            foreach (var (machine, instructions) in turns)
                MachineScenario.RunFor(sessions[machine], instructions);

            var interleaved = sessions.ConvertAll(MachineScenario.Finish);
            foreach (var (index, machine) in machines.Index())
            {
                before?.Invoke();
                Assert.Equal(machine.RunStraight(table), interleaved[index]);
            }
        }
        finally
        {
            sessions.ForEach(static s => s.Dispose());
        }
    }

    private static RunOutcome[] RunOnThreads(MachineScenario[] scenarios, TypeRegistry? table)
    {
        var outcomes = new RunOutcome[scenarios.Length];
        using var together = new Barrier(scenarios.Length);
        var threads = scenarios.Index().Select(item => new Thread(() =>
        {
            together.SignalAndWait();
            outcomes[item.Index] = item.Item.RunStraight(table);
        })).ToList();
        threads.ForEach(static t => t.Start());
        threads.ForEach(static t => t.Join());
        return outcomes;
    }
}
