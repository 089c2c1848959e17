using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Sim.Engine.Cpu.PowerPc;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Soft float beside the host's arithmetic, which IEEE 754 makes equal, and beside exact rationals for the other rounding modes.
/// </summary>
public sealed class SoftFloatTests
{
    /// <summary>Bit patterns of floats, mostly near the boundaries of the format.</summary>
    public sealed class Patterns
    {
        public static Arbitrary<uint> Singles() => Arb.From(Gen.Select(PatternOf(8, 23), static v => (uint)v));

        public static Arbitrary<ulong> Doubles() => Arb.From(PatternOf(11, 52));

        static Gen<ulong> PatternOf(int exponentBits, int fractionBits)
        {
            ulong maxExponent = (1UL << exponentBits) - 1, maxFraction = (1UL << fractionBits) - 1, bias = maxExponent >> 1;
            var any = ArbMap.Default.GeneratorFor<ulong>();
            var bits = Gen.Choose(0, fractionBits);
            var exponents = Gen.OneOf(
                Gen.Select(Gen.Choose(0, 2), static e => (ulong)e),
                Gen.Select(Gen.Choose(-fractionBits - 3, fractionBits + 3), e => (ulong)((long)bias + e)),
                Gen.Select(Gen.Choose(0, 2), e => maxExponent - (ulong)e),
                Gen.Select(any, e => e & maxExponent));
            var fractions = Gen.OneOf(
                Gen.Select(bits, b => (1UL << b) - 1),
                Gen.Select(bits, b => maxFraction & ~((1UL << b) - 1)),
                Gen.Select(bits, b => 1UL << b & maxFraction),
                Gen.Select(any, f => f & maxFraction));
            return from sign in Gen.Choose(0, 1)
                   from exponent in exponents
                   from fraction in fractions
                   select (ulong)sign << (exponentBits + fractionBits) | exponent << fractionBits | fraction;
        }
    }

    [Property(Arbitrary = [typeof(Patterns)], MaxTest = 5000)]
    public void Single_arithmetic_is_the_hosts(uint a, uint b)
    {
        float x = BitConverter.UInt32BitsToSingle(a), y = BitConverter.UInt32BitsToSingle(b);
        FloatContext context = default;
        AssertSingle(x + y, SoftFloat.Add<SingleFormat>(a, b, ref context));
        AssertSingle(x - y, SoftFloat.Subtract<SingleFormat>(a, b, ref context));
        AssertSingle(x * y, SoftFloat.Multiply<SingleFormat>(a, b, ref context));
        AssertSingle(x / y, SoftFloat.Divide<SingleFormat>(a, b, ref context));
        Assert.Equal(x < y, SoftFloat.IsLess<SingleFormat>(a, b));
        Assert.Equal(x == y, SoftFloat.IsEqual<SingleFormat>(a, b));
        AssertDouble(x, SoftFloat.Convert<SingleFormat, DoubleFormat>(a, ref context));
    }

    [Property(Arbitrary = [typeof(Patterns)], MaxTest = 5000)]
    public void Double_arithmetic_is_the_hosts(ulong a, ulong b)
    {
        double x = BitConverter.UInt64BitsToDouble(a), y = BitConverter.UInt64BitsToDouble(b);
        FloatContext context = default;
        AssertDouble(x + y, SoftFloat.Add<DoubleFormat>(a, b, ref context));
        AssertDouble(x - y, SoftFloat.Subtract<DoubleFormat>(a, b, ref context));
        AssertDouble(x * y, SoftFloat.Multiply<DoubleFormat>(a, b, ref context));
        AssertDouble(x / y, SoftFloat.Divide<DoubleFormat>(a, b, ref context));
        Assert.Equal(x < y, SoftFloat.IsLess<DoubleFormat>(a, b));
        Assert.Equal(x == y, SoftFloat.IsEqual<DoubleFormat>(a, b));
        AssertSingle((float)x, SoftFloat.Convert<DoubleFormat, SingleFormat>(a, ref context));
    }

