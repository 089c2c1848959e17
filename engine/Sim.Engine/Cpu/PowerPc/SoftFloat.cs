using System.Numerics;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Rounding modes, numbered as SPEFSCR[FRMC] has them.</summary>
internal enum FloatRounding
{
    /// <summary>To the nearest value, ties to even.</summary>
    Nearest = 0,

    /// <summary>Toward zero.</summary>
    Zero = 1,

    /// <summary>Toward plus infinity.</summary>
    Up = 2,

    /// <summary>Toward minus infinity.</summary>
    Down = 3,
}

/// <summary>A binary interchange format of IEEE 754. Values travel as their bits in the low end of a <see cref="ulong"/>.</summary>
internal interface IFloatFormat
{
    /// <summary>Bits of the fraction field.</summary>
    static abstract int FractionBits { get; }

    /// <summary>Bits of the exponent field.</summary>
    static abstract int ExponentBits { get; }
}

/// <summary>32 bits.</summary>
internal readonly struct SingleFormat : IFloatFormat
{
    public static int FractionBits => 23;
    public static int ExponentBits => 8;
}

/// <summary>64 bits.</summary>
internal readonly struct DoubleFormat : IFloatFormat
{
    public static int FractionBits => 52;
    public static int ExponentBits => 11;
}

/// <summary>Rounding mode of an operation and what it had to report, as the low-word bits of SPEFSCR (<see cref="Spefscr"/>).</summary>
internal struct FloatContext
{
    /// <summary>How the result is rounded.</summary>
    public FloatRounding Rounding;

    /// <summary>Any of FG, FX, FINV, FDBZ, FUNF, FOVF.</summary>
    public uint Flags;
}

/// <summary>
/// IEEE 754 arithmetic from integer operations alone, so that every host gives the same bits. Subnormal numbers are operands and results
/// like others. A NaN operand is the result, made quiet, the first operand's before the second's; operations without a value give the
/// positive quiet NaN with an empty payload (both as QEMU 7.2's e500v2 does).
/// </summary>
internal static partial class SoftFloat
{
    /// <summary>Place of the leading bit in an unpacked significand: one spare bit above, guard bits below.</summary>
    const int Lead = 62;

    enum Kind
    {
        Zero,
        Finite,
        Infinity,
        NaN,
    }

    /// <summary>A value taken apart: finite ones are Significand x 2^(Exponent - 62), with bit 62 of the significand set.</summary>
    readonly record struct Unpacked(Kind Kind, bool Negative, int Exponent, ulong Significand);

    /// <summary>The operand plus the other one, or minus it.</summary>
    public static ulong Add<T>(ulong a, ulong b, ref FloatContext context)
        where T : IFloatFormat
    {
        Unpacked x = Unpack<T>(a), y = Unpack<T>(b);
        if (x.Kind == Kind.NaN || y.Kind == Kind.NaN)
            return PropagateNaN<T>(a, b, x.Kind == Kind.NaN);
        if (x.Kind == Kind.Infinity)
            return y.Kind == Kind.Infinity && x.Negative != y.Negative ? Invalid<T>(ref context) : a;
        if (y.Kind == Kind.Infinity)
            return b;
        if (x.Kind == Kind.Zero || y.Kind == Kind.Zero)
            return y.Kind != Kind.Zero ? b : x.Kind != Kind.Zero ? a : x.Negative == y.Negative ? a : ZeroOfCancellation<T>(context);
        if (x.Exponent < y.Exponent || (x.Exponent == y.Exponent && x.Significand < y.Significand))
            (x, y) = (y, x);
        ulong smaller = ShiftRightSticky(y.Significand, x.Exponent - y.Exponent);
        if (x.Negative == y.Negative)
            return Round<T>(x.Negative, x.Exponent, x.Significand + smaller, ref context);
        ulong difference = x.Significand - smaller;
        return difference == 0 ? ZeroOfCancellation<T>(context) : Round<T>(x.Negative, x.Exponent, difference, ref context);
    }

    /// <inheritdoc cref="Add"/>
    public static ulong Subtract<T>(ulong a, ulong b, ref FloatContext context)
        where T : IFloatFormat =>
        // A NaN keeps its sign when it is subtracted.
        Add<T>(a, IsNaN<T>(b) ? b : b ^ SignBit<T>(), ref context);

