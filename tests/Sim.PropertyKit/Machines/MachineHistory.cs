using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Cpu;
using Sim.PropertyKit.Guests;

namespace Sim.PropertyKit.Machines;

/// <summary>What is done with a machine in one step of a history.</summary>
public enum MachineOperationKind
{
    /// <summary>Runs: for A mod 3 = 0 so many instructions, 1 so many of one CPU, 2 so many ns; B is how many.</summary>
    Run,

    /// <summary>Types something.</summary>
    Type,

    /// <summary>Saves a snapshot and goes on from it in another machine.</summary>
    Move,

    /// <summary>Saves a snapshot, runs on, and takes the same machine back to it.</summary>
    Load,

    /// <summary>Takes a checkpoint.</summary>
    Checkpoint,

    /// <summary>Goes back to one of the checkpoints in the same machine.</summary>
    GoBack,

    /// <summary>Goes on from one of the checkpoints in another machine.</summary>
    Branch,

    /// <summary>Begins to record.</summary>
    Record,

    /// <summary>Ends the recording, and replays it.</summary>
    Replay,

    /// <summary>Drops decoded code and translations.</summary>
    DropCaches,

    /// <summary>Looks at all that can be looked at.</summary>
    Look,

    /// <summary>Counts events from now on.</summary>
    Count,

    /// <summary>A debugger writes a register.</summary>
    WriteRegister,

    /// <summary>A debugger writes memory.</summary>
    WriteMemory,

    /// <summary>A debugger steps a CPU.</summary>
    Step,

    /// <summary>A debugger runs to a breakpoint near a CPU's program counter.</summary>
    Breakpoint,

    /// <summary>A debugger runs until a CPU's stack or data is accessed.</summary>
    Watchpoint,
}

/// <summary>One step of a history.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="A">Which CPU, checkpoint, register, text; modulo their number.</param>
/// <param name="B">How far, or a value.</param>
public readonly record struct MachineOperation(MachineOperationKind Kind, int A, int B)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind}({A},{B})");
}

/// <summary>A machine and what is done with it: run, typed at, saved, restored, taken back, branched, recorded, replayed, debugged.</summary>
/// <param name="Guest"><c>demo</c>, <c>echo</c>, <c>torture</c>, <c>program</c> or <c>u-boot</c>.</param>
/// <param name="Program">What <c>program</c> is; null for the others.</param>
/// <param name="Schedule">CPUs, policy, quantum and shift.</param>
/// <param name="Operations">What is done.</param>
public sealed record MachineHistory(
    string Guest, GuestProgram? Program, GuestSchedule Schedule, IReadOnlyList<MachineOperation> Operations) : IRecordableCase
{
    private static readonly MachineOperationKind[] Kinds = Enum.GetValues<MachineOperationKind>();

    /// <summary>Histories of up to 30 steps, with a shrinker.</summary>
    public static Arbitrary<MachineHistory> Any { get; } = Arb.From(
        from guest in Gen.Frequency(
            (6, Gen.Constant("program")), (3, Gen.Constant("echo")), (2, Gen.Constant("demo")), (1, Gen.Constant("torture")),
            (1, Gen.Constant(LawGuests.MissingUBoot is null ? "u-boot" : "echo")))
        from program in GuestProgram.OnBoard.Generator
        from schedule in GuestSchedule.Generator(largestQuantum: 12, largestShift: 3)
        from count in Gen.Choose(1, 30)
        from operations in OperationGenerator().ListOf(count)
        select new MachineHistory(guest, guest == "program" ? program : null, schedule, [.. operations]),
        Shrink);

    /// <summary>The firmware.</summary>
    public GuestImage Image => Guest switch
    {
        "demo" => LawGuests.Demo,
        "echo" => EchoGuest.Image,
        "torture" => TortureGuest.Image(),
        "program" => ProgramGuest.Image(Program!),
        _ => LawGuests.UBoot,
    };

    /// <summary>What the machine is built from.</summary>
    public MachineConfiguration Configuration(IReadOnlyList<DeviceRequest>? devices = null) => new()
    {
        Bios = Image,
        Smp = Schedule.Vcpus,
        Scheduler = Schedule.Options,
        Devices = devices ?? [],
    };

    /// <inheritdoc/>
    public void Record(string journal) => MachineHistoryLaws.Record(this, journal);

    /// <inheritdoc/>
    public override string ToString() => $"{Guest}{(Program is null ? "" : $" [{Program}]")} {Schedule}: {string.Join(' ', Operations)}";

    private static Gen<MachineOperation> OperationGenerator() =>
        from kind in Gen.Frequency(
            (3, Gen.Constant(MachineOperationKind.Run)),
            (6, Gen.Elements(Kinds)),
            (3, Gen.Elements(MachineOperationKind.Checkpoint, MachineOperationKind.GoBack, MachineOperationKind.Branch)),
            (1, Gen.Elements(MachineOperationKind.Type, MachineOperationKind.Replay)))
        from a in Gen.Choose(0, 9_999)
        from scale in Gen.Elements(3, 60, 2_000, 30_000)
        from b in Gen.Choose(1, scale)
        select new MachineOperation(kind, a, b);

    private static IEnumerable<MachineHistory> Shrink(MachineHistory history)
    {
        foreach (var operations in Shrinking.List(history.Operations, ShrinkOperation))
            yield return history with { Operations = operations };
        foreach (var schedule in history.Schedule.Shrink())
            yield return history with { Schedule = schedule };
        if (history.Program is null)
        {
            if (history.Guest != "echo")
                yield return history with { Guest = "echo" };
            yield break;
        }

        foreach (var program in GuestProgram.Any.Shrinker(history.Program))
            yield return history with { Program = program };
    }

    private static IEnumerable<MachineOperation> ShrinkOperation(MachineOperation operation)
    {
        foreach (var a in Shrinking.Number(operation.A))
            yield return operation with { A = (int)a };
        foreach (var b in Shrinking.Number(operation.B))
            yield return operation with { B = (int)b };
    }
}
