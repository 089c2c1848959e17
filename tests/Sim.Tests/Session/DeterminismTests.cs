using Sim.Engine.Qom;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L1: configuration and inputs decide the run; it does not matter what else goes on in the process.</summary>
public sealed class DeterminismTests
{
    public static TheoryData<int, string> EverySmp { get; } =
        new(from smp in Enumerable.Range(1, 8) from policy in (string[])["round-robin", "random:5"] select (smp, policy));

    [Theory]
    [MemberData(nameof(EverySmp))]
    public void Same_run_twice_gives_the_same_digest_and_console(int smp, string policy) =>
        DeterminismLaws.RunTwice(new MachineScenario("demo", smp, policy));

    [Theory]
    [InlineData(1, "round-robin")]
    [InlineData(2, "random:6")]
    public void Same_U_Boot_session_twice_gives_the_same_digest_and_console(int smp, string policy)
    {
        _ = TestGuests.UBoot();
        DeterminismLaws.RunTwice(new MachineScenario("u-boot", smp, policy));
    }

    [Fact]
    public void Any_run_twice_gives_the_same_digest_and_console() => DeterminismLaws.Twice.Sampled();

    [Fact]
    public void A_device_with_process_wide_state_breaks_the_law()
    {
        var processWide = 0UL;
        var table = PlantedDevice.Drawing(() => Interlocked.Increment(ref processWide));
        Assert.Throws<LawFailedException>(() =>
            Law.Holds("L1", MachineScenario.Any, (scenario, _) => DeterminismLaws.RunTwice(scenario, table), new LawOptions { Runs = 2 }));
    }

    [Fact]
    public void A_device_that_reads_the_hosts_clock_breaks_the_law()
    {
        var table = PlantedDevice.Drawing(static () => (ulong)System.Diagnostics.Stopwatch.GetTimestamp());
        Assert.Throws<LawFailedException>(() =>
            Law.Holds("L1", MachineScenario.Any, (scenario, _) => DeterminismLaws.RunTwice(scenario, table), new LawOptions { Runs = 2 }));
    }

    [Fact]
    public void Machines_interleaved_in_one_thread_do_not_affect_each_other() => DeterminismLaws.Interleaved.Sampled();

    [Fact]
    public void Machines_that_share_state_break_the_law_when_interleaved()
    {
        // Each machine alone counts from 0; interleaved they count together.
        var shared = 0UL;
        var run = new InterleavedRun(
            [new("demo", 1), new("demo", 2)],
            [.. Enumerable.Range(0, 40).Select(static turn => (turn % 2, 10_000))]);
        var table = PlantedDevice.Drawing(() => shared++);
        Assert.Throws<CheckFailedException>(() => DeterminismLaws.RunInterleaved(run, table, () => shared = 0, new CaseClasses()));
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
