using Sim.Engine.Base;

namespace Sim.Engine.Qom;

/// <summary>A registered type: its description, its parent and, from the first use on, its class. QEMU: TypeImpl (qom/object.c).</summary>
public sealed class TypeImpl
{
    private readonly Lock classLock = new();
    private ObjectClass? objectClass;
    private ObjectClass? initializing;
    private Type? instanceClass;
    private bool resolving;

    internal TypeImpl(TypeRegistry registry, TypeInfo info)
    {
        Registry = registry;
        Info = info;
    }

    /// <summary>The table that the type was added to.</summary>
    public TypeRegistry Registry { get; }

    /// <summary>What was registered.</summary>
    public TypeInfo Info { get; }

    /// <summary>Name of the type.</summary>
    public string Name => Info.Name;

    /// <summary>The parent type; null for a root. Known once the table is sealed.</summary>
    public TypeImpl? Parent { get; private set; }

    /// <summary>True when the type cannot be instantiated.</summary>
    public bool IsAbstract => Info.Abstract;

    /// <summary>The class, initialised on first use. QEMU: object_class_by_name.</summary>
    public ObjectClass Class => GetClass(null);

    /// <summary>This type, its parent, and so on up to the root.</summary>
    public IEnumerable<TypeImpl> Ancestry
    {
        get
        {
            for (var type = this; type is not null; type = type.Parent)
                yield return type;
        }
    }

    /// <summary>True when this is the named type, derives from it, or implements it as an interface. QEMU: type_is_ancestor.</summary>
    public bool IsA(string name)
    {
        for (var type = this; type is not null; type = type.Parent)
        {
            if (type.Name == name)
                return true;
            foreach (var implemented in type.Info.Interfaces)
            {
                if (implemented == name || Registry.Find(implemented).IsA(name))
                    return true;
            }
        }

        return false;
    }

    /// <summary>Initialises the class now, parents first, unless that has happened already. QEMU: type_initialize.</summary>
    /// <param name="observer">Sees each class_init; null for nobody.</param>
    public void Initialize(IFlowObserver? observer) => GetClass(observer);

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The type that allocates instances: this one or the nearest ancestor with a <see cref="TypeInfo.New"/>.</summary>
    internal TypeImpl? Allocator => Ancestry.FirstOrDefault(static type => type.Info.New is not null);

    internal void Resolve()
    {
        if (Parent is not null || Info.Parent is null)
        {
            if (Info.Parent is null && Name is not (QomObject.TypeName or InterfaceClass.TypeName))
                throw new SimException($"Type '{Name}' has no parent; only '{QomObject.TypeName}' and '{InterfaceClass.TypeName}' are roots.");
            return;
        }

        if (resolving)
            throw new SimException($"Type '{Name}' is its own ancestor through its parent '{Info.Parent}'.");
        if (!Registry.TryFind(Info.Parent, out var parent))
            throw new SimException($"Type '{Name}' names the unknown parent type '{Info.Parent}'.");
        resolving = true;
        try
        {
            parent.Resolve();
        }
        finally
        {
            resolving = false;
        }

        Parent = parent;
    }

    /// <summary>Checks the interfaces that the type implements, and that an interface is nothing but one. QEMU: the assertions of type_initialize.</summary>
    internal void CheckInterfaces()
    {
        if (IsInterface && (!IsAbstract || Info.New is not null || Info.InstanceInit is not null || Info.InstancePostInit is not null
            || Info.InstanceFinalize is not null || Info.Interfaces.Count > 0))
        {
            throw new SimException($"Type '{Name}' derives from '{InterfaceClass.TypeName}', so it must be abstract, without instance functions and without interfaces.");
        }

        foreach (var name in Info.Interfaces)
        {
            if (!Registry.TryFind(name, out var type))
                throw new SimException($"Type '{Name}' implements the unknown interface '{name}'.");
            if (!type.IsInterface)
                throw new SimException($"Type '{Name}' lists '{name}' as an interface, but that is no type derived from '{InterfaceClass.TypeName}'.");
        }
    }

    internal void CheckInstanceClass()
    {
        if (InstanceClass() is not { } own || Parent?.InstanceClass() is not { } inherited || inherited.IsAssignableFrom(own))
            return;
        throw new SimException(
            $"Type '{Name}' allocates a {own.Name}, which does not derive from {inherited.Name}, the instance class of its parent type '{Parent.Name}'.");
    }

    /// <summary>The class, initialised on first use, its steps shown to <paramref name="observer"/>. QEMU: type_initialize.</summary>
    internal ObjectClass GetClass(IFlowObserver? observer)
    {
        if (Volatile.Read(ref objectClass) is { } ready)
            return ready;
        lock (classLock)
        {
            // Asked for by its own initialisation, on this very thread: the class as far as it has come, as QEMU gives it.
            if (initializing is not null)
                return initializing;
            if (objectClass is null)
            {
                try
                {
                    Volatile.Write(ref objectClass, TypeInitialize(observer));
                }
                finally
                {
                    initializing = null;
                }
            }

            return objectClass;
        }
    }

    private bool IsInterface => Ancestry.Any(static type => type.Name == InterfaceClass.TypeName);

    /// <summary>Class of the instances; the type that allocates them is asked once, for one that is dropped again.</summary>
    private Type? InstanceClass() => instanceClass ??= Info.New is { } allocate ? allocate().GetType() : Parent?.InstanceClass();

    private ObjectClass TypeInitialize(IFlowObserver? observer)
    {
        if (!Registry.IsSealed)
            throw new SimException($"Type '{Name}' is used before the type table is sealed.");
        var parent = Parent?.GetClass(observer);
        var allocate = Ancestry.First(static type => type.Info.NewClass is not null).Info.NewClass!;
        var klass = allocate();
        if (parent is not null)
        {
            if (!parent.GetType().IsAssignableFrom(klass.GetType()))
            {
                throw new SimException($"The class of type '{Name}' is a {klass.GetType().Name}, which does not derive from {parent.GetType().Name}, "
                    + $"the class of its parent type '{Parent!.Name}'.");
            }

            klass.CopyFrom(parent);
        }

        klass.Attach(this, parent);
        initializing = klass;
        klass.InitializeInterfaces(observer);
        for (var ancestor = Parent; ancestor is not null; ancestor = ancestor.Parent)
        {
            var info = ancestor.Info;
            if (info.ClassBaseInit is not null)
                observer.Step("class_base_init", Name, info.Name, () => info.ClassBaseInit(klass, Info.ClassData));
        }

        if (Info.ClassInit is not null)
            observer.Step("class_init", Name, "", () => Info.ClassInit(klass, Info.ClassData));
        return klass;
    }
}
