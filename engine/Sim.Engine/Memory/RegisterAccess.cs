using System.Buffers.Binary;

namespace Sim.Engine.Memory;

/// <summary>
/// Turns a big-endian master's access into accesses that a device implements: byte order, splitting and widening. QEMU: access_with_adjusted_size (softmmu/memory.c).
/// </summary>
internal static class RegisterAccess
{
    public static ulong Read(MemoryRegionOps ops, RegisterRead read, ulong offset, int size, BusInitiator? initiator)
    {
        if (!ops.Accepts(offset, size))
            return 0;
        var step = Math.Clamp(size, ops.MinImplementedSize, ops.MaxImplementedSize);
        ulong value;
        if (step == size)
            value = read(offset, size, initiator);
        else if (step < size)
            value = ReadSplit(ops, read, offset, size, step, initiator);
        else
        {
            var aligned = offset & ~(ulong)(step - 1);
            if (offset - aligned + (ulong)size > (ulong)step)
                return ReadBytes(ops, read, offset, size, initiator);
            var whole = read(aligned, step, initiator);
            value = whole >> Shift(ops, offset - aligned, size, step) & Mask(size);
        }

        return ops.Endianness == Endianness.Big ? value & Mask(size) : Swap(value, size);
    }

    public static void Write(MemoryRegionOps ops, ulong offset, ulong value, int size, BusInitiator? initiator)
    {
        if (!ops.Accepts(offset, size))
            return;
        WriteAccepted(ops, offset, ops.Endianness == Endianness.Little ? Swap(value, size) : value, size, initiator);
    }

    /// <summary>Writes a value that is in the device's byte order.</summary>
    private static void WriteAccepted(MemoryRegionOps ops, ulong offset, ulong value, int size, BusInitiator? initiator)
    {
        var step = Math.Clamp(size, ops.MinImplementedSize, ops.MaxImplementedSize);
        if (step == size)
        {
            ops.Write(offset, value & Mask(size), size, initiator);
            return;
        }

        if (step > size)
        {
            // As QEMU does, a write narrower than the device implements is passed on as a wide one with zeros around it.
            var aligned = offset & ~(ulong)(step - 1);
            if (offset - aligned + (ulong)size > (ulong)step)
            {
                for (var at = 0; at < size; at++)
                    WriteAccepted(ops, offset + (ulong)at, value >> ByteShift(ops, at, size), 1, initiator);
                return;
            }

            ops.Write(aligned, (value & Mask(size)) << Shift(ops, offset - aligned, size, step), step, initiator);
            return;
        }

        for (var at = 0; at < size; at += step)
        {
            var shift = ops.Endianness == Endianness.Big ? 8 * (size - step - at) : 8 * at;
            ops.Write(offset + (ulong)at, value >> shift & Mask(step), step, initiator);
        }
    }

    /// <summary>Reads an unaligned access that lies in two of the device's wide ones, byte by byte.</summary>
    private static ulong ReadBytes(MemoryRegionOps ops, RegisterRead read, ulong offset, int size, BusInitiator? initiator)
    {
        var value = 0UL;
        for (var at = 0; at < size; at++)
        {
            var address = offset + (ulong)at;
            var aligned = address & ~(ulong)(ops.MinImplementedSize - 1);
            var one = read(aligned, ops.MinImplementedSize, initiator) >> Shift(ops, address - aligned, 1, ops.MinImplementedSize) & 0xFF;
            value = value << 8 | one;
        }

        return value;
    }

    private static int ByteShift(MemoryRegionOps ops, int at, int size) => ops.Endianness == Endianness.Big ? 8 * (size - 1 - at) : 8 * at;

    private static ulong ReadSplit(MemoryRegionOps ops, RegisterRead read, ulong offset, int size, int step, BusInitiator? initiator)
    {
        var value = 0UL;
        for (var at = 0; at < size; at += step)
        {
            var shift = ops.Endianness == Endianness.Big ? 8 * (size - step - at) : 8 * at;
            value |= (read(offset + (ulong)at, step, initiator) & Mask(step)) << shift;
        }

        return value;
    }

    /// <summary>Bit position of a narrow access within the wide one that holds it.</summary>
    private static int Shift(MemoryRegionOps ops, ulong distance, int size, int step) =>
        ops.Endianness == Endianness.Big ? 8 * (step - size - (int)distance) : 8 * (int)distance;

    private static ulong Mask(int size) => size == 8 ? ulong.MaxValue : (1UL << (8 * size)) - 1;

    private static ulong Swap(ulong value, int size) => BinaryPrimitives.ReverseEndianness(value) >> (64 - 8 * size);
}
