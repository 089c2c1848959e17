using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>The empty machine: no CPU, and RAM only when asked for. Its system bus takes any device, which makes it the place to try one. QEMU: hw/core/null-machine.c.</summary>
public sealed class NoneMachine : MachineState
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "none-machine";

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = MachineState.TypeName,
        New = static () => new NoneMachine(),
        ClassInit = static (klass, _) =>
        {
            var mc = (MachineClass)klass;
            mc.Description = "empty machine";
            mc.Init = static machine => BoardRam.Map(machine);
            mc.MaxRamSize = 64UL << 30;
            mc.MaxSerials = 1;
        },
    }));
}
