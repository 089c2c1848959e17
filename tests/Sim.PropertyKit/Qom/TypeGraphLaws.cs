using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit.Qdev;
using static Sim.Engine.Qdev.Qdev;

namespace Sim.PropertyKit.Qom;

/// <summary>Initialisation order, inheritance and casts over random type graphs, beside a model; failing initialisers and realizes included.</summary>
public static class TypeGraphLaws
{
    private static readonly LawOptions Sample = new()
    {
        Runs = 120,
        Required =
        [
            ("four levels deep", 0.2), ("abstract", 0.3), ("interface implemented", 0.2), ("interface inherited", 0.2), ("interface of an interface", 0.1),
            ("ambiguous cast", 0.02), ("realize chain of two", 0.25), ("realize failed", 0.1), ("realize failed in the middle", 0.02), ("init failed", 0.05),
            ("class_base_init", 0.3), ("undeclared", 0.2), ("realized", 0.2),
        ],
    };

    /// <summary>Classes and instances come to life and go in QEMU's order.</summary>
    public static NamedLaw InitialisationOrder { get; } = NamedLaw.Of(
        "initialisation-order", "qom", "Classes and instances of any type graph come to life and go in QEMU's order, also where an init or a realize fails.",
        TypeGraph.Graphs, static (graph, classes) => CheckFlow(new PlannedGraph(graph), graph, classes), Sample);

    /// <summary>Types are and cast to what they derive from and implement.</summary>
    public static NamedLaw Casts { get; } = NamedLaw.Of(
        "type-casts", "qom", "Types of any type graph are, and cast to, what they derive from and implement.",
        TypeGraph.Graphs, CheckCasts, Sample with { Required = [("interface implemented", 0.2), ("ambiguous cast", 0.02)] });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [InitialisationOrder, Casts];

    /// <summary>Makes, realizes and lets go an object of every type of a graph and compares with the model.</summary>
    /// <param name="planned">The types as registered; a test may have planted a bug.</param>
    /// <param name="graph">The types as planned.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void CheckFlow(PlannedGraph planned, TypeGraph graph, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(planned);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(classes);
        using var machine = planned.Machine;
        var model = new TypeGraphModel(graph);
        for (var type = graph.Types.Count - 1; type >= 0; type--)
        {
            var before = StructuralDump.Of(machine);
            var name = TypeGraph.TypeName(type);
            var failingInit = model.New(type);
            var (device, error) = Try(() => machine.Root.New<Device>(name));
            if (graph.Types[type].Hooks.HasFlag(TypeHooks.Abstract))
                Check.That(error?.Message.Contains($"'{name}' is abstract", StringComparison.Ordinal) == true, $"unexpected: {error?.Message}");
            else if (failingInit >= 0)
                Check.Equal($"{TypeGraph.TypeName(failingInit)} fails its init.", error?.Message);
            else
                CheckRealize(model, type, device!, classes);
            classes.Add("init failed", failingInit >= 0);
            Check.Equal("", StructuralDump.Difference(before, StructuralDump.Of(machine)), "what is left behind");
        }

        Check.Same(model.Lines, planned.Recorder.Lines, "flow");
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
                Realize(device);
                return device;
            });
            if (undeclared >= 0)
            {
                var expected = $"'{TypeGraph.TypeName(undeclared)}' declares neither State nor Stateless";
                Check.That(error?.Message.Contains(expected, StringComparison.Ordinal) == true, $"unexpected: {error?.Message}");
            }
            else
                Check.Equal(failing < 0 ? null : $"{TypeGraph.TypeName(failing)} fails its realize.", error?.Message);
            Check.Equal(error is null, device.Realized);
            if (device.Realized)
                Unrealize(device);
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

    private static void CheckCasts(TypeGraph graph, CaseClasses classes)
    {
        using var machine = new PlannedGraph(graph).Machine;
        var model = new TypeGraphModel(graph);
        for (var type = 0; type < graph.Types.Count; type++)
        {
            var found = machine.Root.Registry.Find(TypeGraph.TypeName(type));
            var klass = (GraphClass)found.Class;
            Check.That(ReferenceEquals(klass, found.Class), "a type has one class");
            Check.Equal(model.Tag(type), klass.Tag);
            Check.That(found.IsA(QomObject.TypeName) && found.IsA(Device.TypeName), $"{found.Name} is a device");
            Check.Same(graph.Chain(type).Where(level => graph.Types[level].Hooks.HasFlag(TypeHooks.ClassInit)).Select(static level => $"of-{TypeGraph.TypeName(level)}"),
                klass.AllProperties.Select(static p => p.Name).Where(static n => n.StartsWith("of-", StringComparison.Ordinal)));
            for (var other = 0; other < graph.Types.Count; other++)
            {
                Check.Equal(model.IsA(type, other), found.IsA(TypeGraph.TypeName(other)));
                Check.Equal(model.IsA(type, other), klass.DynamicCast<GraphClass>(TypeGraph.TypeName(other)) is not null);
            }

            CheckInterfaces(graph, model, type, klass, classes);
        }
    }

    private static void CheckInterfaces(TypeGraph graph, TypeGraphModel model, int type, GraphClass klass, CaseClasses classes)
    {
        Check.Same(model.Interfaces(type).Select(TypeGraph.InterfaceName), klass.Interfaces.Select(static i => i.Type.Name));
        Check.That(klass.Interfaces.All(i => ReferenceEquals(klass, i.Implementer)), "an interface knows its implementer");
        for (var other = 0; other < graph.InterfaceParents.Count; other++)
        {
            Check.Equal(model.Implements(type, other), klass.Type.IsA(TypeGraph.InterfaceName(other)));
            var implementing = model.Interfaces(type).Where(i => graph.InterfaceChain(i).Contains(other)).ToList();
            var cast = klass.DynamicCast<InterfaceClass>(TypeGraph.InterfaceName(other));
            Check.Equal(implementing.Count == 1 ? TypeGraph.InterfaceName(implementing[0]) : null, cast?.Type.Name);
            classes.Add("interface implemented", implementing.Count > 0);
            classes.Add("ambiguous cast", implementing.Count > 1);
        }
    }

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
