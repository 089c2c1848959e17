using System.Runtime.CompilerServices;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.PropertyKit.Devices;

/// <summary>Finds the types that classes register.</summary>
public static class DeviceTypes
{
    /// <summary>
    /// Lets the assemblies of device classes hand in their types, as <c>--plugin</c> does. It must happen before the first machine of the process is made: a test
    /// project with devices in several assemblies calls it from a module initialiser of its own.
    /// </summary>
    /// <exception cref="SimException">A machine was made already, or a module initialiser fails.</exception>
    public static void Load(params IEnumerable<Type> devices)
    {
        ArgumentNullException.ThrowIfNull(devices);
        foreach (var device in devices)
        {
            try
            {
                RuntimeHelpers.RunModuleConstructor(device.Module.ModuleHandle);
            }
            catch (TypeInitializationException error)
            {
                throw new SimException($"The types of assembly '{device.Assembly.GetName().Name}' cannot be registered: {error.InnerException?.Message} "
                    + $"In a test project, call DeviceTypes.Load(typeof({device.Name}), ...) from a [ModuleInitializer].", error);
            }
        }
    }

    /// <summary>Name of the one type that a class registers.</summary>
    /// <exception cref="SimException">It registers none, or several.</exception>
    internal static string NameOf(Type device)
    {
        Load(device);
        var names = Sealed(null).Types
            .Where(type => type.IsA(Device.TypeName) && !type.IsAbstract && type.Info.New is { } make && make.Method.Module == device.Module && make().GetType() == device)
            .Select(static type => type.Name).ToList();
        return names switch
        {
            [var name] => name,
            [] => throw new SimException($"Class '{device.FullName}' registers no device type: a [ModuleInitializer] that calls Module.TypeInit is expected."),
            _ => throw new SimException($"Class '{device.FullName}' registers several types: name one of {string.Join(", ", names)}."),
        };
    }

    internal static DeviceRequest Request(string type, IEnumerable<(string Name, string Value)> properties) =>
        new(type, [.. properties.Select(static p => KeyValuePair.Create(p.Name, p.Value))]);

    /// <summary>A table, filled and sealed; the process-wide one for null.</summary>
    internal static TypeRegistry Sealed(TypeRegistry? types)
    {
        Module.CallInit(ModuleInit.Qom);
        types ??= TypeRegistry.Default;
        types.Seal();
        return types;
    }
}
