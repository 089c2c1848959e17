using Sim.Engine.Cpu.PowerPc;

namespace Sim.Tests;

/// <summary>Draws cases for an instruction of the decode tables: boundary values and random ones in the registers that the word names, addresses in the scratch memory.</summary>
internal sealed class CaseGenerator(int seed)
{
    static readonly uint[] words =
        [0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF, 0xFFFF_FFFE, 0x7FFF, 0x8000, 0xFFFF, 0x1_0000, 0xFFFF_8000, 0x1F, 0x20, 0x21, 0x3F, 0x40];

    static readonly uint[] singles =
    [
        0x0000_0000, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x4000_0000, 0x3F00_0000, 0x4B00_0000, 0x4B80_0000, 0x4F00_0000, 0xCF00_0000, 0x4F80_0000, 0x5F00_0000,
        0x3FC0_0000, 0x4020_0000, 0xC020_0000, 0x3EFF_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC1_2345, 0x7F80_0001, 0x7F7F_FFFF, 0xFF7F_FFFF,
        0x0080_0000, 0x0080_0001, 0x007F_FFFF, 0x0000_0001, 0x8000_0001, 0x3F80_0001, 0x337F_FFFF, 0x3380_0000,
    ];

    static readonly ulong[] doubles =
    [
        0, 0x8000_0000_0000_0000, 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x3FE0_0000_0000_0000, 0x4004_0000_0000_0000, 0xC004_0000_0000_0000, 0x41DF_FFFF_FFC0_0000,
        0x41E0_0000_0000_0000, 0xC1E0_0000_0000_0000, 0xC1E0_0000_0020_0000, 0x41EF_FFFF_FFE0_0000, 0x41F0_0000_0000_0000, 0x43E0_0000_0000_0000, 0xC3E0_0000_0000_0000,
        0x43F0_0000_0000_0000, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7FF8_0000_0000_0000, 0xFFF8_1234_5678_9ABC, 0x7FF0_0000_0000_0001, 0x7FEF_FFFF_FFFF_FFFF,
        0x0010_0000_0000_0000, 0x000F_FFFF_FFFF_FFFF, 1, 0x3FF0_0000_0000_0001, 0x47EF_FFFF_E000_0000, 0x47EF_FFFF_F000_0000, 0x3690_0000_0000_0000, 0x36A0_0000_0000_0000,
        0x3810_0000_0000_0000, 0x380F_FFFF_FFFF_FFFF,
    ];

    readonly Random _draw = new(seed);

    /// <summary>A case whose only word is an encoding of <paramref name="instruction"/>.</summary>
    public PowerPcCase Draw(Instruction instruction)
    {
        uint word = instruction.Value | ((uint)_draw.NextInt64(1L << 32) & ~instruction.Mask);
        // Displacements alone reach no scratch memory.
        if (instruction.Form is OperandForm.SpeOffset8 or OperandForm.SpeOffset4 or OperandForm.SpeOffset2 && (word >> 16 & 31) == 0)
            word |= 1 << 16;
        return Fill(word, instruction);
    }

    /// <summary>Registers for the word; those that it does not name are 0.</summary>
    PowerPcCase Fill(uint word, Instruction instruction)
    {
        var input = CaseText.Default(word);
        if (_draw.Next(4) == 0)
            (input.Acc, input.Cr, input.Lr) = (Value(), (uint)_draw.NextInt64(1L << 32), (uint)_draw.NextInt64(1L << 32));
        if (_draw.Next(4) == 0)
            (input.Xer, input.Ctr) = ((uint)_draw.Next(8) << 29, words[_draw.Next(words.Length)]);
        // Now and then with the SPE switched off, or in user state.
        input.Msr = _draw.Next(16) switch { 0 => 0x1000, 1 => PowerPcCase.SpeAvailable | 0x4000, _ => PowerPcCase.SpeAvailable };
        int rt = (int)(word >> 21 & 31), ra = (int)(word >> 16 & 31), rb = (int)(word >> 11 & 31), rc = (int)(word >> 6 & 31);
        foreach (int register in (int[])[rt, rc, ra, rb])
            input.Gpr[register] = Value();
        Address(input, word, instruction, ra, rb);
        return input;
    }

    /// <summary>For loads and stores: the effective address lies in the scratch memory.</summary>
    void Address(PowerPcCase input, uint word, Instruction instruction, int ra, int rb)
    {
        int displacement = instruction.Form switch
        {
            OperandForm.SpeOffset8 => 8 * rb,
            OperandForm.SpeOffset4 => 4 * rb,
            OperandForm.SpeOffset2 => 2 * rb,
            _ => int.MinValue,
        };
        uint target = ConformanceProgram.Scratch + (uint)_draw.Next(PowerPcCase.MemorySize - 16);
        if (displacement != int.MinValue)
        {
            Point(input, ra, target - (uint)displacement);
        }
        else if (instruction.Form == OperandForm.RaOrZero && word >> 26 is 4 or 31)
        {
            uint index = ra == 0 ? target : ra == rb ? target / 2 : (uint)_draw.Next(-64, 64);
            Point(input, rb, index);
            if (ra != 0 && ra != rb)
                Point(input, ra, target - index);
        }
    }

    static void Point(PowerPcCase input, int register, uint address) =>
        input.Gpr[register] = (input.Gpr[register] & 0xFFFF_FFFF_0000_0000) | address;

    ulong Value() => _draw.Next(8) switch
    {
        0 or 1 => (ulong)words[_draw.Next(words.Length)] << 32 | words[_draw.Next(words.Length)],
        2 or 3 => (ulong)singles[_draw.Next(singles.Length)] << 32 | singles[_draw.Next(singles.Length)],
        4 => doubles[_draw.Next(doubles.Length)],
        5 => (doubles[_draw.Next(doubles.Length)] & 0xFFF0_0000_0000_0000) | (ulong)_draw.NextInt64(1L << 52),
        6 => (ulong)Single() << 32 | Single(),
        _ => (ulong)_draw.NextInt64(long.MinValue, long.MaxValue),
    };

    /// <summary>A float of medium size with random fraction.</summary>
    uint Single() => (uint)_draw.Next(2) << 31 | (uint)_draw.Next(0x68, 0xA8) << 23 | (uint)_draw.Next(1 << 23);
}
