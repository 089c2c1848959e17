using System.Globalization;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L1: culture, garbage collector, JIT compiler, time zone and load of the host do not change a run.</summary>
public sealed class HostIndependenceTests
{
    private static readonly MachineScenario Scenario = new("demo", 3, "random:11");

    /// <summary>
    /// Settings of the .NET run time and of the host under which a run is repeated in a process of its own. JITMinOpts leaves tail calls
    /// out, so the CPU's depth guard is what holds there.
    /// </summary>
    public static TheoryData<string, string> Environments { get; } = new()
    {
        { "DOTNET_JITMinOpts=1", "round-robin" },
        { "DOTNET_TieredCompilation=0", "random:11" },
        { "DOTNET_TieredPGO=0 DOTNET_ReadyToRun=0 DOTNET_gcServer=1", "random:11" },
        { "TZ=Pacific/Kiritimati LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 DOTNET_GCgen0size=10000", "round-robin" },
    };

    [Fact]
    public void Another_culture_changes_nothing() => Assert.Equal(Scenario.RunStraight(), InStrangeCulture(null));

    [Fact]
    public void A_device_that_formats_by_the_culture_breaks_the_law()
    {
        var table = PlantedDevice.Drawing(static () => (ulong)(-1.5).ToString(CultureInfo.CurrentCulture).Length);
        Assert.NotEqual(Scenario.RunStraight(table), InStrangeCulture(table));
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("u-boot")]
    public void Garbage_collections_at_any_time_change_nothing(string guest)
    {
        var scenario = Scenario with { Guest = guest };
        Assert.Equal(scenario.RunStraight(), UnderGarbageCollection(scenario, null));
    }

    [Fact]
    public void A_device_that_depends_on_the_garbage_collector_breaks_the_law()
    {
        var table = PlantedDevice.Drawing(static () => (ulong)GC.CollectionCount(2));
        Assert.NotEqual(Scenario.RunStraight(table), UnderGarbageCollection(Scenario, table));
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void A_process_with_other_settings_runs_alike(string environment, string schedule)
    {
        var expected = new MachineScenario("demo", 2, schedule).RunStraight();
        var settings = environment.Split(' ').Select(static s => s.Split('=')).ToDictionary(static pair => pair[0], static pair => pair[1]);
        string[] run = [Path.Combine(AppContext.BaseDirectory, "sim.dll"), "run", "--bios", "demo", "--smp", "2", "--schedule", schedule];
        var result = HostTool.Run("dotnet", run, null, settings);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(expected.Console, Convert.ToBase64String(result.Output));
        var numbers = FormattableString.Invariant($"time={expected.Time}ns icount={expected.Instructions} digest={expected.Digest} ");
        Assert.Contains("end: reason=poweroff " + numbers, result.Error, StringComparison.Ordinal);
    }

    private static RunOutcome InStrangeCulture(TypeRegistry? table)
    {
        RunOutcome? outcome = null;
        var thread = new Thread(() =>
        {
            CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = StrangeCulture();
            outcome = Scenario.RunStraight(table);
        });
        thread.Start();
        thread.Join();
        return outcome!;
    }

    /// <summary>The build knows no culture but the invariant one, so this is that with every sign and separator changed.</summary>
    private static CultureInfo StrangeCulture()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        var numbers = culture.NumberFormat;
        (numbers.NegativeSign, numbers.PositiveSign) = ("minus ", "plus ");
        (numbers.NumberDecimalSeparator, numbers.NumberGroupSeparator) = ("٫", "'");
        numbers.NumberGroupSizes = [2];
        numbers.NaNSymbol = "no number";
        culture.DateTimeFormat.ShortDatePattern = "yyyy'年'M'月'd'日'";
        culture.DateTimeFormat.DateSeparator = "~";
        return culture;
    }

    /// <summary>Runs while another thread collects all the time, and this one between stops.</summary>
    private static RunOutcome UnderGarbageCollection(MachineScenario scenario, TypeRegistry? table)
    {
        using var session = scenario.Boot(table);
        var done = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            for (var stop = 0; stop < 20; stop++)
            {
                GC.Collect();
                MachineScenario.RunFor(session, 10_000);
            }

            return MachineScenario.Finish(session);
        }
        finally
        {
            Volatile.Write(ref done, true);
            collector.Join();
        }
    }
}
