using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qom;
using Sim.Engine.Session;
using Sim.PropertyKit.Qdev;

namespace Sim.PropertyKit.Machines;

/// <summary>When a machine is reset.</summary>
/// <param name="Scenario">The machine.</param>
/// <param name="Instructions">How many instructions it has run by then.</param>
public sealed record ResetMoment(MachineScenario Scenario, int Instructions) : IRecordableCase
{
    /// <inheritdoc/>
    public void Record(string journal) => Scenario.Record(journal);

    /// <summary>The case as C# code.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"new ResetMoment({Scenario}, {Instructions})");

    /// <summary>Any machine at any moment, with a shrinker.</summary>
    public static Arbitrary<ResetMoment> Any { get; } = Of(MachineScenario.Any);

    /// <summary>Some machines at any moment, with a shrinker.</summary>
    public static Arbitrary<ResetMoment> Of(Arbitrary<MachineScenario> scenarios) => Arb.From(
        from scenario in scenarios.Generator
        from instructions in Gen.OneOf(Gen.Choose(0, 2_000), Gen.Choose(0, 700_000))
        select new ResetMoment(scenario, instructions),
        static moment => Shrinking.Number(moment.Instructions).Select(n => moment with { Instructions = (int)n }));
}

/// <summary>Law L5, reset: whenever it comes, every device has its power-on State afterwards, and a second reset changes nothing.</summary>
public static class ResetLaws
{
    /// <summary>
    /// Registers that hold a distance to virtual time, which goes on through a reset; what the guest reads of them is compared by name
    /// instead.
    /// </summary>
    private static readonly string[] RelativeToTime = ["TimebaseOffset", "AlternateOffset", "DecrementerZero", "TimerTick"];

    private static readonly LawOptions Sample = new() { Runs = 30, Required = [("several CPUs", 0.5), ("inside a slice", 0.5)] };

    /// <summary>A second reset changes nothing.</summary>
    public static NamedLaw Idempotent { get; } = NamedLaw.Of(
        "reset-twice", "L5", "A second reset changes nothing, whenever it comes.",
        ResetMoment.Any, static (moment, classes) => CheckIdempotent(moment, null, classes), Sample);

    /// <summary>A reset gives every device its power-on State and writes the images again.</summary>
    public static NamedLaw PowerOn { get; } = NamedLaw.Of(
        "reset-power-on", "L5", "A reset gives every device its power-on State, stops timers, maps memory as at power-on and writes the images again, whenever it comes.",
        ResetMoment.Any, CheckPowerOn, Sample);

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Idempotent, PowerOn];

    private static void CheckPowerOn(ResetMoment moment, CaseClasses classes)
    {
        using var fresh = moment.Scenario.Boot();
        using var reset = RunInto(moment, null, classes);
        reset.Scheduler.RequestReset();
        MachineScenario.RunFor(reset, 0);
        Check.Same(Sections(fresh), Sections(reset), "State");
        Check.Same(ArmedTimers(fresh), ArmedTimers(reset), "armed timers");
        Check.Equal("", StructuralDump.Difference(StructuralDump.MemoryMap(fresh.Machine), StructuralDump.MemoryMap(reset.Machine)), "what differs in the memory map");
        foreach (var (expected, actual) in Cpus(fresh).Zip(Cpus(reset)))
            CheckSameRegisters(expected, actual);
        CheckImagesWritten(fresh, reset);
        classes.CoverSession(reset);
    }

    /// <summary>Resets a machine twice and compares the digests.</summary>
    /// <param name="moment">The machine, and how far it has run.</param>
    /// <param name="table">Types of a machine with a <see cref="PlantedDevice"/>; null for one without.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void CheckIdempotent(ResetMoment moment, TypeRegistry? table, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(moment);
        ArgumentNullException.ThrowIfNull(classes);
        using var session = RunInto(moment, table, classes);
        session.Machine.Reset();
        var once = session.Digest();
        session.Machine.Reset();
        Check.Equal(once, session.Digest(), "digest after a second reset");
        classes.CoverSession(session);
    }

    private static Session RunInto(ResetMoment moment, TypeRegistry? table, CaseClasses classes)
    {
        moment.Scenario.Classify(classes);
        var session = moment.Scenario.Boot(table);
        MachineScenario.RunFor(session, moment.Instructions);
        classes.Add("inside a slice", session.Scheduler.Turn >= 0);
        return session;
    }

    private static List<string> Sections(Session session) =>
    [
        .. StateSections.Collect(session.Machine)
            .Where(static s => s.Type is not ("scheduler" or PowerPcCpu.TypeName))
            .Select(static s => $"{s.Path} {s.Type} {Convert.ToHexString(s.Bytes.Span)}"),
    ];

    private static List<string> ArmedTimers(Session session) =>
        [.. session.Scheduler.Timers.Timers.Where(static timer => timer.IsArmed).Select(static timer => timer.Name)];

    private static unsafe void CheckSameRegisters(PowerPcCpu expected, PowerPcCpu actual)
    {
        foreach (var register in PowerPcRegisters.All.Where(static r => !RelativeToTime.Contains(r.Name)))
        {
            for (var element = 0; element < register.Count; element++)
            {
                var left = PowerPcStateSection.Read(expected.Core.State, register, element);
                var right = PowerPcStateSection.Read(actual.Core.State, register, element);
                var name = FormattableString.Invariant($"{actual.CanonicalPath} {register.Name}[{element}]");
                if (left != right)
                    throw new CheckFailedException(FormattableString.Invariant($"{name} is 0x{right:x}; at power-on 0x{left:x}"));
            }
        }

        foreach (var name in PowerPcCpu.RegisterNames)
            Check.Equal(expected.ReadRegister(name), actual.ReadRegister(name), name);
    }

    private static void CheckImagesWritten(Session fresh, Session reset)
    {
        var (expected, actual) = (fresh.Machine.RamBlocks.Single(), reset.Machine.RamBlocks.Single());
        var pages = 0;
        for (var page = 0UL; page < expected.PageCount; page++)
        {
            if (expected.Stamp(page) == 0 || !expected.Page(page).ContainsAnyExcept((byte)0))
                continue;
            pages++;
            if (!expected.Page(page).SequenceEqual(actual.Page(page)))
                throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture, $"The page at 0x{page << 12:x} is not as at power-on."));
        }

        Check.That(pages >= 3, "there is no image in RAM");
    }

    private static IEnumerable<PowerPcCpu> Cpus(Session session) => session.Machine.Devices().OfType<PowerPcCpu>();
}
