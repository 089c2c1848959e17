using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Sim.PropertyKit.Qom;

/// <summary>How a level of a planned type treats the parent's realize.</summary>
public enum RealizeChain
{
    /// <summary>Keeps the parent's as it is.</summary>
    Inherit,

    /// <summary>Puts its own in its place.</summary>
    Replace,

    /// <summary>Calls the parent's first, then does its own.</summary>
    ParentFirst,

    /// <summary>Does its own, then calls the parent's.</summary>
    ParentLast,
}

/// <summary>The functions that a planned type registers.</summary>
[Flags]
public enum TypeHooks
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>class_init.</summary>
    ClassInit = 1,

    /// <summary>class_base_init.</summary>
    ClassBaseInit = 2,

    /// <summary>instance_init.</summary>
    InstanceInit = 4,

    /// <summary>instance_post_init.</summary>
    InstancePostInit = 8,

    /// <summary>instance_finalize.</summary>
    InstanceFinalize = 16,

    /// <summary>Allocates its instances itself, so that it must declare what of them is state; its class_init does.</summary>
    New = 32,

    /// <summary>Cannot be instantiated.</summary>
    Abstract = 64,

    /// <summary>Its instance_init throws.</summary>
    FailsInit = 128,

    /// <summary>Its realize throws.</summary>
    FailsRealize = 256,
}

/// <summary>A planned device type.</summary>
/// <param name="Parent">Number of the parent type; -1 for the device type.</param>
/// <param name="Hooks">What it registers.</param>
/// <param name="Realize">What its class_init does with realize.</param>
/// <param name="Interfaces">Numbers of the interface types that it implements.</param>
public sealed record PlannedType(int Parent, TypeHooks Hooks, RealizeChain Realize, IReadOnlyList<int> Interfaces)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"(parent {Parent}, {Hooks}, {Realize}, interfaces [{string.Join(' ', Interfaces)}])");
}

/// <summary>A graph of device and interface types, and the order in which they are registered.</summary>
/// <param name="Types">Device types; a type's parent has a smaller number.</param>
/// <param name="InterfaceParents">For each interface type the number of its parent, or -1 for the root of interfaces.</param>
/// <param name="Order">Seed of the order of registration.</param>
public sealed record TypeGraph(IReadOnlyList<PlannedType> Types, IReadOnlyList<int> InterfaceParents, int Order)
{
    /// <summary>Random graphs, with a shrinker.</summary>
    public static Arbitrary<TypeGraph> Graphs { get; } = Arb.From(Generator(), Shrink);

    /// <summary>Name of a type.</summary>
    public static string TypeName(int type) => string.Create(CultureInfo.InvariantCulture, $"type{type}");

    /// <summary>Name of an interface type.</summary>
    public static string InterfaceName(int type) => string.Create(CultureInfo.InvariantCulture, $"interface{type}");

    /// <summary>A type and its ancestors, root first.</summary>
    public IReadOnlyList<int> Chain(int type) => type < 0 ? [] : [.. Chain(Types[type].Parent), type];

    /// <summary>An interface type and its ancestors, root first.</summary>
    public IReadOnlyList<int> InterfaceChain(int type) => type < 0 ? [] : [.. InterfaceChain(InterfaceParents[type]), type];

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"order {Order}, interfaces under [{string.Join(' ', InterfaceParents)}]{string.Concat(Types.Select(static (t, i) => $"\n  {TypeName(i)} {t}"))}");

    private static Gen<TypeGraph> Generator() =>
        from interfaces in Gen.Choose(0, 4)
        from parents in Gen.CollectToList(Enumerable.Range(0, interfaces), static i => Gen.Choose(-1, i - 1))
        from count in Gen.Choose(1, 7)
        from types in Gen.CollectToList(Enumerable.Range(0, count), i => TypeGenerator(i, interfaces))
        from order in Gen.Choose(0, 1000)
        select new TypeGraph([.. types], [.. parents], order);

    private static Gen<PlannedType> TypeGenerator(int number, int interfaces) =>
        from near in Gen.Elements(true, false)
        from parent in near ? Gen.Constant(number - 1) : Gen.Choose(-1, number - 1)
        from hooks in Gen.Choose(0, 31)
        from rare in Gen.Choose(0, 19)
        from isAbstract in Gen.Choose(0, 4)
        from classInit in Gen.Frequency((2, Gen.Constant(TypeHooks.ClassInit)), (1, Gen.Constant(TypeHooks.None)))
        from allocates in Gen.Frequency((1, Gen.Constant(true)), (3, Gen.Constant(false)))
        from realize in Gen.Elements(Enum.GetValues<RealizeChain>())
        from implemented in interfaces == 0 ? Gen.Constant(new List<int>()) : Gen.Choose(0, interfaces - 1).ListOf(2).Select(static list => list.ToList())
        from implements in Gen.Choose(0, 2)
        select new PlannedType(
            parent,
            (TypeHooks)hooks | classInit | (allocates ? TypeHooks.New : 0) | (isAbstract == 0 ? TypeHooks.Abstract : 0)
                | (rare switch { 0 => TypeHooks.FailsInit | TypeHooks.InstanceInit, 1 or 2 or 3 => TypeHooks.FailsRealize, _ => 0 }),
            realize,
            [.. implemented.Take(implements).Distinct()]);

    private static IEnumerable<TypeGraph> Shrink(TypeGraph graph)
    {
        for (var last = graph.Types.Count - 1; last >= 0 && graph.Types.Count > 1; last--)
        {
            // A type without heirs can go; the numbers of those behind it, which are their names, move up.
            if (!graph.Types.Any(t => t.Parent == last))
                yield return graph with { Types = [.. graph.Types.Where((_, i) => i != last).Select(t => t.Parent > last ? t with { Parent = t.Parent - 1 } : t)] };
        }

        if (graph.InterfaceParents.Count > 0)
        {
            var last = graph.InterfaceParents.Count - 1;
            yield return graph with
            {
                InterfaceParents = [.. graph.InterfaceParents.SkipLast(1)],
                Types = [.. graph.Types.Select(t => t with { Interfaces = [.. t.Interfaces.Where(i => i != last)] })],
            };
        }

        for (var i = 0; i < graph.Types.Count; i++)
        {
            foreach (var smaller in ShrinkType(graph.Types[i]))
                yield return graph with { Types = [.. graph.Types.Take(i), smaller, .. graph.Types.Skip(i + 1)] };
        }

        if (graph.Order > 0)
            yield return graph with { Order = 0 };
    }

    private static IEnumerable<PlannedType> ShrinkType(PlannedType type)
    {
        if (type.Parent >= 0)
            yield return type with { Parent = -1 };
        foreach (var interfaces in Shrinking.List(type.Interfaces))
            yield return type with { Interfaces = interfaces };
        foreach (var hook in Enum.GetValues<TypeHooks>())
        {
            if (hook != TypeHooks.None && type.Hooks.HasFlag(hook))
                yield return type with { Hooks = type.Hooks & ~hook };
        }

        if (type.Realize != RealizeChain.Inherit)
            yield return type with { Realize = RealizeChain.Inherit };
    }
}
