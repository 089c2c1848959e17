namespace Sim.Engine.Cpu.PowerPc;

/// <content>Conversions between formats, integers and fractions.</content>
internal static partial class SoftFloat
{
    /// <summary>The value in another format. A NaN keeps the upper bits of its payload.</summary>
    public static ulong Convert<TFrom, TTo>(ulong bits, ref FloatContext context)
        where TFrom : IFloatFormat
        where TTo : IFloatFormat
    {
        Unpacked x = Unpack<TFrom>(bits);
        if (x.Kind == Kind.Finite)
            return Round<TTo>(x.Negative, x.Exponent, x.Significand, ref context);
        if (x.Kind == Kind.Zero)
            return Zero<TTo>(x.Negative);
        ulong infinity = Infinity<TTo>(x.Negative);
        if (x.Kind == Kind.Infinity)
            return infinity;
        ulong fraction = bits & ((1UL << TFrom.FractionBits) - 1);
        int longer = TTo.FractionBits - TFrom.FractionBits;
        return infinity | QuietBit<TTo>() | (longer >= 0 ? fraction << longer : fraction >> -longer);
    }

    /// <summary>The value magnitude / 2^fractionBits, with its sign.</summary>
    public static ulong FromInteger<T>(bool negative, ulong magnitude, int fractionBits, ref FloatContext context)
        where T : IFloatFormat => magnitude == 0 ? 0 : Round<T>(negative, Lead - fractionBits, magnitude, ref context);

    /// <summary>
    /// The value times 2^<paramref name="fractionBits"/> as an unsigned integer of <paramref name="width"/> bits. Out of range gives the
    /// nearest end of the range, a NaN gives 0; both, and infinities, are invalid (FINV).
    /// </summary>
    public static ulong ToUnsigned<T>(ulong bits, int width, int fractionBits, ref FloatContext context)
        where T : IFloatFormat
    {
        Unpacked x = Unpack<T>(bits);
        ulong largest = ulong.MaxValue >> (64 - width);
        ulong magnitude = RoundToInteger(x, fractionBits, ref context, out bool tooLarge);
        if (x.Kind == Kind.NaN || (x.Negative && magnitude != 0))
            return OutOfRange(0, ref context);
        return tooLarge || magnitude > largest ? OutOfRange(largest, ref context) : magnitude;
    }

    /// <summary>
    /// As <see cref="ToUnsigned"/>, to a two's complement integer of <paramref name="width"/> bits.
    /// </summary>
    public static ulong ToSigned<T>(ulong bits, int width, int fractionBits, ref FloatContext context)
        where T : IFloatFormat
    {
        Unpacked x = Unpack<T>(bits);
        ulong limit = 1UL << (width - 1), mask = ulong.MaxValue >> (64 - width);
        ulong magnitude = RoundToInteger(x, fractionBits, ref context, out bool tooLarge);
        if (x.Kind == Kind.NaN)
            return OutOfRange(0, ref context);
        if (tooLarge || magnitude > limit - (x.Negative ? 0UL : 1))
            return OutOfRange(x.Negative ? limit : limit - 1, ref context);
        return (x.Negative ? 0 - magnitude : magnitude) & mask;
    }

    static ulong OutOfRange(ulong value, ref FloatContext context)
    {
        context.Flags = Spefscr.Finv;
        return value;
    }

    /// <summary>
    /// The magnitude rounded to an integer; infinities and numbers that do not fit 64 bits are too large, a NaN counts as 0.
    /// </summary>
    static ulong RoundToInteger(in Unpacked x, int fractionBits, ref FloatContext context, out bool tooLarge)
    {
        int exponent = x.Exponent + fractionBits;
        tooLarge = x.Kind == Kind.Infinity || (x.Kind == Kind.Finite && exponent > 63);
        if (x.Kind != Kind.Finite || tooLarge)
            return tooLarge ? ulong.MaxValue : 0;
        if (exponent >= Lead)
            return x.Significand << (exponent - Lead);
        // Two more bits are kept below the unit: half a unit and a sticky one.
        int shift = Lead - 2 - exponent;
        ulong quarters = shift < 0 ? x.Significand << 1 : ShiftRightSticky(x.Significand, shift);
        ulong lost = quarters & 3, kept = quarters >> 2;
        context.Flags |= (lost & 2) != 0 ? Spefscr.Fg : 0;
        context.Flags |= (lost & 1) != 0 ? Spefscr.Fx : 0;
        return kept + (RoundsAway(context.Rounding, x.Negative, (kept & 1) != 0, lost, 2) ? 1UL : 0);
    }
}
