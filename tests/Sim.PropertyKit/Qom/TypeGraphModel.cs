namespace Sim.PropertyKit.Qom;

/// <summary>
/// What must happen to the types of a <see cref="TypeGraph"/>, said as simply as possible: the order of QEMU's type_initialize, object_init_with_type and object_finalize.
/// </summary>
public sealed class TypeGraphModel(TypeGraph graph)
{
    private readonly HashSet<int> initialized = [];
    private readonly HashSet<int> initializedInterfaces = [];
    private readonly List<string> lines = [];
    private int depth;

    /// <summary>What must have been recorded.</summary>
    public IReadOnlyList<string> Lines => lines;

    /// <summary>True when the type is, or derives from, the other.</summary>
    public bool IsA(int type, int other) => graph.Chain(type).Contains(other);

    /// <summary>True when the type implements the interface.</summary>
    public bool Implements(int type, int other) => Interfaces(type).Any(i => graph.InterfaceChain(i).Contains(other));

    /// <summary>The interfaces that the type's class holds, inherited ones first; one that such a one derives from already is none of its own.</summary>
    public IReadOnlyList<int> Interfaces(int type)
    {
        var found = new List<int>();
        foreach (var level in graph.Chain(type))
        {
            foreach (var wanted in graph.Types[level].Interfaces)
            {
                if (!found.Any(i => graph.InterfaceChain(i).Contains(wanted)))
                    found.Add(wanted);
            }
        }

        return found;
    }

    /// <summary>The nearest type that has set the class's tag.</summary>
    public string Tag(int type) => graph.Chain(type).Where(level => Has(level, TypeHooks.ClassInit)).Select(TypeGraph.TypeName).LastOrDefault("");

    /// <summary>The levels whose realize runs, in order.</summary>
    public IReadOnlyList<int> RealizeOrder(int type)
    {
        List<int> order = [];
        foreach (var level in graph.Chain(type).Where(level => Has(level, TypeHooks.ClassInit)))
        {
            switch (graph.Types[level].Realize)
            {
                case RealizeChain.Replace: order = [level]; break;
                case RealizeChain.ParentFirst: order = [.. order, level]; break;
                case RealizeChain.ParentLast: order = [level, .. order]; break;
            }
        }

        return order;
    }

    /// <summary>The level that allocates instances without declaring what of them is state; -1 when there is none.</summary>
    public int Undeclared(int type) =>
        graph.Chain(type).Reverse().FirstOrDefault(level => (Has(level, TypeHooks.New) || graph.Types[level].Parent < 0) && !Has(level, TypeHooks.ClassInit), -1);

    /// <summary>An object is made; returns the level whose init fails, or -1.</summary>
    public int New(int type)
    {
        InitializeClass(type);
        if (Has(type, TypeHooks.Abstract))
            return -1;
        Enter($"object_new {TypeGraph.TypeName(type)}");
        var chain = graph.Chain(type);
        foreach (var level in chain.Where(level => Has(level, TypeHooks.InstanceInit)))
        {
            Enter($"instance_init {TypeGraph.TypeName(level)}");
            Note($"init of {TypeGraph.TypeName(level)}");
            Leave(Has(level, TypeHooks.FailsInit));
            if (!Has(level, TypeHooks.FailsInit))
                continue;
            Finalize(graph.Types[level].Parent);
            Leave(true);
            return level;
        }

        foreach (var level in chain.Where(level => Has(level, TypeHooks.InstancePostInit)))
        {
            Enter($"instance_post_init {TypeGraph.TypeName(level)}");
            Note($"post-init of {TypeGraph.TypeName(level)}");
            Leave(false);
        }

        Leave(false);
        return -1;
    }

    /// <summary>An object is realized; returns the level whose realize fails, or -1.</summary>
    public int Realize(int type)
    {
        var order = RealizeOrder(type);
        Enter($"realize {TypeGraph.TypeName(type)} /machine/unattached/device[0]");
        foreach (var level in order)
        {
            Note($"realize of {TypeGraph.TypeName(level)}");
            if (!Has(level, TypeHooks.FailsRealize))
                continue;
            Leave(true);
            return level;
        }

        Leave(false);
        return -1;
    }

    /// <summary>The last reference to an object goes.</summary>
    public void Finalize(int type)
    {
        foreach (var level in graph.Chain(type).Reverse().Where(level => Has(level, TypeHooks.InstanceFinalize)))
            Note($"finalize of {TypeGraph.TypeName(level)}");
    }

    private void InitializeClass(int type)
    {
        if (type < 0 || !initialized.Add(type))
            return;
        var plan = graph.Types[type];
        InitializeClass(plan.Parent);
        foreach (var own in Interfaces(type).Except(plan.Parent < 0 ? [] : Interfaces(plan.Parent)))
            InitializeInterface(own);
        foreach (var ancestor in graph.Chain(plan.Parent).Reverse().Where(level => Has(level, TypeHooks.ClassBaseInit)))
        {
            Enter($"class_base_init {TypeGraph.TypeName(type)} {TypeGraph.TypeName(ancestor)}");
            Note($"base of {TypeGraph.TypeName(ancestor)} for {TypeGraph.TypeName(type)}");
            Leave(false);
        }

        if (!Has(type, TypeHooks.ClassInit))
            return;
        Enter($"class_init {TypeGraph.TypeName(type)}");
        Note($"class of {TypeGraph.TypeName(type)} under {(plan.Parent < 0 ? "" : Tag(plan.Parent))}");
        Leave(false);
    }

    private void InitializeInterface(int type)
    {
        if (type < 0 || !initializedInterfaces.Add(type))
            return;
        InitializeInterface(graph.InterfaceParents[type]);
        Enter($"class_init {TypeGraph.InterfaceName(type)}");
        Note($"class of {TypeGraph.InterfaceName(type)}");
        Leave(false);
    }

    private bool Has(int type, TypeHooks hook) => graph.Types[type].Hooks.HasFlag(hook);

    private void Enter(string line)
    {
        Note(line);
        depth++;
    }

    private void Leave(bool failed)
    {
        depth--;
        if (failed)
            Note("failed");
    }

    private void Note(string line) => lines.Add(new string(' ', 2 * depth) + line);
}
