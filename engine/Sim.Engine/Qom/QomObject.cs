using System.Globalization;
using Sim.Engine.Base;

namespace Sim.Engine.Qom;

/// <summary>
/// An object of the object model: an instance of a registered type, with properties, a place in the composition tree and a
/// reference count. QEMU: Object (qom/object.h).
/// </summary>
public class QomObject
{
    /// <summary>Name of the root type. QEMU: TYPE_OBJECT.</summary>
    public const string TypeName = "object";

    private OrderedDictionary<string, Property>? properties;
    private int references;

    /// <summary>The class. QEMU: object_get_class.</summary>
    public ObjectClass Class { get; private set; } = null!;

    /// <summary>The composition tree that the object was made for.</summary>
    public QomRoot Root { get; private set; } = null!;

    /// <summary>The object that has this one as a child; null at the root and before it was added. QEMU: Object::parent.</summary>
    public QomObject? Parent { get; private set; }

    /// <summary>Name of the child property by which <see cref="Parent"/> holds this object; empty without a parent.</summary>
    public string NameInParent { get; private set; } = "";

    /// <summary>True once the last reference has gone.</summary>
    public bool IsFinalized { get; private set; }

    /// <summary>References held: one by the creator until it lets go, one by the parent, one by each link. QEMU: Object::ref.</summary>
    public int ReferenceCount => references;

    /// <summary>The properties added to this object alone, in order of addition. QEMU: Object::properties.</summary>
    public IEnumerable<Property> OwnProperties => properties is null ? [] : properties.Values;

    /// <summary>All properties: the class's, root's level first, then the object's own. QEMU: ObjectPropertyIterator.</summary>
    public IEnumerable<Property> Properties => Class.AllProperties.Concat(OwnProperties);

    /// <summary>The children, in order of addition. QEMU: object_child_foreach.</summary>
    public IEnumerable<QomObject> Children => OwnProperties.OfType<ChildProperty>().Select(static p => p.Child);

    /// <summary>The path from the root of the tree, such as <c>/machine/pic</c>; empty without a place in the tree. QEMU: object_get_canonical_path.</summary>
    public string CanonicalPath
    {
        get
        {
            if (ReferenceEquals(this, Root.Object))
                return "/";
            if (Parent is null)
                return "";
            var above = Parent.CanonicalPath;
            return above.Length == 0 ? "" : above == "/" ? "/" + NameInParent : $"{above}/{NameInParent}";
        }
    }

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static void RegisterTypes() => Module.TypeInit(static () =>
    {
        TypeRegistry.Register(new()
        {
            Name = TypeName,
            Abstract = true,
            NewClass = static () => new ObjectClass(),
            ClassInit = static (klass, _) => klass.AddProperty(Property.Text("type", "string", static o => o.Class.Type.Name, null)),
        });
        TypeRegistry.Register(new() { Name = Container.TypeName, Parent = TypeName, New = static () => new Container() });
    });

    /// <summary>True when the object's type is the named one, derives from it, or implements it. QEMU: object_dynamic_cast.</summary>
    public bool IsA(string typeName) => Class.Type.IsA(typeName);

    /// <summary>This object as a <typeparamref name="T"/> of the named type. QEMU: OBJECT_CHECK.</summary>
    /// <exception cref="SimException">It is none.</exception>
    public T Cast<T>(string typeName) where T : QomObject => IsA(typeName) && this is T cast
        ? cast
        : throw new SimException($"Object '{CanonicalPath}' of type '{Class.Type.Name}' is no '{typeName}'.");

    /// <summary>Takes a reference. QEMU: object_ref.</summary>
    public void Ref()
    {
        if (IsFinalized)
            throw new InvalidOperationException($"Object of type '{Class.Type.Name}' is finalized: nobody can take a reference to it.");
        references++;
    }

    /// <summary>Lets a reference go; the last one finalizes the object. QEMU: object_unref.</summary>
    public void Unref()
    {
        if (references <= 0)
            throw new InvalidOperationException($"Object of type '{Class.Type.Name}' has no reference left to let go.");
        if (--references == 0)
            FinalizeObject(Class.Type);
    }

    /// <summary>Adds a property to this object alone. QEMU: object_property_add.</summary>
    /// <exception cref="SimException">The object has one of that name.</exception>
    public void AddProperty(Property property)
    {
        ArgumentNullException.ThrowIfNull(property);
        if (FindProperty(property.Name) is not null)
            throw new SimException($"Object '{Shown}' of type '{Class.Type.Name}' has a property '{property.Name}' already.");
        properties ??= new(StringComparer.Ordinal);
        properties.Add(property.Name, property);
        if (Root.Undo.IsOpen)
            RecordAddition(property);
    }

