using System.Numerics;
using FsCheck.Xunit;
using Sim.Engine.Cpu.PowerPc;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// The multiplications of the SPE beside a second reading of the manual: their mnemonics are taken letter by letter and computed in exact
/// integers. The reference implementation lacks most of them.
/// </summary>
public sealed class SpeMultiplyTests
{
    static readonly uint[] boundaries =
        [0, 1, 0xFFFF_FFFF, 0x8000_0000, 0x7FFF_FFFF, 0x8000_8000, 0x7FFF_7FFF, 0x0001_8000, 0x8000_0001, 0xFFFF_8000, 0x0000_FFFF,
            0x1234_5678];

    public static TheoryData<string> Mnemonics() =>
        [.. SpeMultiply.Table().Select(static i => i.Mnemonic)
            .Where(static m => m.StartsWith("evm", StringComparison.Ordinal) && m != "evmra")];

    [Theory]
    [MemberData(nameof(Mnemonics))]
    public void Multiplication_does_what_its_letters_say(string mnemonic)
    {
        uint word = Find(mnemonic).Value | 3 << 21 | 4 << 16 | 5 << 11;
        var draw = new Random(1);
        for (int i = 0; i < 400; i++)
        {
            ulong a = Draw(draw), b = Draw(draw), accumulator = Draw(draw);
            uint before = (uint)draw.Next(16) << 28 | (uint)draw.Next(4) << 14;
            var input = new PowerPcCase { Code = [word], Acc = accumulator, Spefscr = before };
            input.Gpr[4] = a;
            input.Gpr[5] = b;
            var outcome = StraightLine.Run(input);
            var (result, isAccumulated, overflow) = Expected(mnemonic, a, b, accumulator);
            Assert.Equal(8u, outcome.Vector);
            Assert.Equal(result, outcome.Gpr[3]);
            Assert.Equal(isAccumulated ? result : accumulator, outcome.Acc);
            uint expectedStatus = overflow is var (high, low)
                ? (before & 0x3FFF_BFFF & ~0x4000_4000u) | (before & 0x8000_8000) | (high ? 0xC000_0000 : 0) | (low ? 0xC000u : 0)
                : before;
            Assert.Equal(expectedStatus, outcome.Spefscr);
        }
    }

    [Property]
    public void Accumulator_is_initialised_by_evmra(ulong value)
    {
        var input = new PowerPcCase { Code = [0x1000_04C4 | 3 << 21 | 4 << 16] };
        input.Gpr[4] = value;
        var outcome = StraightLine.Run(input);
        Assert.Equal(value, outcome.Acc);
        Assert.Equal(value, outcome.Gpr[3]);
    }

    [Theory]
    [InlineData("evaddssiaaw", 0x7FFF_FFFF_0000_0001, 0x0000_0001_0000_0001, 0x7FFF_FFFF_0000_0002, 0xC000_0000)]
    [InlineData("evaddssiaaw", 0x8000_0000_8000_0000, 0xFFFF_FFFF_0000_0000, 0x8000_0000_8000_0000, 0xC000_0000)]
    [InlineData("evaddusiaaw", 0xFFFF_FFFF_0000_0005, 0x0000_0001_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF, 0xC000_C000)]
    [InlineData("evsubfusiaaw", 0x0000_0000_0000_0005, 0x0000_0001_0000_0004, 0x0000_0000_0000_0001, 0xC000_0000)]
    [InlineData("evsubfssiaaw", 0x8000_0000_7FFF_FFFF, 0x0000_0001_FFFF_FFFF, 0x8000_0000_7FFF_FFFF, 0xC000_C000)]
    [InlineData("evaddsmiaaw", 0x7FFF_FFFF_FFFF_FFFF, 0x0000_0001_0000_0001, 0x8000_0000_0000_0000, 0)]
    [InlineData("evsubfumiaaw", 0x0000_0000_0000_0000, 0x0000_0001_0000_0002, 0xFFFF_FFFF_FFFF_FFFE, 0)]
    public void Accumulator_adds_and_subtracts_a_register(string mnemonic, ulong accumulator, ulong a, ulong expected, uint status)
    {
        var input = new PowerPcCase { Code = [Find(mnemonic).Value | 3 << 21 | 4 << 16], Acc = accumulator };
        input.Gpr[4] = a;
        var outcome = StraightLine.Run(input);
        Assert.Equal((expected, expected, status), (outcome.Gpr[3], outcome.Acc, outcome.Spefscr));
    }

