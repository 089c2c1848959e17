using System.Diagnostics.CodeAnalysis;
using Sim.Engine.Base;

namespace Sim.Engine.Qom;

/// <summary>
/// The class structure of a type, shared by all its instances: virtual functions and class properties. QEMU: ObjectClass (qom/object.h).
/// </summary>
public class ObjectClass
{
    private readonly List<Property> properties = [];
    private readonly List<InterfaceClass> interfaces = [];

    /// <summary>The type whose class this is. QEMU: object_class_get_name.</summary>
    public TypeImpl Type { get; private set; } = null!;

    /// <summary>The parent type's class; null for a root. QEMU: object_class_get_parent.</summary>
    public ObjectClass? Parent { get; private set; }

    /// <summary>The properties that this level adds; the parent's are found by walking up. QEMU: ObjectClass::properties.</summary>
    public IReadOnlyList<Property> OwnProperties => properties;

    /// <summary>The interfaces that the type implements, inherited ones included. QEMU: ObjectClass::interfaces.</summary>
    public IReadOnlyList<InterfaceClass> Interfaces => interfaces;

    /// <summary>
    /// Copies every field from the parent's class, as QEMU's memcpy of the class structure does. Overrides call the base first and copy their
    /// own fields; lists that lookups walk (properties, state) are not copied.
    /// </summary>
    public virtual void CopyFrom(ObjectClass parent) => ArgumentNullException.ThrowIfNull(parent);

    /// <summary>Adds a property to every instance of the class. QEMU: object_class_property_add.</summary>
    /// <exception cref="SimException">The class or an ancestor has a property of that name.</exception>
    public void AddProperty(Property property)
    {
        ArgumentNullException.ThrowIfNull(property);
        if (FindProperty(property.Name) is not null)
            throw new SimException($"Class '{Type.Name}' has a property '{property.Name}' already.");
        properties.Add(property);
    }

    /// <summary>The property of that name, of this class or the nearest ancestor. QEMU: object_class_property_find.</summary>
    public Property? FindProperty(string name)
    {
        for (var klass = this; klass is not null; klass = klass.Parent)
        {
            foreach (var property in klass.properties)
            {
                if (property.Name == name)
                    return property;
            }
        }

        return null;
    }

    /// <summary>All properties of the class, the root's first, each level in order of addition.</summary>
    public IEnumerable<Property> AllProperties => Parent is null ? properties : Parent.AllProperties.Concat(properties);

    /// <summary>
    /// This class as a <typeparamref name="T"/>, or the interface of that class which it implements; null when it is neither, and when it implements several
    /// interfaces that derive from the one asked for. QEMU: object_class_dynamic_cast.
    /// </summary>
    public T? DynamicCast<T>(string typeName) where T : ObjectClass
    {
        InterfaceClass? found = null;
        foreach (var implemented in interfaces)
        {
            if (!implemented.Type.IsA(typeName))
                continue;
            if (found is not null)
                return null;
            found = implemented;
        }

        return found is not null ? found as T : Type.IsA(typeName) ? this as T : null;
    }

    internal void Attach(TypeImpl type, ObjectClass? parent)
    {
        Type = type;
        Parent = parent;
    }

    internal void InitializeInterfaces(IFlowObserver? observer)
    {
        if (Parent is not null)
        {
            foreach (var inherited in Parent.interfaces)
                interfaces.Add(InterfaceClass.For(this, inherited.Type, inherited));
        }

        foreach (var name in Type.Info.Interfaces)
        {
            var type = Type.Registry.Find(name);
            if (!interfaces.Any(implemented => implemented.Type.IsA(name)))
                interfaces.Add(InterfaceClass.For(this, type, (InterfaceClass)type.GetClass(observer)));
        }
    }
}

/// <summary>The class of an interface type, one copy per implementing type. QEMU: InterfaceClass (qom/object.h).</summary>
public class InterfaceClass : ObjectClass
{
    /// <summary>Name of the root of all interface types. QEMU: TYPE_INTERFACE.</summary>
    public const string TypeName = "interface";

    /// <summary>The class that implements the interface; null for the interface type's own class.</summary>
    public ObjectClass? Implementer { get; private set; }

    [System.Runtime.CompilerServices.ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "type_init of the design.")]
    internal static void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Abstract = true,
        NewClass = static () => new InterfaceClass(),
    }));

    internal static InterfaceClass For(ObjectClass implementer, TypeImpl type, InterfaceClass source)
    {
        var allocate = type.Ancestry.First(static t => t.Info.NewClass is not null).Info.NewClass!;
        var klass = (InterfaceClass)allocate();
        klass.CopyFrom(source);
        klass.Attach(type, type.Parent?.Class);
        klass.Implementer = implementer;
        return klass;
    }
}
