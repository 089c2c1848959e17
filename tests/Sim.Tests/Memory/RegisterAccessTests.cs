using Sim.Engine.Memory;
using Sim.PropertyKit;
using Sim.PropertyKit.Memory;
using Sim.PropertyKit.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Access sizes and byte order. A device that keeps bytes as memory does must look like memory, whatever sizes it implements; QEMU's rules say what it is
/// called with. QEMU: access_with_adjusted_size.
/// </summary>
public sealed class RegisterAccessTests
{
    [Fact]
    public void A_device_that_keeps_bytes_looks_like_memory_in_every_size_and_order() => RegisterAccessLaws.LooksLikeMemory.Sampled();

    [Fact]
    public void Peeks_see_what_is_there_and_touch_nothing() => RegisterAccessLaws.Peeks.Sampled();

    [Fact]
    public void Dma_reaches_a_device_that_accepts_all_sizes_as_memory() => RegisterAccessLaws.Dma.Sampled();

    [Fact]
    public void A_device_that_answers_in_the_wrong_order_is_found_and_shrunk()
    {
        var failure = Assert.Throws<LawFailedException>(static () => Law.Holds("a planted bug", RegisterPlan.Plans, static (plan, classes) =>
            RegisterAccessLaws.CheckAccesses(plan, plan.Endianness == Endianness.Big ? Endianness.Little : Endianness.Big, classes)));
        Assert.Single(Assert.IsType<RegisterPlan>(failure.Case).Accesses);
    }

    [Fact]
    public void An_access_across_regions_is_made_byte_by_byte_and_what_is_not_there_reads_as_0()
    {
        using var machine = TestMachine.Create(ramSize: 0x1000);
        var device = ByteDevice.Map(machine, new RegisterPlan(Endianness.Big, (1, 8), (1, 8), false, []), Endianness.Big, 0x1000);
        var unassigned = new List<(ulong, int, bool)>();
        machine.Memory.Unassigned = (address, size, write) => unassigned.Add((address, size, write));
        machine.Memory.Write(0xFFE, 0x1122_3344, 4, null);
        Assert.Equal([(0, 1, true), (1, 1, true)], device.Calls);
        Assert.Equal(0x1122_3344UL, machine.Memory.Read(0xFFE, 4, null));
        Assert.Empty(unassigned);
        var end = 0x1000UL + ByteDevice.Size;
        device.Store[ByteDevice.Size - 1] = 0xAB;
        Assert.Equal(0xAB00UL, machine.Memory.Read(end - 1, 2, null));
        machine.Memory.Write(end, 1, 4, null);
        Assert.Equal(0UL, machine.Memory.Read(end + 8, 8, null));
        Assert.Equal([(end, 1, false), (end, 4, true), (end + 8, 8, false)], unassigned);
        Assert.Equal(0UL, machine.Memory.Read(ulong.MaxValue - 1, 8, null) >> 48);
    }

    [Fact]
    public void The_initiator_comes_through_to_the_device()
    {
        using var machine = TestMachine.Create();
        BusInitiator? seen = null;
        var ops = new MemoryRegionOps { Read = (_, _, who) => (seen = who) is null ? 0UL : 1UL, Write = (_, _, _, who) => seen = who, Peek = static (_, _, _) => 0 };
        machine.SystemMemory.AddSubregion(0, MemoryRegion.NewIo(machine, ops, "who", 0x10));
        var cpu = new Cpu();
        Assert.Equal(1UL, machine.Memory.Read(0, 4, cpu));
        Assert.Same(cpu, seen);
        machine.Memory.Write(0, 0, 4, null);
        Assert.Null(seen);
    }

    [Theory]
    [InlineData(3, 4, 1, 4)]
    [InlineData(1, 16, 1, 4)]
    [InlineData(4, 2, 1, 4)]
    [InlineData(1, 4, 8, 4)]
    [InlineData(0, 4, 1, 4)]
    public void Sizes_that_no_access_has_are_refused(int leastValid, int mostValid, int leastImplemented, int mostImplemented)
    {
        using var machine = TestMachine.Create();
        var ops = new MemoryRegionOps
        {
            Read = static (_, _, _) => 0,
            Write = static (_, _, _, _) => { },
            Peek = static (_, _, _) => 0,
            MinValidSize = leastValid,
            MaxValidSize = mostValid,
            MinImplementedSize = leastImplemented,
            MaxImplementedSize = mostImplemented,
        };
        Assert.Contains("'odd'", Assert.Throws<ArgumentException>(() => MemoryRegion.NewIo(machine, ops, "odd", 8)).Message, StringComparison.Ordinal);
    }

    private sealed class Cpu : BusInitiator
    {
        public override int CpuIndex => 0;

        public override uint ProcessorVersion => 0;
    }
}
