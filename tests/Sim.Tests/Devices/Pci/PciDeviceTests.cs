using Sim.Engine.Base;
using Sim.Engine.Devices.Pci;
using Sim.Engine.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>What every PCI device does, by chapter 6 of the PCI specification 3.0.</summary>
public sealed class PciDeviceTests : IDisposable
{
    private readonly PciBench pci = new();

    public void Dispose() => pci.Dispose();

    [Fact]
    public void Ones_in_a_base_address_show_size_and_kind()
    {
        pci.Add();
        for (var index = 0; index < 6; index++)
            pci.WriteConfig(1, PciConfiguration.BaseAddress0 + 4 * index, 0xFFFF_FFFF);
        Assert.Equal(
            [0xFFFF_F000u, 0xFFFF_FF01u, 0xFFFF_000Cu, 0xFFFF_FFFFu, 0u, 0u],
            Enumerable.Range(0, 6).Select(index => pci.ReadConfig(1, PciConfiguration.BaseAddress0 + 4 * index)));
    }

    [Fact]
    public void Each_kind_of_base_address_answers_in_its_space_while_the_command_register_allows_it()
    {
        pci.Add();
        pci.Outbound(1, 0xC_0000_0000, 0, 32);
        pci.WriteConfig(1, PciConfiguration.BaseAddress0, 0xE000_0000);
        pci.WriteConfig(1, PciConfiguration.BaseAddress0 + 4, 0x1000);
        pci.WriteConfig(1, PciConfiguration.BaseAddress0 + 8, 0xD000_0000);
        Assert.Equal((0, 0, 0), Seen());
        pci.WriteConfig(1, PciConfiguration.Command, PciConfiguration.CommandIo, 2);
        Assert.Equal((0, 0xBB + 8, 0), Seen());
        pci.WriteConfig(1, PciConfiguration.Command, PciConfiguration.CommandMemory, 2);
        Assert.Equal((0xAA + 8, 0, 0xCC + 8), Seen());
        pci.WriteConfig(1, PciConfiguration.BaseAddress0 + 12, 1);
        Assert.Equal((0xAA + 8, 0, 0), Seen());

        (int Memory, int Io, int Wide) Seen() => (pci.Bench.ReadByte(0xC_E000_0000), pci.Bench.ReadByte(0xC_0000_1000), pci.Bench.ReadByte(0xC_D000_0000));
    }

    [Fact]
    public void The_capability_list_links_all_capabilities_and_is_read_only()
    {
        pci.Add();
        Assert.Equal(PciConfiguration.StatusCapabilities, (int)pci.ReadConfig(1, PciConfiguration.Status, 2));
        var ids = new List<uint>();
        for (var at = (int)pci.ReadConfig(1, PciConfiguration.CapabilityList, 1); at != 0; at = (int)pci.ReadConfig(1, at + 1, 1))
        {
            ids.Add(pci.ReadConfig(1, at, 1));
            pci.WriteConfig(1, at, 0xFFFF, 2);
        }

        Assert.Equal([5u, 9u], ids);
        Assert.Equal(5u, pci.ReadConfig(1, (int)pci.ReadConfig(1, PciConfiguration.CapabilityList, 1), 1));
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("2", 2)]
    [InlineData("3", 3)]
    [InlineData("1f", 3)]
    public void A_pin_is_on_the_line_that_its_slot_says(string slot, int line)
    {
        var device = pci.Add(slot);
        device.SetInterrupt(true);
        Assert.Equal([line], pci.HighLines);
        Assert.Equal((uint)(PciConfiguration.StatusCapabilities | PciConfiguration.StatusInterrupt), pci.ReadConfig(device.Address >> 3, PciConfiguration.Status, 2));
        device.SetInterrupt(false);
        Assert.Empty(pci.HighLines);
    }

    [Fact]
    public void A_shared_line_is_high_while_any_device_holds_it()
    {
        var (one, other) = (pci.Add("2"), pci.Add("6"));
        one.SetInterrupt(true);
        other.SetInterrupt(true);
        one.SetInterrupt(false);
        Assert.Equal([2], pci.HighLines);
        pci.WriteConfig(6, PciConfiguration.Command, PciConfiguration.CommandInterruptDisable, 2);
        Assert.Empty(pci.HighLines);
        pci.WriteConfig(6, PciConfiguration.Command, 0, 2);
        Assert.Equal([2], pci.HighLines);
        Qdev.Unrealize(other);
        Assert.Empty(pci.HighLines);
    }

    [Fact]
    public void An_asserted_interrupt_survives_save_and_load_without_an_edge()
    {
        pci.Add().SetInterrupt(true);
        using var other = new PciBench();
        var copy = other.Add();
        other.Bench.Load(pci.Bench.Save(), pci.Bench.Machine.Scheduler.Save());
        Assert.Equal([1], other.HighLines);
        copy.SetInterrupt(false);
        Assert.Empty(other.HighLines);
    }

    [Fact]
    public void Overlapping_base_addresses_look_the_same_after_a_load_whatever_the_order_of_writes()
    {
        foreach (var slots in (int[][])[[1, 2], [2, 1]])
        {
            using var bench = new PciBench();
            bench.Add();
            bench.Add();
            bench.Outbound(1, 0xC_0000_0000, 0, 32);
            foreach (var slot in slots)
            {
                bench.WriteConfig(slot, PciConfiguration.BaseAddress0, 0xE000_0000);
                bench.WriteConfig(slot, PciConfiguration.Command, PciConfiguration.CommandMemory, 2);
            }

            Assert.Equal(0xAA + 16, bench.Bench.ReadByte(0xC_E000_0000));
        }
    }

    [Fact]
    public void Slots_are_given_in_order_and_taken_ones_refused()
    {
        Assert.Equal([8, 16], new[] { pci.Add().Address, pci.Add().Address });
        var error = Assert.Throws<SimException>(() => pci.Add("2"));
        Assert.Contains("02.0", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, pci.PciHost.Bus.Devices.Count());
        Assert.Equal("03.0", pci.Add().FindProperty("addr")!.Print(pci.PciHost.Bus.Find(0x18)!));
    }

    [Fact]
    public void Functions_of_a_slot_need_a_first_one_that_declares_them()
    {
        pci.Add("4");
        Assert.Throws<SimException>(() => pci.Add("4.1"));
        pci.Add("5", multiFunction: true);
        Assert.Equal(0x29, pci.Add("5.1").Address);
        Assert.Equal(0x80u, pci.ReadConfig(5, PciConfiguration.HeaderType, 1));
    }

    [Theory]
    [InlineData("20")]
    [InlineData("1.8")]
    [InlineData("1.0.0")]
    [InlineData("x")]
    [InlineData("")]
    public void A_text_that_is_no_address_is_refused(string text) =>
        Assert.Contains("addr", Assert.Throws<SimException>(() => pci.Add(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("romfile", "x.rom")]
    [InlineData("romsize", "3")]
    [InlineData("failover_pair_id", "net0")]
    public void Properties_that_ask_for_what_is_not_there_are_refused_and_leave_nothing(string property, string value)
    {
        var device = pci.Bench.New<PciDevice>(TestPciDevice.TypeName);
        device.ParseProperty(property, value);
        Assert.Contains(property, Assert.Throws<SimException>(() => Qdev.Realize(device, pci.PciHost.Bus)).Message, StringComparison.Ordinal);
        Assert.Equal(-1, device.Address);
        Assert.Single(pci.PciHost.Bus.Devices);
        device.Unref();
    }
}