    [Theory]
    [InlineData("evdivws", 0xFFFF_FFF9_8000_0000, 0x0000_0002_FFFF_FFFF, 0xFFFF_FFFD_7FFF_FFFF, 0xC000)]
    [InlineData("evdivws", 0xFFFF_FFFF_0000_0000, 0x0000_0000_0000_0000, 0x8000_0000_7FFF_FFFF, 0xC000_C000)]
    [InlineData("evdivwu", 0xFFFF_FFFF_0000_0007, 0x0000_0000_0000_0002, 0xFFFF_FFFF_0000_0003, 0xC000_0000)]
    public void Division_saturates(string mnemonic, ulong a, ulong b, ulong expected, uint status)
    {
        var input = new PowerPcCase { Code = [Find(mnemonic).Value | 3 << 21 | 4 << 16 | 5 << 11] };
        input.Gpr[4] = a;
        input.Gpr[5] = b;
        var outcome = StraightLine.Run(input);
        Assert.Equal((expected, status), (outcome.Gpr[3], outcome.Spefscr));
    }

    static Instruction Find(string mnemonic) => SpeMultiply.Table().Single(i => i.Mnemonic == mnemonic);

    static ulong Draw(Random draw) => (ulong)DrawWord(draw) << 32 | DrawWord(draw);

    static uint DrawWord(Random draw) => draw.Next(2) == 0 ? boundaries[draw.Next(boundaries.Length)] : (uint)draw.NextInt64(1L << 32);

    static (ulong Result, bool Accumulated, (bool High, bool Low)? Overflow) Expected(string mnemonic, ulong a, ulong b, ulong accumulator)
    {
        bool isHalf = mnemonic[2 + 1] == 'h';
        string rest = mnemonic[4..];
        // Halfwords always name even or odd; words may name high or low.
        char place = isHalf || rest[0] is 'h' or 'l' ? rest[0] : ' ';
        if (place != ' ')
            rest = rest[1..];
        bool isGuarded = rest[0] == 'g';
        if (isGuarded)
            rest = rest[1..];
        bool isSigned = rest[0] == 's', saturates = rest[1] == 's', isFraction = rest[2] == 'f';
        string into = rest[3..];
        int bits = isHalf ? 16 : 32;
        if (isGuarded || place == ' ')
        {
            var (product, overflowed) = Product(Part(a, false), Part(b, false));
            return Wide(product, overflowed);
        }

        var (high, highOverflow) = Element(true);
        var (low, lowOverflow) = Element(false);
        return ((ulong)high << 32 | low, into != "", saturates ? (highOverflow, lowOverflow) : null);

        BigInteger Part(ulong register, bool ofHigh)
        {
            uint element = (uint)(ofHigh ? register >> 32 : register);
            uint part = !isHalf ? element : place == 'e' ? element >> 16 : element & 0xFFFF;
            return isSigned && (part >> (bits - 1) & 1) != 0 ? part - (BigInteger.One << bits) : part;
        }

        (BigInteger, bool) Product(BigInteger x, BigInteger y)
        {
            BigInteger product = isFraction ? x * y * 2 : x * y;
            bool isOne = isFraction && x == y && x == -(BigInteger.One << (bits - 1));
            return isOne && saturates ? (product - 1, true) : (product, false);
        }

        (ulong, bool, (bool, bool)?) Wide(BigInteger product, bool overflowed)
        {
            if (!isGuarded)
                product = Signed(product, 64);
            BigInteger start = Signed(accumulator, 64);
            BigInteger sum = into switch { "aa" => start + product, "an" => start - product, _ => product };
            bool wraps = saturates && into is "aa" or "an" && sum != Signed(sum, 64);
            return ((ulong)(sum & ulong.MaxValue), into != "", saturates ? (false, overflowed || wraps) : null);
        }

        (uint, bool) Element(bool ofHigh)
        {
            var (product, overflowed) = Product(Part(a, ofHigh), Part(b, ofHigh));
            BigInteger word = place == 'h' ? product >> 32 : product;
            word = isSigned ? Signed(word, 32) : word & uint.MaxValue;
            if (into is "" or "a")
                return ((uint)(word & uint.MaxValue), overflowed);
            BigInteger start = (uint)(ofHigh ? accumulator >> 32 : accumulator);
            if (isSigned)
                start = Signed(start, 32);
            BigInteger sum = into == "aaw" ? start + word : start - word;
            if (!saturates)
                return ((uint)(sum & uint.MaxValue), false);
            BigInteger least = isSigned ? int.MinValue : 0, most = isSigned ? int.MaxValue : uint.MaxValue;
            BigInteger clamped = BigInteger.Clamp(sum, least, most);
            return ((uint)(clamped & uint.MaxValue), overflowed || clamped != sum);
        }
    }

    static BigInteger Signed(BigInteger value, int bits)
    {
        BigInteger masked = value & ((BigInteger.One << bits) - 1);
        return masked >> (bits - 1) == 1 ? masked - (BigInteger.One << bits) : masked;
    }
}
