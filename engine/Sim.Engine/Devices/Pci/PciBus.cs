using System.Runtime.CompilerServices;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Pci;

/// <summary>
/// A root PCI bus: devices by slot and function, their base addresses in its spaces, and their interrupt pins on its host's lines. QEMU:
/// PCIBus (hw/pci/pci.c).
/// </summary>
public sealed class PciBus : Bus
{
    /// <summary>Name of the type. QEMU: TYPE_PCI_BUS.</summary>
    public new const string TypeName = "PCI";

    /// <summary>Slots of a bus.</summary>
    public const int SlotCount = 32;

    [Wiring] private PciBusWiring wiring = null!;

    /// <summary>What the bus is connected to.</summary>
    public PciBusWiring Connections => wiring;

    /// <summary>The devices, in order of slot and function.</summary>
    public IEnumerable<PciDevice> PciDevices =>
        Devices.OfType<PciDevice>().Where(static d => d.Address >= 0).OrderBy(static d => d.Address);

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = Bus.TypeName,
        New = static () => new PciBus(),
    }));

    /// <summary>Makes the root bus of a host bridge, as its child. QEMU: pci_register_root_bus.</summary>
    public static PciBus Create(PciHostBridge host, string name, PciBusWiring wiring)
    {
        var bus = Create<PciBus>(TypeName, host, name);
        bus.wiring = wiring;
        return bus;
    }

    /// <summary>The device at slot and function; null when there is none. QEMU: pci_find_device.</summary>
    /// <param name="address">Slot x 8 + function.</param>
    public PciDevice? Find(int address)
    {
        foreach (var device in Devices)
        {
            if (device is PciDevice pci && pci.Address == address && pci.IsPresent)
                return pci;
        }

        return null;
    }

    /// <summary>Reads configuration space; without a device all ones. QEMU: pci_data_read.</summary>
    /// <param name="address">Bus number in bits 16 to 23, slot and function in bits 8 to 15, register below.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    public uint ReadConfiguration(uint address, int size) =>
        Decode(address)?.ReadConfiguration((int)(address & 0xFF), size) ?? uint.MaxValue >> (32 - 8 * size);

    /// <summary>Writes configuration space. QEMU: pci_data_write.</summary>
    public void WriteConfiguration(uint address, uint value, int size) =>
        Decode(address)?.WriteConfiguration((int)(address & 0xFF), value, size);

    /// <summary>
    /// Maps the base addresses of all devices anew, in order of address: where a guest lets them overlap, the winner follows from the
    /// registers alone, not from the order in
    /// which they were written, which a snapshot does not know.
    /// </summary>
    internal void MapBaseAddresses()
    {
        var devices = PciDevices.ToList();
        foreach (var device in devices)
            device.UnmapBaseAddresses();
        foreach (var device in devices)
            device.MapBaseAddresses();
    }

    /// <summary>Drives the host's line with the OR of the pins on it. QEMU: pci_bus_change_irq_level.</summary>
    internal void UpdateInterrupt(PciDevice changed)
    {
        var line = wiring.MapInterrupt(changed.Address, changed.InterruptPin - 1);
        var level = false;
        foreach (var device in Devices)
        {
            if (device is PciDevice { IsInterruptAsserted: true } pci && wiring.MapInterrupt(pci.Address, pci.InterruptPin - 1) == line)
                level = true;
        }

        wiring.SetInterrupt(line, level);
    }

    /// <summary>Chooses or checks the place of a device that is being realized. QEMU: do_pci_register_device.</summary>
    /// <exception cref="SimException">The address is taken, there is no free one, or the bus was made without a host bridge.</exception>
    internal int Place(PciDevice device, int wanted)
    {
        if (wiring is null)
            throw new SimException($"Bus '{CanonicalPath}' of type '{TypeName}' takes no device: it belongs to no host bridge.");
        if (wanted >= 0)
        {
            CheckFree(device, wanted);
            return wanted;
        }

        for (var slot = wiring.FirstSlot; slot < SlotCount; slot++)
        {
            if (!Enumerable.Range(slot * 8, 8).Any(address => IsTaken(address, device)))
                return slot * 8;
        }

        throw new SimException($"Bus '{Name}' has no free slot for '{device.Class.Type.Name}'.");
    }

    private bool IsTaken(int address, PciDevice except) => Placed().Any(other => !ReferenceEquals(other, except) && other.Address == address);

    private IEnumerable<PciDevice> Placed() => Devices.OfType<PciDevice>().Where(static d => d.Realized);

    private void CheckFree(PciDevice device, int address)
    {
        var refused = $"Property '{device.Class.Type.Name}.addr' cannot be {PciDevice.Format(address)}: ";
        if (Placed().FirstOrDefault(d => d.Address == address) is { } other)
            throw new SimException(refused + $"'{other.Class.Type.Name}' is there on bus '{Name}'.");

        // The first function says whether there are others (PCI 3.0, section 6.2.1).
        var inSlot = Placed().Where(d => d.Address >> 3 == address >> 3).ToList();
        var first = (address & 7) == 0 ? device : inSlot.Find(static d => (d.Address & 7) == 0);
        if (first is { IsMultiFunction: false } && ((address & 7) != 0 || inSlot.Count > 0))
            throw new SimException(refused + $"function 0 of that slot on bus '{Name}' is not multifunction.");
    }

    private PciDevice? Decode(uint address) => (address >> 16 & 0xFF) == 0 ? Find((int)(address >> 8 & 0xFF)) : null;
}

/// <summary>What a root bus is connected to.</summary>
/// <param name="Memory">The bus's memory space.</param>
/// <param name="Io">The bus's I/O space.</param>
/// <param name="BusMaster">What its bus masters see.</param>
/// <param name="FirstSlot">The first slot that a device without an address gets.</param>
/// <param name="MapInterrupt">Line of the host that a device's pin is on: address (slot x 8 + function) and pin (0 for INTA#) to
/// number.</param>
/// <param name="SetInterrupt">Drives a line of the host.</param>
public sealed record PciBusWiring(
    MemoryRegion Memory,
    MemoryRegion Io,
    MemoryRegion BusMaster,
    int FirstSlot,
    Func<int, int, int> MapInterrupt,
    Action<int, bool> SetInterrupt);
