using System.Diagnostics.CodeAnalysis;
using Sim.Engine.Base;

namespace Sim.Engine.Qom;

/// <summary>A property value for every new object of a type. QEMU: GlobalProperty, option -global.</summary>
/// <param name="Driver">Name of the type, or of an ancestor.</param>
/// <param name="Property">Name of the property.</param>
/// <param name="Value">The value as text.</param>
public sealed record GlobalProperty(string Driver, string Property, string Value)
{
    /// <summary>True once an object took the value; one that never does is a mistake worth telling.</summary>
    public bool Used { get; internal set; }
}

/// <summary>
/// One composition tree, <c>/</c>, and what making objects for it needs: the type table, global defaults, the observer. Each
/// machine has its own, so machines in one process never meet. QEMU: object_get_root, which is a global there.
/// </summary>
public sealed class QomRoot
{
    /// <summary>Makes an empty tree.</summary>
    /// <param name="registry">The types; <see cref="TypeRegistry.Default"/> when null. It must be sealed.</param>
    /// <param name="observer">Sees the instantiation flow; null for none.</param>
    public QomRoot(TypeRegistry? registry = null, IFlowObserver? observer = null)
    {
        Module.CallInit(ModuleInit.Qom);
        Registry = registry ?? TypeRegistry.Default;
        Registry.Seal();
        Observer = observer;
        Object = New<Container>(Container.TypeName);
    }

    /// <summary>The types that objects of this tree can have.</summary>
    public TypeRegistry Registry { get; }

    /// <summary>Sees the instantiation flow; null for none.</summary>
    public IFlowObserver? Observer { get; set; }

    /// <summary>The object at <c>/</c>.</summary>
    public Container Object { get; }

    /// <summary>Takes back the structural changes of a failed realize.</summary>
    public UndoLog Undo { get; } = new();

    /// <summary>The device whose realize is under way, the innermost of several; null outside of one.</summary>
    internal QomObject? Realizing { get; set; }

    /// <summary>Values for every new object of a type, later entries over earlier ones. QEMU: option -global.</summary>
    public IList<GlobalProperty> Globals { get; } = [];

    /// <summary>Makes an object by type name; the caller holds its one reference. QEMU: object_new.</summary>
    /// <exception cref="SimException">The type is unknown or abstract, or an initialiser failed.</exception>
    public QomObject New(string typeName)
    {
        var type = Registry.Find(typeName);
        return NewWithType(type);
    }

    /// <summary>Makes an object by type name, as a <typeparamref name="T"/>.</summary>
    /// <exception cref="SimException">As for <see cref="New(string)"/>, or the type is no <typeparamref name="T"/>.</exception>
    public T New<T>(string typeName) where T : QomObject
    {
        var created = New(typeName);
        if (created is T cast)
            return cast;
        created.Unref();
        throw new SimException($"Type '{typeName}' is no {typeof(T).Name}.");
    }

    /// <summary>The object at a path, absolute or a unique ending such as <c>pic</c>; null when there is none. QEMU: object_resolve_path_type.</summary>
    /// <exception cref="SimException">A partial path fits several objects.</exception>
    public QomObject? ResolvePath(string path, string typeName = QomObject.TypeName)
    {
        ArgumentNullException.ThrowIfNull(path);
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path.StartsWith('/'))
        {
            var found = Walk(Object, parts);
            return found?.IsA(typeName) == true ? found : null;
        }

        var matches = new List<QomObject>();
        CollectMatches(Object, parts, typeName, matches);
        return matches.Count switch
        {
            0 => null,
            1 => matches[0],
            _ => throw new SimException($"Path '{path}' is ambiguous: it fits {string.Join(", ", matches.Take(3).Select(static o => $"'{o.CanonicalPath}'"))}."),
        };
    }

    /// <summary>The container at an absolute path, made on the way where it is missing. QEMU: container_get.</summary>
    public QomObject GetContainer(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        QomObject at = Object;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            at = at.FindChild(part) ?? NewContainer(at, part);
        return at;
    }

    /// <summary>
    /// Makes a container on the way. Others may have moved in when the realize that needed it first is taken back, so it only goes once it is empty.
    /// </summary>
    private Container NewContainer(QomObject owner, string name)
    {
        Undo.Open();
        try
        {
            var made = owner.NewChild<Container>(name, Container.TypeName);
            Undo.Commit();
            Undo.Add(() =>
            {
                if (!made.Children.Any())
                    made.Unparent();
            });
            return made;
        }
        catch
        {
            Undo.RollBack();
            throw;
        }
    }

    [SuppressMessage("Maintainability", "CA1508", Justification = "The observer may change during construction.")]
    private QomObject NewWithType(TypeImpl type)
    {
        var klass = type.GetClass(Observer);
        if (type.IsAbstract)
            throw new SimException($"Type '{type.Name}' is abstract; name one of the types derived from it.");
        if (type.Allocator is not { } allocator)
            throw new SimException($"Type '{type.Name}' has no function that allocates its instances, nor has any of its ancestors.");
        var created = allocator.Info.New!();
        if (Observer is null)
            InitializeWithType(created, klass);
        else
            Observer.Step("object_new", type.Name, "", () => InitializeWithType(created, klass));
        return created;
    }

    private void InitializeWithType(QomObject created, ObjectClass klass)
    {
        created.Attach(klass, this);
        TypeImpl? initialized = null;
        try
        {
            InitializeProperties(created, klass);
            InitWithType(created, klass.Type, ref initialized);
            PostInitWithType(created, klass.Type);
        }
        catch
        {
            created.Abandon(initialized);
            throw;
        }
    }

    private static void InitializeProperties(QomObject created, ObjectClass klass)
    {
        if (klass.Parent is not null)
            InitializeProperties(created, klass.Parent);
        foreach (var property in klass.OwnProperties)
            property.Initialize(created);
    }

    private void InitWithType(QomObject created, TypeImpl type, ref TypeImpl? initialized)
    {
        if (type.Parent is not null)
            InitWithType(created, type.Parent, ref initialized);
        if (type.Info.InstanceInit is { } init)
        {
            if (Observer is null)
                init(created);
            else
                Observer.Step("instance_init", type.Name, "", () => init(created));
        }

        initialized = type;
    }

    private void PostInitWithType(QomObject created, TypeImpl type)
    {
        if (type.Parent is not null)
            PostInitWithType(created, type.Parent);
        if (type.Info.InstancePostInit is not { } init)
            return;
        if (Observer is null)
            init(created);
        else
            Observer.Step("instance_post_init", type.Name, "", () => init(created));
    }

    private static QomObject? Walk(QomObject? at, ReadOnlySpan<string> parts)
    {
        foreach (var part in parts)
        {
            at = at?.ResolveComponent(part);
            if (at is null)
                return null;
        }

        return at;
    }

    private static void CollectMatches(QomObject at, string[] parts, string typeName, List<QomObject> matches)
    {
        if (Walk(at, parts) is { } found && found.IsA(typeName) && !matches.Contains(found))
            matches.Add(found);
        foreach (var child in at.Children)
            CollectMatches(child, parts, typeName, matches);
    }
}
