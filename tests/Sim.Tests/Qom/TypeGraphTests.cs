using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit;
using Sim.PropertyKit.Qdev;
using Sim.PropertyKit.Qom;
using Xunit;

namespace Sim.Tests;

/// <summary>Initialisation order, inheritance and casts over random type graphs, beside a model; failing initialisers and realizes included.</summary>
public sealed class TypeGraphTests
{
    private static readonly LawOptions Options = new()
    {
        Runs = 120,
        Required =
        [
            ("four levels deep", 0.2), ("abstract", 0.3), ("interface implemented", 0.2), ("interface inherited", 0.2), ("interface of an interface", 0.1),
            ("ambiguous cast", 0.02), ("realize chain of two", 0.25), ("realize failed", 0.1), ("realize failed in the middle", 0.02), ("init failed", 0.05),
            ("class_base_init", 0.3), ("undeclared", 0.2), ("realized", 0.2),
        ],
    };

    [Fact]
    public void Classes_and_instances_come_to_life_and_go_in_QEMUs_order() => Law.Holds("initialisation order", TypeGraph.Graphs, static (graph, classes) =>
        CheckFlow(new PlannedGraph(graph), graph, classes), Options);

    [Theory]
    [InlineData("InstanceInit")]
    [InlineData("ClassBaseInit")]
    [InlineData("InstanceFinalize")]
    [InlineData("InstancePostInit")]
    [InlineData("Interfaces")]
    public void A_function_that_is_not_called_is_found(string hook)
    {
        Assert.Throws<LawFailedException>(() => Law.Holds("a planted bug", TypeGraph.Graphs, (graph, classes) => CheckFlow(new PlannedGraph(graph, (_, info) => hook switch
        {
            "InstanceInit" => info with { InstanceInit = null },
            "ClassBaseInit" => info with { ClassBaseInit = null },
            "InstanceFinalize" => info with { InstanceFinalize = null },
            "InstancePostInit" => info with { InstancePostInit = null },
            _ => info with { Interfaces = [] },
        }), graph, classes)));
    }

    [Fact]
    public void A_parent_that_is_realized_last_is_found() => Assert.Throws<LawFailedException>(static () => Law.Holds("a planted bug", TypeGraph.Graphs, static (graph, classes) =>
        CheckFlow(new PlannedGraph(graph with { Types = [.. graph.Types.Select(Swap)] }), graph, classes)));

    [Fact]
    public void Types_are_and_cast_to_what_they_derive_from_and_implement() => Law.Holds("casts", TypeGraph.Graphs, static (graph, classes) =>
    {
        using var machine = new PlannedGraph(graph).Machine;
        var model = new TypeGraphModel(graph);
        for (var type = 0; type < graph.Types.Count; type++)
        {
            var found = machine.Root.Registry.Find(TypeGraph.TypeName(type));
            var klass = (GraphClass)found.Class;
            Assert.Same(klass, found.Class);
            Assert.Equal(model.Tag(type), klass.Tag);
            Assert.True(found.IsA(QomObject.TypeName) && found.IsA(Device.TypeName));
            Assert.Equal(graph.Chain(type).Where(level => graph.Types[level].Hooks.HasFlag(TypeHooks.ClassInit)).Select(static level => $"of-{TypeGraph.TypeName(level)}"),
                klass.AllProperties.Select(static p => p.Name).Where(static n => n.StartsWith("of-", StringComparison.Ordinal)));
            for (var other = 0; other < graph.Types.Count; other++)
            {
                Assert.Equal(model.IsA(type, other), found.IsA(TypeGraph.TypeName(other)));
                Assert.Equal(model.IsA(type, other), klass.DynamicCast<GraphClass>(TypeGraph.TypeName(other)) is not null);
            }

            CheckInterfaces(graph, model, type, klass, classes);
        }
    }, Options with { Required = [("interface implemented", 0.2), ("ambiguous cast", 0.02)] });

