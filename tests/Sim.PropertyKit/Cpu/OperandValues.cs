namespace Sim.PropertyKit.Cpu;

/// <summary>Draws register values: boundaries of integers and of both floating-point formats, and random ones.</summary>
internal sealed class OperandValues(Random draw)
{
    static readonly uint[] words =
    [
        0, 1, 2, 3, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF, 0xFFFF_FFFE, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0xFFFF_8000, 0x1F,
        0x20, 0x21, 0x3F, 0x40, 0x1234_5678,
    ];

    static readonly uint[] singles =
    [
        0x0000_0000, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x4000_0000, 0x3F00_0000, 0x4B00_0000, 0x4B80_0000, 0x4F00_0000, 0xCF00_0000,
        0x4F80_0000, 0x5F00_0000, 0x3FC0_0000, 0x4020_0000, 0xC020_0000, 0x3EFF_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC1_2345,
        0x7F80_0001, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x0080_0000, 0x0080_0001, 0x007F_FFFF, 0x0000_0001, 0x8000_0001, 0x3F80_0001, 0x337F_FFFF,
        0x3380_0000,
    ];

    static readonly ulong[] doubles =
    [
        0, 0x8000_0000_0000_0000, 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x3FE0_0000_0000_0000, 0x4004_0000_0000_0000,
        0xC004_0000_0000_0000, 0x41DF_FFFF_FFC0_0000, 0x41E0_0000_0000_0000, 0xC1E0_0000_0000_0000, 0xC1E0_0000_0020_0000,
        0x41EF_FFFF_FFE0_0000, 0x41F0_0000_0000_0000, 0x43E0_0000_0000_0000, 0xC3E0_0000_0000_0000, 0x43F0_0000_0000_0000,
        0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7FF8_0000_0000_0000, 0xFFF8_1234_5678_9ABC, 0x7FF0_0000_0000_0001,
        0x7FEF_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x000F_FFFF_FFFF_FFFF, 1, 0x3FF0_0000_0000_0001, 0x47EF_FFFF_E000_0000,
        0x47EF_FFFF_F000_0000, 0x3690_0000_0000_0000, 0x36A0_0000_0000_0000, 0x3810_0000_0000_0000, 0x380F_FFFF_FFFF_FFFF,
    ];

    /// <summary>64 bits.</summary>
    public ulong AnyValue() => draw.Next(8) switch
    {
        0 or 1 => (ulong)words[draw.Next(words.Length)] << 32 | words[draw.Next(words.Length)],
        2 => (ulong)singles[draw.Next(singles.Length)] << 32 | singles[draw.Next(singles.Length)],
        3 => doubles[draw.Next(doubles.Length)],
        4 => (doubles[draw.Next(doubles.Length)] & 0xFFF0_0000_0000_0000) | (ulong)draw.NextInt64(1L << 52),
        5 => (ulong)MediumSingle() << 32 | MediumSingle(),
        _ => (ulong)AnyWord() << 32 | AnyWord(),
    };

    /// <summary>Seldom an address that is mapped.</summary>
    public uint AnyWord() => draw.Next(3) == 0 ? words[draw.Next(words.Length)]
        : (uint)draw.NextInt64(1L << 32) | (draw.Next(4) == 0 ? 0u : 0x4000_0000);

    /// <summary>A float of medium size with random fraction.</summary>
    uint MediumSingle() => (uint)draw.Next(2) << 31 | (uint)draw.Next(0x68, 0xA8) << 23 | (uint)draw.Next(1 << 23);
}
