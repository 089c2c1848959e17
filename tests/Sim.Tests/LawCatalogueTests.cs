using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary>The list of named laws, which <c>sim check</c> runs.</summary>
public sealed class LawCatalogueTests
{
    [Fact]
    public void Names_are_unique_and_spelled_as_options_are()
    {
        Assert.Equal(LawCatalogue.All.Count, LawCatalogue.All.DistinctBy(static law => law.Name).Count());
        Assert.All(LawCatalogue.All, static law => Assert.Matches("^[a-z]+(-[a-z]+)*$", law.Name));
        Assert.All(LawCatalogue.All, static law => Assert.EndsWith(".", law.Summary, StringComparison.Ordinal));
    }

    /// <summary>All but the one that goes through all types, and the one that counts what it covers itself.</summary>
    [Fact]
    public void Every_law_of_cases_says_which_classes_it_must_be_tried_on() => Assert.Equal(
        ["state-coverage", "cpu-reference"],
        LawCatalogue.All.Where(static law => law.Sample.Required.Count == 0).Select(static law => law.Name));

    [Fact]
    public void The_laws_of_the_design_that_cases_can_try_are_there() =>
        Assert.Superset(new HashSet<string>(["L1", "L3", "L5", "L6", "L7"]), LawCatalogue.All.Select(static law => law.Group).ToHashSet());

    [Fact]
    public void A_law_that_is_cancelled_ends()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.All(LawCatalogue.All.Where(static law => law.Missing() is null), law => Assert.Throws<OperationCanceledException>(
            () => law.Holds(law.Sample with { PastFailures = [], Cancellation = cancelled.Token })));
    }
}
