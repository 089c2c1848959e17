using Sim.Engine.Memory;
using Sim.PropertyKit;
using Sim.PropertyKit.Memory;
using Xunit;

namespace Sim.Tests;

/// <summary>The flattened map beside a model that looks at one address at a time, over random region trees.</summary>
public sealed class FlatViewTests
{
    private static readonly LawOptions Options = new()
    {
        Runs = 300,
        Required =
        [
            ("alias shows something", 0.1), ("overlap", 0.2), ("hidden", 0.25), ("whole space", 0.2), ("nested twice", 0.03), ("changed", 0.25),
            ("cycle refused", 0.02), ("top of the space", 0.05),
        ],
    };

    [Fact]
    public void The_flat_view_shows_at_every_address_what_the_tree_shows() =>
        Law.Holds("flat view", MapPlan.Maps, static (plan, classes) => Check(plan, static range => range, classes), Options);

    [Fact]
    public void A_view_that_is_wrong_by_one_byte_is_found()
    {
        var failure = Assert.Throws<LawFailedException>(static () => Law.Holds("a planted bug", MapPlan.Maps,
            static (plan, classes) => Check(plan, static range => range with { Offset = range.Offset ^ (range.Offset == 0x20 ? 1UL : 0) }, classes),
            new LawOptions { Runs = 2000, MaxShrinkAttempts = 0 }));
        Assert.NotNull(failure.Case);
    }

    private static void Check(MapPlan plan, Func<FlatRange, FlatRange> see, CaseClasses classes)
    {
        using var map = new PlannedMap(plan);
        Compare(map, see, classes);
        foreach (var change in plan.Changes)
        {
            var before = map.Space.View.Ranges.ToList();
            var told = false;
            map.Space.MappingChanged += () => told = true;
            map.Apply(change);
            Compare(map, see, classes);
            if (!before.SequenceEqual(map.Space.View.Ranges))
            {
                Assert.True(told, $"{change} changed the map and nobody was told");
                classes.Add("changed");
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
                Assert.Fail($"at {address:x}: expected {expected?.Region.Name}+{expected?.Offset:x}, found {found?.Region.Name}+{found?.Offset:x}");
        }

        for (var i = 1; i < view.Ranges.Count; i++)
        {
            var (left, right) = (view.Ranges[i - 1], view.Ranges[i]);
            Assert.True(left.Last < right.Start, "ranges are disjoint and in order");
            var adjoin = right.Start == left.Last + 1 && right.Offset == left.Offset + (right.Start - left.Start);
            Assert.False(left.Region == right.Region && adjoin, "neighbours are joined");
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
