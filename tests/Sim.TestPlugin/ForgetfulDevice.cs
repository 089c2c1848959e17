using System.Runtime.CompilerServices;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.TestPlugin;

/// <summary>A device that says nothing about its state, which no machine may accept.</summary>
public sealed class ForgetfulDevice : Device
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "test-forgetful";

    [ModuleInitializer]
    internal static void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = Device.TypeName,
        New = static () => new ForgetfulDevice(),
    }));
}
