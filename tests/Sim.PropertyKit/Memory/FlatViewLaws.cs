using Sim.Engine.Memory;

namespace Sim.PropertyKit.Memory;

/// <summary>The flattened map beside a model that looks at one address at a time, over random region trees.</summary>
public static class FlatViewLaws
{
    /// <summary>The flat view shows at every address what the tree shows.</summary>
    public static NamedLaw Shows { get; } = NamedLaw.Of(
        "flat-view", "memory", "The flattened memory map shows at every address what the tree of regions shows, whatever changes.",
        MapPlan.Maps, static (plan, classes) => Compare(plan, static range => range, classes),
        new LawOptions
        {
            Runs = 300,
            Required =
            [
                ("alias shows something", 0.1), ("overlap", 0.2), ("hidden", 0.25), ("whole space", 0.2), ("nested twice", 0.004), ("changed", 0.25),
                ("changed behind an alias", 0.005), ("cycle refused", 0.02), ("top of the space", 0.05),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Shows];

    /// <summary>Makes a map, changes it step by step and compares the view with the model after each.</summary>
    /// <param name="plan">The map.</param>
    /// <param name="see">Each range as the law is to see it; a test plants a bug here.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void Compare(MapPlan plan, Func<FlatRange, FlatRange> see, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(see);
        ArgumentNullException.ThrowIfNull(classes);
        using var map = new PlannedMap(plan);
        Compare(map, see, classes);
        foreach (var change in plan.Changes)
        {
            var before = map.Space.View.Ranges.ToList();
            var (told, wasPlaced) = (false, map.IsPlaced(change));
            map.Space.MappingChanged += () => told = true;
            if (map.Apply(change))
                classes.CoverOperation(change.Kind);
            Compare(map, see, classes);
            if (!before.SequenceEqual(map.Space.View.Ranges))
            {
                Check.That(told, $"{change} changed the map and nobody was told");
                classes.Add("changed");
                classes.Add("changed behind an alias", !wasPlaced && !map.IsPlaced(change));
            }
        }

        classes.Add("hidden", plan.Regions.Any(static r => !r.Enabled));
        classes.Add("whole space", plan.Regions.Any(static r => r.Size == MemoryRegion.WholeSpace));
        classes.Add("cycle refused", map.Refused > 0);
    }

    private static void Compare(PlannedMap map, Func<FlatRange, FlatRange> see, CaseClasses classes)
    {
        var view = map.Space.View;
        foreach (var address in map.InterestingAddresses())
        {
            (MemoryRegion Region, ulong Offset)? found = null;
            if (view.TryFind(address, out var range))
                found = (see(range).Region, see(range).Offset + (address - range.Start));
            var expected = map.Find(address);
            if (expected != found)
                throw new CheckFailedException($"at {address:x}: expected {expected?.Region.Name}+{expected?.Offset:x}, found {found?.Region.Name}+{found?.Offset:x}");
        }

        for (var i = 1; i < view.Ranges.Count; i++)
        {
            var (left, right) = (view.Ranges[i - 1], view.Ranges[i]);
            Check.That(left.Last < right.Start, "ranges are disjoint and in order");
            var adjoin = right.Start == left.Last + 1 && right.Offset == left.Offset + (right.Start - left.Start);
            Check.That(left.Region != right.Region || !adjoin, "neighbours are joined");
        }

        Classify(view, classes);
    }

    private static void Classify(FlatView view, CaseClasses classes)
    {
        foreach (var range in view.Ranges)
        {
            var region = range.Region;
            classes.Add("alias shows something", region.ContainingRegion is null || range.Start != region.Address + range.Offset);
            classes.Add("nested twice", region.ContainingRegion?.ContainingRegion?.ContainingRegion is not null);
            classes.Add("overlap", range.Offset > 0 || (UInt128)(range.Last - range.Start) + 1 < region.Size);
            classes.Add("top of the space", range.Last == ulong.MaxValue);
        }
    }
}
