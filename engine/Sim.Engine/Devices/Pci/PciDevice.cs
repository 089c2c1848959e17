using System.Globalization;
using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Pci;

/// <summary>All that a snapshot keeps of the part that every PCI device has.</summary>
[MessagePackObject]
public sealed class PciDeviceState
{
    /// <summary>Configuration space; its power-on values are those that the device's type and realize give it.</summary>
    [Key(0)] public byte[] Configuration = new byte[PciConfiguration.Size];

    /// <summary>True while the device asserts its interrupt pin.</summary>
    [Key(1)] public bool Interrupt;
}

/// <summary>A device on a PCI bus. QEMU: PCIDevice (hw/pci/pci.c).</summary>
public partial class PciDevice : Device
{
    /// <summary>Name of the type. QEMU: TYPE_PCI_DEVICE.</summary>
    public new const string TypeName = "pci-device";

    /// <summary>Name of the interface of conventional PCI devices. QEMU: INTERFACE_CONVENTIONAL_PCI_DEVICE.</summary>
    public const string ConventionalInterface = "conventional-pci-device";

    [Configuration("addr")] private int address = -1;
    [Configuration("romfile")] private string romFile = "";
    [Configuration("romsize")] private uint romSize;
    [Configuration("rombar")] private uint romBar;
    [Configuration("multifunction")] private bool multiFunction;
    [Configuration("x-pcie-lnksta-dllla")] private bool linkActive;
    [Configuration("x-pcie-extcap-init")] private bool extendedCapabilities;
    [Configuration("failover_pair_id")] private string failoverPair = "";
    [Configuration("acpi-index")] private uint acpiIndex;
    [Wiring] private MemoryRegion? busMasterWindow;

    /// <summary>What a snapshot keeps.</summary>
    public PciDeviceState PciState = new();

    /// <summary>Slot x 8 + function; -1 until a bus has given one. QEMU: PCIDevice::devfn.</summary>
    public int Address => address;

    /// <summary>True when the device declares further functions in its slot.</summary>
    public bool IsMultiFunction => multiFunction;

    /// <summary>
    /// The space that the device sees as a bus master: empty until the guest enables that. QEMU: PCIDevice::bus_master_as.
    /// </summary>
    [Wiring] public AddressSpace BusMasterSpace { get; private set; } = null!;

    /// <summary>The bus.</summary>
    public PciBus PciBus => (PciBus)ParentBus!;

    /// <summary>True once the device answers to configuration accesses.</summary>
    internal bool IsPresent => BusMasterSpace is not null;