    /// <summary>Removes a property that was added to this object. QEMU: object_property_del.</summary>
    /// <exception cref="SimException">The object has none of that name of its own.</exception>
    public void RemoveProperty(string name)
    {
        if (properties is null || !properties.TryGetValue(name, out var property))
            throw NoSuchProperty(name);
        var index = properties.IndexOf(name);
        var target = property is LinkProperty { IsWritable: true } ? property.Get(this) : null;
        RemoveIfPresent(property);
        if (Root.Undo.IsOpen && property is not ChildProperty)
            Root.Undo.Add(() => PutBack(property, index, target));
    }

    /// <summary>The property of that name; null when there is none. QEMU: object_property_find.</summary>
    public Property? FindProperty(string name) =>
        properties is not null && properties.TryGetValue(name, out var own) ? own : Class.FindProperty(name);

    /// <summary>The value of a property. QEMU: object_property_get.</summary>
    /// <exception cref="SimException">There is no such property.</exception>
    public object? GetProperty(string name) => (FindProperty(name) ?? throw NoSuchProperty(name)).Get(this);

    /// <summary>The value of a property as a <typeparamref name="T"/>. QEMU: object_property_get_uint and its siblings.</summary>
    /// <exception cref="SimException">There is no such property, or it is of another type.</exception>
    public T GetProperty<T>(string name) => GetProperty(name) is T value
        ? value
        : throw new SimException($"Property '{Class.Type.Name}.{name}' is a {FindProperty(name)!.Type}, not a {typeof(T).Name}.");

    /// <summary>Changes a property. QEMU: object_property_set.</summary>
    /// <exception cref="SimException">No such property, read-only, a value out of range or of the wrong type, or too late.</exception>
    public void SetProperty(string name, object? value)
    {
        var property = FindProperty(name) ?? throw NoSuchProperty(name);
        if (!property.IsWritable)
            throw new SimException($"Property '{Class.Type.Name}.{name}' cannot be set: it is read-only.");
        CheckPropertySet(property);
        if (Root.Observer is null)
            SetUndoably(property, value);
        else
            Root.Observer.Step("property_set", CanonicalPath.Length == 0 ? Class.Type.Name : CanonicalPath, $"{name}={Show(value)}", () => SetUndoably(property, value));
    }

    /// <summary>Changes a property to a value given as text. QEMU: object_property_parse.</summary>
    /// <exception cref="SimException">As for <see cref="SetProperty(string, object?)"/>, or the text is no value of the property's type.</exception>
    public void ParseProperty(string name, string text)
    {
        var property = FindProperty(name) ?? throw NoSuchProperty(name);
        if (!property.IsWritable)
            throw new SimException($"Property '{Class.Type.Name}.{name}' cannot be set: it is read-only.");
        SetProperty(name, property.Parse(this, text));
    }

    /// <summary>Adds a property that stands for one of another object. QEMU: object_property_add_alias.</summary>
    /// <exception cref="SimException">The target has no such property, or this object has one of that name.</exception>
    public void AddAlias(string name, QomObject target, string targetProperty)
    {
        ArgumentNullException.ThrowIfNull(target);
        var property = target.FindProperty(targetProperty) ?? throw target.NoSuchProperty(targetProperty);
        AddProperty(new AliasProperty(name, target, property) { Description = property.Description });
    }

    /// <summary>
    /// Puts an object into the tree below this one, which takes a reference. A name that ends in <c>[*]</c> gets the first free number. QEMU: object_property_add_child.
    /// </summary>
    /// <exception cref="SimException">The name is taken, or the child has a parent.</exception>
    public void AddChild(string name, QomObject child)
    {
        ArgumentNullException.ThrowIfNull(child);
        ArgumentNullException.ThrowIfNull(name);
        if (child.Parent is not null)
            throw new SimException($"Object '{child.CanonicalPath}' cannot become a child of '{Shown}': it has a parent already.");
        for (QomObject? above = this; above is not null; above = above.Parent)
        {
            if (ReferenceEquals(above, child))
                throw new SimException($"Object '{Shown}' cannot have its own ancestor of type '{child.Class.Type.Name}' as a child.");
        }

        if (name.EndsWith("[*]", StringComparison.Ordinal))
            name = FirstFreeName(name[..^3]);
        AddProperty(new ChildProperty(name, child));
        child.Ref();
        child.Parent = this;
        child.NameInParent = name;
        child.OnParentChanged();
    }

