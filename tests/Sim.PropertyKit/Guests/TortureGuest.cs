using System.Buffers.Binary;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Guests;

/// <summary>A mistake that the torture guest can be told to make; <c>tools/guests/torture/torture.h</c> has the same list.</summary>
public enum PlantedRace
{
    /// <summary>None: the guest is correct.</summary>
    None = 0,

    /// <summary>Increments go without the lock.</summary>
    Spinlock = 1,

    /// <summary>A reader of a sequence lock does not look again.</summary>
    SequenceLock = 2,

    /// <summary>An interprocessor interrupt is sent before the last one of its kind is known to be taken.</summary>
    Interrupt = 3,
}

/// <summary>What a guest has come to.</summary>
/// <param name="Reason">Why the run ended.</param>
/// <param name="Console">Everything printed.</param>
/// <param name="Digest">Digest of the machine at the end.</param>
public sealed record GuestOutcome(EndReason Reason, string Console, UInt128 Digest)
{
    /// <summary>The lines that are the same under every schedule: those that do not begin with <c># </c>.</summary>
    public IReadOnlyList<string> CommonLines =>
        [.. Console.Split("\r\n").Where(static line => !line.StartsWith("# ", StringComparison.Ordinal))];
}

/// <summary>
/// The SMP torture guest, <c>tools/guests/torture</c>: locks, a lock-free queue, interrupts, changing code and changing pages on all CPUs at
/// once. It judges itself.
/// </summary>
public static class TortureGuest
{
    /// <summary>What a run without mistakes prints last.</summary>
    public const string Passed = "torture: all 15 tests passed\r\n";

    /// <summary>What a run that has found a mistake prints last, but for the number of tests.</summary>
    public const string Failed = "torture: FAILED ";

    /// <summary>Many times what any schedule of the generator takes: a guest that hangs ends here.</summary>
    private static readonly RunLimits Limit = new() { Stop = StopCondition.None with { Instructions = 500_000_000 } };

    private static readonly byte[] Program = ReadProgram();

    /// <summary>The program with its parameters set.</summary>
    /// <param name="rounds">How often each test is done.</param>
    /// <param name="race">The mistake that it makes.</param>
    public static GuestImage Image(uint rounds = 1, PlantedRace race = PlantedRace.None)
    {
        byte[] program = [.. Program];
        var parameters = program.AsSpan(program.AsSpan().IndexOf("SIMTORTR"u8) + 8);
        BinaryPrimitives.WriteUInt32BigEndian(parameters, rounds);
        BinaryPrimitives.WriteUInt32BigEndian(parameters[4..], (uint)race);
        return new GuestImage("torture.elf", program);
    }

    /// <summary>The machine that runs it.</summary>
    public static MachineConfiguration Machine(GuestSchedule schedule, PlantedRace race = PlantedRace.None)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return new MachineConfiguration { Bios = Image(race: race), Smp = schedule.Vcpus, Scheduler = schedule.Options };
    }

    /// <summary>Runs it to its end.</summary>
    /// <param name="schedule">vCPUs and schedule.</param>
    /// <param name="race">The mistake that it makes.</param>
    /// <param name="classes">Receives what the run covers; null for nobody.</param>
    /// <exception cref="CheckFailedException">It has not powered the machine off.</exception>
    public static GuestOutcome Run(GuestSchedule schedule, PlantedRace race = PlantedRace.None, CaseClasses? classes = null)
    {
        using var session = Session.Boot(Machine(schedule, race));
        var reason = session.Run(Limit).Reason;
        Check.That(
            reason == EndReason.PowerOff,
            $"The guest hangs ({EndReasons.Name(reason)}); the console's last lines: {session.Console.Tail(3)}");
        classes?.CoverSession(session);
        return new GuestOutcome(reason, session.Console.Text, session.Digest());
    }

    private static byte[] ReadProgram()
    {
        using var resource = typeof(TortureGuest).Assembly.GetManifestResourceStream("torture.elf")!;
        var program = new byte[resource.Length];
        resource.ReadExactly(program);
        return program;
    }
}
