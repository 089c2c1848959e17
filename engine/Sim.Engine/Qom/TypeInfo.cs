namespace Sim.Engine.Qom;

/// <summary>What a module registers about a type. QEMU: TypeInfo (qom/object.h).</summary>
public sealed record TypeInfo
{
    /// <summary>Unique name of the type, such as <c>serial-mm</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the parent type; null only for the roots <c>object</c> and <c>interface</c>.</summary>
    public string? Parent { get; init; }

    /// <summary>True when the type cannot be instantiated.</summary>
    public bool Abstract { get; init; }

    /// <summary>
    /// Allocates an instance and does nothing else; null to allocate as the parent does. QEMU: instance_size.
    /// </summary>
    public Func<QomObject>? New { get; init; }

    /// <summary>Allocates the class structure; null to allocate as the parent does. QEMU: class_size.</summary>
    public Func<ObjectClass>? NewClass { get; init; }

    /// <summary>Initialises a new instance; run after the parent's. QEMU: instance_init.</summary>
    public Action<QomObject>? InstanceInit { get; init; }

    /// <summary>Run once all of the chain's <see cref="InstanceInit"/> have run, parent's first. QEMU: instance_post_init.</summary>
    public Action<QomObject>? InstancePostInit { get; init; }

    /// <summary>Run when the last reference goes, before the parent's. QEMU: instance_finalize.</summary>
    public Action<QomObject>? InstanceFinalize { get; init; }

    /// <summary>Run for the class of this type and of every type derived from it, before their <see cref="ClassInit"/>. QEMU: class_base_init.</summary>
    public Action<ObjectClass, object?>? ClassBaseInit { get; init; }

    /// <summary>Fills the class structure, which starts as a copy of the parent's. QEMU: class_init.</summary>
    public Action<ObjectClass, object?>? ClassInit { get; init; }

    /// <summary>Passed to <see cref="ClassInit"/> and <see cref="ClassBaseInit"/>. QEMU: class_data.</summary>
    public object? ClassData { get; init; }

    /// <summary>Names of the interface types that this type implements. QEMU: interfaces.</summary>
    public IReadOnlyList<string> Interfaces { get; init; } = [];
}
