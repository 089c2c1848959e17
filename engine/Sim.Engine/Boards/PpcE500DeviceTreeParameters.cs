namespace Sim.Engine.Boards;

/// <summary>What differs between the e500 boards and the device tree tells: addresses, bus parameters, names.
/// QEMU: the fields of <c>PPCE500MachineClass</c> (hw/ppc/e500.h).</summary>
public sealed record PpcE500BoardMap
{
    /// <summary>The paravirtual board <c>ppce500</c>. QEMU: hw/ppc/e500plat.c.</summary>
    public static PpcE500BoardMap Ppce500 { get; } = new()
    {
        Model = "QEMU ppce500",
        Compatible = ["fsl,qemu-e500"],
        CcsrBase = 0xfe0000000,
        PciMemoryBase = 0xc00000000,
        PciMemoryBusBase = 0xe0000000,
        PciIoBase = 0xfe1000000,
        PciFirstSlot = 1,
        PciSlotCount = 31,
        SpinTableBase = 0xfef000000,
        PlatformBusBase = 0xf00000000,
        PlatformBusSize = 128 << 20,
        HasGpio = true,
    };

    /// <summary>The board <c>mpc8544ds</c>. QEMU: hw/ppc/mpc8544ds.c.</summary>
    public static PpcE500BoardMap Mpc8544ds { get; } = new()
    {
        Model = "MPC8544DS",
        Compatible = ["MPC8544DS", "MPC85xxDS"],
        CcsrBase = 0xe0000000,
        PciMemoryBase = 0xc0000000,
        PciMemoryBusBase = 0xc0000000,
        PciIoBase = 0xe1000000,
        PciFirstSlot = 17,
        PciSlotCount = 2,
        SpinTableBase = 0xef000000,
        PlatformBusBase = 0xff800000,
        PlatformBusSize = 8 << 20,
        HasGpio = false,
    };

    /// <summary>The root node's <c>model</c>.</summary>
    public required string Model { get; init; }

    /// <summary>The root node's <c>compatible</c>.</summary>
    public required IReadOnlyList<string> Compatible { get; init; }

    /// <summary>Guest physical address of the configuration, control and status registers (1 MiB).</summary>
    public required ulong CcsrBase { get; init; }

    /// <summary>Guest physical address of the PCI memory window (512 MiB).</summary>
    public required ulong PciMemoryBase { get; init; }

    /// <summary>Address of the same window on the PCI bus.</summary>
    public required ulong PciMemoryBusBase { get; init; }

    /// <summary>Guest physical address of the PCI I/O window (64 KiB).</summary>
    public required ulong PciIoBase { get; init; }

    /// <summary>First PCI device number that has interrupt lines.</summary>
    public required int PciFirstSlot { get; init; }

    /// <summary>Number of PCI device numbers that have interrupt lines.</summary>
    public required int PciSlotCount { get; init; }

    /// <summary>Guest physical address of the spin table, 32 bytes per CPU.</summary>
    public required ulong SpinTableBase { get; init; }

    /// <summary>Guest physical address of the platform bus.</summary>
    public required ulong PlatformBusBase { get; init; }

    /// <summary>Size of the platform bus in bytes.</summary>
    public required ulong PlatformBusSize { get; init; }

    /// <summary>True when the board has the GPIO controller whose line 0 switches power off.</summary>
    public required bool HasGpio { get; init; }
}

/// <summary>A range of guest physical memory.</summary>
/// <param name="Address">First byte.</param>
/// <param name="Size">Length in bytes.</param>
public readonly record struct PhysicalRange(ulong Address, ulong Size)
{
    /// <summary>First address behind the range.</summary>
    public ulong End => Address + Size;

    /// <summary>True when the two share a byte.</summary>
    public bool Overlaps(PhysicalRange other) => Address < other.End && other.Address < End;
}

/// <summary>All that the device tree of an e500 board depends on.</summary>
public sealed record PpcE500DeviceTreeParameters
{
    /// <summary>Length of the <c>rng-seed</c> property in bytes.</summary>
    public const int RngSeedSize = 32;

    /// <summary>Addresses and names of the board.</summary>
    public required PpcE500BoardMap Board { get; init; }

    /// <summary>RAM size in bytes.</summary>
    public required ulong RamSize { get; init; }

    /// <summary>Number of CPUs, at least 1.</summary>
    public int CpuCount { get; init; } = 1;

    /// <summary>Number of UARTs, 0 to 2.</summary>
    public int SerialCount { get; init; } = 1;

    /// <summary>Frequency of CPU and UART clocks in Hz. It depends on no option.</summary>
    public uint ClockFrequency { get; init; } = 400_000_000;

    /// <summary>Frequency of the timebase in Hz.</summary>
    public uint TimebaseFrequency { get; init; } = 400_000_000;

    /// <summary>Line size of instruction and data caches in bytes: 32 for e500, 64 for e500mc and later.</summary>
    public uint CacheLineSize { get; init; } = 32;

    /// <summary>Where the kernel lies, for U-Boot's <c>qemu,boot-kernel</c>; null without <c>-kernel</c>.</summary>
    public PhysicalRange? Kernel { get; init; }

    /// <summary>Where the initial RAM disk lies; null without <c>-initrd</c>.</summary>
    public PhysicalRange? Initrd { get; init; }

    /// <summary>The kernel's command line (<c>-append</c>).</summary>
    public string Append { get; init; } = "";

    /// <summary>The 32 bytes of <c>rng-seed</c>, from which the guest seeds its random numbers.</summary>
    public required ReadOnlyMemory<byte> RngSeed { get; init; }

    /// <summary>The machine's <c>phandle-start</c>; 0 stands for 0x8000.</summary>
    public uint PhandleStart { get; init; }

    /// <summary>The machine's <c>dt-compatible</c>: replaces the root node's <c>compatible</c>; null leaves it.</summary>
    public string? CompatibleOverride { get; init; }
}
