namespace Sim.Engine.Memory;

/// <summary>Reads a device register. QEMU: MemoryRegionOps::read.</summary>
/// <param name="offset">Offset in the region, bytes.</param>
/// <param name="size">Access size in bytes: 1, 2, 4 or 8.</param>
/// <param name="initiator">Who reads; null for DMA and for accesses without a CPU.</param>
public delegate ulong RegisterRead(ulong offset, int size, BusInitiator? initiator);

/// <summary>Writes a device register. QEMU: MemoryRegionOps::write.</summary>
public delegate void RegisterWrite(ulong offset, ulong value, int size, BusInitiator? initiator);

/// <summary>Order of bytes in a device's multi-byte registers.</summary>
public enum Endianness
{
    /// <summary>Most significant byte first. QEMU: DEVICE_BIG_ENDIAN; also DEVICE_NATIVE_ENDIAN on this target.</summary>
    Big,

    /// <summary>Least significant byte first. QEMU: DEVICE_LITTLE_ENDIAN.</summary>
    Little,
}

/// <summary>The functions behind a region of device registers and the accesses that they accept. QEMU: MemoryRegionOps.</summary>
public sealed record MemoryRegionOps
{
    /// <summary>Reads, with side effects.</summary>
    public required RegisterRead Read { get; init; }

    /// <summary>Writes.</summary>
    public required RegisterWrite Write { get; init; }

    /// <summary>Reads what <see cref="Read"/> would give, without any side effect: for debugger, monitor and tracer (law L7).</summary>
    public required RegisterRead Peek { get; init; }

    /// <summary>Byte order of the registers.</summary>
    public Endianness Endianness { get; init; } = Endianness.Big;

    /// <summary>Smallest access that the device accepts, bytes. Others read 0 and are ignored. QEMU: valid.min_access_size.</summary>
    public int MinValidSize { get; init; } = 1;

    /// <summary>Largest access that the device accepts, bytes; all by default, as in QEMU where a device says nothing. QEMU: valid.max_access_size.</summary>
    public int MaxValidSize { get; init; } = 8;

    /// <summary>True when accesses need not be aligned to their size. QEMU: valid.unaligned.</summary>
    public bool AcceptsUnaligned { get; init; }

    /// <summary>Smallest access that the functions implement, bytes; smaller ones are made of it. QEMU: impl.min_access_size.</summary>
    public int MinImplementedSize { get; init; } = 1;

    /// <summary>Largest access that the functions implement, bytes; larger ones are split. QEMU: impl.max_access_size.</summary>
    public int MaxImplementedSize { get; init; } = 4;

    /// <summary>Refuses sizes that no access has.</summary>
    /// <exception cref="ArgumentException">A size is not 1, 2, 4 or 8, or a smallest size is above its largest.</exception>
    internal void Validate(string name)
    {
        foreach (var (smallest, largest) in ((int, int)[])[(MinValidSize, MaxValidSize), (MinImplementedSize, MaxImplementedSize)])
        {
            if (smallest is not (1 or 2 or 4 or 8) || largest is not (1 or 2 or 4 or 8) || smallest > largest)
                throw new ArgumentException($"Memory region '{name}': access sizes {smallest} to {largest} are not possible; expected 1, 2, 4 or 8 bytes, the smallest first.");
        }
    }

    internal bool Accepts(ulong offset, int size) =>
        size >= MinValidSize && size <= MaxValidSize && (AcceptsUnaligned || (offset & (ulong)(size - 1)) == 0);
}
