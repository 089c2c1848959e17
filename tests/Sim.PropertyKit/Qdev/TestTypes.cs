using Sim.Engine.Qom;

namespace Sim.PropertyKit.Qdev;

/// <summary>The types that this library adds for tests.</summary>
public static class TestTypes
{
    /// <summary>A sealed table with the default types and those of this library.</summary>
    public static TypeRegistry Registry { get; } = NewRegistry();

    /// <summary>A table with the default types, those of this library, and <paramref name="more"/>; sealed.</summary>
    public static TypeRegistry NewRegistry(params IEnumerable<TypeInfo> more)
    {
        ArgumentNullException.ThrowIfNull(more);
        Module.CallInit(ModuleInit.Qom);
        var registry = new TypeRegistry(TypeRegistry.Default);
        AddTo(registry);
        foreach (var type in more)
            registry.Add(type);
        registry.Seal();
        return registry;
    }

    /// <summary>A sealed table with the types of <paramref name="types"/>, a sealed one, and those of this library.</summary>
    public static TypeRegistry Over(TypeRegistry types)
    {
        ArgumentNullException.ThrowIfNull(types);
        if (types.TryFind(TestMachine.TypeName, out _))
            return types;
        var registry = new TypeRegistry(types);
        AddTo(registry);
        registry.Seal();
        return registry;
    }

    /// <summary>Adds the types of this library to a table.</summary>
    public static void AddTo(TypeRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        registry.Add(TestMachine.Type);
        foreach (var type in PlannedTypes.All)
            registry.Add(type);
    }
}
