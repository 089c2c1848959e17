using Sim.Engine.Boards;
using Sim.Engine.Memory;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Compares a frame with the recorded one, to the field.</summary>
internal static class FrameComparison
{
    /// <summary>What is not as recorded: fields with both values, and pages of RAM.</summary>
    /// <param name="recorded">What changed in the recorded frame.</param>
    /// <param name="found">What changed in the replayed one.</param>
    /// <param name="before">The sections before it, which were equal: one that changed on one side alone is still that on the other.</param>
    /// <param name="machine">The machine.</param>
    public static List<SnapshotDifference> Compare(
        FrameEntry recorded,
        FrameEntry found,
        IReadOnlyDictionary<(string Path, string Type), StateSection> before,
        MachineState machine)
    {
        var (left, right) = (Sections(recorded), Sections(found));
        return
        [
            .. SnapshotComparison.CompareSections(Completed(left, right, before), Completed(right, left, before), machine.Root.Registry),
            .. ComparePages(recorded.Pages, found.Pages, machine.RamBlocks),
        ];
    }

    private static List<StateSection> Sections(FrameEntry frame) =>
        [.. frame.Sections.Select(static s => new StateSection(s.Path, s.Type, s.Version, s.State)).DistinctBy(static s => (s.Path, s.Type))];

    private static IEnumerable<StateSection> Completed(
        List<StateSection> changed, List<StateSection> elsewhere, IReadOnlyDictionary<(string Path, string Type), StateSection> before) =>
        changed.Concat(elsewhere.ExceptBy(changed.Select(static s => (s.Path, s.Type)), static s => (s.Path, s.Type))
            .Select(s => before.GetValueOrDefault((s.Path, s.Type))).Where(static s => s.Path is not null));

    private static IEnumerable<SnapshotDifference> ComparePages(ulong[] recorded, ulong[] found, IReadOnlyList<RamBlock> blocks)
    {
        var left = Pages(recorded);
        var right = Pages(found);
        foreach (var (block, page) in left.Keys.Union(right.Keys).Order())
        {
            var before = left.TryGetValue((block, page), out var hash) ? FormattableString.Invariant($"content with hash {hash:x8}") : "not written";
            var after = right.TryGetValue((block, page), out hash) ? FormattableString.Invariant($"content with hash {hash:x8}") : "not written";
            if (before != after)
            {
                var name = block < (ulong)blocks.Count ? blocks[(int)block].Name : "RAM";
                yield return new(name, FormattableString.Invariant($"page 0x{page << RamBlock.PageShift:x9}"), before, after);
            }
        }
    }

    private static Dictionary<(ulong Block, ulong Page), ulong> Pages(ulong[] numbers)
    {
        var pages = new Dictionary<(ulong Block, ulong Page), ulong>();
        for (var i = 0; i + 2 < numbers.Length; i += 3)
            pages[(numbers[i], numbers[i + 1])] = numbers[i + 2];
        return pages;
    }
}
