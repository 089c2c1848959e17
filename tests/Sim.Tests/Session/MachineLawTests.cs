using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Machine configurations, right and wrong, and inputs at any time.</summary>
public sealed class MachineLawTests
{
    [Fact]
    public void Possible_machines_run_alike_and_impossible_ones_are_refused_by_name() => ConfigurationLaws.Configurations.Sampled();

    [Fact]
    public void A_machine_that_makes_do_with_fewer_CPUs_is_found_and_shrunk()
    {
        var failure = Assert.Throws<LawFailedException>(static () => Law.Holds(
            "a planted bug",
            ConfigurationPlan.Any,
            static (plan, classes) => ConfigurationLaws.Boot(plan, static (c, o) =>
                Session.Boot(c with { Smp = Math.Clamp(c.Smp, 1, 15) }, o), classes),
            new LawOptions { Runs = 400 }));
        var shrunk = Assert.IsType<ConfigurationPlan>(failure.Case);
        Assert.Equal(shrunk with { Machine = "none", Smp = 0 }, new ConfigurationPlan("none", Smp: 0));
    }

    [Fact]
    public void The_same_bytes_at_the_same_times_give_the_same_run() => InputLaws.Timings.Sampled();

    [Fact]
    public void A_machine_in_which_something_else_counts_is_found_and_shrunk()
    {
        var outside = 0UL;
        var table = PlantedDevice.Drawing(() => outside++);
        var failure = Assert.Throws<LawFailedException>(() => Law.Holds(
            "a planted bug", InputTimings.Any, (timings, classes) => InputLaws.TypeTwice(timings, table, classes),
                new LawOptions { Runs = 3 }));
        Assert.Empty(Assert.IsType<InputTimings>(failure.Case).Inputs);
    }
}
