namespace Sim.Engine.Cpu.PowerPc;

/// <content>What the handlers are composed of.</content>
internal static unsafe partial class EmbeddedFloat
{
    const uint Sign = 0x8000_0000;

    /// <summary>An operation on the operands of RA and RB, with rounding and report in the context.</summary>
    interface IOperation
    {
        /// <summary>Whether the operands are 64-bit registers.</summary>
        static abstract bool IsWideOperand { get; }

        /// <summary>Whether the result is a 64-bit register.</summary>
        static abstract bool IsWideResult { get; }

        static abstract ulong Of(ulong a, ulong b, ref FloatContext context);
    }

    /// <summary>One of the four arithmetic operations.</summary>
    interface IArithmetic
    {
        static abstract int FractionBits { get; }

        /// <summary>Whether either operand is one that the core reports as invalid.</summary>
        static abstract bool IsSpecial(ulong a, ulong b);

        static abstract ulong Of(ulong a, ulong b, ref FloatContext context);
    }

    /// <summary>The relation of a comparison.</summary>
    interface IRelation
    {
        static abstract bool Of<T>(ulong a, ulong b)
            where T : IFloatFormat;
    }

    /// <summary>What becomes of the word that holds the sign.</summary>
    interface ISignOperation
    {
        static abstract uint Of(uint a);
    }

    /// <summary>Bits of an integer.</summary>
    interface IWidth
    {
        static abstract int Bits { get; }
    }

    /// <summary>Fraction bits of a fixed-point number.</summary>
    interface IPoint
    {
        static abstract int Bits { get; }
    }

    struct Word : IWidth
    {
        public static int Bits => 32;
    }

    struct Doubleword : IWidth
    {
        public static int Bits => 64;
    }

    struct Whole : IPoint
    {
        public static int Bits => 0;
    }

    struct UnsignedFraction : IPoint
    {
        public static int Bits => 32;
    }

    /// <summary>A sign and 31 fraction bits. (QEMU 7.2 takes them for 32.)</summary>
    struct SignedFraction : IPoint
    {
        public static int Bits => 31;
    }

    struct Binary<T> : IOperation
        where T : IArithmetic
    {
        public static bool IsWideOperand => T.FractionBits > 32;
        public static bool IsWideResult => T.FractionBits > 32;

        public static ulong Of(ulong a, ulong b, ref FloatContext context)
        {
            ulong result = T.Of(a, b, ref context);
            if (T.IsSpecial(a, b))
                context.Flags |= Spefscr.Finv;
            return result;
        }
    }

    struct Sum<T> : IArithmetic
        where T : IFloatFormat
    {
        public static int FractionBits => T.FractionBits;
        public static bool IsSpecial(ulong a, ulong b) => SpecialOperand<T>(a, b) != 0;
        public static ulong Of(ulong a, ulong b, ref FloatContext context) => SoftFloat.Add<T>(a, b, ref context);
    }

    struct Difference<T> : IArithmetic
        where T : IFloatFormat
    {
        public static int FractionBits => T.FractionBits;
        public static bool IsSpecial(ulong a, ulong b) => SpecialOperand<T>(a, b) != 0;
        public static ulong Of(ulong a, ulong b, ref FloatContext context) => SoftFloat.Subtract<T>(a, b, ref context);
    }

    struct Product<T> : IArithmetic
        where T : IFloatFormat
    {
        public static int FractionBits => T.FractionBits;
        public static bool IsSpecial(ulong a, ulong b) => SpecialOperand<T>(a, b) != 0;
        public static ulong Of(ulong a, ulong b, ref FloatContext context) => SoftFloat.Multiply<T>(a, b, ref context);
    }

    struct Quotient<T> : IArithmetic
        where T : IFloatFormat
    {
        public static int FractionBits => T.FractionBits;
        public static bool IsSpecial(ulong a, ulong b) => SpecialOperand<T>(a, b) != 0;
        public static ulong Of(ulong a, ulong b, ref FloatContext context) => SoftFloat.Divide<T>(a, b, ref context);
    }

    struct FromUnsigned<TFormat, TWidth, TPoint> : IOperation
        where TFormat : IFloatFormat
        where TWidth : IWidth
        where TPoint : IPoint
    {
        public static bool IsWideOperand => TWidth.Bits > 32;
        public static bool IsWideResult => TFormat.FractionBits > 32;

        public static ulong Of(ulong a, ulong b, ref FloatContext context) =>
            SoftFloat.FromInteger<TFormat>(false, b, TPoint.Bits, ref context);
    }

