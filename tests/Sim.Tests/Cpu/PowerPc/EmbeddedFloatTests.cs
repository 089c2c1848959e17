using Sim.Engine.Cpu.PowerPc;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Embedded floating point where it goes beyond the reference implementation, which ignores SPEFSCR: rounding modes, status, interrupts,
/// fractions.
/// </summary>
public sealed class EmbeddedFloatTests
{
    const ulong One = 0x3F80_0000, Three = 0x4040_0000, Tiny = 0x3000_0000, Infinity = 0x7F80_0000, QuietNaN = 0x7FC0_0000,
        Subnormal = 0x0000_0001, Largest = 0x7F7F_FFFF;

    [Theory]
    [InlineData(0, 0x3F80_0000)]
    [InlineData(1, 0x3F80_0000)]
    [InlineData(2, 0x3F80_0001)]
    [InlineData(3, 0x3F80_0000)]
    public void Rounding_follows_FRMC(uint mode, ulong expected) => Assert.Equal(expected, Run("efsadd", One, Tiny, mode).Gpr[3]);

    [Theory]
    [InlineData("efsadd", One, One, 0)]
    [InlineData("efsdiv", One, Three, Spefscr.Finxs | Spefscr.Fg | Spefscr.Fx)]
    [InlineData("efsdiv", One, 0, Spefscr.Fdbzs | Spefscr.Fdbz)]
    [InlineData("efsdiv", 0, 0, Spefscr.Finvs | Spefscr.Finv)]
    [InlineData("efsadd", Infinity, One, Spefscr.Finvs | Spefscr.Finv)]
    [InlineData("efsmul", Subnormal, One, Spefscr.Finvs | Spefscr.Finv)]
    [InlineData("efsmul", Largest, Largest, Spefscr.Fovfs | Spefscr.Finxs | Spefscr.Fovf)]
    [InlineData("efsmul", 0x0080_0000, 0x0080_0000, Spefscr.Funfs | Spefscr.Finxs | Spefscr.Funf | Spefscr.Fx)]
    [InlineData("efsctsi", 0, QuietNaN, Spefscr.Finvs | Spefscr.Finv)]
    [InlineData("efscmpgt", QuietNaN, One, Spefscr.Finvs | Spefscr.Finv)]
    [InlineData("efststgt", QuietNaN, One, 0)]
    public void Status_is_what_the_operation_met(string mnemonic, ulong a, ulong b, uint expected)
    {
        // Whatever the instruction before has left, high element included, goes; sticky bits stay.
        const uint Before = 0x3F00_0000 | 0x3F00;
        uint before = expected == 0 && mnemonic == "efststgt" ? 0 : Before;
        Assert.Equal(expected, Run(mnemonic, a, b, before).Spefscr);
    }

    [Theory]
    [InlineData("efsadd", Infinity, One, Spefscr.Finve, Spefscr.Finvs | Spefscr.Finv)]
    [InlineData("efsdiv", One, 0, Spefscr.Fdbze, Spefscr.Fdbzs | Spefscr.Fdbz)]
    [InlineData("efsmul", Largest, Largest, Spefscr.Fovfe, Spefscr.Fovfs | Spefscr.Fovf)]
    [InlineData("efsmul", 0x0080_0001, 0x3F00_0000, Spefscr.Funfe, Spefscr.Funfs | Spefscr.Funf)]
    [InlineData("efscmpeq", QuietNaN, One, Spefscr.Finve, Spefscr.Finvs | Spefscr.Finv)]
    public void An_enabled_exception_interrupts_and_keeps_the_destination(string mnemonic, ulong a, ulong b, uint enable, uint status)
    {
        var outcome = Run(mnemonic, a, b, enable);
        Assert.Equal((33u, Esr.Spv, ConformanceProgram.CodeSlot, enable | status),
            (outcome.Vector, outcome.Esr, outcome.Srr0, outcome.Spefscr));
        Assert.Equal((0UL, 0x1357_9BDFu), (outcome.Gpr[3], outcome.Cr));
    }

