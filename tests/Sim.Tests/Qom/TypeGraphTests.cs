using Sim.PropertyKit;
using Sim.PropertyKit.Qom;
using Xunit;

namespace Sim.Tests;

/// <summary>Initialisation order, inheritance and casts over random type graphs, beside a model; failing initialisers and realizes included.</summary>
public sealed class TypeGraphTests
{
    [Fact]
    public void Classes_and_instances_come_to_life_and_go_in_QEMUs_order() => TypeGraphLaws.InitialisationOrder.Sampled();

    [Fact]
    public void Types_are_and_cast_to_what_they_derive_from_and_implement() => TypeGraphLaws.Casts.Sampled();

    [Theory]
    [InlineData("InstanceInit")]
    [InlineData("ClassBaseInit")]
    [InlineData("InstanceFinalize")]
    [InlineData("InstancePostInit")]
    [InlineData("Interfaces")]
    public void A_function_that_is_not_called_is_found(string hook)
    {
        var failure = Assert.Throws<LawFailedException>(() => Law.Holds("a planted bug", TypeGraph.Graphs, (graph, classes) => TypeGraphLaws.CheckFlow(new PlannedGraph(graph, (_, info) => hook switch
        {
            "InstanceInit" => info with { InstanceInit = null },
            "ClassBaseInit" => info with { ClassBaseInit = null },
            "InstanceFinalize" => info with { InstanceFinalize = null },
            "InstancePostInit" => info with { InstancePostInit = null },
            _ => info with { Interfaces = [] },
        }), graph, classes)));
        Assert.InRange(Assert.IsType<TypeGraph>(failure.Case).Types.Count, 1, 2);
    }

    [Fact]
    public void A_parent_that_is_realized_last_is_found() => Assert.Throws<LawFailedException>(static () => Law.Holds("a planted bug", TypeGraph.Graphs, static (graph, classes) =>
        TypeGraphLaws.CheckFlow(new PlannedGraph(graph with { Types = [.. graph.Types.Select(Swap)] }), graph, classes)));

    private static PlannedType Swap(PlannedType type) => type with
    {
        Realize = type.Realize switch { RealizeChain.ParentFirst => RealizeChain.ParentLast, RealizeChain.ParentLast => RealizeChain.ParentFirst, var same => same },
    };
}
