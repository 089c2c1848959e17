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
