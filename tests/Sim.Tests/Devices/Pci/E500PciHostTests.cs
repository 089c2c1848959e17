using Sim.Engine.Base;
using Sim.Engine.Devices.Char;
using Sim.Engine.Devices.Pci;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>The PCI host bridge: chapter 16 of the MPC8544E manual, and QEMU.</summary>
public sealed class E500PciHostTests : IDisposable
{
    private readonly PciBench pci = new();

    public void Dispose() => pci.Dispose();

    [Fact]
    public void The_host_bridge_shows_itself_as_a_processor_device()
    {
        Assert.Equal(0x0030_1957u, pci.ReadConfig(0, PciConfiguration.VendorId));
        Assert.Equal(0x0B20_0000u, pci.ReadConfig(0, PciConfiguration.Revision));
        Assert.Equal(0x1100_1AF4u, pci.ReadConfig(0, PciConfiguration.SubsystemVendorId));
        Assert.Equal(uint.MaxValue, pci.ReadConfig(1, 0));
        Assert.Equal(["class Class 0b20, addr 00:00.0, pci id 1957:0030 (sub 1af4:1100)", "bar 0: mem at 0xffffffffffffffff [0xffffe]"], pci.PciHost.Bus.Find(0)!.Describe());
    }

    [Fact]
    public void Configuration_data_answers_only_while_enabled()
    {
        pci.Bench.WriteWord(PciBench.Host, 0);
        Assert.Equal(uint.MaxValue, pci.Bench.ReadWord(PciBench.Host + 4));
        pci.Bench.WriteByte(PciBench.Host, 0x80);
        Assert.Equal(0u, pci.Bench.ReadWord(PciBench.Host));
    }

    [Fact]
    public void An_outbound_window_reaches_the_bus_and_a_base_address_the_registers()
    {
        pci.Space.AddSubregion(0x4500, MemoryRegion.NewIo(pci.Bench.Root.GetContainer("/bench"), new() { Read = (_, _, _) => 0x5A, Write = (_, _, _, _) => { }, Peek = (_, _, _) => 0x5A }, "x", 1));
        pci.Outbound(1, 0xC_0000_0000, 0xE000_0000, 29);
        pci.WriteConfig(0, PciConfiguration.BaseAddress0, 0xE010_0000);
        Assert.Equal(0, pci.Bench.ReadByte(0xC_0010_4500));
        pci.WriteConfig(0, PciConfiguration.Command, PciConfiguration.CommandMemory, 2);
        Assert.Equal(0x5A, pci.Bench.ReadByte(0xC_0010_4500));
        pci.Bench.WriteWord(PciBench.Windows + 0x30, 0);
        Assert.Equal(0, pci.Bench.ReadByte(0xC_0010_4500));
    }

    [Fact]
    public void An_inbound_window_shows_memory_to_bus_masters_once_they_are_enabled()
    {
        var device = pci.Add();
        pci.Bench.WriteWord(0x0_3000, 0x1234_5678);
        pci.Bench.WriteWord(PciBench.Windows + 0x1E0, 0x0_0003);
        pci.Bench.WriteWord(PciBench.Windows + 0x1E8, 0x8_0000);
        pci.Bench.WriteWord(PciBench.Windows + 0x1F0, 0xA0F5_500B);
        var bytes = new byte[4];
        device.DmaRead(0x8000_0000, bytes);
        Assert.Equal([0, 0, 0, 0], bytes);
        pci.WriteConfig(1, PciConfiguration.Command, PciConfiguration.CommandMaster, 2);
        device.DmaRead(0x8000_0000, bytes);
        Assert.Equal([0x12, 0x34, 0x56, 0x78], bytes);
        device.DmaWrite(0x8000_0002, [0xFF]);
        Assert.Equal(0x1234_FF78u, pci.Bench.ReadWord(0x0_3000));
    }

    [Fact]
    public void Windows_and_base_addresses_survive_save_and_load()
    {
        pci.Add();
        Configure(pci, 1);
        var map = Map(pci);
        using var other = new PciBench();
        other.Add();
        Assert.NotEqual(map, Map(other));
        other.Bench.Load(pci.Bench.Save(), pci.Bench.Machine.Scheduler.Save());
        Assert.Equal(map, Map(other));
        Assert.Equal(0xCC + 8, other.Bench.ReadByte(0xC_0000_1000));
        Assert.True(other.Bench.SameAs(pci.Bench));
    }

    [Fact]
    public void Reset_closes_windows_and_base_addresses()
    {
        pci.Add();
        var map = Map(pci);
        var before = pci.Bench.Save();
        Configure(pci, 1);
        Resettable.Reset([pci.Bench.Machine]);
        Assert.Equal(map, Map(pci));
        Assert.Equal(before, pci.Bench.Save());
    }

    [Fact]
    public void Unrealizing_the_host_takes_windows_and_devices_along()
    {
        pci.Add();
        Configure(pci, 1);
        Qdev.Unrealize(pci.PciHost);
        Assert.DoesNotContain(pci.Bench.Machine.SystemMemory.Subregions, static r => r.Name.StartsWith("PCI", StringComparison.Ordinal));
        Assert.Empty(pci.Space.Subregions);
        Assert.DoesNotContain(pci.PciHost.Children, static _ => true);
    }

