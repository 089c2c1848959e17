using Sim.Engine.Boards;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Compares two machines as they stand: fields of state, and ranges of RAM, apart from those that are known to differ.</summary>
internal sealed class MachineComparison(MachineState left, MachineState right)
{
    /// <summary>Bytes of a difference in RAM that are shown at most.</summary>
    private const int Shown = 16;

    private readonly HashSet<(string Where, string What)> fields = [];
    private readonly Dictionary<(string Block, ulong Page), (int From, int End)> ranges = [];

    /// <summary>What is known to differ.</summary>
    public IReadOnlyList<SnapshotDifference> Known { get; private set; } = [];

    /// <summary>All that differs at present is known from now on.</summary>
    public void Know()
    {
        Known = [.. Differences()];
        foreach (var (where, what, _, _) in Known)
            fields.Add((where, what));
        foreach (var (a, b, page) in TouchedPages())
        {
            if (Range(a.Page(page), b.Page(page)) is { } range)
                ranges[(a.Name, page)] = range;
        }
    }

    /// <summary>What differs at present and is not known to: in order of path, then RAM in order of address.</summary>
    public IEnumerable<SnapshotDifference> Differences() => SnapshotComparison
        .CompareSections(StateSections.Collect(left), StateSections.Collect(right), left.Root.Registry)
        .Concat(BlockSizes())
        .Concat(Pages())
        .Select(Named)
        .Where(d => !fields.Contains((d.Where, d.What)));

    /// <summary>A CPU goes by its index as well.</summary>
    public static string Named(MachineState machine, string path) =>
        machine.Devices().OfType<PowerPcCpu>().FirstOrDefault(cpu => cpu.CanonicalPath == path) is { } cpu
            ? FormattableString.Invariant($"CPU {cpu.CpuIndex} ({path})")
            : path;

    private SnapshotDifference Named(SnapshotDifference difference) =>
        difference with { Where = Named(difference is { IsSectionOfOne: true, IsInFirst: false } ? right : left, difference.Where) };

    private IEnumerable<SnapshotDifference> BlockSizes()
    {
        var others = right.RamBlocks.ToDictionary(static b => b.Name, static b => b.Size);
        foreach (var block in left.RamBlocks)
        {
            if (!others.Remove(block.Name, out var size) || size != block.Size)
                yield return new(block.Name, "size", Size(block.Size), size == 0 ? SnapshotDifference.Absent : Size(size));
        }

        foreach (var block in right.RamBlocks.Where(b => others.ContainsKey(b.Name)))
            yield return new(block.Name, "size", SnapshotDifference.Absent, Size(block.Size));

        static string Size(ulong size) => FormattableString.Invariant($"0x{size:x}");
    }

    private IEnumerable<SnapshotDifference> Pages()
    {
        foreach (var (a, b, page) in TouchedPages())
        {
            if (a.Page(page).SequenceEqual(b.Page(page)))
                continue;
            var (from, end) = ranges.GetValueOrDefault((a.Name, page));
            if (Range(a.Page(page)[..from], b.Page(page)[..from]) is { } before)
                yield return Bytes(a, b, page, before);
            if (Range(a.Page(page)[end..], b.Page(page)[end..]) is { } after)
                yield return Bytes(a, b, page, (after.From + end, after.End + end));
        }
    }

    /// <summary>Pages that both have and at least one has written to.</summary>
    private IEnumerable<(RamBlock First, RamBlock Second, ulong Page)> TouchedPages()
    {
        foreach (var a in left.RamBlocks)
        {
            if (right.RamBlocks.FirstOrDefault(b => b.Name == a.Name) is not { } b)
                continue;
            for (var page = 0UL; page < Math.Min(a.PageCount, b.PageCount); page++)
            {
                if (a.Stamp(page) != 0 || b.Stamp(page) != 0)
                    yield return (a, b, page);
            }
        }
    }

    /// <summary>From the first to behind the last byte that differs; null when none does.</summary>
    private static (int From, int End)? Range(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var from = first.CommonPrefixLength(second);
        if (from == first.Length)
            return null;
        var end = first.Length;
        while (first[end - 1] == second[end - 1])
            end--;
        return (from, end);
    }

    private static SnapshotDifference Bytes(RamBlock first, RamBlock second, ulong page, (int From, int End) range)
    {
        var address = page << RamBlock.PageShift;
        var shown = new Range(range.From, Math.Min(range.End, range.From + Shown));
        return new(
            first.Name,
            FormattableString.Invariant($"0x{address + (ulong)range.From:x9}-0x{address + (ulong)range.End - 1:x9}"),
            Convert.ToHexStringLower(first.Page(page)[shown]),
            Convert.ToHexStringLower(second.Page(page)[shown]));
    }
}