    [Property(MaxTest = 2000)]
    public void Integers_convert_as_the_hosts_do(long wide, int word)
    {
        FloatContext context = default;
        ulong magnitude = (ulong)Math.Abs((decimal)wide);
        AssertDouble(wide, SoftFloat.FromInteger<DoubleFormat>(wide < 0, magnitude, 0, ref context));
        AssertDouble((ulong)wide, SoftFloat.FromInteger<DoubleFormat>(false, (ulong)wide, 0, ref context));
        AssertSingle(word, SoftFloat.FromInteger<SingleFormat>(word < 0, (ulong)Math.Abs((long)word), 0, ref context));
        AssertDouble(word / 2147483648.0, SoftFloat.FromInteger<DoubleFormat>(word < 0, (ulong)Math.Abs((long)word), 31, ref context));
    }

    [Property(Arbitrary = [typeof(Patterns)], MaxTest = 5000)]
    public void Conversions_to_integers_round_and_saturate(ulong a, byte mode)
    {
        var rounding = (FloatRounding)(mode & 3);
        double x = BitConverter.UInt64BitsToDouble(a);
        foreach (int width in (int[])[32, 64])
        {
            foreach (int fractionBits in (int[])[0, 31, 32])
            {
                var (signed, isSignedExact) = Expected(x, fractionBits, rounding, -(BigInteger.One << (width - 1)),
                    (BigInteger.One << (width - 1)) - 1);
                var (unsigned, isUnsignedExact) = Expected(x, fractionBits, rounding, 0, (BigInteger.One << width) - 1);
                FloatContext context = new() { Rounding = rounding };
                ulong result = SoftFloat.ToSigned<DoubleFormat>(a, width, fractionBits, ref context);
                Assert.Equal(signed, width == 32 ? (int)result : (long)result);
                Assert.Equal(isSignedExact, context.Flags == 0);
                context = new() { Rounding = rounding };
                Assert.Equal(unsigned, SoftFloat.ToUnsigned<DoubleFormat>(a, width, fractionBits, ref context));
                Assert.Equal(isUnsignedExact, context.Flags == 0);
            }
        }
    }

    [Property(Arbitrary = [typeof(Patterns)], MaxTest = 2000)]
    public void Directed_rounding_brackets_the_exact_single_result(uint a, uint b) => AssertBrackets<SingleFormat>(a, b);

    [Property(Arbitrary = [typeof(Patterns)], MaxTest = 2000)]
    public void Directed_rounding_brackets_the_exact_double_result(ulong a, ulong b) => AssertBrackets<DoubleFormat>(a, b);

    [Theory]
    [InlineData(0x7FC1_2345, 0xFFC5_4321, 0x7FC1_2345)]     // Two quiet NaNs: the first.
    [InlineData(0x7FC1_2345, 0xFF85_4321, 0x7FC1_2345)]     // Quiet before signalling: the first.
    [InlineData(0x7F80_0001, 0x3F80_0000, 0x7FC0_0001)]     // Signalling becomes quiet.
    [InlineData(0x3F80_0000, 0xFF80_0001, 0xFFC0_0001)]     // The sign stays.
    [InlineData(0x7F80_0000, 0xFF80_0000, 0x7FC0_0000)]     // No value: the default NaN.
    public void A_sum_of_NaNs_is_what_the_reference_gives(uint a, uint b, uint expected)
    {
        FloatContext context = default;
        Assert.Equal(expected, SoftFloat.Add<SingleFormat>(a, b, ref context));
    }

    static void AssertSingle(float expected, ulong actual)
    {
        if (float.IsNaN(expected))
            Assert.True(SoftFloat.IsNaN<SingleFormat>(actual));
        else
            Assert.Equal(BitConverter.SingleToUInt32Bits(expected), actual);
    }

    static void AssertDouble(double expected, ulong actual)
    {
        if (double.IsNaN(expected))
            Assert.True(SoftFloat.IsNaN<DoubleFormat>(actual));
        else
            Assert.Equal(BitConverter.DoubleToUInt64Bits(expected), actual);
    }

    /// <summary>The integer that a conversion gives, and whether it is the exact value.</summary>
    static (BigInteger Value, bool Exact) Expected(double x, int fractionBits, FloatRounding rounding, BigInteger least, BigInteger most)
    {
        if (double.IsNaN(x))
            return (0, false);
        if (double.IsInfinity(x))
            return (x < 0 ? least : most, false);
        var (numerator, denominator) = Rational(BitConverter.DoubleToUInt64Bits(x), 52, 11);
        numerator <<= fractionBits;
        var floor = BigInteger.DivRem(numerator - PositiveModulo(numerator, denominator), denominator, out _);
        var rest = PositiveModulo(numerator, denominator);
        bool up = rounding switch
        {
            FloatRounding.Nearest => rest * 2 > denominator || (rest * 2 == denominator && !floor.IsEven),
            FloatRounding.Zero => x < 0 && rest != 0,
            FloatRounding.Up => rest != 0,
            _ => false,
        };
        var value = floor + (up ? 1 : 0);
        bool isExact = rest.IsZero && value >= least && value <= most;
        return (BigInteger.Clamp(value, least, most), isExact);
    }

