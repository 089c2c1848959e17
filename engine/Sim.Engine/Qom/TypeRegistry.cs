using System.Diagnostics.CodeAnalysis;
using Sim.Engine.Base;

namespace Sim.Engine.Qom;

/// <summary>
/// The table of types. <see cref="Default"/> is filled by the modules and sealed after <see cref="Module.CallInit"/>; a test makes its own table on
/// top of it. QEMU: type_table_get (qom/object.c).
/// </summary>
public sealed class TypeRegistry
{
    private readonly Dictionary<string, TypeImpl> types = new(StringComparer.Ordinal);
    private readonly List<TypeImpl> order = [];
    private readonly TypeRegistry? basedOn;

    /// <summary>A table that knows the types of <paramref name="basedOn"/> too, which must be sealed.</summary>
    public TypeRegistry(TypeRegistry? basedOn = null)
    {
        if (basedOn is { IsSealed: false })
            throw new SimException("A type table can only be based on one that is sealed.");
        this.basedOn = basedOn;
    }

    /// <summary>The process-wide table. It is sealed before the first object exists.</summary>
    public static TypeRegistry Default { get; } = new();

    /// <summary>True once no more types can be added.</summary>
    public bool IsSealed { get; private set; }

    /// <summary>All types, base table first, in order of registration.</summary>
    public IEnumerable<TypeImpl> Types => basedOn is null ? order : basedOn.Types.Concat(order);

    /// <summary>Adds a type to <see cref="Default"/>. QEMU: type_register_static.</summary>
    /// <exception cref="SimException">The name is taken or the table is sealed.</exception>
    public static void Register(TypeInfo info) => Default.Add(info);

    /// <summary>Adds a type to this table.</summary>
    /// <exception cref="SimException">The name is taken or the table is sealed.</exception>
    public void Add(TypeInfo info)
    {
        ArgumentNullException.ThrowIfNull(info);
        if (IsSealed)
            throw new SimException($"Type '{info.Name}' comes too late: the type table is sealed.");
        if (TryFind(info.Name, out var existing))
        {
            throw new SimException(
                $"Type '{info.Name}' (parent '{info.Parent}') is registered already, as a type '{existing.Name}' with parent '{existing.Info.Parent}'.");
        }

        var type = new TypeImpl(this, info);
        types.Add(info.Name, type);
        order.Add(type);
    }

    /// <summary>Checks every type against its parent and closes the table.</summary>
    /// <exception cref="SimException">Unknown parent, cycle, unknown interface, or an instance class that does not derive from the parent's.</exception>
    public void Seal()
    {
        if (IsSealed)
            return;
        foreach (var type in order)
            type.Resolve();
        foreach (var type in order)
            type.CheckInterfaces();
        foreach (var type in order)
            type.CheckInstanceClass();
        IsSealed = true;
    }

    /// <summary>Finds a type by name.</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out TypeImpl? type) =>
        types.TryGetValue(name, out type) || (basedOn is not null && basedOn.TryFind(name, out type));

    /// <summary>The type of that name. QEMU: type_get_by_name.</summary>
    /// <exception cref="SimException">There is none; the nearest name is suggested.</exception>
    public TypeImpl Find(string name) => TryFind(name, out var type)
        ? type
        : throw new SimException($"Unknown type '{name}'.{Nearest.Hint(name, Types.Select(static t => t.Name))}");
}
