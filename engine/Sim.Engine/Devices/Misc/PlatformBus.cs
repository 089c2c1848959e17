using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Misc;

/// <summary>
/// A stretch of the memory map and some interrupts that the board sets aside for system bus devices which the user adds: each gets the
/// first place that fits. QEMU: hw/core/platform-bus.c.
/// </summary>
public sealed class PlatformBus : SysBusDevice
{
    /// <summary>Name of the type. QEMU: TYPE_PLATFORM_BUS_DEVICE.</summary>
    public new const string TypeName = "platform-bus-device";

    /// <summary>Interrupts at most.</summary>
    public const uint MaxIrqs = 1024;

    [Configuration("num_irqs")] private uint irqCount;
    [Configuration("mmio_size")] private uint mmioSize;
    [Wiring] private IrqLine[] irqs = [];
    [Wiring] private SysBusDevice?[] users = [];

    /// <summary>The stretch of memory.</summary>
    public MemoryRegion Space => Regions[0];

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new PlatformBus(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Properties =
            [
                Property.U32("num_irqs", static (PlatformBus b) => ref b.irqCount, 0),
                Property.U32("mmio_size", static (PlatformBus b) => ref b.mmioSize, 0),
            ];
            dc.Stateless = true;
            dc.Realize = static d => ((PlatformBus)d).Realize();
        },
    }));

    /// <summary>
    /// Places a realized device: its unmapped regions at the first free address that is a multiple of their size rounded up to a power of
    /// two, its unconnected
    /// interrupts on the first free lines. The board has connected those lines before. QEMU: platform_bus_link_device.
    /// </summary>
    /// <exception cref="SimException">There is no room left, or no line.</exception>
    public void Link(SysBusDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        for (var n = 0; n < device.Irqs.Count; n++)
        {
            if (device.Irqs[n].Target is null)
                LinkIrq(device, n);
        }

        foreach (var region in device.Regions)
        {
            if (region.ContainingRegion is null)
                LinkRegion(device, region);
        }
    }

    /// <summary>Number on this bus of a device's interrupt; -1 when it is not on this bus. QEMU: platform_bus_get_irqn.</summary>
    public int IrqNumber(SysBusDevice device, int index)
    {
        ArgumentNullException.ThrowIfNull(device);
        var target = device.Irqs[index].Target;
        return target is null ? -1 : Array.FindIndex(irqs, line => ReferenceEquals(line.Target, target));
    }

    /// <summary>Offset in <see cref="Space"/> of a device's region; null when it is not there. QEMU: platform_bus_get_mmio_addr.</summary>
    public ulong? RegionOffset(SysBusDevice device, int index)
    {
        ArgumentNullException.ThrowIfNull(device);
        var region = device.GetRegion(index);
        return ReferenceEquals(region.ContainingRegion, Space) ? region.Address : null;
    }

    private void Realize()
    {
        if (irqCount > MaxIrqs)
            throw new SimException(string.Create(CultureInfo.InvariantCulture, $"Property 'platform-bus-device.num_irqs' cannot be {irqCount}: expected 0 to {MaxIrqs}."));
        InitMmio(MemoryRegion.NewContainer(this, "platform bus", mmioSize));
        irqs = new IrqLine[irqCount];
        users = new SysBusDevice?[irqCount];
        for (var i = 0; i < irqs.Length; i++)
            irqs[i] = new IrqLine();
        InitIrq(irqs);
    }

    private void LinkIrq(SysBusDevice device, int index)
    {
        var line = Array.IndexOf(users, null);
        if (line < 0)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"Device '{device.Class.Type.Name}' does not fit the platform bus: all of its {irqCount} interrupt lines are taken."));
        }

        users[line] = device;
        Root.Undo.Add(() => users[line] = null);
        device.ConnectIrq(index, irqs[line].Target);
    }

    private void LinkRegion(SysBusDevice device, MemoryRegion region)
    {
        var step = UInt128.IsPow2(region.Size) ? region.Size : UInt128.One << (128 - (int)UInt128.LeadingZeroCount(region.Size));
        for (UInt128 offset = 0; offset + region.Size <= mmioSize; offset += step)
        {
            if (!Space.Subregions.Any(other => other.Address < offset + region.Size && offset < other.Address + other.Size))
            {
                Space.AddSubregion((ulong)offset, region);
                return;
            }
        }

        throw new SimException(
            $"Device '{device.Class.Type.Name}' does not fit the platform bus: there is no room for its region '{region.Name}' of {region.Size} bytes.");
    }
}
