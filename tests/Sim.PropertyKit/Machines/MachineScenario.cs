using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Cpu;
using Sim.Snapshots;

namespace Sim.PropertyKit.Machines;

/// <summary>A machine of one's own with its guest, which laws run on any schedule.</summary>
/// <param name="Configuration">The machine. Its schedule is each case's own.</param>
/// <param name="Time">Virtual time to run it for where it does not end before, ns.</param>
/// <param name="Types">The table that its types are in; the process-wide one when null.</param>
public sealed record OwnMachine(MachineConfiguration Configuration, long Time, TypeRegistry? Types = null)
{
    /// <summary>Where runs begin, with the schedule of that moment; null for power-on.</summary>
    public StartMoment? Start { get; init; }
}

/// <summary>A moment at which runs begin.</summary>
/// <param name="Time">Its virtual time, ns.</param>
/// <param name="Checkpoint">Makes it, or finds it.</param>
/// <param name="Code">A scenario that begins there, as C# code.</param>
public sealed record StartMoment(long Time, Func<Checkpoint> Checkpoint, string Code);

/// <summary>A guest, the machine it runs on and the schedule: all that decides a run.</summary>
/// <param name="Guest"><c>program</c> for <see cref="Program"/>, <c>demo</c>, or <c>u-boot</c> with the session <see cref="LawGuests.UBootScript"/>.</param>
/// <param name="Smp">CPUs.</param>
/// <param name="Schedule">The policy, as on the command line.</param>
/// <param name="Quantum">ns.</param>
/// <param name="Shift">log2 of ns per instruction.</param>
public sealed record MachineScenario(
    string Guest, int Smp, string Schedule = "round-robin", long Quantum = 20 * VirtualTime.Microsecond, int Shift = 1) : IRecordableCase
{
    /// <summary>Virtual time after which a run is taken for stuck; the longest scenario takes about 60 ms.</summary>
    private const long Patience = VirtualTime.Second;

    /// <summary>Instructions that a CPU may execute in a run of a random program, which does not end by itself: several times what the longest takes.</summary>
    private const long ProgramLength = 20_000;

    /// <summary>Small machines and schedules of every kind, mostly with random programs; in a third with the demo, which prints, idles and powers off, and rarely with U-Boot where it
    /// is installed: its run takes a hundred times as long.</summary>
    public static Arbitrary<MachineScenario> Any { get; } = Arb.From(Generator(), Shrink);

    /// <summary>The same with the demo alone, which powers off.</summary>
    public static Arbitrary<MachineScenario> Demos { get; } = Arb.From(Generator().Select(static scenario => scenario with { Guest = "demo", Program = null }), Shrink);

    /// <summary>What <c>program</c> is: firmware that all CPUs execute on the same data; null for the other guests.</summary>
    public GuestProgram? Program { get; init; }

    /// <summary>A machine of one's own with its guest, in place of <see cref="Guest"/>; null for none.</summary>
    public OwnMachine? Own { get; init; }

    /// <summary>When the clock chip begins, in seconds since 1970.</summary>
    public long RtcBase { get; init; } = MachineConfiguration.DefaultRtcBase;

    /// <summary>Virtual time that a run takes at most, ns.</summary>
    public long Length => Own?.Time ?? (Program is null ? VirtualTime.Never : ProgramLength << Shift);

    /// <summary>Virtual time at which a run ends at the latest, ns.</summary>
    public long Deadline => Length + (Own?.Start?.Time ?? 0);

    /// <summary>The firmware.</summary>
    public GuestImage Image => Guest switch
    {
        "program" => ProgramGuest.Image(Program!),
        "demo" => LawGuests.Demo,
        _ => LawGuests.UBoot,
    };

    /// <summary>A machine of one's own, with random schedules and a shrinker.</summary>
    public static Arbitrary<MachineScenario> Of(OwnMachine own)
    {
        ArgumentNullException.ThrowIfNull(own);
        return Arb.From(
            Generator().Select(scenario => scenario with { Guest = own.Configuration.Machine, Program = null, Smp = own.Configuration.Smp, Own = own }),
            static scenario => Shrink(scenario with { Guest = "demo" })
                .Where(smaller => smaller.Smp == scenario.Smp).Select(smaller => smaller with { Guest = scenario.Guest }));
    }

    /// <summary>The content of an image of the machine.</summary>
    /// <param name="role">What it is for: <c>bios</c>, <c>kernel</c>, <c>initrd</c> or <c>dtb</c>.</param>
    public ReadOnlyMemory<byte> FindImage(string role) =>
        Own is null ? Image.Bytes : ConfigurationCodec.Images(Own.Configuration).First(pair => pair.Role == role).Image.Bytes;

    /// <summary>Builds the machine, ready for its first instruction, with the script that belongs to it.</summary>
    /// <param name="registry">Types of a machine with a <see cref="PlantedDevice"/>; null for one without.</param>
    /// <param name="pacer">The host's clock; null for none.</param>
    public Session Boot(TypeRegistry? registry = null, IPacer? pacer = null)
    {
        var schedule = new SchedulerOptions { Policy = SchedulePolicy.Parse(Schedule), Quantum = Quantum, Shift = Shift };
        if (Own?.Start is { } start)
            return Session.Open(start.Checkpoint(), new SessionOptions { Pacer = pacer });
        if (Own is not null)
            return Session.Boot(Own.Configuration with { Scheduler = schedule }, new SessionOptions { Registry = registry ?? Own.Types, Pacer = pacer });
        var configuration = new MachineConfiguration
        {
            Bios = Image,
            Smp = Smp,
            Scheduler = schedule,
            RtcBase = RtcBase,
            Devices = registry is null ? [] : [new DeviceRequest(PlantedDevice.TypeName, [])],
        };
        var session = Session.Boot(configuration, new SessionOptions { Registry = registry, Pacer = pacer });
        if (Guest == "u-boot")
            session.Attach(Script.Parse("uboot-session.script", LawGuests.UBootScript));
        return session;
    }

    /// <summary>Runs the guest to its end without a stop.</summary>
    public RunOutcome RunStraight(TypeRegistry? registry = null)
    {
        using var session = Boot(registry);
        return End(session);
    }

    /// <summary>Runs a session of this scenario to its end: to its <see cref="Deadline"/>, or to the power-off of a guest that has none.</summary>
    public RunOutcome End(Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (Deadline == VirtualTime.Never)
            return Finish(session);
        session.Run(new RunLimits { Stop = new StopCondition { Time = Deadline } });
        return RunOutcome.Of(session);
    }

    /// <inheritdoc/>
    public void Record(string journal)
    {
        using var session = Boot();
        using var recording = Recording.Start(session, journal, new RecordingOptions { EmbedImages = true });
        recording.Finish(session.Run(new RunLimits { Stop = new StopCondition { Time = Math.Min(Deadline, Patience) } }).Reason);
    }

    /// <summary>Runs a session for so many instructions of all its CPUs; with 0 it only lets requests take effect.</summary>
    /// <param name="session">The session.</param>
    /// <param name="instructions">How many.</param>
    /// <param name="deadline">Virtual time at which it stops at the latest, ns.</param>
    public static void RunFor(Session session, long instructions, long deadline = VirtualTime.Never)
    {
        ArgumentNullException.ThrowIfNull(session);
        var stop = new StopCondition { Instructions = session.Scheduler.TotalInstructions + instructions, Time = deadline };
        session.Run(new RunLimits { Stop = stop });
    }

    /// <summary>Runs a session of this scenario to its end.</summary>
    public static RunOutcome Finish(Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        var result = session.Run(new RunLimits { Stop = new StopCondition { Time = Patience } });
        Check.Equal(EndReason.PowerOff, result.Reason, "end of the run");
        return RunOutcome.Of(session);
    }

    /// <summary>The case as C# code.</summary>
    public override string ToString() => Own?.Start?.Code ?? string.Create(CultureInfo.InvariantCulture,
        $"new MachineScenario(\"{Guest}\", {Smp}, \"{Schedule}\", Quantum: {Quantum}, Shift: {Shift}){(Program is null ? "" : $" {{ Program = {Program} }}")}");

    /// <summary>Notes what kind of scenario it is.</summary>
    public void Classify(CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        classes.Add(Guest);
        classes.Add("several CPUs", Smp > 1);
        classes.Add("random schedule", Schedule != "round-robin");
        classes.Add("round robin", Schedule == "round-robin");
    }

    private static Gen<MachineScenario> Generator() =>
        from guest in Gen.Frequency(
            (200, Gen.Constant("program")), (100, Gen.Constant("demo")), (1, Gen.Constant(LawGuests.MissingUBoot is null ? "u-boot" : "demo")))
        from program in GuestProgram.OnBoard.Generator
        from smp in Gen.Choose(1, 8)
        from seed in Gen.Choose(0, 1_000_000)
        from random in Gen.Elements(true, false)
        from shift in Gen.Choose(0, 3)
        from instructions in Gen.Choose(64, 50_000)
        select new MachineScenario(
            guest,
            smp,
            random ? string.Create(CultureInfo.InvariantCulture, $"random:{seed}") : "round-robin",
            (long)instructions << shift,
            shift)
        {
            Program = guest == "program" ? program : null,

            // Another one than the default: a file that loses it shows.
            RtcBase = 1_700_000_000 + (86_400 * smp),
        };

    private static IEnumerable<MachineScenario> Shrink(MachineScenario scenario)
    {
        if (scenario.Guest == "u-boot")
            yield return scenario with { Guest = "demo" };
        if (scenario.Schedule != "round-robin")
            yield return scenario with { Schedule = "round-robin" };
        foreach (var smp in Shrinking.Number(scenario.Smp, 1))
            yield return scenario with { Smp = (int)smp };
        if (scenario is not { Quantum: 20 * VirtualTime.Microsecond, Shift: 1 })
            yield return scenario with { Quantum = 20 * VirtualTime.Microsecond, Shift = 1 };
        if (scenario.Program is null)
            yield break;
        foreach (var program in GuestProgram.Any.Shrinker(scenario.Program))
            yield return scenario with { Program = program };
    }
}
