using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Pci;

/// <summary>All that a snapshot keeps of the part that every host bridge has.</summary>
[MessagePackObject]
public sealed class PciHostBridgeState
{
    /// <summary>The configuration address register: enable in bit 31, bus, slot, function, register.</summary>
    [Key(0)] public uint ConfigurationAddress;
}

/// <summary>
/// What connects a PCI bus to the system: configuration accesses through an address and a data register. QEMU: PCIHostState
/// (hw/pci/pci_host.c).
/// </summary>
public class PciHostBridge : SysBusDevice
{
    /// <summary>Name of the type. QEMU: TYPE_PCI_HOST_BRIDGE.</summary>
    public new const string TypeName = "pci-host-bridge";

    private const uint Enable = 0x8000_0000;

    [Configuration("x-config-reg-migration-enabled")] private bool savesConfigurationAddress;
    [Configuration("bypass-iommu")] private bool bypassIommu;

    /// <summary>
    /// What a snapshot keeps. It always does: the property that leaves it out elsewhere is for the streams of old QEMU versions.
    /// </summary>
    public PciHostBridgeState HostState = new();

    /// <summary>The root bus.</summary>
    [Wiring] public PciBus Bus { get; protected set; } = null!;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        Abstract = true,
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Properties =
            [
                Property.Bool("x-config-reg-migration-enabled", static (PciHostBridge h) => ref h.savesConfigurationAddress, true),
                Property.Bool("bypass-iommu", static (PciHostBridge h) => ref h.bypassIommu),
            ];
            dc.State = StateOf.Device(TypeName, version: 1, static (PciHostBridge h) => ref h.HostState);
        },
    }));

    /// <summary>
    /// The configuration address register: whole words alone write it, and a narrower read gives its low bits. QEMU:
    /// pci_host_conf_be_ops.
    /// </summary>
    protected MemoryRegionOps AddressOps() => new()
    {
        Read = (_, _, _) => HostState.ConfigurationAddress,
        Write = (offset, value, size, _) =>
        {
            if (offset == 0 && size == 4)
                HostState.ConfigurationAddress = (uint)value;
        },
        Peek = (_, _, _) => HostState.ConfigurationAddress,
    };

    /// <summary>The configuration data register, little-endian as the space behind it. QEMU: pci_host_data_le_ops.</summary>
    protected MemoryRegionOps DataOps() => new()
    {
        Read = (offset, size, _) => ReadData(offset, size),
        Write = (offset, value, size, _) =>
        {
            if ((HostState.ConfigurationAddress & Enable) != 0)
                Bus.WriteConfiguration(HostState.ConfigurationAddress | (uint)offset & 3, (uint)value, size);
        },
        Peek = (offset, size, _) => ReadData(offset, size),
        Endianness = Endianness.Little,
    };

    private uint ReadData(ulong offset, int size) => (HostState.ConfigurationAddress & Enable) == 0
        ? uint.MaxValue
        : Bus.ReadConfiguration(HostState.ConfigurationAddress | (uint)offset & 3, size);
}