    /// <summary>The product.</summary>
    public static ulong Multiply<T>(ulong a, ulong b, ref FloatContext context)
        where T : IFloatFormat
    {
        Unpacked x = Unpack<T>(a), y = Unpack<T>(b);
        if (x.Kind == Kind.NaN || y.Kind == Kind.NaN)
            return PropagateNaN<T>(a, b, x.Kind == Kind.NaN);
        bool negative = x.Negative != y.Negative;
        if (x.Kind == Kind.Infinity || y.Kind == Kind.Infinity)
            return x.Kind == Kind.Zero || y.Kind == Kind.Zero ? Invalid<T>(ref context) : Infinity<T>(negative);
        if (x.Kind == Kind.Zero || y.Kind == Kind.Zero)
            return Zero<T>(negative);
        ulong high = Math.BigMul(x.Significand, y.Significand, out ulong low);
        ulong significand = high << 2 | low >> Lead | (low << 2 != 0 ? 1UL : 0);
        return Round<T>(negative, x.Exponent + y.Exponent, significand, ref context);
    }

    /// <summary>The quotient.</summary>
    public static ulong Divide<T>(ulong a, ulong b, ref FloatContext context)
        where T : IFloatFormat
    {
        Unpacked x = Unpack<T>(a), y = Unpack<T>(b);
        if (x.Kind == Kind.NaN || y.Kind == Kind.NaN)
            return PropagateNaN<T>(a, b, x.Kind == Kind.NaN);
        bool negative = x.Negative != y.Negative;
        if (x.Kind == Kind.Infinity)
            return y.Kind == Kind.Infinity ? Invalid<T>(ref context) : Infinity<T>(negative);
        if (y.Kind == Kind.Infinity)
            return Zero<T>(negative);
        if (y.Kind == Kind.Zero)
        {
            if (x.Kind == Kind.Zero)
                return Invalid<T>(ref context);
            context.Flags |= Spefscr.Fdbz;
            return Infinity<T>(negative);
        }

        if (x.Kind == Kind.Zero)
            return Zero<T>(negative);
        // The dividend is made one bit longer than the divisor, so that the quotient has at least 62 bits and the remainder is sticky.
        UInt128 dividend = (UInt128)x.Significand << Lead;
        ulong quotient = (ulong)(dividend / y.Significand);
        bool remains = dividend != (UInt128)quotient * y.Significand;
        return Round<T>(negative, x.Exponent - y.Exponent, quotient << 1 | (remains ? 1UL : 0), ref context, scale: -1);
    }

    /// <summary>Whether a is less than b; false with a NaN.</summary>
    public static bool IsLess<T>(ulong a, ulong b)
        where T : IFloatFormat => !IsNaN<T>(a) && !IsNaN<T>(b) && Order<T>(a) < Order<T>(b);

    /// <summary>Whether a equals b (the zeros are equal); false with a NaN.</summary>
    public static bool IsEqual<T>(ulong a, ulong b)
        where T : IFloatFormat => !IsNaN<T>(a) && !IsNaN<T>(b) && Order<T>(a) == Order<T>(b);

    /// <summary>Whether the bits are a NaN.</summary>
    public static bool IsNaN<T>(ulong a)
        where T : IFloatFormat => (a & ~SignBit<T>()) > Infinity<T>(false);

    /// <summary>Whether the bits are a NaN, an infinity or a subnormal number: what the e500 leaves to software.</summary>
    public static bool IsSpecial<T>(ulong a)
        where T : IFloatFormat
    {
        ulong magnitude = a & ~SignBit<T>();
        return magnitude >= Infinity<T>(false) || (magnitude != 0 && magnitude < 1UL << T.FractionBits);
    }

    /// <summary>The sign bit's place in the format.</summary>
    public static ulong SignBit<T>()
        where T : IFloatFormat => 1UL << (T.FractionBits + T.ExponentBits);

    /// <summary>A number that orders as the values do.</summary>
    static long Order<T>(ulong a)
        where T : IFloatFormat
    {
        long magnitude = (long)(a & ~SignBit<T>());
        return (a & SignBit<T>()) != 0 ? -magnitude : magnitude;
    }

    static int MaxExponent<T>()
        where T : IFloatFormat => (1 << T.ExponentBits) - 1;

    static int Bias<T>()
        where T : IFloatFormat => (1 << (T.ExponentBits - 1)) - 1;

    static ulong Zero<T>(bool negative)
        where T : IFloatFormat => negative ? SignBit<T>() : 0;

    static ulong Infinity<T>(bool negative)
        where T : IFloatFormat => Zero<T>(negative) | (ulong)MaxExponent<T>() << T.FractionBits;

