using Sim.Engine.Memory;
using Sim.PropertyKit.Qdev;

namespace Sim.PropertyKit.Memory;

/// <summary>A device that keeps bytes, and its register functions in one byte order.</summary>
public sealed class ByteDevice
{
    /// <summary>Bytes that it keeps.</summary>
    public const int Size = 80;

    private readonly Endianness order;
    private readonly List<(int Offset, int Size, bool IsWrite)> calls = [];

    private ByteDevice(Endianness order) => this.order = order;

    /// <summary>The bytes.</summary>
    public byte[] Store { get; } = [.. Enumerable.Range(1, Size).Select(static i => (byte)(i * 37))];

    /// <summary>How it was called.</summary>
    public IReadOnlyList<(int Offset, int Size, bool IsWrite)> Calls => calls;

    /// <summary>Forgets how it was called.</summary>
    public void ForgetCalls() => calls.Clear();

    /// <summary>Makes such a device and maps its registers.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="plan">The rules for accesses.</param>
    /// <param name="order">The order in which the device answers; another one than the plan's is a bug.</param>
    /// <param name="address">Where its registers are mapped.</param>
    public static ByteDevice Map(TestMachine machine, RegisterPlan plan, Endianness order, ulong address = 0)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(plan);
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
        machine.SystemMemory.AddSubregion(address, MemoryRegion.NewIo(machine, ops, "bytes", Size));
        return device;
    }

    internal static ulong BigEndian(ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        foreach (var one in bytes)
            value = value << 8 | one;
        return value;
    }

    private ulong Read(ulong offset, int size, BusInitiator? initiator)
    {
        calls.Add(((int)offset, size, false));
        return Peek(offset, size, initiator);
    }

    private ulong Peek(ulong offset, int size, BusInitiator? initiator)
    {
        Span<byte> bytes = stackalloc byte[size];
        Store.AsSpan((int)offset, size).CopyTo(bytes);
        if (order == Endianness.Little)
            bytes.Reverse();

        // What lies above the access's size is nobody's business: a device may leave anything there.
        return BigEndian(bytes) | (size < 8 ? ulong.MaxValue << (8 * size) : 0);
    }

    private void Write(ulong offset, ulong value, int size, BusInitiator? initiator)
    {
        calls.Add(((int)offset, size, true));
        Check.That(size == 8 || value >> (8 * size) == 0, "nothing above the access's size");
        for (var i = 0; i < size; i++)
            Store[(int)offset + (order == Endianness.Little ? i : size - 1 - i)] = (byte)(value >> (8 * i));
    }
}
