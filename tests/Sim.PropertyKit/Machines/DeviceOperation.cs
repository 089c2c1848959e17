using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Sim.PropertyKit.Machines;

/// <summary>What is done to the devices of a machine in one step.</summary>
public enum DeviceOperationKind
{
    /// <summary>Makes an object of any type.</summary>
    New,

    /// <summary>Makes a device, realizes it on a bus that takes it, and maps its regions: what a board does.</summary>
    Add,

    /// <summary>Puts an object into the tree.</summary>
    AddChild,

    /// <summary>Takes an object out of the tree.</summary>
    Unparent,

    /// <summary>Sets a property: with a value that fits, one at a boundary, one beyond it, or one of a wrong kind.</summary>
    Set,

    /// <summary>Plugs a device into a bus without realizing it.</summary>
    Plug,

    /// <summary>Realizes a device, on no bus or any.</summary>
    Realize,

    /// <summary>Unrealizes a device.</summary>
    Unrealize,

    /// <summary>Asks for a device to be unplugged.</summary>
    Unplug,

    /// <summary>Lets the reference of the object's maker go.</summary>
    Unref,

    /// <summary>Maps a region of a device.</summary>
    Map,

    /// <summary>Connects an output of a device to an input line, or disconnects it.</summary>
    Connect,

    /// <summary>Drives an input line from outside.</summary>
    Edge,

    /// <summary>Reads physical memory.</summary>
    Read,

    /// <summary>Writes physical memory.</summary>
    Write,

    /// <summary>Resets a device.</summary>
    Reset,

    /// <summary>Resets the machine.</summary>
    ResetMachine,

    /// <summary>Lets time pass; CPUs execute.</summary>
    Advance,
}

/// <summary>One step.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Object">Which type (for the kinds that make an object) or which of the objects made, modulo their number.</param>
/// <param name="Choice">Which bus, line, property, region or range, modulo their number.</param>
/// <param name="Value">A value, address or time.</param>
public readonly record struct DeviceOperation(DeviceOperationKind Kind, int Object, int Choice, ulong Value)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"new(DeviceOperationKind.{Kind}, {Object}, {Choice}, 0x{Value:x})");
}

/// <summary>A machine and what is done to its devices.</summary>
/// <param name="Machine"><c>none</c> or <c>ppce500</c>.</param>
/// <param name="Operations">The steps.</param>
public sealed record DeviceSequence(string Machine, IReadOnlyList<DeviceOperation> Operations)
{
    private static readonly DeviceOperationKind[] Kinds = Enum.GetValues<DeviceOperationKind>();

    /// <summary>Sequences on an empty and on a real machine, with a shrinker.</summary>
    public static Arbitrary<DeviceSequence> Any { get; } = Arb.From(
        from machine in Gen.Frequency((7, Gen.Constant("none")), (1, Gen.Constant("ppce500")))
        from count in Gen.Choose(1, 32)
        from operations in OperationGenerator().ListOf(count)
        select new DeviceSequence(machine, [.. operations]),
        Shrink);

    /// <inheritdoc/>
    public override string ToString() => $"new DeviceSequence(\"{Machine}\", [{string.Join(", ", Operations)}])";

    private static Gen<DeviceOperation> OperationGenerator() =>
        from kind in Gen.Frequency(
            (5, Gen.Elements(Kinds)),
            (2, Gen.Constant(DeviceOperationKind.Add)),
            (1, Gen.Elements(DeviceOperationKind.Realize, DeviceOperationKind.Unrealize)),
            (2, Gen.Elements(DeviceOperationKind.Connect, DeviceOperationKind.Edge, DeviceOperationKind.Read, DeviceOperationKind.Write)))
        from chosen in Gen.Choose(0, 40)
        from choice in Gen.Choose(0, 255)
        from small in Gen.Choose(0, 0x2000)
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        from large in Gen.Elements(true, false)
        select new DeviceOperation(kind, chosen, choice, large ? (ulong)high << 33 ^ (ulong)low : (ulong)small);

    private static IEnumerable<DeviceSequence> Shrink(DeviceSequence sequence)
    {
        foreach (var operations in Shrinking.List(sequence.Operations, ShrinkOperation))
            yield return sequence with { Operations = operations };
        if (sequence.Machine != "none")
            yield return sequence with { Machine = "none" };
    }

    private static IEnumerable<DeviceOperation> ShrinkOperation(DeviceOperation operation)
    {
        if (operation.Kind == DeviceOperationKind.Add)
            yield return operation with { Kind = DeviceOperationKind.New };
        if (operation.Choice > 0)
            yield return operation with { Choice = 0 };
        if (operation.Value > 0)
            yield return operation with { Value = operation.Value >> 32 };
    }
}
