using System.Globalization;
using System.Text.RegularExpressions;
using Sim.Engine.Boards;
using Sim.Engine.Devices.Intc;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>The run's statistics say what guests counted themselves, and counting changes nothing (law L7).</summary>
public sealed partial class StatisticsTests
{
    [Theory]
    [InlineData(1, "round-robin")]
    [InlineData(2, "round-robin")]
    [InlineData(5, "random:7")]
    public void The_demo_counts_the_same_interrupts_on_each_CPU(int smp, string schedule)
    {
        using var session = new MachineScenario("demo", smp, schedule).Boot();
        var statistics = session.StartStatistics();
        MachineScenario.Finish(session);
        var ipis = statistics.Interrupts.Where(static source => source.Source.StartsWith("IPI ", StringComparison.Ordinal)).ToList();
        var decrementer = statistics.Interrupts.Single(static source => source.Source == "decrementer");
        var lines = CpuLine().Matches(session.Console.Text).ToList();
        Assert.Equal(smp, lines.Count);
        foreach (var line in lines)
        {
            var (cpu, taken, ticks) = (Number(line, "cpu"), Number(line, "taken"), Number(line, "ticks"));
            Assert.Equal(taken, ipis.Sum(source => source.Counts[cpu]));
            Assert.Equal(taken, statistics.Vcpus[cpu].Exceptions["ExternalInput"]);
            Assert.Equal(ticks, decrementer.Counts[cpu]);
            Assert.Equal(ticks, statistics.Vcpus[cpu].Exceptions["Decrementer"]);
        }
    }

    [Fact]
    public void Exceptions_are_counted_by_kind()
    {
        // One round of tools/guests/bench/exceptions.c: system calls, traps, and pages of a window that no TLB entry holds yet.
        using var session = Session.Boot(new MachineConfiguration { Bios = TestGuests.Workload("exceptions", 1) });
        var vcpu = Run(session).Vcpus[0];
        var taken = vcpu.Exceptions.Where(static kind => kind.Value > 0).ToDictionary();
        Assert.Equal(new() { ["Program"] = 1000, ["SystemCall"] = 4000, ["DataTlbError"] = 2048 }, taken);
        Assert.Equal((2048, 0), (vcpu.DataTlbMisses, vcpu.InstructionTlbMisses));
    }

    [Fact]
    public void Register_accesses_are_counted_by_region_the_most_accessed_first()
    {
        // One round of tools/guests/bench/mmio.c; it writes no other register of these regions.
        using var session = Session.Boot(new MachineConfiguration { Bios = TestGuests.Workload("mmio", 1) });
        var regions = Run(session).Regions;
        foreach (var block in (string[])["tmr", "src", "cpu"])
            Assert.Contains(new RegionStatistics($"/machine/pic/{block}[0]", 2000, 2000), regions);
        Assert.Equal(regions.OrderByDescending(static region => region.Accesses), regions);
        Assert.EndsWith("/serial[0]", regions[0].Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Instructions_and_idle_time_add_up_from_the_moment_at_which_counting_starts()
    {
        using var session = Session.Boot(TestGuests.DemoMachine(3));
        MachineScenario.RunFor(session, 150_000);
        var before = session.Scheduler.Clocks.Select(static clock => clock.Instructions).ToList();
        var begun = session.Scheduler.GlobalTime;
        var statistics = session.StartStatistics();
        Assert.Same(statistics, session.StartStatistics());
        Assert.All(statistics.Vcpus, static vcpu => Assert.Equal((0, 0), (vcpu.Instructions, vcpu.Exceptions.Values.Sum())));
        MachineScenario.Finish(session);
        var clocks = session.Scheduler.Clocks;
        var executed = clocks.Select((clock, i) => clock.Instructions - before[i]);
        Assert.Equal(executed, statistics.Vcpus.Select(static vcpu => vcpu.Instructions));
        Assert.All(statistics.Vcpus, static vcpu => Assert.Equal(vcpu.Time, (vcpu.Instructions << 1) + vcpu.IdleTime));
        Assert.All(statistics.Vcpus, vcpu => Assert.InRange(vcpu.Time, 1, session.Scheduler.GlobalTime - begun));
        Assert.InRange(statistics.Vcpus[2].IdleShare, 0.5, 1);
    }

    [Fact]
    public void A_CPU_that_is_never_released_is_idle_all_the_time()
    {
        using var session = Session.Boot(new MachineConfiguration { Bios = TestGuests.Workload("integer", 1), Smp = 2 });
        var vcpu = Run(session).Vcpus[1];
        Assert.Equal((0, session.Scheduler.GlobalTime, 1.0), (vcpu.Instructions, vcpu.Time, vcpu.IdleShare));
    }

    [Fact]
    public void A_source_is_named_as_in_the_manual_with_the_devices_at_its_line()
    {
        using var session = Session.Boot(TestGuests.UBootMachine() with { Serials = 2 });
        var pic = session.Machine.Devices().OfType<OpenPic>().Single();
        Assert.Equal(
            [
                "external 0", "external 15", "internal 0", "internal 207", "shared message 0", "shared message 7", "internal 216", "IPI 3",
                "timer 0",
            ],
            new[] { 0, 15, 16, 223, 224, 231, 232, 259, 260 }.Select(pic.SourceName));
        var statistics = session.StartStatistics();
        session.Machine.Log.Observer!.InterruptAcknowledged(pic, 0, 42);
        session.Machine.Log.Observer!.InterruptAcknowledged(pic, 0, -1);
        Assert.Equal(["spurious", "internal 26"], statistics.Interrupts.Select(static source => source.Source));
        Assert.Equal(
            ["serial-mm", "serial-mm"],
            statistics.Interrupts[1].Devices.Select(path => session.Machine.Root.ResolvePath(path)!.Class.Type.Name));
    }

    [Fact]
    public void Counting_from_any_moment_on_changes_nothing() => StopLaws.Statistics.Sampled();

    [Fact]
    public void A_device_that_knows_that_it_is_watched_breaks_the_law()
    {
        var watched = false;
        var table = PlantedDevice.Drawing(() => watched ? 1UL : 0UL);
        void Watch(Session session)
        {
            session.StartStatistics();
            watched = true;
        }

        void Check(StoppedRun run, CaseClasses classes)
        {
            watched = false;
            StopLaws.CompareWithStraight(run, Watch, classes, table);
        }

        var few = new LawOptions { Runs = 3, MaxShrinkAttempts = 3 };
        Assert.Throws<LawFailedException>(() => Law.Holds("statistics", StoppedRun.Any, Check, few));
    }

    private static RunStatistics Run(Session session)
    {
        var statistics = session.StartStatistics();
        Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
        return statistics;
    }

    private static int Number(Match line, string name) => int.Parse(line.Groups[name].ValueSpan, CultureInfo.InvariantCulture);

    /// <summary>A line of the demo's closing table: rows, IPIs taken, IPIs sent, ticks, lock takings.</summary>
    [GeneratedRegex(@"  cpu (?<cpu>\d+) +\d+ +(?<taken>\d+) +\d+ +(?<ticks>\d+) +\d+\r")]
    private static partial Regex CpuLine();
}
