using Sim.Engine.Base;
using Sim.Engine.Devices.Char;
using Sim.Engine.Devices.Gpio;
using Sim.Engine.Devices.Misc;
using Sim.Engine.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>The platform bus places devices as QEMU's does.</summary>
public sealed class PlatformBusTests : IDisposable
{
    private readonly DeviceBench bench = new();
    private readonly PlatformBus platform;

    public PlatformBusTests()
    {
        platform = bench.Add<PlatformBus>(PlatformBus.TypeName, 0xF_0000_0000, ("mmio_size", 0x3000UL), ("num_irqs", 2UL));
        for (var line = 0; line < 2; line++)
            platform.ConnectIrq(line, bench.Watch($"irq{line}"));
    }

    public void Dispose() => bench.Dispose();

    [Fact]
    public void Devices_get_the_first_place_that_fits_and_the_first_free_line()
    {
        var (serial, gpio) = (New(SerialMm.TypeName), New(Mpc8xxxGpio.TypeName));
        platform.Link(serial);
        platform.Link(gpio);
        Assert.Equal((0, 0x0ul), (platform.IrqNumber(serial, 0), platform.RegionOffset(serial, 0)));
        Assert.Equal((1, 0x1000ul), (platform.IrqNumber(gpio, 0), platform.RegionOffset(gpio, 0)));
        bench.WriteByte(0xF_0000_0007, 0x77);
        Assert.Equal(0x77, bench.ReadByte(0xF_0000_0007));
        bench.WriteByte(0xF_0000_0001, 0x02);
        Assert.Equal([true], bench.Levels);
    }

    [Fact]
    public void A_full_bus_refuses_a_device()
    {
        platform.Link(New(SerialMm.TypeName));
        platform.Link(New(SerialMm.TypeName));
        Assert.Contains("interrupt", Assert.Throws<SimException>(() => platform.Link(New(SerialMm.TypeName))).Message, StringComparison.Ordinal);
        var small = bench.Add<PlatformBus>(PlatformBus.TypeName, 0xE_0000_0000, ("mmio_size", 0x800UL), ("num_irqs", 4UL));
        Assert.Contains("4096", Assert.Throws<SimException>(() => small.Link(New(Mpc8xxxGpio.TypeName))).Message, StringComparison.Ordinal);
    }

    private SysBusDevice New(string type)
    {
        var device = bench.New<SysBusDevice>(type);
        Qdev.RealizeAndUnref(device, bench.Machine.SystemBus);
        return device;
    }
}