    [Fact]
    public void A_state_that_no_device_can_have_is_refused()
    {
        var sections = pci.Bench.Save();
        pci.PciHost.Bus.Find(0)!.PciState.Configuration[0] = 0x55;
        var hostile = pci.Bench.Save();
        var error = Assert.Throws<SimException>(() => pci.Bench.Load(hostile, pci.Bench.Machine.Scheduler.Save()));
        Assert.Contains("byte 0x0", error.Message, StringComparison.Ordinal);
        pci.Bench.Load(sections, pci.Bench.Machine.Scheduler.Save());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_accesses_see_what_the_reference_shows(ulong seed)
    {
        using var qemu = new QemuProbe("-serial", "null");
        var serial = pci.Bench.New<SerialMm>(SerialMm.TypeName);
        Qdev.RealizeAndUnref(serial, pci.Bench.Machine.SystemBus);
        pci.Space.AddSubregion(0x4500, serial.GetRegion(0));
        pci.Bench.WriteByte(PciBench.Ccsr + 0x4507, 0x5A);
        qemu.Write(QemuProbe.Ccsr + 0x4507, 0x5A, 1);
        List<Comparison.Access> accesses = [.. Configuration(), .. WindowRegisters()];

        // The scratch register of the UART, as windows and the base address of the bridge may show it.
        foreach (var at in (ulong[])[0xC_0000_4507, 0xC_0010_4507, 0xD_0000_4507, 0xD_0010_4507, 0xC_2000_4507])
        {
            for (var weight = 0; weight < 6; weight++)
                accesses.Add(new(at - QemuProbe.Ccsr, 1));
        }

        Comparison.Run(seed, 2500, pci.Bench, PciBench.Ccsr, qemu, QemuProbe.Ccsr, accesses, static () => (false, false));
    }

    private static IEnumerable<Comparison.Access> Configuration()
    {
        // The data register is little-endian; the values are what a big-endian CPU stores.
        for (var weight = 0; weight < 4; weight++)
        {
            yield return new(0x8000, 4, 0x8000_0004, 0x8000_0010, 0x8000_0010, 0x8000_0000, 0x8000_0800, 0x8001_0000, 0x8000_003C, 0x0000_0000, 0x8000_0040, 0x8000_00FC);
            yield return new(0x8004, 4, 0x0000_00E0, 0x0000_10E0, 0x0000_00C0, 0x0000_1000, 0x0700_0000, 0x0600_0000, 0xFFFF_FFFF, 0x0000_0000, 0x0700_0079);
        }

        yield return new(0x8004, 2, 0x0700, 0x0200, 0xFFFF);
        yield return new(0x8007, 1, 0xE0, 0x00, 0xFF);
        yield return new(0x8006, 2, 0x10E0, 0xFFFF);
        yield return new(0x8000, 2, 0x1234);
        yield return new(0x8003, 1);
        yield return new(0x8008, 4, 0xFFFF_FFFF);
    }

    private static IEnumerable<Comparison.Access> WindowRegisters()
    {
        yield return new(0x8C20, 4, 0xE_0000, 0xC_0000, 0);
        yield return new(0x8C24, 4, 0);
        yield return new(0x8C28, 4, 0xC0_0000, 0xC2_0000);
        yield return new(0x8C30, 4, 0x8004_401C, 0x0004_401C, 0x8004_4014);
        yield return new(0x8C40, 4, 0, 0x100, 0xE_0000);
        yield return new(0x8C48, 4, 0xD0_0000);
        yield return new(0x8C50, 4, 0x8004_4017, 0);
        foreach (var offset in (ulong[])[0x8C00, 0x8C10, 0x8C2C, 0x8C34, 0x8C60, 0x8C8C, 0x8CA0, 0x8DA0, 0x8DA4, 0x8DA8, 0x8DAC, 0x8DC8, 0x8DE0, 0x8DEC, 0x8E20, 0x8E3C, 0x8E40, 0x8FFC])
            yield return new(offset, 4, 0, 0x1234_5678, 0x00FF_FF00);
        yield return new(0x8DB0, 1);
        yield return new(0x8E20, 2, 0xABCD);
    }

    private static void Configure(PciBench pci, int slot)
    {
        pci.Outbound(1, 0xC_0000_0000, 0xE000_0000, 29);
        pci.Bench.WriteWord(PciBench.Windows + 0x1C8, 0x8_0000);
        pci.Bench.WriteWord(PciBench.Windows + 0x1D0, 0xA0F5_500B);
        pci.WriteConfig(slot, PciConfiguration.BaseAddress0, 0xE000_1000);
        pci.WriteConfig(slot, PciConfiguration.BaseAddress0 + 4, 0x1100);
        pci.WriteConfig(slot, PciConfiguration.BaseAddress0 + 8, 0xE000_0000);
        pci.WriteConfig(slot, PciConfiguration.Command, 0x07, 2);
    }

    /// <summary>Both address spaces, flattened.</summary>
    private static List<string> Map(PciBench pci) => [.. new[] { pci.Bench.Machine.Memory, pci.PciHost.BusMasterSpace, pci.PciHost.Bus.PciDevices.Last().BusMasterSpace }
        .SelectMany(static space => space.View.Ranges.Select(r => $"{space.Name} {r.Start:x}-{r.Last:x} {r.Region.Name} +{r.Offset:x}"))];
}
