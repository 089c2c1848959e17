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
    private const int DeviceBytes = 80;

    private static readonly LawOptions Options = new()
    {
        Runs = 800,
        Required =
        [
            ("refused for its size", 0.2), ("refused unaligned", 0.08), ("split", 0.1), ("widened", 0.1), ("widened across two", 0.008),
            ("little-endian split", 0.05), ("little-endian widened", 0.05), ("accepted unaligned", 0.08),
        ],
    };

    [Fact]
    public void A_device_that_keeps_bytes_looks_like_memory_in_every_size_and_order() =>
        Law.Holds("register access", RegisterPlan.Plans, static (plan, classes) => Check(plan, plan.Endianness, classes), Options);

    [Fact]
    public void A_device_that_answers_in_the_wrong_order_is_found() => Assert.Throws<LawFailedException>(static () => Law.Holds("a planted bug", RegisterPlan.Plans,
        static (plan, classes) => Check(plan, plan.Endianness == Endianness.Big ? Endianness.Little : Endianness.Big, classes)));

    [Fact]
    public void Peeks_see_what_is_there_and_touch_nothing() => Law.Holds("peeks (L7)", RegisterPlan.Plans, static (plan, classes) =>
    {
        using var machine = TestMachine.Create();
        var device = Map(machine, plan, plan.Endianness);
        foreach (var access in plan.Accesses)
        {
            var bytes = new byte[access.Size];
            Assert.True(machine.Memory.TryPeek(access.Address, bytes));
            Assert.Equal(device.Store[(int)access.Address..][..access.Size], bytes);
            Assert.Empty(device.Calls);
            classes.Add("narrower than the device accepts", access.Size < plan.Valid.Least);
        }

        var outside = Enumerable.Repeat((byte)0xFF, 8).ToArray();
        Assert.False(machine.Memory.TryPeek(DeviceBytes - 4, outside));
        Assert.Equal([.. device.Store[(DeviceBytes - 4)..], 0, 0, 0, 0], outside);
    }, Options with { Runs = 300, Required = [("narrower than the device accepts", 0.2)] });

    [Fact]
    public void Dma_reaches_a_device_that_accepts_all_sizes_as_memory() => Law.Holds("DMA", RegisterPlan.Plans, static (tried, classes) =>
    {
        var plan = tried with { Valid = (1, tried.Valid.Most), Implemented = (1, tried.Implemented.Most) };
        using var machine = TestMachine.Create();
        var device = Map(machine, plan, plan.Endianness);
        var model = device.Store.ToArray();
        foreach (var access in plan.Accesses)
        {
            var bytes = new byte[access.Size + (int)(access.Value & 7)];
            if (access.IsWrite)
            {
                bytes.AsSpan().Fill((byte)access.Value);
                bytes.CopyTo(model, (int)access.Address);
                machine.Memory.Write(access.Address, (ReadOnlySpan<byte>)bytes);
                Assert.Equal(model, device.Store);
            }
            else
            {
                machine.Memory.Read(access.Address, bytes);
                Assert.Equal(model[(int)access.Address..][..bytes.Length], bytes);
            }

            classes.Add("wide access", device.Calls.Exists(static c => c.Size >= 4));
        }
    }, Options with { Runs = 200, Required = [("wide access", 0.3)] });

    [Fact]
    public void An_access_across_regions_is_made_byte_by_byte_and_what_is_not_there_reads_as_0()
    {
        using var machine = TestMachine.Create(ramSize: 0x1000);
        var device = Map(machine, new RegisterPlan(Endianness.Big, (1, 8), (1, 8), false, []), Endianness.Big, 0x1000);
        var unassigned = new List<(ulong, int, bool)>();
        machine.Memory.Unassigned = (address, size, write) => unassigned.Add((address, size, write));
        machine.Memory.Write(0xFFE, 0x1122_3344, 4, null);
        Assert.Equal([(0, 1, true), (1, 1, true)], device.Calls);
        Assert.Equal(0x1122_3344UL, machine.Memory.Read(0xFFE, 4, null));
        Assert.Empty(unassigned);
        var end = 0x1000UL + DeviceBytes;
        device.Store[DeviceBytes - 1] = 0xAB;
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

    private static ByteDevice Map(TestMachine machine, RegisterPlan plan, Endianness order, ulong address = 0)
    {
        var device = new ByteDevice(order);
        var ops = new MemoryRegionOps
        {
            Read = device.Read,
            Write = device.Write,
            Peek = device.Peek,
            Endianness = plan.Endianness,
            MinValidSize = plan.Valid.Least,
            MaxValidSize = plan.Valid.Most,
            MinImplementedSize = plan.Implemented.Least,
            MaxImplementedSize = plan.Implemented.Most,
            AcceptsUnaligned = plan.AcceptsUnaligned,
        };
        machine.SystemMemory.AddSubregion(address, MemoryRegion.NewIo(machine, ops, "bytes", DeviceBytes));
        return device;
    }

    private static void Check(RegisterPlan plan, Endianness order, CaseClasses classes)
    {
        using var machine = TestMachine.Create();
        var device = Map(machine, plan, order);
        var model = device.Store.ToArray();
        foreach (var access in plan.Accesses)
        {
            device.Calls.Clear();
            var fits = access.Size >= plan.Valid.Least && access.Size <= plan.Valid.Most;
            var aligned = access.Address % (ulong)access.Size == 0;
            var accepted = fits && (aligned || plan.AcceptsUnaligned);
            classes.Add("refused for its size", !fits);
            classes.Add("refused unaligned", fits && !accepted);
            classes.Add("accepted unaligned", accepted && !aligned);
            if (access.IsWrite)
            {
                machine.Memory.Write(access.Address, access.Value, access.Size, null);
                if (accepted)
                    WriteModel(plan, model, access);
                Assert.Equal(model, device.Store);
            }
            else
                Assert.Equal(accepted ? BigEndian(model.AsSpan((int)access.Address, access.Size)) : 0, machine.Memory.Read(access.Address, access.Size, null));

            CheckCalls(plan, access, accepted, device.Calls, classes);
        }
    }

    /// <summary>A write narrower than what the device implements comes with zeros around it, as in QEMU: the neighbours are lost.</summary>
    private static void WriteModel(RegisterPlan plan, byte[] model, PlannedAccess access)
    {
        var width = (ulong)plan.Implemented.Least;
        var crosses = access.Address / width != (access.Address + (ulong)access.Size - 1) / width;
        for (var i = 0; i < access.Size; i++)
        {
            var at = access.Address + (ulong)i;
            if (access.Size < plan.Implemented.Least && (i == 0 || crosses))
                model.AsSpan((int)(at & ~(width - 1)), (int)width).Clear();
            model[at] = (byte)(access.Value >> (8 * (access.Size - 1 - i)));
        }
    }

    private static void CheckCalls(RegisterPlan plan, PlannedAccess access, bool accepted, List<(int Offset, int Size, bool IsWrite)> calls, CaseClasses classes)
    {
        if (!accepted)
        {
            Assert.Empty(calls);
            return;
        }

        Assert.All(calls, call => Assert.InRange(call.Size, plan.Implemented.Least, plan.Implemented.Most));
        Assert.All(calls, call => Assert.Equal(access.IsWrite, call.IsWrite));
        var little = plan.Endianness == Endianness.Little;
        if (access.Size > plan.Implemented.Most)
        {
            var parts = Enumerable.Range(0, access.Size / plan.Implemented.Most);
            Assert.Equal(parts.Select(i => (int)access.Address + i * plan.Implemented.Most), calls.Select(static c => c.Offset));
            classes.Add("split");
            classes.Add("little-endian split", little);
        }
        else if (access.Size < plan.Implemented.Least)
        {
            Assert.All(calls, call => Assert.Equal(0, call.Offset % call.Size));
            classes.Add("widened");
            classes.Add("widened across two", calls.Count > 1);
            classes.Add("little-endian widened", little);
        }
        else
            Assert.Equal(((int)access.Address, access.Size), (Assert.Single(calls).Offset, calls[0].Size));
    }

    private static ulong BigEndian(ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        foreach (var one in bytes)
            value = value << 8 | one;
        return value;
    }

    /// <summary>A device that keeps bytes, and its register functions in one byte order.</summary>
    private sealed class ByteDevice(Endianness order)
    {
        public byte[] Store { get; } = [.. Enumerable.Range(1, DeviceBytes).Select(static i => (byte)(i * 37))];

        public List<(int Offset, int Size, bool IsWrite)> Calls { get; } = [];

        public ulong Read(ulong offset, int size, BusInitiator? initiator)
        {
            Calls.Add(((int)offset, size, false));
            return Peek(offset, size, initiator);
        }

        public ulong Peek(ulong offset, int size, BusInitiator? initiator)
        {
            Span<byte> bytes = stackalloc byte[size];
            Store.AsSpan((int)offset, size).CopyTo(bytes);
            if (order == Endianness.Little)
                bytes.Reverse();

            // What lies above the access's size is nobody's business: a device may leave anything there.
            return BigEndian(bytes) | (size < 8 ? ulong.MaxValue << (8 * size) : 0);
        }

        public void Write(ulong offset, ulong value, int size, BusInitiator? initiator)
        {
            Calls.Add(((int)offset, size, true));
            Assert.True(size == 8 || value >> (8 * size) == 0, "nothing above the access's size");
            for (var i = 0; i < size; i++)
                Store[(int)offset + (order == Endianness.Little ? i : size - 1 - i)] = (byte)(value >> (8 * i));
        }
    }

    private sealed class Cpu : BusInitiator
    {
        public override int CpuIndex => 0;

        public override uint ProcessorVersion => 0;
    }
}