    private PciDeviceClass PciClass => (PciDeviceClass)Class;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () =>
    {
        TypeRegistry.Register(new() { Name = ConventionalInterface, Parent = InterfaceClass.TypeName, Abstract = true });
        TypeRegistry.Register(new()
        {
            Name = TypeName,
            Parent = Device.TypeName,
            Abstract = true,
            NewClass = static () => new PciDeviceClass(),
            ClassInit = ClassInit,
        });
    });

    /// <summary>Drives the device's interrupt pin. QEMU: pci_set_irq.</summary>
    public void SetInterrupt(bool level)
    {
        if (PciState.Interrupt == level)
            return;
        PciState.Interrupt = level;
        UpdateInterrupt();
    }

    /// <summary>Reads memory as a bus master. QEMU: pci_dma_read.</summary>
    public void DmaRead(ulong from, Span<byte> destination) => BusMasterSpace.Read(from, destination);

    /// <summary>Writes memory as a bus master. QEMU: pci_dma_write.</summary>
    public void DmaWrite(ulong to, ReadOnlySpan<byte> source) => BusMasterSpace.Write(to, source);

    /// <summary>
    /// What <c>info qtree</c> prints of a device on the bus: class, address, identifiers and base addresses. QEMU: pcibus_dev_print.
    /// </summary>
    public IEnumerable<string> Describe()
    {
        var (kind, vendor, device) = (Word(PciConfiguration.ClassDevice), Word(PciConfiguration.VendorId), Word(PciConfiguration.DeviceId));
        var (subVendor, sub) = (Word(PciConfiguration.SubsystemVendorId), Word(PciConfiguration.SubsystemId));
        yield return string.Create(CultureInfo.InvariantCulture,
            $"class Class {kind:x4}, addr 00:{address >> 3:x2}.{address & 7}, pci id {vendor:x4}:{device:x4} (sub {subVendor:x4}:{sub:x4})");
        foreach (var bar in bars)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"bar {bar.Index}: {(bar.IsIo ? "i/o" : "mem")} at 0x{bar.MappedAt:x} [0x{unchecked(bar.MappedAt + bar.Size - 1):x}]");
        }
    }

    /// <summary>An address as people write it: slot and function.</summary>
    internal static string Format(int address) =>
        address < 0 ? "<unset>" : string.Create(CultureInfo.InvariantCulture, $"{address >> 3:x2}.{address & 7:x}");

    private static void ClassInit(ObjectClass klass, object? data)
    {
        var dc = (PciDeviceClass)klass;
        dc.BusType = PciBus.TypeName;
        dc.Properties =
        [
            new PciAddressProperty("addr", static d => ref d.address)
            {
                Description = "Slot and optional function number, example: 06.0 or 06",
                FixedAfterRealize = true,
            },
            Property.Text("romfile", static (PciDevice d) => ref d.romFile),
            Property.U32("romsize", static (PciDevice d) => ref d.romSize, uint.MaxValue),
            Property.U32("rombar", static (PciDevice d) => ref d.romBar, 1),
            Property.Bool("multifunction", static (PciDevice d) => ref d.multiFunction, false, "on/off"),
            Property.Bool("x-pcie-lnksta-dllla", static (PciDevice d) => ref d.linkActive, true, "on/off"),
            Property.Bool("x-pcie-extcap-init", static (PciDevice d) => ref d.extendedCapabilities, true, "on/off"),
            Property.Text("failover_pair_id", static (PciDevice d) => ref d.failoverPair),
            Property.U32("acpi-index", static (PciDevice d) => ref d.acpiIndex, 0),
        ];
        dc.AddProperty(Property.Text("legacy-addr", "str", static o => Format(((PciDevice)o).address), null));
        dc.State = StateOf.Device(TypeName, version: 1, static (PciDevice d) => ref d.PciState);
        dc.Realize = static d => ((PciDevice)d).Realize();
        dc.Unrealize = static d => ((PciDevice)d).Unrealize();
        dc.ResetEnter = static d => ((PciDevice)d).powerOn.CopyTo(((PciDevice)d).PciState.Configuration, 0);
        dc.ResetHold = static d => ((PciDevice)d).ApplyConfiguration();
        dc.PostLoad = static d => ((PciDevice)d).CheckLoaded();
    }

    private void Realize()
    {
        CheckProperties();
        var wanted = address;
        address = PciBus.Place(this, wanted);
        Root.Undo.Add(() => address = wanted);
        InitConfiguration();
        var container = MemoryRegion.NewContainer(this, "bus master container", MemoryRegion.WholeSpace);
        busMasterWindow = MemoryRegion.NewAlias(this, "bus master", PciBus.Connections.BusMaster, 0, MemoryRegion.WholeSpace);
        busMasterWindow.SetEnabled(false);
        container.AddSubregion(0, busMasterWindow);
        BusMasterSpace = new AddressSpace(container, Class.Type.Name);
        Root.Undo.Add(() => BusMasterSpace = null!);
        PciClass.PciRealize?.Invoke(this);
        powerOn.CopyTo(PciState.Configuration, 0);
        Root.Undo.Add(() => PciState = new());
    }

    private void CheckProperties()
    {
        if (romFile.Length > 0)
            throw Refused("romfile", romFile, "no firmware of this machine runs option ROMs, so there are none");
        if (romSize != uint.MaxValue && !uint.IsPow2(romSize))
            throw Refused("romsize", romSize, "expected a power of two");
        if (failoverPair.Length > 0)
            throw Refused("failover_pair_id", failoverPair, "a failover primary must be on a PCI Express bus");
        if (acpiIndex != 0 && PciBus.PciDevices.Any(other => !ReferenceEquals(other, this) && other.acpiIndex == acpiIndex))
            throw Refused("acpi-index", acpiIndex, "another device has it");
    }

    private SimException Refused(string property, object value, string reason) =>
        new(string.Create(CultureInfo.InvariantCulture, $"Property '{Class.Type.Name}.{property}' cannot be '{value}': {reason}."));

    private void Unrealize()
    {
        PciClass.PciUnrealize?.Invoke(this);
        SetInterrupt(false);
        UnmapBaseAddresses();
    }
}

/// <summary>Slot and function of a PCI device: a number, or text such as <c>06.0</c>, hexadecimal. QEMU: qdev_prop_pci_devfn.</summary>
internal sealed class PciAddressProperty(string name, PropertyField<PciDevice, int> field) : Property(name, "int32")
{
    public override object? Default => -1L;

    public override object? Get(QomObject owner) => (long)field((PciDevice)owner);

    public override void Set(QomObject owner, object? value)
    {
        field((PciDevice)owner) = value switch
        {
            long and >= -1 and <= 255 => (int)(long)value,
            ulong and <= 255 => (int)(ulong)value,
            int and >= -1 and <= 255 => (int)value,
            _ => throw Wrong(owner, value, "slot and function, such as 06.0, or a number from -1 to 255"),
        };
    }

    public override object? Parse(QomObject owner, string text)
    {
        var parts = text.Split('.');
        var (slot, function) = (Digits(parts[0], PciBus.SlotCount), parts.Length == 1 ? 0 : Digits(parts[1], 8));
        return parts.Length <= 2 && slot >= 0 && function >= 0
            ? (long)(slot << 3 | function)
            : throw Wrong(owner, text, "slot 0 to 1f and function 0 to 7, such as 06.0 or 06");
    }

    public override string Print(QomObject owner) => PciDevice.Format(field((PciDevice)owner));

    private static int Digits(string text, int bound) =>
        int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && value < bound ? value : -1;
}
