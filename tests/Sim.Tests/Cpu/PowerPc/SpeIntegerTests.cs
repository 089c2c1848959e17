using Sim.Engine.Cpu.PowerPc;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Simple SPE instructions that the reference implementation gets wrong, as the manual has them; the others are compared with it (<see
/// cref="ConformanceTests"/>).
/// </summary>
public sealed class SpeIntegerTests
{
    [Theory]
    [InlineData("evsrwu", 0x8000_0000_F000_0000, 0x0000_001F_0000_0020, 0x0000_0001_0000_0000)]
    [InlineData("evsrwu", 0x8000_0000_F000_0000, 0x0000_0040_0000_0004, 0x8000_0000_0F00_0000)]
    [InlineData("evsrws", 0x8000_0000_7000_0000, 0x0000_003F_0000_0020, 0xFFFF_FFFF_0000_0000)]
    [InlineData("evslw", 0x0000_0003_0000_0001, 0x0000_001F_0000_0020, 0x8000_0000_0000_0000)]
    public void Shift_counts_have_six_bits(string mnemonic, ulong a, ulong b, ulong expected) =>
        Assert.Equal(expected, Run(mnemonic, a, b).Gpr[3]);

    [Fact]
    public void Rounding_keeps_the_upper_halfword_and_wraps_around() =>
        Assert.Equal(0x1235_0000_0000_0000UL, Run("evrndw", 0x1234_8000_FFFF_9000, 0).Gpr[3]);

    [Fact]
    public void Four_halfwords_are_loaded_in_order() =>
        Assert.Equal(0x0102_0304_0506_0708UL, Run("evldhx", ConformanceProgram.Scratch, 0).Gpr[3]);

    [Fact]
    public void Two_halfwords_are_splat_over_an_element_each() =>
        Assert.Equal(0x0102_0102_0304_0304UL, Run("evlwhsplatx", ConformanceProgram.Scratch, 0).Gpr[3]);

    [Fact]
    public void A_store_writes_the_elements_big_endian()
    {
        var input = Case("evstwhex", ConformanceProgram.Scratch, 0);
        input.Gpr[3] = 0x1122_3344_5566_7788;
        Assert.Equal([0x11, 0x22, 0x55, 0x66, 5], StraightLine.Run(input).Memory[..5]);
    }

    [Fact]
    public void An_instruction_on_both_halves_needs_the_SPE()
    {
        var input = Case("evaddw", 1, 2);
        input.Msr &= ~Msr.Spe;
        var outcome = StraightLine.Run(input);
        Assert.Equal((32u, Esr.Spv, ConformanceProgram.CodeSlot), (outcome.Vector, outcome.Esr, outcome.Srr0));
    }

    [Fact]
    public void No_word_is_two_instructions()
    {
        var all = Decoder.All().ToList();
        for (int i = 0; i < all.Count; i++)
            foreach (var other in all.Skip(i + 1))
                Assert.True(((all[i].Value ^ other.Value) & all[i].Mask & other.Mask) != 0, $"{all[i].Mnemonic} or {other.Mnemonic}");
    }

    static PowerPcCase.Outcome Run(string mnemonic, ulong a, ulong b) => StraightLine.Run(Case(mnemonic, a, b));

    static PowerPcCase Case(string mnemonic, ulong a, ulong b)
    {
        uint rb = mnemonic == "evrndw" ? 0u : 5;
        var input = new PowerPcCase { Code = [Decoder.All().Single(i => i.Mnemonic == mnemonic).Value | 3 << 21 | 4 << 16 | rb << 11] };
        input.Gpr[4] = a;
        input.Gpr[5] = b;
        for (int i = 0; i < PowerPcCase.MemorySize; i++)
            input.Memory[i] = (byte)(i + 1);
        return input;
    }
}