    [Fact]
    public void An_enabled_inexact_result_is_truncated_and_interrupts_after_the_instruction()
    {
        var outcome = Run("efsdiv", One, Three, Spefscr.Finxe | (uint)FloatRounding.Up);
        Assert.Equal((34u, ConformanceProgram.CodeSlot + 4, 0x3EAA_AAAAUL), (outcome.Vector, outcome.Srr0, outcome.Gpr[3]));
        Assert.Equal(Spefscr.Fg | Spefscr.Fx, outcome.Spefscr & Spefscr.FloatStatus);
    }

    [Fact]
    public void An_exact_result_does_not_take_the_round_interrupt() => Assert.Equal(8u, Run("efsadd", One, One, Spefscr.Finxe).Vector);

    [Fact]
    public void Elements_report_apart()
    {
        var outcome = Run("evfsdiv", One << 32 | One, Three, 0);
        Assert.Equal(Spefscr.Fdbz << 16 | Spefscr.Fdbzs | Spefscr.Fg | Spefscr.Fx | Spefscr.Finxs, outcome.Spefscr);
        Assert.Equal(Infinity << 32 | 0x3EAA_AAAB, outcome.Gpr[3]);
    }

    [Theory]
    [InlineData("evfscmpgt", One << 32 | One, Three, 0xA)]
    [InlineData("evfscmplt", One << 32 | One, Three << 32 | Three, 0xF)]
    [InlineData("evfststeq", One << 32 | One, Three << 32 | One, 0x6)]
    public void A_vector_compare_sets_one_field(string mnemonic, ulong a, ulong b, uint field)
    {
        // High, low, either, both.
        Assert.Equal(0x1057_9BDFu | field << 24, Run(mnemonic, a, b, 0, destination: 4).Cr);
    }

    [Theory]
    [InlineData("efscfsf", 0xC000_0000, 0xBF00_0000)]
    [InlineData("efsctsf", 0xBF00_0000, 0xC000_0000)]
    [InlineData("efscfuf", 0x8000_0000, 0x3F00_0000)]
    [InlineData("efsctuf", 0x3F00_0000, 0x8000_0000)]
    [InlineData("efdcfsf", 0x4000_0000, 0x3FE0_0000_0000_0000)]
    [InlineData("efdctsf", 0x3FE0_0000_0000_0000, 0x4000_0000)]
    [InlineData("evfscfsf", 0x4000_0000_C000_0000, 0x3F00_0000_BF00_0000)]
    [InlineData("evfsctsi", 0x4000_0000_BF80_0000, 0x0000_0002_FFFF_FFFF)]
    public void Fractions_and_integers_convert(string mnemonic, ulong b, ulong expected) =>
        Assert.Equal(expected, Run(mnemonic, 0, b, 0).Gpr[3]);

    [Fact]
    public void Only_double_precision_instructions_are_marked_so() =>
        Assert.All(EmbeddedFloat.Table(), i => Assert.Equal(
            i.Mnemonic.StartsWith("efd", StringComparison.Ordinal), (i.Flags & InstructionFlags.SpeDouble) != 0));

    static PowerPcCase.Outcome Run(string mnemonic, ulong a, ulong b, uint spefscr, uint destination = 3)
    {
        // A compare writes CR0 or CR1 (destination 0 or 4).
        uint target = mnemonic.Contains("cmp", StringComparison.Ordinal) || mnemonic.Contains("tst", StringComparison.Ordinal)
            ? destination & 4 : destination;
        var input = CaseText.Default(Decoder.All().Single(i => i.Mnemonic == mnemonic).Value | target << 21 | 4 << 16 | 5 << 11);
        input.Gpr[4] = a;
        input.Gpr[5] = b;
        input.Spefscr = spefscr;
        return StraightLine.Run(input);
    }
}
