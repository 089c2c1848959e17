using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Memory;

namespace Sim.PropertyKit.Memory;

/// <summary>A planned memory region.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Size">Its size, bytes.</param>
/// <param name="Parent">Number of the region that it is placed in; -1 for the root of the map, -2 for none.</param>
/// <param name="Address">Its address there.</param>
/// <param name="Priority">Its priority there.</param>
/// <param name="Enabled">True when it takes part in the map.</param>
/// <param name="Target">For an alias: number of the region behind it, smaller than its own.</param>
/// <param name="Offset">For an alias: its offset in the target.</param>
public sealed record RegionPlan(
    MemoryRegionKind Kind, UInt128 Size, int Parent, ulong Address, int Priority, bool Enabled, int Target = -1, ulong Offset = 0)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Kind} size {Size:x} in {Parent} at {Address:x} priority {Priority}{(Enabled ? "" : " hidden")}{(Target < 0 ? "" : $" shows {Target}+{Offset:x}")}");
}

/// <summary>What changes in a map.</summary>
public enum RegionChangeKind
{
    /// <summary>Shows or hides the region.</summary>
    Toggle,

    /// <summary>Moves it.</summary>
    Move,

    /// <summary>Resizes it.</summary>
    Resize,

    /// <summary>Points an alias elsewhere.</summary>
    Redirect,

    /// <summary>Takes it out of its container, or puts it back.</summary>
    Remap,
}

/// <summary>A change of a map that exists.</summary>
/// <param name="Kind">What changes.</param>
/// <param name="Region">Number of the region, modulo their number.</param>
/// <param name="Value">The new address, size or offset.</param>
public readonly record struct RegionChange(RegionChangeKind Kind, int Region, ulong Value);

/// <summary>A map and changes of it. A region's parent is the root or any other region, as far as that makes no cycle.</summary>
/// <param name="Regions">The regions, in the order in which they are placed.</param>
/// <param name="Changes">The changes.</param>
public sealed record MapPlan(IReadOnlyList<RegionPlan> Regions, IReadOnlyList<RegionChange> Changes)
{
    private static readonly ulong[] Values =
    [
        0, 1, 2, 3, 4, 7, 8, 0x10, 0x18, 0x20, 0x30, 0x40, 0x80, 0x100, 0xFFF, 0x1000, 0x1001, 0x2000, 1UL << 36, ulong.MaxValue - 0xF, ulong.MaxValue,
    ];

    /// <summary>Random maps, with a shrinker.</summary>
    public static Arbitrary<MapPlan> Maps { get; } = Arb.From(Generator(), Shrink);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{string.Concat(Regions.Select(static (r, i) => $"\n  {i.ToString(CultureInfo.InvariantCulture)}: {r}"))}\n  {string.Join(", ", Changes)}";

    private static Gen<MapPlan> Generator() =>
        from count in Gen.Choose(1, 10)
        from regions in Gen.CollectToList(Enumerable.Range(0, count), RegionGenerator)
        from changeCount in Gen.Choose(0, 10)
        from changes in ChangeGenerator().ListOf(changeCount)
        select new MapPlan([.. regions], [.. changes]);

    private static Gen<ulong> ValueGenerator() => Gen.Frequency((3, Gen.Elements(Values)), (2, Gen.Choose(0, 0x120).Select(static v => (ulong)v)));

    private static Gen<UInt128> SizeGenerator() =>
        Gen.Frequency((6, ValueGenerator().Select(static v => (UInt128)v)), (1, Gen.Constant(MemoryRegion.WholeSpace)));

    private static Gen<RegionPlan> RegionGenerator(int number) =>
        from kind in Gen.Frequency(
            (3, Gen.Constant(MemoryRegionKind.Io)), (1, Gen.Constant(MemoryRegionKind.Ram)), (1, Gen.Constant(MemoryRegionKind.Rom)),
            (4, Gen.Constant(MemoryRegionKind.Container)), (number == 0 ? 0 : 4, Gen.Constant(MemoryRegionKind.Alias)))
        from roomy in Gen.Elements<UInt128>(0x40, 0x100, 0x1000, MemoryRegion.WholeSpace)
        from anySize in SizeGenerator()
        from choice in Gen.Choose(0, 2)
        let size = kind == MemoryRegionKind.Container && choice > 0 ? roomy : anySize
        from parent in Gen.Frequency((3, Gen.Constant(-1)), (3, Gen.Constant(-2)), (4, Gen.Choose(Math.Max(-2, number - 3), number - 1)), (1, Gen.Choose(-2, 9)))
        from near in Gen.Choose(0, 0x30)
        from anyAddress in ValueGenerator()
        let address = choice > 0 ? (ulong)near : anyAddress
        from priority in Gen.Choose(-1, 1)
        from hidden in Gen.Choose(0, 9)
        from target in Gen.Choose(0, Math.Max(0, number - 1))
        from offset in ValueGenerator()
        let alias = kind == MemoryRegionKind.Alias
        select new RegionPlan(kind, size, parent, address, priority, hidden != 0, alias ? target : -1, alias ? offset : 0);

    private static Gen<RegionChange> ChangeGenerator() =>
        from kind in Gen.Elements(Enum.GetValues<RegionChangeKind>())
        from region in Gen.Choose(0, 9)
        from value in ValueGenerator()
        select new RegionChange(kind, region, value);

    private static IEnumerable<MapPlan> Shrink(MapPlan plan)
    {
        for (var last = plan.Regions.Count - 1; last >= 0 && plan.Regions.Count > 1; last--)
        {
            if (!plan.Regions.Any(region => region.Target == last))
                yield return plan with { Regions = [.. plan.Regions.Where((_, i) => i != last).Select(region => Without(region, last))] };
        }

        foreach (var changes in Shrinking.List(plan.Changes))
            yield return plan with { Changes = changes };
        for (var i = 0; i < plan.Regions.Count; i++)
        {
            foreach (var smaller in ShrinkRegion(plan.Regions[i]))
                yield return plan with { Regions = [.. plan.Regions.Take(i), smaller, .. plan.Regions.Skip(i + 1)] };
        }
    }

    /// <summary>The region once another one has gone: the numbers of those behind that move up.</summary>
    private static RegionPlan Without(RegionPlan region, int gone) => region with
    {
        Parent = region.Parent == gone ? -1 : region.Parent > gone ? region.Parent - 1 : region.Parent,
        Target = region.Target > gone ? region.Target - 1 : region.Target,
    };

    private static IEnumerable<RegionPlan> ShrinkRegion(RegionPlan region)
    {
        if (region.Parent != -2)
            yield return region with { Parent = -2 };
        if (region.Parent > -1)
            yield return region with { Parent = -1 };
        if (region.Kind == MemoryRegionKind.Alias)
            yield return region with { Kind = MemoryRegionKind.Io, Target = -1, Offset = 0 };
        if (region.Priority != 0)
            yield return region with { Priority = 0 };
        if (!region.Enabled)
            yield return region with { Enabled = true };
        if (region.Size > 0x10)
            yield return region with { Size = 0x10 };
        if (region.Address > 0)
            yield return region with { Address = region.Address > 0x10 ? 0x10 : 0UL };
        if (region.Offset > 0)
            yield return region with { Offset = region.Offset > 0x10 ? 0x10 : 0UL };
    }
}
