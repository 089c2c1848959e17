using System.Runtime.CompilerServices;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Devices.Misc;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>Class of the e500 boards. QEMU: PPCE500MachineClass (hw/ppc/e500.h).</summary>
public sealed class PpcE500MachineClass : MachineClass
{
    /// <summary>Addresses and names of the board; null only for the abstract base type.</summary>
    public PpcE500BoardMap? Map { get; set; }

    /// <summary>The interrupt controller's <c>model</c>: 1 for FSL MPIC 2.0, 2 for 4.2.</summary>
    public uint MpicModel { get; set; }

    /// <inheritdoc/>
    public override void CopyFrom(ObjectClass parent)
    {
        base.CopyFrom(parent);
        if (parent is not PpcE500MachineClass source)
            return;
        Map = source.Map;
        MpicModel = source.MpicModel;
    }
}

/// <summary>The machines <c>ppce500</c> and <c>mpc8544ds</c>. QEMU: hw/ppc/e500plat.c, hw/ppc/mpc8544ds.c; the board itself is <see cref="PpcE500"/>.</summary>
public sealed class PpcE500Machine : MachineState
{
    /// <summary>Name of the abstract base type. QEMU: TYPE_PPCE500_MACHINE.</summary>
    public const string BaseTypeName = "ppce500-base-machine";

    /// <summary>The class.</summary>
    public PpcE500MachineClass BoardClass => (PpcE500MachineClass)Class;

    /// <summary>What happens at every reset, and what the guest starts from.</summary>
    public PpcE500Boot Boot { get; internal set; } = null!;

    /// <inheritdoc/>
    public override ReadOnlyMemory<byte>? DeviceTree => Boot.DeviceTree;

    /// <summary>Where memory-mapped devices of the user are placed; null while the board makes its own.</summary>
    internal PlatformBus? PlatformBus { get; set; }

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () =>
    {
        TypeRegistry.Register(new()
        {
            Name = BaseTypeName,
            Parent = MachineState.TypeName,
            Abstract = true,
            New = static () => new PpcE500Machine(),
            NewClass = static () => new PpcE500MachineClass(),
            ClassInit = BaseClassInit,
        });
        TypeRegistry.Register(new() { Name = "ppce500" + Suffix, Parent = BaseTypeName, ClassInit = Ppce500ClassInit });
        TypeRegistry.Register(new() { Name = "mpc8544ds" + Suffix, Parent = BaseTypeName, ClassInit = Mpc8544dsClassInit });
    });

    private static void BaseClassInit(ObjectClass klass, object? data)
    {
        var mc = (PpcE500MachineClass)klass;
        mc.Init = PpcE500.Init;
        mc.Reset = static machine => ((PpcE500Machine)machine).Boot.Reset();
        mc.ValidCpuFamilies = [PowerPcCpuModels.E500V1Family, PowerPcCpuModels.E500V2Family];
        mc.DefaultCpuType = "e500v2_v30" + CpuModels.Suffix;
        mc.DefaultRamSize = 256 << 20;
        mc.RamGranularity = 64 << 20;
        mc.RamId = "mpc8544ds.ram";
        mc.MaxSerials = 2;
        mc.DynamicCast<HotplugHandlerClass>(HotplugHandlerClass.TypeName)!.Plug = Plug;
    }

    /// <summary>QEMU: e500plat_machine_device_plug_cb.</summary>
    private static void Plug(Device device)
    {
        if (device is SysBusDevice added && device.Machine is PpcE500Machine { PlatformBus: { } bus })
            bus.Link(added);
    }

    private static void Ppce500ClassInit(ObjectClass klass, object? data)
    {
        var mc = (PpcE500MachineClass)klass;
        mc.Description = "generic paravirt e500 platform";
        mc.Map = PpcE500BoardMap.Ppce500;
        mc.MpicModel = 2;
        mc.MaxCpus = 32;
        mc.MaxRamSize = PpcE500BoardMap.Ppce500.PciMemoryBase;
    }

    private static void Mpc8544dsClassInit(ObjectClass klass, object? data)
    {
        var mc = (PpcE500MachineClass)klass;
        mc.Description = "mpc8544ds";
        mc.Map = PpcE500BoardMap.Mpc8544ds;
        mc.MpicModel = 1;
        mc.MaxCpus = 15;
        mc.MaxRamSize = PpcE500BoardMap.Mpc8544ds.PciMemoryBase;
    }
}
