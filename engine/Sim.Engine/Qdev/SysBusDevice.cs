using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>The bus of memory-mapped devices. QEMU: TYPE_SYSTEM_BUS.</summary>
public sealed class SystemBus : Bus
{
    /// <summary>Name of the type. QEMU: TYPE_SYSTEM_BUS.</summary>
    public new const string TypeName = "System";
}

/// <summary>A device with memory-mapped regions and interrupt lines, which the board places and wires. QEMU: SysBusDevice (hw/core/sysbus.c).</summary>
public class SysBusDevice : Device
{
    /// <summary>Name of the type. QEMU: TYPE_SYS_BUS_DEVICE.</summary>
    public new const string TypeName = "sys-bus-device";

    /// <summary>Name of the interrupt lines. QEMU: SYSBUS_DEVICE_GPIO_IRQ.</summary>
    public const string IrqName = "sysbus-irq";

    private readonly List<MemoryRegion> regions = [];
    private readonly List<MemoryRegion> mapped = [];
    private readonly List<IrqLine> irqs = [];

    /// <summary>The memory-mapped regions, in order of declaration.</summary>
    public IReadOnlyList<MemoryRegion> Regions => regions;

    /// <summary>The interrupt lines, in order of declaration.</summary>
    public IReadOnlyList<IrqLine> Irqs => irqs;

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () =>
    {
        TypeRegistry.Register(new() { Name = SystemBus.TypeName, Parent = Bus.TypeName, New = static () => new SystemBus() });
        TypeRegistry.Register(new()
        {
            Name = TypeName,
            Parent = Device.TypeName,
            Abstract = true,
            ClassInit = static (klass, _) =>
            {
                var dc = (DeviceClass)klass;
                dc.BusType = SystemBus.TypeName;
                dc.UserCreatable = false;
            },
        });
    });

    /// <summary>Declares a memory-mapped region. QEMU: sysbus_init_mmio.</summary>
    public void InitMmio(MemoryRegion region)
    {
        regions.Add(region);
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => regions.Remove(region));
    }

    /// <summary>Declares interrupt lines. QEMU: sysbus_init_irq.</summary>
    public void InitIrq(params ReadOnlySpan<IrqLine> lines)
    {
        InitGpioOut(IrqName, lines);
        foreach (var line in lines)
        {
            irqs.Add(line);
            if (Root.Undo.IsOpen)
                Root.Undo.Add(() => irqs.Remove(line));
        }
    }

    /// <summary>Places a region in the system's physical memory map. QEMU: sysbus_mmio_map.</summary>
    /// <exception cref="SimException">There is no such region, or it is mapped already.</exception>
    public void MapMmio(int index, ulong address)
    {
        var region = GetRegion(index);
        Machine.SystemMemory.AddSubregion(address, region);
        mapped.Add(region);
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => mapped.Remove(region));
    }

    /// <summary>Where <see cref="MapMmio"/> has placed a region; null for one that the board put into a container of its own. QEMU: SysBusDevice::mmio[].addr.</summary>
    public ulong? MappedAddress(MemoryRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        return mapped.Contains(region) ? region.Address : null;
    }

    /// <summary>A region by index. QEMU: sysbus_mmio_get_region.</summary>
    /// <exception cref="SimException">There is none.</exception>
    public MemoryRegion GetRegion(int index) => index >= 0 && index < regions.Count
        ? regions[index]
        : throw new SimException(string.Create(CultureInfo.InvariantCulture,
            $"Device '{CanonicalPath}' of type '{Class.Type.Name}' has {regions.Count} memory-mapped regions; there is no number {index}."));

    /// <summary>Connects an interrupt line. QEMU: sysbus_connect_irq.</summary>
    /// <exception cref="SimException">There is no such line.</exception>
    public void ConnectIrq(int index, Irq? target) => ConnectGpioOut(index, target, IrqName);
}
