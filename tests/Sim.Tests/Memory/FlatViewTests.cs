using Sim.PropertyKit;
using Sim.PropertyKit.Memory;
using Xunit;

namespace Sim.Tests;

/// <summary>The flattened map beside a model that looks at one address at a time, over random region trees.</summary>
public sealed class FlatViewTests
{
    [Fact]
    public void The_flat_view_shows_at_every_address_what_the_tree_shows() => FlatViewLaws.Shows.Sampled();

    [Fact]
    public void A_view_that_is_wrong_by_one_byte_is_found_and_shrunk()
    {
        var failure = Assert.Throws<LawFailedException>(static () => Law.Holds("a planted bug", MapPlan.Maps,
            static (plan, classes) => FlatViewLaws.Compare(plan, static range => range with { Offset = range.Offset ^ (range.Offset == 0x20 ? 1UL : 0) }, classes),
            new LawOptions { Runs = 2000 }));
        Assert.InRange(Assert.IsType<MapPlan>(failure.Case).Regions.Count, 1, 16);
    }
}
