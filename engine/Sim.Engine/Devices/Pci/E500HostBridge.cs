using System.Runtime.CompilerServices;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Pci;

/// <summary>
/// The PCI controller as its own bus sees it: a device whose base address 0 shows the register space (CCSR) to other bus masters. QEMU:
/// hw/pci-host/ppce500.c.
/// </summary>
public sealed class E500HostBridge : PciDevice
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "e500-host-bridge";

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = PciDevice.TypeName,
        New = static () => new E500HostBridge(),
        Interfaces = [ConventionalInterface],
        ClassInit = static (klass, _) =>
        {
            var pc = (PciDeviceClass)klass;
            pc.Description = "Host bridge";
            pc.VendorId = 0x1957;
            pc.DeviceId = 0x0030;
            pc.ClassId = 0x0B20;
            pc.UserCreatable = false;
            pc.Stateless = true;
            pc.PciRealize = Realize;
        },
    }));

    private static void Realize(PciDevice device)
    {
        // The window belongs to the register space, as in QEMU's tree: its board makes that before any bridge.
        var ccsr = device.Root.ResolvePath("/machine/e500-ccsr");
        if (ccsr?.FindChild("e500-ccsr[0]") is not MemoryRegion space)
            throw new SimException($"Device '{TypeName}' needs the register space '/machine/e500-ccsr', and the machine has none.");
        device.RegisterBaseAddress(0, 0, MemoryRegion.NewAlias(ccsr, "e500-pci-bar0", space, 0, space.Size));
    }
}
