using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Memory;

namespace Sim.PropertyKit.Memory;

/// <summary>One access of a bus master.</summary>
/// <param name="IsWrite">True for a write.</param>
/// <param name="Address">Address of the first byte.</param>
/// <param name="Size">1, 2, 4 or 8 bytes.</param>
/// <param name="Value">What is written.</param>
public readonly record struct PlannedAccess(bool IsWrite, ulong Address, int Size, ulong Value)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsWrite ? "write" : "read")}{Size} {Address:x}{(IsWrite ? $" <- {Value:x}" : "")}");
}

/// <summary>A device's rules for accesses to its registers, and accesses that put them to the test.</summary>
/// <param name="Endianness">Order of bytes.</param>
/// <param name="Valid">Smallest and largest access that it accepts.</param>
/// <param name="Implemented">Smallest and largest access that it implements.</param>
/// <param name="AcceptsUnaligned">True when accesses need not be aligned.</param>
/// <param name="Accesses">The accesses.</param>
public sealed record RegisterPlan(
    Endianness Endianness, (int Least, int Most) Valid, (int Least, int Most) Implemented, bool AcceptsUnaligned, IReadOnlyList<PlannedAccess> Accesses)
{
    /// <summary>Random rules and accesses below address 64, with a shrinker.</summary>
    public static Arbitrary<RegisterPlan> Plans { get; } = Arb.From(Generator(), Shrink);

    /// <summary>Random accesses below an address.</summary>
    public static Gen<PlannedAccess> AccessGenerator(int end) =>
        from write in Gen.Elements(true, false)
        from size in Gen.Elements(1, 2, 4, 8)
        from address in Gen.Choose(0, end)
        from aligned in Gen.Choose(0, 3)
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        select new PlannedAccess(write, (ulong)(aligned > 0 ? address & -size : address), size, (ulong)high << 33 ^ (ulong)low);

    /// <inheritdoc/>
    public override string ToString() => $"{Endianness}, valid {Valid}, implemented {Implemented}, unaligned {AcceptsUnaligned}: {string.Join(", ", Accesses)}";

    private static Gen<(int, int)> SizesGenerator() =>
        from least in Gen.Choose(0, 3)
        from most in Gen.Choose(least, 3)
        select (1 << least, 1 << most);

    private static Gen<RegisterPlan> Generator() =>
        from endianness in Gen.Elements(Endianness.Big, Endianness.Little)
        from valid in SizesGenerator()
        from implemented in SizesGenerator()
        from unaligned in Gen.Elements(true, false)
        from count in Gen.Choose(1, 12)
        from accesses in AccessGenerator(56).ListOf(count)
        select new RegisterPlan(endianness, valid, implemented, unaligned, [.. accesses]);

    private static IEnumerable<RegisterPlan> Shrink(RegisterPlan plan)
    {
        foreach (var accesses in Shrinking.List(plan.Accesses))
            yield return plan with { Accesses = accesses };
        if (plan.Valid != (1, 8))
            yield return plan with { Valid = (1, 8) };
        if (plan.Endianness != Endianness.Big)
            yield return plan with { Endianness = Endianness.Big };
    }
}