    /// <summary>The zero that a difference of equal numbers is.</summary>
    static ulong ZeroOfCancellation<T>(in FloatContext context)
        where T : IFloatFormat => Zero<T>(context.Rounding == FloatRounding.Down);

    static ulong QuietBit<T>()
        where T : IFloatFormat => 1UL << (T.FractionBits - 1);

    static ulong Invalid<T>(ref FloatContext context)
        where T : IFloatFormat
    {
        context.Flags |= Spefscr.Finv;
        return Infinity<T>(false) | QuietBit<T>();
    }

    static ulong PropagateNaN<T>(ulong a, ulong b, bool first)
        where T : IFloatFormat => (first ? a : b) | QuietBit<T>();

    static Unpacked Unpack<T>(ulong bits)
        where T : IFloatFormat
    {
        bool negative = (bits & SignBit<T>()) != 0;
        int exponent = (int)(bits >> T.FractionBits) & MaxExponent<T>();
        ulong fraction = bits & ((1UL << T.FractionBits) - 1);
        if (exponent == MaxExponent<T>())
            return new Unpacked(fraction == 0 ? Kind.Infinity : Kind.NaN, negative, 0, 0);
        if (exponent != 0)
            return new Unpacked(Kind.Finite, negative, exponent - Bias<T>(), (fraction | 1UL << T.FractionBits) << (Lead - T.FractionBits));
        if (fraction == 0)
            return new Unpacked(Kind.Zero, negative, 0, 0);
        int shift = BitOperations.LeadingZeroCount(fraction) - (63 - Lead);
        return new Unpacked(Kind.Finite, negative, 1 - Bias<T>() + (Lead - T.FractionBits) - shift, fraction << shift);
    }

    /// <summary>Shifts right; what falls off leaves its trace in bit 0.</summary>
    static ulong ShiftRightSticky(ulong value, int count) =>
        count == 0 ? value : count > 63 ? (value != 0 ? 1UL : 0) : value >> count | (value << (64 - count) != 0 ? 1UL : 0);

    /// <summary>
    /// Rounds and packs the value significand x 2^(exponent + scale - 62), significand not 0 and of any length, its bit 0 sticky.
    /// </summary>
    static ulong Round<T>(bool negative, int exponent, ulong significand, ref FloatContext context, int scale = 0)
        where T : IFloatFormat
    {
        int zeros = BitOperations.LeadingZeroCount(significand);
        significand = zeros == 0 ? ShiftRightSticky(significand, 1) : significand << (zeros - 1);
        int biased = exponent + scale + 1 - zeros + Bias<T>();
        if (biased >= MaxExponent<T>())
            return Overflow<T>(negative, ref context);
        ulong implicitBit = 1UL << T.FractionBits;
        if (biased <= 0)
        {
            context.Flags |= Spefscr.Funf;
            significand = ShiftRightSticky(significand, 1 - biased);
            (biased, implicitBit) = (0, 0);
        }

        int drop = Lead - T.FractionBits;
        ulong half = 1UL << (drop - 1), lost = significand & ((half << 1) - 1), kept = significand >> drop;
        context.Flags |= (lost & half) != 0 ? Spefscr.Fg : 0;
        context.Flags |= (lost & (half - 1)) != 0 ? Spefscr.Fx : 0;
        kept += RoundsAway(context.Rounding, negative, (kept & 1) != 0, lost, half) ? 1UL : 0;
        // A carry out of the fraction goes on into the exponent, which is then right.
        ulong magnitude = ((ulong)biased << T.FractionBits) + kept - implicitBit;
        return magnitude >= Infinity<T>(false) ? Overflow<T>(negative, ref context) : Zero<T>(negative) | magnitude;
    }

    /// <summary>Whether the magnitude grows by one unit, from the bits that are lost and the place of half a unit among them.</summary>
    static bool RoundsAway(FloatRounding rounding, bool negative, bool odd, ulong lost, ulong half) => rounding switch
    {
        FloatRounding.Nearest => lost > half || (lost == half && odd),
        FloatRounding.Up => lost != 0 && !negative,
        FloatRounding.Down => lost != 0 && negative,
        _ => false,
    };

    static ulong Overflow<T>(bool negative, ref FloatContext context)
        where T : IFloatFormat
    {
        context.Flags |= Spefscr.Fovf;
        bool toInfinity = context.Rounding == FloatRounding.Nearest
            || context.Rounding == (negative ? FloatRounding.Down : FloatRounding.Up);
        return Infinity<T>(negative) - (toInfinity ? 0UL : 1);
    }
}
