using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Cpu;

/// <summary>A processor. QEMU: CPUState, TYPE_CPU (hw/core/cpu-common.c).</summary>
public abstract class CpuDevice : Device
{
    /// <summary>Name of the type. QEMU: TYPE_CPU.</summary>
    public new const string TypeName = "cpu";

    [Configuration("memory")] private MemoryRegion? memory;
    [Configuration("start-powered-off")] private bool startPoweredOff;

    /// <summary>What the processor sees; null stands for the system's memory, which boards set. QEMU: CPUState::memory.</summary>
    public MemoryRegion? MemoryRegion => memory;

    /// <summary>True when the processor is held at reset until it is released. QEMU: CPUState::start_powered_off.</summary>
    public bool StartPoweredOff => startPoweredOff;

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = Device.TypeName,
        Abstract = true,
        ClassInit = ClassInit,
    }));

    private static void ClassInit(ObjectClass klass, object? data)
    {
        var dc = (DeviceClass)klass;
        dc.Properties =
        [
            Property.Link("memory", Memory.MemoryRegion.TypeName, static (CpuDevice cpu) => ref cpu.memory),
            Property.Bool("start-powered-off", static (CpuDevice cpu) => ref cpu.startPoweredOff),
        ];
        dc.AddProperty(Property.Text("legacy-memory", "str", static o => ((CpuDevice)o).memory?.CanonicalPath ?? "", null));
        dc.Stateless = true;
        dc.UserCreatable = false;
    }
}