    struct FromSigned<TFormat, TWidth, TPoint> : IOperation
        where TFormat : IFloatFormat
        where TWidth : IWidth
        where TPoint : IPoint
    {
        public static bool IsWideOperand => TWidth.Bits > 32;
        public static bool IsWideResult => TFormat.FractionBits > 32;

        public static ulong Of(ulong a, ulong b, ref FloatContext context)
        {
            long value = TWidth.Bits > 32 ? (long)b : (int)b;
            return SoftFloat.FromInteger<TFormat>(value < 0, value < 0 ? 0 - (ulong)value : (ulong)value, TPoint.Bits, ref context);
        }
    }

    struct ToUnsigned<TFormat, TWidth, TPoint, TTruncates> : IOperation
        where TFormat : IFloatFormat
        where TWidth : IWidth
        where TPoint : IPoint
        where TTruncates : IChoice
    {
        public static bool IsWideOperand => TFormat.FractionBits > 32;
        public static bool IsWideResult => TWidth.Bits > 32;

        public static ulong Of(ulong a, ulong b, ref FloatContext context)
        {
            if (TTruncates.On)
                context.Rounding = FloatRounding.Zero;
            ulong result = SoftFloat.ToUnsigned<TFormat>(b, TWidth.Bits, TPoint.Bits, ref context);
            context.Flags |= SpecialOperand<TFormat>(b, 0);
            return result;
        }
    }

    struct ToSigned<TFormat, TWidth, TPoint, TTruncates> : IOperation
        where TFormat : IFloatFormat
        where TWidth : IWidth
        where TPoint : IPoint
        where TTruncates : IChoice
    {
        public static bool IsWideOperand => TFormat.FractionBits > 32;
        public static bool IsWideResult => TWidth.Bits > 32;

        public static ulong Of(ulong a, ulong b, ref FloatContext context)
        {
            if (TTruncates.On)
                context.Rounding = FloatRounding.Zero;
            ulong result = SoftFloat.ToSigned<TFormat>(b, TWidth.Bits, TPoint.Bits, ref context);
            context.Flags |= SpecialOperand<TFormat>(b, 0);
            return result;
        }
    }

    /// <summary>Double to single precision.</summary>
    struct Narrow : IOperation
    {
        public static bool IsWideOperand => true;
        public static bool IsWideResult => false;

        public static ulong Of(ulong a, ulong b, ref FloatContext context)
        {
            ulong result = SoftFloat.Convert<DoubleFormat, SingleFormat>(b, ref context);
            context.Flags |= SpecialOperand<DoubleFormat>(b, 0);
            return result;
        }
    }

    /// <summary>Single to double precision: always exact.</summary>
    struct Widen : IOperation
    {
        public static bool IsWideOperand => false;
        public static bool IsWideResult => true;

        public static ulong Of(ulong a, ulong b, ref FloatContext context)
        {
            ulong result = SoftFloat.Convert<SingleFormat, DoubleFormat>(b, ref context);
            context.Flags |= SpecialOperand<SingleFormat>(b, 0);
            return result;
        }
    }

    /// <summary>Not less than or equal: true also if either operand is a NaN, as in QEMU.</summary>
    struct Greater : IRelation
    {
        public static bool Of<T>(ulong a, ulong b)
            where T : IFloatFormat => !SoftFloat.IsLess<T>(a, b) && !SoftFloat.IsEqual<T>(a, b);
    }

    struct Less : IRelation
    {
        public static bool Of<T>(ulong a, ulong b)
            where T : IFloatFormat => SoftFloat.IsLess<T>(a, b);
    }

    struct Equal : IRelation
    {
        public static bool Of<T>(ulong a, ulong b)
            where T : IFloatFormat => SoftFloat.IsEqual<T>(a, b);
    }

    struct Absolute : ISignOperation
    {
        public static uint Of(uint a) => a & ~Sign;
    }

    struct NegativeAbsolute : ISignOperation
    {
        public static uint Of(uint a) => a | Sign;
    }

    struct Negate : ISignOperation
    {
        public static uint Of(uint a) => a ^ Sign;
    }
}
