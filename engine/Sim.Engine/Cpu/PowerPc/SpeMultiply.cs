using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// SPE complex integer instructions: multiplications, the accumulator, division (SPE programming environments manual, chapter 5).
/// </summary>
/// <remarks>
/// The mnemonics are systematic, and so are the handlers, which are composed of a product and of what becomes of it: evm{h|w} halfwords
/// or words; {e|o} even or odd halfword, {h|l} high or low word of the product, none = the low elements into 64 bits; g guarded (64
/// bits); {s|u} signed or unsigned; {s|m} saturating or modulo; {i|f} integer or fraction; then a = also into the accumulator, aa, aaw =
/// accumulate, an, anw = accumulate negative. QEMU 7.2 has only evmra, evmwumi and evmwsmi with a and aa; the rest is the manual's.
/// </remarks>
internal static unsafe class SpeMultiply
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    public static Instruction[] Table() =>
        [.. Accumulator(), .. Halfwords(), .. AccumulatedHalfwords(), .. Guarded(), .. Words(), .. WideWords()];

    static Instruction[] Accumulator() =>
    [
        Instruction.Vector("evaddusiaaw", 0x4C0, &Accumulate<SaturatingUnsigned, Plus>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evaddssiaaw", 0x4C1, &Accumulate<SaturatingSigned, Plus>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evsubfusiaaw", 0x4C2, &Accumulate<SaturatingUnsigned, Minus>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evsubfssiaaw", 0x4C3, &Accumulate<SaturatingSigned, Minus>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evmra", 0x4C4, &InitializeAccumulator, reserved: SpeInteger.NoRb),
        Instruction.Vector("evdivws", 0x4C6, &DivideSigned),
        Instruction.Vector("evdivwu", 0x4C7, &DivideUnsigned),
        Instruction.Vector("evaddumiaaw", 0x4C8, &Accumulate<Modulo, Plus>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evaddsmiaaw", 0x4C9, &Accumulate<Modulo, Plus>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evsubfumiaaw", 0x4CA, &Accumulate<Modulo, Minus>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evsubfsmiaaw", 0x4CB, &Accumulate<Modulo, Minus>, reserved: SpeInteger.NoRb),
    ];

    static Instruction[] Halfwords() =>
    [
        Instruction.Vector("evmhessf", 0x403, &Multiply<SaturatedFraction<Even>, No>),
        Instruction.Vector("evmhessfa", 0x423, &Multiply<SaturatedFraction<Even>, Yes>),
        Instruction.Vector("evmhossf", 0x407, &Multiply<SaturatedFraction<Odd>, No>),
        Instruction.Vector("evmhossfa", 0x427, &Multiply<SaturatedFraction<Odd>, Yes>),
        Instruction.Vector("evmheumi", 0x408, &Multiply<UnsignedInteger<Even>, No>),
        Instruction.Vector("evmheumia", 0x428, &Multiply<UnsignedInteger<Even>, Yes>),
        Instruction.Vector("evmhoumi", 0x40C, &Multiply<UnsignedInteger<Odd>, No>),
        Instruction.Vector("evmhoumia", 0x42C, &Multiply<UnsignedInteger<Odd>, Yes>),
        Instruction.Vector("evmhesmi", 0x409, &Multiply<SignedInteger<Even>, No>),
        Instruction.Vector("evmhesmia", 0x429, &Multiply<SignedInteger<Even>, Yes>),
        Instruction.Vector("evmhosmi", 0x40D, &Multiply<SignedInteger<Odd>, No>),
        Instruction.Vector("evmhosmia", 0x42D, &Multiply<SignedInteger<Odd>, Yes>),
        Instruction.Vector("evmhesmf", 0x40B, &Multiply<Fraction<Even>, No>),
        Instruction.Vector("evmhesmfa", 0x42B, &Multiply<Fraction<Even>, Yes>),
        Instruction.Vector("evmhosmf", 0x40F, &Multiply<Fraction<Odd>, No>),
        Instruction.Vector("evmhosmfa", 0x42F, &Multiply<Fraction<Odd>, Yes>),
    ];

    static Instruction[] AccumulatedHalfwords() =>
    [
        Instruction.Vector("evmheusiaaw", 0x500, &MultiplyAccumulate<UnsignedInteger<Even>, SaturatingUnsigned, Plus>),
        Instruction.Vector("evmheusianw", 0x580, &MultiplyAccumulate<UnsignedInteger<Even>, SaturatingUnsigned, Minus>),
        Instruction.Vector("evmhousiaaw", 0x504, &MultiplyAccumulate<UnsignedInteger<Odd>, SaturatingUnsigned, Plus>),
        Instruction.Vector("evmhousianw", 0x584, &MultiplyAccumulate<UnsignedInteger<Odd>, SaturatingUnsigned, Minus>),
        Instruction.Vector("evmhessiaaw", 0x501, &MultiplyAccumulate<SignedInteger<Even>, SaturatingSigned, Plus>),
        Instruction.Vector("evmhessianw", 0x581, &MultiplyAccumulate<SignedInteger<Even>, SaturatingSigned, Minus>),
        Instruction.Vector("evmhossiaaw", 0x505, &MultiplyAccumulate<SignedInteger<Odd>, SaturatingSigned, Plus>),
        Instruction.Vector("evmhossianw", 0x585, &MultiplyAccumulate<SignedInteger<Odd>, SaturatingSigned, Minus>),
        Instruction.Vector("evmhessfaaw", 0x503, &MultiplyAccumulate<SaturatedFraction<Even>, SaturatingSigned, Plus>),
        Instruction.Vector("evmhessfanw", 0x583, &MultiplyAccumulate<SaturatedFraction<Even>, SaturatingSigned, Minus>),
        Instruction.Vector("evmhossfaaw", 0x507, &MultiplyAccumulate<SaturatedFraction<Odd>, SaturatingSigned, Plus>),
        Instruction.Vector("evmhossfanw", 0x587, &MultiplyAccumulate<SaturatedFraction<Odd>, SaturatingSigned, Minus>),
        Instruction.Vector("evmheumiaaw", 0x508, &MultiplyAccumulate<UnsignedInteger<Even>, Modulo, Plus>),
        Instruction.Vector("evmheumianw", 0x588, &MultiplyAccumulate<UnsignedInteger<Even>, Modulo, Minus>),
        Instruction.Vector("evmhoumiaaw", 0x50C, &MultiplyAccumulate<UnsignedInteger<Odd>, Modulo, Plus>),
        Instruction.Vector("evmhoumianw", 0x58C, &MultiplyAccumulate<UnsignedInteger<Odd>, Modulo, Minus>),
        Instruction.Vector("evmhesmiaaw", 0x509, &MultiplyAccumulate<SignedInteger<Even>, Modulo, Plus>),
        Instruction.Vector("evmhesmianw", 0x589, &MultiplyAccumulate<SignedInteger<Even>, Modulo, Minus>),
        Instruction.Vector("evmhosmiaaw", 0x50D, &MultiplyAccumulate<SignedInteger<Odd>, Modulo, Plus>),
        Instruction.Vector("evmhosmianw", 0x58D, &MultiplyAccumulate<SignedInteger<Odd>, Modulo, Minus>),
        Instruction.Vector("evmhesmfaaw", 0x50B, &MultiplyAccumulate<Fraction<Even>, Modulo, Plus>),
        Instruction.Vector("evmhesmfanw", 0x58B, &MultiplyAccumulate<Fraction<Even>, Modulo, Minus>),
        Instruction.Vector("evmhosmfaaw", 0x50F, &MultiplyAccumulate<Fraction<Odd>, Modulo, Plus>),
        Instruction.Vector("evmhosmfanw", 0x58F, &MultiplyAccumulate<Fraction<Odd>, Modulo, Minus>),
    ];

    static Instruction[] Guarded() =>
    [
        Instruction.Vector("evmhegumiaa", 0x528, &MultiplyAccumulateWide<GuardedUnsigned<Even>, Plus>),
        Instruction.Vector("evmhegumian", 0x5A8, &MultiplyAccumulateWide<GuardedUnsigned<Even>, Minus>),
        Instruction.Vector("evmhogumiaa", 0x52C, &MultiplyAccumulateWide<GuardedUnsigned<Odd>, Plus>),
        Instruction.Vector("evmhogumian", 0x5AC, &MultiplyAccumulateWide<GuardedUnsigned<Odd>, Minus>),
        Instruction.Vector("evmhegsmiaa", 0x529, &MultiplyAccumulateWide<GuardedSigned<Even>, Plus>),
        Instruction.Vector("evmhegsmian", 0x5A9, &MultiplyAccumulateWide<GuardedSigned<Even>, Minus>),
        Instruction.Vector("evmhogsmiaa", 0x52D, &MultiplyAccumulateWide<GuardedSigned<Odd>, Plus>),
        Instruction.Vector("evmhogsmian", 0x5AD, &MultiplyAccumulateWide<GuardedSigned<Odd>, Minus>),
        Instruction.Vector("evmhegsmfaa", 0x52B, &MultiplyAccumulateWide<GuardedFraction<Even>, Plus>),
        Instruction.Vector("evmhegsmfan", 0x5AB, &MultiplyAccumulateWide<GuardedFraction<Even>, Minus>),
        Instruction.Vector("evmhogsmfaa", 0x52F, &MultiplyAccumulateWide<GuardedFraction<Odd>, Plus>),
        Instruction.Vector("evmhogsmfan", 0x5AF, &MultiplyAccumulateWide<GuardedFraction<Odd>, Minus>),
    ];

    static Instruction[] Words() =>
    [
        Instruction.Vector("evmwhssf", 0x447, &Multiply<HighSaturatedFraction, No>),
        Instruction.Vector("evmwhssfa", 0x467, &Multiply<HighSaturatedFraction, Yes>),
        Instruction.Vector("evmwhsmf", 0x44F, &Multiply<HighFraction, No>),
        Instruction.Vector("evmwhsmfa", 0x46F, &Multiply<HighFraction, Yes>),
        Instruction.Vector("evmwhumi", 0x44C, &Multiply<HighUnsigned, No>),
        Instruction.Vector("evmwhumia", 0x46C, &Multiply<HighUnsigned, Yes>),
        Instruction.Vector("evmwhsmi", 0x44D, &Multiply<HighSigned, No>),
        Instruction.Vector("evmwhsmia", 0x46D, &Multiply<HighSigned, Yes>),
        Instruction.Vector("evmwlumi", 0x448, &Multiply<LowWord, No>),
        Instruction.Vector("evmwlumia", 0x468, &Multiply<LowWord, Yes>),
        Instruction.Vector("evmwlusiaaw", 0x540, &MultiplyAccumulate<LowWord, SaturatingUnsigned, Plus>),
        Instruction.Vector("evmwlusianw", 0x5C0, &MultiplyAccumulate<LowWord, SaturatingUnsigned, Minus>),
        Instruction.Vector("evmwlssiaaw", 0x541, &MultiplyAccumulate<LowWord, SaturatingSigned, Plus>),
        Instruction.Vector("evmwlssianw", 0x5C1, &MultiplyAccumulate<LowWord, SaturatingSigned, Minus>),
        Instruction.Vector("evmwlumiaaw", 0x548, &MultiplyAccumulate<LowWord, Modulo, Plus>),
        Instruction.Vector("evmwlumianw", 0x5C8, &MultiplyAccumulate<LowWord, Modulo, Minus>),
        Instruction.Vector("evmwlsmiaaw", 0x549, &MultiplyAccumulate<LowWord, Modulo, Plus>),
        Instruction.Vector("evmwlsmianw", 0x5C9, &MultiplyAccumulate<LowWord, Modulo, Minus>),
    ];

    static Instruction[] WideWords() =>
    [
        Instruction.Vector("evmwumi", 0x458, &MultiplyWide<WideUnsigned, No>),
        Instruction.Vector("evmwumia", 0x478, &MultiplyWide<WideUnsigned, Yes>),
        Instruction.Vector("evmwumiaa", 0x558, &MultiplyAccumulateWide<WideUnsigned, Plus>),
        Instruction.Vector("evmwumian", 0x5D8, &MultiplyAccumulateWide<WideUnsigned, Minus>),
        Instruction.Vector("evmwsmi", 0x459, &MultiplyWide<WideSigned, No>),
        Instruction.Vector("evmwsmia", 0x479, &MultiplyWide<WideSigned, Yes>),
        Instruction.Vector("evmwsmiaa", 0x559, &MultiplyAccumulateWide<WideSigned, Plus>),
        Instruction.Vector("evmwsmian", 0x5D9, &MultiplyAccumulateWide<WideSigned, Minus>),
        Instruction.Vector("evmwsmf", 0x45B, &MultiplyWide<WideFraction, No>),
        Instruction.Vector("evmwsmfa", 0x47B, &MultiplyWide<WideFraction, Yes>),
        Instruction.Vector("evmwsmfaa", 0x55B, &MultiplyAccumulateWide<WideFraction, Plus>),
        Instruction.Vector("evmwsmfan", 0x5DB, &MultiplyAccumulateWide<WideFraction, Minus>),
        Instruction.Vector("evmwssf", 0x453, &MultiplySaturated<No>),
        Instruction.Vector("evmwssfa", 0x473, &MultiplySaturated<Yes>),
        Instruction.Vector("evmwssfaa", 0x553, &MultiplyAccumulateSaturated<Plus>),
        Instruction.Vector("evmwssfan", 0x5D3, &MultiplyAccumulateSaturated<Minus>),
    ];

    /// <summary>Which halfword of an element is multiplied.</summary>
    interface IHalf
    {
        static abstract ushort Of(uint element);
    }

    /// <summary>The product of two elements, with overflow in bit 32.</summary>
    interface IProduct
    {
        static abstract ulong Of(uint a, uint b);

        /// <summary>Whether the product can overflow.</summary>
        static abstract bool Saturates { get; }
    }

    /// <summary>The 64-bit product of two low elements.</summary>
    interface IWideProduct
    {
        static abstract ulong Of(uint a, uint b);
    }

    /// <summary>Whether a product is added or subtracted.</summary>
    interface ISign
    {
        static abstract bool IsMinus { get; }
    }

    /// <summary>The sum of an element of the accumulator and a value, with overflow in bit 32.</summary>
    interface ISum
    {
        static abstract ulong Of(uint accumulator, uint value, bool minus);

        /// <summary>Whether the sum can overflow.</summary>
        static abstract bool Saturates { get; }
    }

    [MethodImpl(Optimized)]
    static long Multiply<TProduct, TInto>(PowerPcState* s, Op* op, long budget)
        where TProduct : IProduct
        where TInto : IChoice
    {
        ulong high = TProduct.Of(s->GprHigh[op->Ra], s->GprHigh[op->Rb]), low = TProduct.Of(s->Gpr[op->Ra], s->Gpr[op->Rb]);
        s->GprHigh[op->Rt] = (uint)high;
        s->Gpr[op->Rt] = (uint)low;
        if (TInto.On)
            s->Acc = high << 32 | (uint)low;
        if (TProduct.Saturates)
            Spefscr.SetOverflow(s, SpeArithmetic.OverflowOf(high), SpeArithmetic.OverflowOf(low));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MultiplyAccumulate<TProduct, TSum, TSign>(PowerPcState* s, Op* op, long budget)
        where TProduct : IProduct
        where TSum : ISum
        where TSign : ISign
    {
        ulong high = TProduct.Of(s->GprHigh[op->Ra], s->GprHigh[op->Rb]), low = TProduct.Of(s->Gpr[op->Ra], s->Gpr[op->Rb]);
        ulong sumHigh = TSum.Of((uint)(s->Acc >> 32), (uint)high, TSign.IsMinus), sumLow = TSum.Of((uint)s->Acc, (uint)low, TSign.IsMinus);
        s->GprHigh[op->Rt] = (uint)sumHigh;
        s->Gpr[op->Rt] = (uint)sumLow;
        s->Acc = sumHigh << 32 | (uint)sumLow;
        if (TSum.Saturates)
            Spefscr.SetOverflow(s, SpeArithmetic.OverflowOf(high | sumHigh), SpeArithmetic.OverflowOf(low | sumLow));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MultiplyWide<TProduct, TInto>(PowerPcState* s, Op* op, long budget)
        where TProduct : IWideProduct
        where TInto : IChoice
    {
        ulong product = TProduct.Of(s->Gpr[op->Ra], s->Gpr[op->Rb]);
        s->GprHigh[op->Rt] = (uint)(product >> 32);
        s->Gpr[op->Rt] = (uint)product;
        if (TInto.On)
            s->Acc = product;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MultiplyAccumulateWide<TProduct, TSign>(PowerPcState* s, Op* op, long budget)
        where TProduct : IWideProduct
        where TSign : ISign
    {
        ulong product = TProduct.Of(s->Gpr[op->Ra], s->Gpr[op->Rb]);
        ulong sum = TSign.IsMinus ? s->Acc - product : s->Acc + product;
        s->GprHigh[op->Rt] = (uint)(sum >> 32);
        s->Gpr[op->Rt] = (uint)sum;
        s->Acc = sum;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MultiplySaturated<TInto>(PowerPcState* s, Op* op, long budget)
        where TInto : IChoice
    {
        uint a = s->Gpr[op->Ra], b = s->Gpr[op->Rb];
        uint overflow = a == 0x8000_0000 && b == a ? 1u : 0;
        ulong product = SpeArithmetic.FractionProduct(a, b) - overflow;
        s->GprHigh[op->Rt] = (uint)(product >> 32);
        s->Gpr[op->Rt] = (uint)product;
        if (TInto.On)
            s->Acc = product;
        Spefscr.SetOverflow(s, 0, overflow);
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>The product saturates; the sum wraps around, and both overflows are recorded.</summary>
    [MethodImpl(Optimized)]
    static long MultiplyAccumulateSaturated<TSign>(PowerPcState* s, Op* op, long budget)
        where TSign : ISign
    {
        uint a = s->Gpr[op->Ra], b = s->Gpr[op->Rb];
        uint overflow = a == 0x8000_0000 && b == a ? 1u : 0;
        ulong product = SpeArithmetic.FractionProduct(a, b) - overflow, accumulator = s->Acc;
        ulong sum = TSign.IsMinus ? accumulator - product : accumulator + product;
        ulong wrapped = TSign.IsMinus ? (accumulator ^ product) & (accumulator ^ sum) : ~(accumulator ^ product) & (accumulator ^ sum);
        s->GprHigh[op->Rt] = (uint)(sum >> 32);
        s->Gpr[op->Rt] = (uint)sum;
        s->Acc = sum;
        Spefscr.SetOverflow(s, 0, overflow | (uint)(wrapped >> 63));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Accumulate<TSum, TSign>(PowerPcState* s, Op* op, long budget)
        where TSum : ISum
        where TSign : ISign
    {
        ulong high = TSum.Of((uint)(s->Acc >> 32), s->GprHigh[op->Ra], TSign.IsMinus),
            low = TSum.Of((uint)s->Acc, s->Gpr[op->Ra], TSign.IsMinus);
        s->GprHigh[op->Rt] = (uint)high;
        s->Gpr[op->Rt] = (uint)low;
        s->Acc = high << 32 | (uint)low;
        if (TSum.Saturates)
            Spefscr.SetOverflow(s, SpeArithmetic.OverflowOf(high), SpeArithmetic.OverflowOf(low));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long InitializeAccumulator(PowerPcState* s, Op* op, long budget)
    {
        uint high = s->GprHigh[op->Ra], low = s->Gpr[op->Ra];
        s->Acc = (ulong)high << 32 | low;
        s->GprHigh[op->Rt] = high;
        s->Gpr[op->Rt] = low;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long DivideSigned(PowerPcState* s, Op* op, long budget)
    {
        ulong high = SpeArithmetic.DivideSigned(s->GprHigh[op->Ra], s->GprHigh[op->Rb]);
        ulong low = SpeArithmetic.DivideSigned(s->Gpr[op->Ra], s->Gpr[op->Rb]);
        s->GprHigh[op->Rt] = (uint)high;
        s->Gpr[op->Rt] = (uint)low;
        Spefscr.SetOverflow(s, SpeArithmetic.OverflowOf(high), SpeArithmetic.OverflowOf(low));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long DivideUnsigned(PowerPcState* s, Op* op, long budget)
    {
        ulong high = SpeArithmetic.DivideUnsigned(s->GprHigh[op->Ra], s->GprHigh[op->Rb]);
        ulong low = SpeArithmetic.DivideUnsigned(s->Gpr[op->Ra], s->Gpr[op->Rb]);
        s->GprHigh[op->Rt] = (uint)high;
        s->Gpr[op->Rt] = (uint)low;
        Spefscr.SetOverflow(s, SpeArithmetic.OverflowOf(high), SpeArithmetic.OverflowOf(low));
        return op[1].Handler(s, op + 1, budget);
    }

    struct Even : IHalf
    {
        public static ushort Of(uint element) => (ushort)(element >> 16);
    }

    struct Odd : IHalf
    {
        public static ushort Of(uint element) => (ushort)element;
    }

    struct Plus : ISign
    {
        public static bool IsMinus => false;
    }

    struct Minus : ISign
    {
        public static bool IsMinus => true;
    }

    struct UnsignedInteger<THalf> : IProduct
        where THalf : IHalf
    {
        public static bool Saturates => false;
        public static ulong Of(uint a, uint b) => (uint)THalf.Of(a) * THalf.Of(b);
    }

    struct SignedInteger<THalf> : IProduct
        where THalf : IHalf
    {
        public static bool Saturates => false;
        public static ulong Of(uint a, uint b) => (uint)((short)THalf.Of(a) * (short)THalf.Of(b));
    }

    struct Fraction<THalf> : IProduct
        where THalf : IHalf
    {
        public static bool Saturates => false;
        public static ulong Of(uint a, uint b) => SpeArithmetic.FractionProduct(THalf.Of(a), THalf.Of(b));
    }

    struct SaturatedFraction<THalf> : IProduct
        where THalf : IHalf
    {
        public static bool Saturates => true;
        public static ulong Of(uint a, uint b) => SpeArithmetic.FractionProductSaturated(THalf.Of(a), THalf.Of(b));
    }

    struct HighUnsigned : IProduct
    {
        public static bool Saturates => false;
        public static ulong Of(uint a, uint b) => (ulong)a * b >> 32;
    }

    struct HighSigned : IProduct
    {
        public static bool Saturates => false;
        public static ulong Of(uint a, uint b) => (uint)((long)(int)a * (int)b >> 32);
    }

    struct HighFraction : IProduct
    {
        public static bool Saturates => false;
        public static ulong Of(uint a, uint b) => SpeArithmetic.FractionProduct(a, b) >> 32;
    }

    struct HighSaturatedFraction : IProduct
    {
        public static bool Saturates => true;

        public static ulong Of(uint a, uint b) =>
            a == 0x8000_0000 && b == a ? 1UL << 32 | 0x7FFF_FFFF : SpeArithmetic.FractionProduct(a, b) >> 32;
    }

    /// <summary>The low word of the product is the same for signed and unsigned factors.</summary>
    struct LowWord : IProduct
    {
        public static bool Saturates => false;
        public static ulong Of(uint a, uint b) => a * b;
    }

    struct WideUnsigned : IWideProduct
    {
        public static ulong Of(uint a, uint b) => (ulong)a * b;
    }

    struct WideSigned : IWideProduct
    {
        public static ulong Of(uint a, uint b) => (ulong)((long)(int)a * (int)b);
    }

    struct WideFraction : IWideProduct
    {
        public static ulong Of(uint a, uint b) => SpeArithmetic.FractionProduct(a, b);
    }

    struct GuardedUnsigned<THalf> : IWideProduct
        where THalf : IHalf
    {
        public static ulong Of(uint a, uint b) => (uint)THalf.Of(a) * THalf.Of(b);
    }

    struct GuardedSigned<THalf> : IWideProduct
        where THalf : IHalf
    {
        public static ulong Of(uint a, uint b) => (ulong)(long)((short)THalf.Of(a) * (short)THalf.Of(b));
    }

    /// <summary>With its guard bits the fraction -1 times -1 is +1.</summary>
    struct GuardedFraction<THalf> : IWideProduct
        where THalf : IHalf
    {
        public static ulong Of(uint a, uint b) => (ulong)(long)((short)THalf.Of(a) * (short)THalf.Of(b)) << 1;
    }

    struct Modulo : ISum
    {
        public static bool Saturates => false;
        public static ulong Of(uint accumulator, uint value, bool minus) => minus ? accumulator - value : accumulator + value;
    }

    struct SaturatingSigned : ISum
    {
        public static bool Saturates => true;

        public static ulong Of(uint accumulator, uint value, bool minus) =>
            SpeArithmetic.SaturateSigned(minus ? (long)(int)accumulator - (int)value : (long)(int)accumulator + (int)value);
    }

    struct SaturatingUnsigned : ISum
    {
        public static bool Saturates => true;

        public static ulong Of(uint accumulator, uint value, bool minus) =>
            SpeArithmetic.SaturateUnsigned(minus ? (long)accumulator - value : (long)accumulator + value);
    }
}
