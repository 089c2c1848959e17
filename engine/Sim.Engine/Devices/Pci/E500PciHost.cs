using System.Globalization;
using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Pci;

/// <summary>A window's registers; 0 at power-on.</summary>
[MessagePackObject]
public sealed class PciWindowState
{
    /// <summary>POTAR, PITAR: translated address, in 4 KiB units.</summary>
    [Key(0)] public uint Translation;

    /// <summary>POTEAR: upper bits of the translated address.</summary>
    [Key(1)] public uint TranslationHigh;

    /// <summary>POWBAR, PIWBAR: base address, in 4 KiB units.</summary>
    [Key(2)] public uint Base;

    /// <summary>PIWBEAR: upper bits of the base address.</summary>
    [Key(3)] public uint BaseHigh;

    /// <summary>POWAR, PIWAR: enable in bit 31, size below.</summary>
    [Key(4)] public uint Attributes;
}

/// <summary>All that a snapshot keeps of an <see cref="E500PciHost"/>.</summary>
[MessagePackObject]
public sealed class E500PciHostState
{
    /// <summary>Outbound windows 1 to 4.</summary>
    [Key(0)] public PciWindowState[] Outbound = [new(), new(), new(), new()];

    /// <summary>Inbound windows 3, 2 and 1, in order of their registers.</summary>
    [Key(1)] public PciWindowState[] Inbound = [new(), new(), new()];

    /// <summary>Gasket timer register, kept and without effect.</summary>
    [Key(2)] public uint GasketTimer;
}