    static BigInteger PositiveModulo(BigInteger a, BigInteger b) => ((a % b) + b) % b;

    static (BigInteger Numerator, BigInteger Denominator) Rational(ulong bits, int fractionBits, int exponentBits)
    {
        int exponent = (int)(bits >> fractionBits) & ((1 << exponentBits) - 1), bias = (1 << (exponentBits - 1)) - 1;
        BigInteger significand = bits & ((1UL << fractionBits) - 1);
        if (exponent != 0)
            significand += 1UL << fractionBits;
        int power = Math.Max(exponent, 1) - bias - fractionBits;
        if ((bits >> (fractionBits + exponentBits) & 1) != 0)
            significand = -significand;
        return power >= 0 ? (significand << power, 1) : (significand, BigInteger.One << -power);
    }

    delegate ulong Operation(ulong a, ulong b, ref FloatContext context);

    /// <summary>
    /// Down and Up enclose the exact value and are neighbours or equal; Zero is the one nearer to zero; equal means exact.
    /// </summary>
    static void AssertBrackets<T>(ulong a, ulong b)
        where T : IFloatFormat
    {
        if (!IsFinite<T>(a) || !IsFinite<T>(b))
            return;
        var (an, ad) = Rational(a, T.FractionBits, T.ExponentBits);
        var (bn, bd) = Rational(b, T.FractionBits, T.ExponentBits);
        AssertBracket<T>(SoftFloat.Add<T>, a, b, (an * bd) + (bn * ad), ad * bd);
        AssertBracket<T>(SoftFloat.Subtract<T>, a, b, (an * bd) - (bn * ad), ad * bd);
        AssertBracket<T>(SoftFloat.Multiply<T>, a, b, an * bn, ad * bd);
        if (!bn.IsZero)
            AssertBracket<T>(SoftFloat.Divide<T>, a, b, an * bd * bn.Sign, ad * BigInteger.Abs(bn));
    }

    static void AssertBracket<T>(Operation operation, ulong a, ulong b, BigInteger numerator, BigInteger denominator)
        where T : IFloatFormat
    {
        var results = new ulong[4];
        var contexts = new FloatContext[4];
        for (int i = 0; i < 4; i++)
        {
            contexts[i].Rounding = (FloatRounding)i;
            results[i] = operation(a, b, ref contexts[i]);
        }
        ulong nearest = results[0], zero = results[1], up = results[2], down = results[3];
        Assert.True(CompareExact<T>(down, numerator, denominator) <= 0);
        Assert.True(CompareExact<T>(up, numerator, denominator) >= 0);
        if (numerator.IsZero)
            return;
        bool isExact = up == down;
        Assert.Equal(isExact, (contexts[0].Flags & (Spefscr.Fg | Spefscr.Fx | Spefscr.Fovf)) == 0);
        Assert.Equal(numerator.Sign > 0 ? down : up, zero);
        Assert.True(nearest == up || nearest == down);
        // Neighbours of one sign differ by 1 in their bits; between a zero and the least number the zero's sign is that of the value.
        ulong magnitudeUp = up & ~SoftFloat.SignBit<T>(), magnitudeDown = down & ~SoftFloat.SignBit<T>();
        Assert.True(isExact || Math.Max(magnitudeUp, magnitudeDown) - Math.Min(magnitudeUp, magnitudeDown) == 1);
    }

    static bool IsFinite<T>(ulong a)
        where T : IFloatFormat => (a >> T.FractionBits & ((1UL << T.ExponentBits) - 1)) != (1UL << T.ExponentBits) - 1;

    static int CompareExact<T>(ulong value, BigInteger numerator, BigInteger denominator)
        where T : IFloatFormat
    {
        if (!IsFinite<T>(value))
            return (value & SoftFloat.SignBit<T>()) != 0 ? -1 : 1;
        var (n, d) = Rational(value, T.FractionBits, T.ExponentBits);
        return (n * denominator).CompareTo(numerator * d);
    }
}
