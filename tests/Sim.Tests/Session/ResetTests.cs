using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L5, reset: whenever it comes, every device has its power-on State afterwards, and a second reset changes nothing.</summary>
public sealed class ResetTests
{
    /// <summary>
    /// Registers that hold a distance to virtual time, which goes on through a reset; what the guest reads of them is compared by name
    /// instead.
    /// </summary>
    private static readonly string[] RelativeToTime = ["TimebaseOffset", "AlternateOffset", "DecrementerZero", "TimerTick"];

    private static readonly Arbitrary<(MachineScenario Scenario, int Instructions)> Moments = Arb.From(
        from scenario in MachineScenario.Any.Generator
        from instructions in Gen.OneOf(Gen.Choose(0, 2_000), Gen.Choose(0, 700_000))
        select (Scenario: scenario, Instructions: instructions),
        static moment => Shrinking.Number(moment.Instructions).Select(n => moment with { Instructions = (int)n }));

    private static readonly LawOptions Options = new() { Runs = 30, Required = [("several CPUs", 0.5), ("inside a slice", 0.5)] };

    [Fact]
    public void A_second_reset_changes_nothing() => Law.Holds(
        "reset is idempotent",
        Moments,
        static (moment, classes) => AssertIdempotent(moment.Scenario, moment.Instructions, null, classes),
        Options);

    [Fact]
    public void A_device_that_a_reset_leaves_as_it_was_breaks_the_law()
    {
        var resets = 0UL;
        var table = PlantedDevice.Drawing(() => resets++);
        Assert.Throws<LawFailedException>(() => Law.Holds(
            "reset is idempotent",
            Moments,
            (moment, classes) => AssertIdempotent(moment.Scenario, moment.Instructions, table, classes),
            new LawOptions { Runs = 3, MaxShrinkAttempts = 3 }));
    }

    [Fact]
    public void A_reset_gives_every_device_its_power_on_State_and_writes_the_images_again() => Law.Holds(
        "reset is power-on", Moments, static (moment, classes) => AssertPowerOn(moment.Scenario, moment.Instructions, classes), Options);

    [Fact]
    public void The_guest_runs_after_a_reset_as_after_power_on()
    {
        using var session = new MachineScenario("demo", 4).Boot();
        MachineScenario.RunFor(session, 400_000);
        session.Scheduler.RequestReset();
        var start = session.Console.Length;
        Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
        ConsoleText.AssertEqual(File.ReadAllBytes(TestGuests.Data("demo-smp4.txt")), session.Console.Bytes.Span[start..]);
    }

    private static void AssertPowerOn(MachineScenario scenario, int instructions, CaseClasses classes)
    {
        using var fresh = scenario.Boot();
        using var reset = RunInto(scenario, instructions, null, classes);
        reset.Scheduler.RequestReset();
        MachineScenario.RunFor(reset, 0);
        Assert.Equal(Sections(fresh), Sections(reset));
        foreach (var (expected, actual) in Cpus(fresh).Zip(Cpus(reset)))
            AssertSameRegisters(expected, actual);
        AssertImagesWritten(fresh, reset);
    }

    private static void AssertIdempotent(MachineScenario scenario, int instructions, TypeRegistry? table, CaseClasses classes)
    {
        using var session = RunInto(scenario, instructions, table, classes);
        session.Machine.Reset();
        var once = session.Digest();
        session.Machine.Reset();
        Assert.Equal(once, session.Digest());
    }

    private static Session RunInto(MachineScenario scenario, int instructions, TypeRegistry? table, CaseClasses classes)
    {
        scenario.Classify(classes);
        var session = scenario.Boot(table);
        MachineScenario.RunFor(session, instructions);
        classes.Add("inside a slice", session.Scheduler.Turn >= 0);
        return session;
    }

    private static List<string> Sections(Session session) =>
    [
        .. StateSections.Collect(session.Machine)
            .Where(static s => s.Type is not ("scheduler" or PowerPcCpu.TypeName))
            .Select(static s => $"{s.Path} {s.Type} {Convert.ToHexString(s.Bytes.Span)}"),
    ];

    private static unsafe void AssertSameRegisters(PowerPcCpu expected, PowerPcCpu actual)
    {
        foreach (var register in PowerPcRegisters.All.Where(static r => !RelativeToTime.Contains(r.Name)))
        {
            for (var element = 0; element < register.Count; element++)
            {
                var left = PowerPcStateSection.Read(expected.Core.State, register, element);
                var right = PowerPcStateSection.Read(actual.Core.State, register, element);
                var name = FormattableString.Invariant($"{actual.CanonicalPath} {register.Name}[{element}]");
                if (left != right)
                    Assert.Fail(FormattableString.Invariant($"{name} is 0x{right:x}; at power-on 0x{left:x}"));
            }
        }

        foreach (var name in PowerPcCpu.RegisterNames)
            Assert.Equal((name, expected.ReadRegister(name)), (name, actual.ReadRegister(name)));
    }

    private static void AssertImagesWritten(Session fresh, Session reset)
    {
        var (expected, actual) = (fresh.Machine.RamBlocks.Single(), reset.Machine.RamBlocks.Single());
        var pages = 0;
        for (var page = 0UL; page < expected.PageCount; page++)
        {
            if (expected.Stamp(page) == 0 || !expected.Page(page).ContainsAnyExcept((byte)0))
                continue;
            pages++;
            if (!expected.Page(page).SequenceEqual(actual.Page(page)))
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"The page at 0x{page << 12:x} is not as at power-on."));
        }

        Assert.True(pages >= 3, "There is no image in RAM.");
    }

    private static IEnumerable<PowerPcCpu> Cpus(Session session) => session.Machine.Devices().OfType<PowerPcCpu>();
}