    private static void CheckInterfaces(TypeGraph graph, TypeGraphModel model, int type, GraphClass klass, CaseClasses classes)
    {
        Assert.Equal(model.Interfaces(type).Select(TypeGraph.InterfaceName), klass.Interfaces.Select(static i => i.Type.Name));
        Assert.All(klass.Interfaces, i => Assert.Same(klass, i.Implementer));
        for (var other = 0; other < graph.InterfaceParents.Count; other++)
        {
            Assert.Equal(model.Implements(type, other), klass.Type.IsA(TypeGraph.InterfaceName(other)));
            var implementing = model.Interfaces(type).Where(i => graph.InterfaceChain(i).Contains(other)).ToList();
            var cast = klass.DynamicCast<InterfaceClass>(TypeGraph.InterfaceName(other));
            Assert.Equal(implementing.Count == 1 ? TypeGraph.InterfaceName(implementing[0]) : null, cast?.Type.Name);
            classes.Add("interface implemented", implementing.Count > 0);
            classes.Add("ambiguous cast", implementing.Count > 1);
        }
    }

    private static void CheckFlow(PlannedGraph planned, TypeGraph graph, CaseClasses classes)
    {
        using var machine = planned.Machine;
        var model = new TypeGraphModel(graph);
        for (var type = graph.Types.Count - 1; type >= 0; type--)
        {
            var before = StructuralDump.Of(machine);
            var name = TypeGraph.TypeName(type);
            var failingInit = model.New(type);
            var (device, error) = Try(() => machine.Root.New<Device>(name));
            if (graph.Types[type].Hooks.HasFlag(TypeHooks.Abstract))
                Assert.Contains($"'{name}' is abstract", error?.Message, StringComparison.Ordinal);
            else if (failingInit >= 0)
                Assert.Equal($"{TypeGraph.TypeName(failingInit)} fails its init.", error?.Message);
            else
                CheckRealize(model, type, device!, classes);
            classes.Add("init failed", failingInit >= 0);
            Assert.Equal(before, StructuralDump.Of(machine));
        }

        Assert.Equal(model.Lines, planned.Recorder.Lines);
        Classify(graph, model, classes);
    }

    private static void CheckRealize(TypeGraphModel model, int type, Device device, CaseClasses classes)
    {
        // The second time nothing is different: a failure leaves no trace, and neither does an unrealize.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var undeclared = model.Undeclared(type);
            var failing = undeclared >= 0 ? -1 : model.Realize(type);
            var (_, error) = Try(() =>
            {
                Qdev.Realize(device);
                return device;
            });
            if (undeclared >= 0)
                Assert.Contains($"'{TypeGraph.TypeName(undeclared)}' declares neither State nor Stateless", error?.Message, StringComparison.Ordinal);
            else
                Assert.Equal(failing < 0 ? null : $"{TypeGraph.TypeName(failing)} fails its realize.", error?.Message);
            Assert.Equal(error is null, device.Realized);
            if (device.Realized)
                Qdev.Unrealize(device);
            classes.Add("realized", error is null);
            classes.Add("undeclared", undeclared >= 0);
            classes.Add("realize failed", failing >= 0);
            classes.Add("realize failed in the middle", failing >= 0 && model.RealizeOrder(type)[0] != failing);
        }

        device.Unref();
        model.Finalize(type);
    }

    private static void Classify(TypeGraph graph, TypeGraphModel model, CaseClasses classes)
    {
        for (var type = 0; type < graph.Types.Count; type++)
        {
            var interfaces = model.Interfaces(type);
            classes.Add("four levels deep", graph.Chain(type).Count >= 4);
            classes.Add("abstract", graph.Types[type].Hooks.HasFlag(TypeHooks.Abstract));
            classes.Add("class_base_init", graph.Types[type].Hooks.HasFlag(TypeHooks.ClassBaseInit));
            classes.Add("interface implemented", interfaces.Count > 0);
            classes.Add("interface inherited", graph.Types[type].Parent >= 0 && model.Interfaces(graph.Types[type].Parent).Count > 0);
            classes.Add("interface of an interface", interfaces.Any(i => graph.InterfaceParents[i] >= 0));
            classes.Add("ambiguous cast", interfaces.SelectMany(graph.InterfaceChain).GroupBy(static i => i).Any(static g => g.Count() > 1));
            classes.Add("realize chain of two", model.RealizeOrder(type).Count >= 2);
        }
    }

    private static PlannedType Swap(PlannedType type) => type with
    {
        Realize = type.Realize switch { RealizeChain.ParentFirst => RealizeChain.ParentLast, RealizeChain.ParentLast => RealizeChain.ParentFirst, var same => same },
    };

    private static (Device? Device, SimException? Error) Try(Func<Device> action)
    {
        try
        {
            return (action(), null);
        }
        catch (SimException error)
        {
            return (null, error);
        }
    }
}
