namespace Sim.Engine.Memory;

/// <summary>A stretch of an address space that one region answers for. QEMU: FlatRange.</summary>
/// <param name="Start">First address.</param>
/// <param name="Last">Last address, inclusive.</param>
/// <param name="Region">The RAM, ROM or register region behind it.</param>
/// <param name="Offset">Offset in the region of <paramref name="Start"/>.</param>
public readonly record struct FlatRange(ulong Start, ulong Last, MemoryRegion Region, ulong Offset);

/// <summary>
/// A tree of regions, flattened: disjoint ranges in address order, each with the region that wins there. QEMU: FlatView, generate_memory_topology (softmmu/memory.c).
/// </summary>
public sealed class FlatView
{
    private readonly List<FlatRange> ranges = [];

    /// <summary>Flattens the tree below <paramref name="root"/>.</summary>
    public FlatView(MemoryRegion root)
    {
        ArgumentNullException.ThrowIfNull(root);
        Render(root, 0, 0, MemoryRegion.WholeSpace);
        ranges.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        Simplify();
    }

    /// <summary>The ranges, in address order.</summary>
    public IReadOnlyList<FlatRange> Ranges => ranges;

    /// <summary>Finds the range that holds an address, by binary search.</summary>
    public bool TryFind(ulong address, out FlatRange range)
    {
        var low = 0;
        var high = ranges.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var candidate = ranges[middle];
            if (address < candidate.Start)
                high = middle - 1;
            else if (address > candidate.Last)
                low = middle + 1;
            else
            {
                range = candidate;
                return true;
            }
        }

        range = default;
        return false;
    }

    /// <summary>
    /// Adds what <paramref name="region"/> shows in the window [clipStart, clipEnd), its first byte being at <paramref name="start"/> (which an alias may
    /// put before address 0). Earlier ranges win, so subregions come in order of falling priority and before their container's own registers.
    /// </summary>
    private void Render(MemoryRegion region, Int128 start, Int128 clipStart, UInt128 clipEnd)
    {
        if (!region.Enabled)
            return;
        var end = start + (Int128)region.Size;
        clipStart = Int128.Max(clipStart, start);
        var clippedEnd = Int128.Min((Int128)clipEnd, end);
        if (clipStart >= clippedEnd)
            return;
        if (region.AliasTarget is { } target)
        {
            Render(target, start - region.AliasOffset, clipStart, (UInt128)clippedEnd);
            return;
        }

        foreach (var subregion in region.Subregions)
            Render(subregion, start + subregion.Address, clipStart, (UInt128)clippedEnd);
        if (region.Kind != MemoryRegionKind.Container)
            FillGaps(region, start, clipStart, clippedEnd);
    }

    private void FillGaps(MemoryRegion region, Int128 start, Int128 from, Int128 to)
    {
        var taken = ranges.Where(r => r.Last >= from && r.Start < to).OrderBy(static r => r.Start).ToList();
        foreach (var range in taken)
        {
            if (range.Start > from)
                Add(region, start, from, range.Start);
            from = Int128.Max(from, (Int128)range.Last + 1);
        }

        if (from < to)
            Add(region, start, from, to);
    }

    /// <summary>Joins neighbours that show adjoining parts of one region, as two windows side by side do. QEMU: flatview_simplify.</summary>
    private void Simplify()
    {
        var kept = 0;
        for (var next = 1; next < ranges.Count; next++)
        {
            var (left, right) = (ranges[kept], ranges[next]);
            if (ReferenceEquals(left.Region, right.Region) && right.Start == left.Last + 1 && right.Offset == left.Offset + (right.Start - left.Start))
                ranges[kept] = left with { Last = right.Last };
            else
                ranges[++kept] = right;
        }

        if (ranges.Count > 0)
            ranges.RemoveRange(kept + 1, ranges.Count - kept - 1);
    }

    private void Add(MemoryRegion region, Int128 start, Int128 from, Int128 to) =>
        ranges.Add(new FlatRange((ulong)from, (ulong)(to - 1), region, (ulong)(from - start)));
}
