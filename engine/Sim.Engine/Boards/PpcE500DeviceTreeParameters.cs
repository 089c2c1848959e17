namespace Sim.Engine.Boards;

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
