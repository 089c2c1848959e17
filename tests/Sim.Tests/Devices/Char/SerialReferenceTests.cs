using Sim.Engine.Devices.Char;
using Xunit;

namespace Sim.Tests;

/// <summary>The UART against QEMU's, access by access.</summary>
public sealed class SerialReferenceTests
{
    private static readonly Comparison.Access[] Accesses =
    [
        new(0, 1, 0x00, 0x41, 0xFF, 0x0C), new(0, 1, 0x41), new(0, 1, 0x42), new(1, 1, 0x00, 0x01, 0x02, 0x04, 0x0F, 0xFF), new(2, 1, 0x00, 0x01, 0x07, 0xC1, 0x41, 0x03, 0x05, 0x83),
        new(3, 1, 0x03, 0x03, 0x03, 0x83, 0x1F), new(4, 1, 0x00, 0x1F, 0x10, 0x1B), new(5, 1), new(5, 1, 0x00), new(6, 1), new(7, 1, 0x5A, 0xFF), new(4, 4, 0x10, 0x00), new(0, 4, 0x123456AA),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_accesses_see_what_the_reference_shows(ulong seed)
    {
        using var qemu = new QemuProbe("-serial", "null");
        using var bench = new DeviceBench();
        Chardev.Create(bench.Root, "serial0");
        var serial = bench.Add<SerialMm>(SerialMm.TypeName, 0x1000_0000, ("chardev", "serial0"), ("baudbase", 399193UL), ("endianness", 1UL));
        Comparison.Run(seed, 3000, bench, 0x1000_0000, qemu, QemuProbe.Ccsr + 0x4500, Accesses, () => (serial.Chip.Irq.Level, qemu.Line(42)));
    }
}
