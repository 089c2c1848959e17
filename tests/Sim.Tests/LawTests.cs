using FsCheck;
using FsCheck.Fluent;
using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary>When a law fails for classes of cases that come too rarely.</summary>
public sealed class LawTests
{
    private static readonly Arbitrary<int> Hundreds = Arb.From(Gen.Choose(0, 99));

    /// <summary>Half of all samples see it in fewer cases than required.</summary>
    [Fact]
    public void A_class_that_has_its_share_is_not_too_rare_whatever_the_seed()
    {
        for (var seed = 0UL; seed < 300; seed++)
            Try(few: 30, required: 0.3, seed);
    }

    [Theory]
    [InlineData(15, 0.3)]
    [InlineData(90, 1)]
    [InlineData(0, 0.03)]
    public void A_class_that_comes_less_often_is_too_rare(int few, double required)
    {
        var failure = Assert.Throws<LawFailedException>(() => Try(few, required, seed: 1));
        Assert.Contains("Law 'shares' was not tried on enough of: few (seed 1).", failure.Message, StringComparison.Ordinal);
        Assert.Equal(500, failure.Cases);
    }

    [Fact]
    public void A_class_of_all_cases_can_be_required() => Try(few: 100, required: 1, seed: 1);

    private static void Try(int few, double required, ulong seed) => Law.Holds(
        "shares", Hundreds, (number, classes) => classes.Add("few", number < few), new LawOptions { Runs = 100, Seed = seed, Required = [("few", required)] });
}