    /// <summary>Takes this object out of the tree; its parent lets its reference go. QEMU: object_unparent.</summary>
    public void Unparent() => Parent?.RemoveProperty(NameInParent);

    /// <summary>The child of that name; null when there is none. QEMU: object_resolve_path_component.</summary>
    public QomObject? FindChild(string name) => FindProperty(name) is ChildProperty child ? child.Child : null;

    /// <summary>Finds the object behind one component of a path: a child or the target of a link. QEMU: object_resolve_path_component.</summary>
    public QomObject? ResolveComponent(string name) => FindProperty(name) switch
    {
        ChildProperty child => child.Child,
        LinkProperty link => link.Get(this) as QomObject,
        AliasProperty alias => alias.Resolve(),
        _ => null,
    };

    /// <summary>Makes a new object and adds it as a child, whose only reference is then this object's. QEMU: object_initialize_child.</summary>
    public T NewChild<T>(string name, string typeName) where T : QomObject
    {
        var child = Root.New<T>(typeName);
        AddChild(name, child);
        child.Unref();
        return child;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Shown} ({Class?.Type.Name})";

    /// <summary>Called before a property is changed; a device refuses to change its configuration once it is realized.</summary>
    protected virtual void CheckPropertySet(Property property) { }

    /// <summary>Called when the object has got or lost its place in the tree.</summary>
    protected virtual void OnParentChanged() { }

    internal void Attach(ObjectClass klass, QomRoot root)
    {
        Class = klass;
        Root = root;
        references = 1;
    }

    internal void LeaveParent()
    {
        OnLeaving();
        Parent = null;
        NameInParent = "";
        OnParentChanged();
        Unref();
    }

    /// <summary>Called when the object is about to leave the tree. QEMU: ObjectClass::unparent.</summary>
    protected virtual void OnLeaving() { }

    private string Shown => CanonicalPath is { Length: > 0 } path ? path : NameInParent.Length > 0 ? NameInParent : "(no path)";

    private static string Show(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        QomObject target => target.CanonicalPath,
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private SimException NoSuchProperty(string name) =>
        new($"Type '{Class.Type.Name}' has no property '{name}'.{Nearest.Hint(name, Properties.Select(static p => p.Name))}");

    private void SetUndoably(Property property, object? value)
    {
        if (!Root.Undo.IsOpen)
        {
            property.Set(this, value);
            return;
        }

        var old = property.Get(this);
        property.Set(this, value);
        if (property.Name != "realized")
            Root.Undo.Add(() => SetBack(property, old));
    }

    /// <summary>Takes a property's change back. What was finalized meanwhile, owner or target, stays gone.</summary>
    private void SetBack(Property property, object? old)
    {
        if (!IsFinalized)
            property.Set(this, old is QomObject { IsFinalized: true } ? null : old);
    }

    private void PutBack(Property property, int index, object? target)
    {
        if (IsFinalized || FindProperty(property.Name) is not null)
            return;
        properties ??= new(StringComparer.Ordinal);
        properties.Insert(Math.Min(index, properties.Count), property.Name, property);
        if (target is not null)
            SetBack(property, target);
    }

    /// <summary>Apart from its caller, so that nothing is allocated while no log is open.</summary>
    private void RecordAddition(Property property) => Root.Undo.Add(() => RemoveIfPresent(property));

    private void RemoveIfPresent(Property property)
    {
        if (properties is null || !properties.TryGetValue(property.Name, out var present) || !ReferenceEquals(present, property))
            return;
        properties.Remove(property.Name);
        property.Release(this);
    }

    private string FirstFreeName(string stem)
    {
        for (var index = 0; ; index++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{stem}[{index}]");
            if (FindProperty(name) is null)
                return name;
        }
    }

    /// <summary>
    /// Ends an object whose initialisation failed: it lets go of all that it holds. Only the levels whose InstanceInit has run are finalized.
    /// </summary>
    internal void Abandon(TypeImpl? initialized)
    {
        references = 0;
        FinalizeObject(initialized);
    }

    private void FinalizeObject(TypeImpl? from)
    {
        foreach (var property in Class.AllProperties)
            property.Release(this);
        while (properties is { Count: > 0 })
            RemoveIfPresent(properties.GetAt(properties.Count - 1).Value);
        for (var type = from; type is not null; type = type.Parent)
            type.Info.InstanceFinalize?.Invoke(this);
        IsFinalized = true;
    }
}

/// <summary>An object that only holds others, such as <c>/machine/unattached</c>. QEMU: qom/container.c.</summary>
public sealed class Container : QomObject
{
    /// <summary>Name of the type. QEMU: TYPE_CONTAINER.</summary>
    public new const string TypeName = "container";
}
