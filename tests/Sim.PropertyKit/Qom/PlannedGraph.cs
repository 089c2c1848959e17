using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit.Qdev;

namespace Sim.PropertyKit.Qom;

/// <summary>Class of the types of a <see cref="TypeGraph"/>, with a field that class_init sets and derived classes inherit.</summary>
public sealed class GraphClass : DeviceClass
{
    /// <summary>Name of the nearest type above that sets it.</summary>
    public string Tag { get; set; } = "";

    /// <inheritdoc/>
    public override void CopyFrom(ObjectClass parent)
    {
        base.CopyFrom(parent);
        if (parent is GraphClass source)
            Tag = source.Tag;
    }
}

/// <summary>Instance of the types of a <see cref="TypeGraph"/>.</summary>
public sealed class GraphDevice : Device;

/// <summary>Registers the types of a <see cref="TypeGraph"/> for real; all that their functions do is note that they were called.</summary>
public sealed class PlannedGraph
{
    private readonly TypeGraph graph;

    /// <summary>Registers the types.</summary>
    /// <param name="graph">The types.</param>
    /// <param name="change">Changes what is registered; a test plants its bugs here.</param>
    public PlannedGraph(TypeGraph graph, Func<int, TypeInfo, TypeInfo>? change = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        this.graph = graph;
        Recorder = new FlowRecorder(static (step, subject) => step is not ("property_set" or "device_set_realized" or "device_unrealize")
            && (subject.StartsWith("type", StringComparison.Ordinal) || subject.StartsWith("interface", StringComparison.Ordinal)) && subject != InterfaceClass.TypeName);
        var infos = Enumerable.Range(0, graph.Types.Count).Select(i => change is null ? TypeOf(i) : change(i, TypeOf(i)))
            .Concat(Enumerable.Range(0, graph.InterfaceParents.Count).Select(InterfaceOf)).ToArray();
        Shuffle(infos, Prng.FromSeed((ulong)graph.Order));
        Machine = TestMachine.Create(TestTypes.NewRegistry(infos), observer: Recorder);
        Recorder.Clear();
    }

    /// <summary>A machine over the types.</summary>
    public TestMachine Machine { get; }

    /// <summary>What has happened to them.</summary>
    public FlowRecorder Recorder { get; }

    private static void Shuffle(TypeInfo[] infos, Prng random)
    {
        for (var i = infos.Length - 1; i > 0; i--)
        {
            var other = (int)random.Below(i + 1);
            (infos[i], infos[other]) = (infos[other], infos[i]);
        }
    }

    private TypeInfo TypeOf(int type)
    {
        var plan = graph.Types[type];
        var name = TypeGraph.TypeName(type);
        bool Has(TypeHooks hook) => plan.Hooks.HasFlag(hook);
        return new TypeInfo
        {
            Name = name,
            Parent = plan.Parent < 0 ? Device.TypeName : TypeGraph.TypeName(plan.Parent),
            Abstract = Has(TypeHooks.Abstract),
            New = Has(TypeHooks.New) || plan.Parent < 0 ? static () => new GraphDevice() : null,
            NewClass = static () => new GraphClass(),
            InstanceInit = Has(TypeHooks.InstanceInit) ? _ => Init(name, Has(TypeHooks.FailsInit)) : null,
            InstancePostInit = Has(TypeHooks.InstancePostInit) ? _ => Recorder.Note($"post-init of {name}") : null,
            InstanceFinalize = Has(TypeHooks.InstanceFinalize) ? _ => Recorder.Note($"finalize of {name}") : null,
            ClassBaseInit = Has(TypeHooks.ClassBaseInit) ? (klass, _) => Recorder.Note($"base of {name} for {klass.Type.Name}") : null,
            ClassInit = Has(TypeHooks.ClassInit) ? (klass, _) => ClassInit((GraphClass)klass, name, plan) : null,
            Interfaces = [.. plan.Interfaces.Select(TypeGraph.InterfaceName)],
        };
    }

    private TypeInfo InterfaceOf(int type) => new()
    {
        Name = TypeGraph.InterfaceName(type),
        Parent = graph.InterfaceParents[type] < 0 ? InterfaceClass.TypeName : TypeGraph.InterfaceName(graph.InterfaceParents[type]),
        Abstract = true,
        ClassInit = (klass, _) => Recorder.Note($"class of {klass.Type.Name}"),
    };

    private void Init(string name, bool fails)
    {
        Recorder.Note($"init of {name}");
        if (fails)
            throw new SimException($"{name} fails its init.");
    }

    private void ClassInit(GraphClass klass, string name, PlannedType plan)
    {
        Recorder.Note($"class of {name} under {klass.Tag}");
        klass.Tag = name;
        klass.Stateless = true;
        klass.AddProperty(Property.Bool($"of-{name}", static _ => true, null));
        var parent = klass.Realize;
        void Own(Device device)
        {
            Recorder.Note($"realize of {name}");
            if (plan.Hooks.HasFlag(TypeHooks.FailsRealize))
                throw new SimException($"{name} fails its realize.");
        }

        switch (plan.Realize)
        {
            case RealizeChain.Replace:
                klass.Realize = Own;
                break;
            case RealizeChain.ParentFirst:
                klass.SetParentRealize(d => { parent?.Invoke(d); Own(d); }, out parent);
                break;
            case RealizeChain.ParentLast:
                klass.SetParentRealize(d => { Own(d); parent?.Invoke(d); }, out parent);
                break;
        }
    }
}