/// <summary>
/// The PCI controller of the MPC8540 and MPC8544: configuration access, windows from system memory to the bus (outbound) and back
/// (inbound), and the four interrupt lines.
/// MPC8544E Reference Manual, chapter 16. QEMU: hw/pci-host/ppce500.c.
/// </summary>
public sealed class E500PciHost : PciHostBridge
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "e500-pcihost";

    private const int InterruptLines = 4;

    private readonly IrqLine[] lines = new IrqLine[InterruptLines];
    [Configuration("first_slot")] private uint firstSlot;
    [Configuration("first_pin_irq")] private uint firstPinIrq;
    [Wiring] private MemoryRegion busMemory = null!;
    [Wiring] private MemoryRegion busMaster = null!;
    [Derived("Shows the windows that State enables.")] private readonly List<MemoryRegion> windows = [];

    /// <summary>What a snapshot keeps.</summary>
    public E500PciHostState State = new();

    /// <summary>What the bus's masters see, once they are enabled.</summary>
    [Wiring] public AddressSpace BusMasterSpace { get; private set; } = null!;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = PciHostBridge.TypeName,
        New = static () => new E500PciHost(),
        ClassInit = ClassInit,
    }));

    /// <summary>
    /// The line, 0 to 3, that a device's pin is on. The device tree tells the guest the same. QEMU: ppce500_pci_map_irq_slot.
    /// </summary>
    /// <param name="slot">Slot, 0 to 31.</param>
    /// <param name="pin">Pin, 0 for INTA# to 3 for INTD#.</param>
    public static int MapInterrupt(int slot, int pin) => (slot + pin) % InterruptLines;

    private static void ClassInit(ObjectClass klass, object? data)
    {
        var dc = (DeviceClass)klass;
        dc.Properties =
        [
            Property.U32("first_slot", static (E500PciHost h) => ref h.firstSlot, 0x11),
            Property.U32("first_pin_irq", static (E500PciHost h) => ref h.firstPinIrq, 1),
        ];
        dc.State = StateOf.Device(TypeName, version: 1, static (E500PciHost h) => ref h.State);
        dc.Realize = static d => ((E500PciHost)d).Realize();
        dc.Unrealize = static d => ((E500PciHost)d).RemoveWindows();
        dc.ResetHold = static d => ((E500PciHost)d).UpdateWindows();
        dc.PostLoad = static d => ((E500PciHost)d).CheckLoaded();
    }

    private static MemoryRegion Container(QomObject owner, string name) => MemoryRegion.NewContainer(owner, name, MemoryRegion.WholeSpace);

    private void Realize()
    {
        for (var i = 0; i < InterruptLines; i++)
            lines[i] = new IrqLine();
        InitIrq(lines);
        busMemory = Container(this, "pci bus memory");
        var io = MemoryRegion.NewContainer(this, "pci-pio", 0x10000);
        busMemory.AddSubregion(0, io, -2);
        busMaster = Container(this, "bm-e500");
        busMaster.AddSubregion(0, busMemory);
        BusMasterSpace = new AddressSpace(busMaster, "pci-bm");
        Bus = PciBus.Create(this, "pci.0", new PciBusWiring(
            busMemory,
            io,
            busMaster,
            FirstSlot: (int)Math.Min(firstSlot, PciBus.SlotCount),
            MapInterrupt: static (address, pin) => MapInterrupt(address >> 3, pin),
            SetInterrupt: (line, level) => lines[line].Set(level)));
        var bridge = Root.New<PciDevice>(E500HostBridge.TypeName);
        bridge.SetProperty("addr", 0);
        Qdev.Qdev.RealizeAndUnref(bridge, Bus);

        var container = MemoryRegion.NewContainer(this, "pci-container", 0x1000);
        container.AddSubregion(0, MemoryRegion.NewIo(this, AddressOps(), "pci-conf-idx", 4));
        container.AddSubregion(4, MemoryRegion.NewIo(this, DataOps(), "pci-conf-data", 4));
        container.AddSubregion(0xC00, MemoryRegion.NewIo(this, WindowOps(), "pci.reg", 0x400));
        InitMmio(container);
    }

    private MemoryRegionOps WindowOps() => new()
    {
        Read = (offset, _, _) => ReadRegister(offset),
        Write = (offset, value, _, _) => WriteRegister(offset, (uint)value),
        Peek = (offset, _, _) => ReadRegister(offset),
    };

    /// <summary>
    /// The register at an offset in <c>pci.reg</c>, which lies at 0xC00: outbound windows 1 to 4 from 0xC20, inbound windows 3 to 1 from
    /// 0xDA0, 32 bytes each, the gasket timer at 0xE20.
    /// </summary>
    private ref uint Register(ulong offset, out bool exists)
    {
        var block = offset & 0x3E0;
        var outbound = block is >= 0x20 and <= 0x80;
        exists = true;
        if (outbound || block is >= 0x1A0 and <= 0x1E0)
        {
            var window = outbound ? State.Outbound[(block >> 5) - 1] : State.Inbound[(block - 0x1A0) >> 5];
            switch (offset & 0x1C)
            {
                case 0x00:
                    return ref window.Translation;
                case 0x04 when outbound:
                    return ref window.TranslationHigh;
                case 0x08:
                    return ref window.Base;
                case 0x0C when !outbound:
                    return ref window.BaseHigh;
                case 0x10:
                    return ref window.Attributes;
            }
        }

        exists = block == 0x220;
        return ref State.GasketTimer;
    }

    private ulong ReadRegister(ulong offset)
    {
        var value = Register(offset, out var exists);
        return exists ? value : 0;
    }

    private void WriteRegister(ulong offset, uint value)
    {
        ref var register = ref Register(offset, out var exists);
        if (!exists || register == value)
            return;
        register = value;
        UpdateWindows();
    }

    /// <summary>Makes all windows anew, in order of their registers, so that the map follows from State alone.</summary>
    private void UpdateWindows()
    {
        RemoveWindows();
        for (var i = 0; i < State.Outbound.Length; i++)
            AddWindow(State.Outbound[i], "PCI Outbound Window", i + 1, busMemory, Machine.SystemMemory, 0);
        for (var i = 0; i < State.Inbound.Length; i++)
            AddWindow(State.Inbound[i], "PCI Inbound Window", i, Machine.SystemMemory, busMaster, -1);
    }

    private void AddWindow(PciWindowState window, string kind, int number, MemoryRegion target, MemoryRegion place, int priority)
    {
        if ((window.Attributes & 0x8000_0000) == 0)
            return;
        var name = string.Create(CultureInfo.InvariantCulture, $"{kind} {number}");
        var size = (UInt128)2 << (int)(window.Attributes & 0x3F);
        var alias = MemoryRegion.NewAlias(this, name, target, FullAddress(window.TranslationHigh, window.Translation), size);
        windows.Add(alias);
        place.AddSubregion(FullAddress(window.BaseHigh, window.Base), alias, priority);
    }

    /// <summary>The low register holds address bits 12 to 43, the high one those above.</summary>
    private static ulong FullAddress(uint high, uint low) => (ulong)high << 44 | (ulong)low << 12;

    private void RemoveWindows()
    {
        foreach (var window in windows)
            window.Unparent();
        windows.Clear();
    }

    private void CheckLoaded()
    {
        var complete = State is { Outbound.Length: 4, Inbound.Length: 3 } && State.Outbound.Concat(State.Inbound).All(static window => window is not null);
        LoadedState.Require(this, complete, "there are 4 outbound and 3 inbound windows");
        UpdateWindows();
    }
}
