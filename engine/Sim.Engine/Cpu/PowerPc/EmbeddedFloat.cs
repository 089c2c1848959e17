using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// Embedded floating point: scalar single (efs…), vector single (evfs…) and scalar double precision (efd…, e500v2 only)
/// (SPE programming environments manual, chapters 3 to 5).
/// </summary>
/// <remarks>
/// Results are IEEE 754's, with subnormal numbers, infinities and NaNs, as in QEMU 7.2. SPEFSCR is the manual's: the rounding mode is
/// obeyed, status bits are set, and what is enabled there interrupts (embedded floating-point data: IVOR33, round: IVOR34). QEMU 7.2
/// ignores SPEFSCR: it rounds to nearest, reports nothing and never interrupts. So with SPEFSCR=0 the results are equal.
/// Scalar single precision touches no upper half and works without MSR[SPE]; the sign operations and the tests report nothing.
/// </remarks>
internal static unsafe partial class EmbeddedFloat
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    /// <summary>Bits 11 and 12: of a conversion's unused RA field QEMU wants these two to be 0.</summary>
    const uint ConversionReserved = 0x0018_0000;

    public static Instruction[] Table() => [.. ScalarSingle(), .. VectorSingle(), .. ScalarDouble()];

    static Instruction[] ScalarSingle() =>
    [
        Single("efsadd", 0x2C0, &Scalar<Binary<Sum<SingleFormat>>>),
        Single("efssub", 0x2C1, &Scalar<Binary<Difference<SingleFormat>>>),
        Single("efsabs", 0x2C4, &SignSingle<Absolute>, SpeInteger.NoRb),
        Single("efsnabs", 0x2C5, &SignSingle<NegativeAbsolute>, SpeInteger.NoRb),
        Single("efsneg", 0x2C6, &SignSingle<Negate>, SpeInteger.NoRb),
        Single("efsmul", 0x2C8, &Scalar<Binary<Product<SingleFormat>>>),
        Single("efsdiv", 0x2C9, &Scalar<Binary<Quotient<SingleFormat>>>),
        Single("efscmpgt", 0x2CC, &CompareScalar<SingleFormat, Greater, Yes>, SpeInteger.CrFieldOnly),
        Single("efscmplt", 0x2CD, &CompareScalar<SingleFormat, Less, Yes>, SpeInteger.CrFieldOnly),
        Single("efscmpeq", 0x2CE, &CompareScalar<SingleFormat, Equal, Yes>, SpeInteger.CrFieldOnly),
        Single("efscfui", 0x2D0, &Scalar<FromUnsigned<SingleFormat, Word, Whole>>, ConversionReserved),
        Single("efscfsi", 0x2D1, &Scalar<FromSigned<SingleFormat, Word, Whole>>, ConversionReserved),
        Single("efscfuf", 0x2D2, &Scalar<FromUnsigned<SingleFormat, Word, UnsignedFraction>>, ConversionReserved),
        Single("efscfsf", 0x2D3, &Scalar<FromSigned<SingleFormat, Word, SignedFraction>>, ConversionReserved),
        Single("efsctui", 0x2D4, &Scalar<ToUnsigned<SingleFormat, Word, Whole, No>>, ConversionReserved),
        Single("efsctsi", 0x2D5, &Scalar<ToSigned<SingleFormat, Word, Whole, No>>, ConversionReserved),
        Single("efsctuf", 0x2D6, &Scalar<ToUnsigned<SingleFormat, Word, UnsignedFraction, No>>, ConversionReserved),
        Single("efsctsf", 0x2D7, &Scalar<ToSigned<SingleFormat, Word, SignedFraction, No>>, ConversionReserved),
        Single("efsctuiz", 0x2D8, &Scalar<ToUnsigned<SingleFormat, Word, Whole, Yes>>, ConversionReserved),
        Single("efsctsiz", 0x2DA, &Scalar<ToSigned<SingleFormat, Word, Whole, Yes>>, ConversionReserved),
        Single("efststgt", 0x2DC, &CompareScalar<SingleFormat, Greater, No>, SpeInteger.CrFieldOnly),
        Single("efststlt", 0x2DD, &CompareScalar<SingleFormat, Less, No>, SpeInteger.CrFieldOnly),
        Single("efststeq", 0x2DE, &CompareScalar<SingleFormat, Equal, No>, SpeInteger.CrFieldOnly),
    ];

    static Instruction[] VectorSingle() =>
    [
        Instruction.Vector("evfsadd", 0x280, &Vector<Binary<Sum<SingleFormat>>>),
        Instruction.Vector("evfssub", 0x281, &Vector<Binary<Difference<SingleFormat>>>),
        Instruction.Vector("evfsabs", 0x284, &SignVector<Absolute>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evfsnabs", 0x285, &SignVector<NegativeAbsolute>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evfsneg", 0x286, &SignVector<Negate>, reserved: SpeInteger.NoRb),
        Instruction.Vector("evfsmul", 0x288, &Vector<Binary<Product<SingleFormat>>>),
        Instruction.Vector("evfsdiv", 0x289, &Vector<Binary<Quotient<SingleFormat>>>),
        Instruction.Vector("evfscmpgt", 0x28C, &CompareVector<Greater, Yes>, reserved: SpeInteger.CrFieldOnly),
        Instruction.Vector("evfscmplt", 0x28D, &CompareVector<Less, Yes>, reserved: SpeInteger.CrFieldOnly),
        Instruction.Vector("evfscmpeq", 0x28E, &CompareVector<Equal, Yes>, reserved: SpeInteger.CrFieldOnly),
        Instruction.Vector("evfscfui", 0x290, &Vector<FromUnsigned<SingleFormat, Word, Whole>>, reserved: ConversionReserved),
        Instruction.Vector("evfscfsi", 0x291, &Vector<FromSigned<SingleFormat, Word, Whole>>, reserved: ConversionReserved),
        Instruction.Vector("evfscfuf", 0x292, &Vector<FromUnsigned<SingleFormat, Word, UnsignedFraction>>, reserved: ConversionReserved),
        Instruction.Vector("evfscfsf", 0x293, &Vector<FromSigned<SingleFormat, Word, SignedFraction>>, reserved: ConversionReserved),
        Instruction.Vector("evfsctui", 0x294, &Vector<ToUnsigned<SingleFormat, Word, Whole, No>>, reserved: ConversionReserved),
        Instruction.Vector("evfsctsi", 0x295, &Vector<ToSigned<SingleFormat, Word, Whole, No>>, reserved: ConversionReserved),
        Instruction.Vector("evfsctuf", 0x296, &Vector<ToUnsigned<SingleFormat, Word, UnsignedFraction, No>>, reserved: ConversionReserved),
        Instruction.Vector("evfsctsf", 0x297, &Vector<ToSigned<SingleFormat, Word, SignedFraction, No>>, reserved: ConversionReserved),
        Instruction.Vector("evfsctuiz", 0x298, &Vector<ToUnsigned<SingleFormat, Word, Whole, Yes>>, reserved: ConversionReserved),
        Instruction.Vector("evfsctsiz", 0x29A, &Vector<ToSigned<SingleFormat, Word, Whole, Yes>>, reserved: ConversionReserved),
        Instruction.Vector("evfststgt", 0x29C, &CompareVector<Greater, No>, reserved: SpeInteger.CrFieldOnly),
        Instruction.Vector("evfststlt", 0x29D, &CompareVector<Less, No>, reserved: SpeInteger.CrFieldOnly),
        Instruction.Vector("evfststeq", 0x29E, &CompareVector<Equal, No>, reserved: SpeInteger.CrFieldOnly),
    ];

    static Instruction[] ScalarDouble() =>
    [
        // Its operand is a double, and yet QEMU's e500v1 has it.
        Instruction.Vector("efscfd", 0x2CF, &Scalar<Narrow>, reserved: ConversionReserved),
        Double("efdadd", 0x2E0, &Scalar<Binary<Sum<DoubleFormat>>>),
        Double("efdsub", 0x2E1, &Scalar<Binary<Difference<DoubleFormat>>>),
        Double("efdcfuid", 0x2E2, &Scalar<FromUnsigned<DoubleFormat, Doubleword, Whole>>, ConversionReserved),
        Double("efdcfsid", 0x2E3, &Scalar<FromSigned<DoubleFormat, Doubleword, Whole>>, ConversionReserved),
        Double("efdabs", 0x2E4, &SignDouble<Absolute>, SpeInteger.NoRb),
        Double("efdnabs", 0x2E5, &SignDouble<NegativeAbsolute>, SpeInteger.NoRb),
        Double("efdneg", 0x2E6, &SignDouble<Negate>, SpeInteger.NoRb),
        Double("efdmul", 0x2E8, &Scalar<Binary<Product<DoubleFormat>>>),
        Double("efddiv", 0x2E9, &Scalar<Binary<Quotient<DoubleFormat>>>),
        Double("efdctuidz", 0x2EA, &Scalar<ToUnsigned<DoubleFormat, Doubleword, Whole, Yes>>, ConversionReserved),
        Double("efdctsidz", 0x2EB, &Scalar<ToSigned<DoubleFormat, Doubleword, Whole, Yes>>, ConversionReserved),
        Double("efdcmpgt", 0x2EC, &CompareScalar<DoubleFormat, Greater, Yes>, SpeInteger.CrFieldOnly),
        Double("efdcmplt", 0x2ED, &CompareScalar<DoubleFormat, Less, Yes>, SpeInteger.CrFieldOnly),
        Double("efdcmpeq", 0x2EE, &CompareScalar<DoubleFormat, Equal, Yes>, SpeInteger.CrFieldOnly),
        Double("efdcfs", 0x2EF, &Scalar<Widen>, ConversionReserved),
        Double("efdcfui", 0x2F0, &Scalar<FromUnsigned<DoubleFormat, Word, Whole>>, ConversionReserved),
        Double("efdcfsi", 0x2F1, &Scalar<FromSigned<DoubleFormat, Word, Whole>>, ConversionReserved),
        Double("efdcfuf", 0x2F2, &Scalar<FromUnsigned<DoubleFormat, Word, UnsignedFraction>>, ConversionReserved),
        Double("efdcfsf", 0x2F3, &Scalar<FromSigned<DoubleFormat, Word, SignedFraction>>, ConversionReserved),
        Double("efdctui", 0x2F4, &Scalar<ToUnsigned<DoubleFormat, Word, Whole, No>>, ConversionReserved),
        Double("efdctsi", 0x2F5, &Scalar<ToSigned<DoubleFormat, Word, Whole, No>>, ConversionReserved),
        Double("efdctuf", 0x2F6, &Scalar<ToUnsigned<DoubleFormat, Word, UnsignedFraction, No>>, ConversionReserved),
        Double("efdctsf", 0x2F7, &Scalar<ToSigned<DoubleFormat, Word, SignedFraction, No>>, ConversionReserved),
        Double("efdctuiz", 0x2F8, &Scalar<ToUnsigned<DoubleFormat, Word, Whole, Yes>>, ConversionReserved),
        Double("efdctsiz", 0x2FA, &Scalar<ToSigned<DoubleFormat, Word, Whole, Yes>>, ConversionReserved),
        Double("efdtstgt", 0x2FC, &CompareScalar<DoubleFormat, Greater, No>, SpeInteger.CrFieldOnly),
        Double("efdtstlt", 0x2FD, &CompareScalar<DoubleFormat, Less, No>, SpeInteger.CrFieldOnly),
        Double("efdtsteq", 0x2FE, &CompareScalar<DoubleFormat, Equal, No>, SpeInteger.CrFieldOnly),
    ];

    static Instruction Single(string mnemonic, uint extended, delegate*<PowerPcState*, Op*, long, long> handler, uint reserved = 0) =>
        new(mnemonic, 0xFC00_07FF | reserved, 0x1000_0000 | extended, handler, OperandForm.Plain);

    static Instruction Double(string mnemonic, uint extended, delegate*<PowerPcState*, Op*, long, long> handler, uint reserved = 0) =>
        new(mnemonic, 0xFC00_07FF | reserved, 0x1000_0000 | extended, handler, OperandForm.Plain,
            InstructionFlags.Spe | InstructionFlags.SpeDouble);

    /// <summary>Puts a check of the core's model before the handler of a double-precision instruction.</summary>
    public static void CheckModel(Op* op)
    {
        op->Constant = (ulong)op->Handler;
        op->Handler = &IfModelHasDouble;
    }

    [MethodImpl(Optimized)]
    static long IfModelHasDouble(PowerPcState* s, Op* op, long budget)
    {
        const uint FirstModel = 0x8020;
        if (s->Pvr >> 16 == FirstModel)
            return Exceptions.Illegal(s, op, budget);
        return ((delegate*<PowerPcState*, Op*, long, long>)op->Constant)(s, op, budget);
    }

    [MethodImpl(Optimized)]
    static long Scalar<T>(PowerPcState* s, Op* op, long budget)
        where T : IOperation
    {
        if (EvaluateScalar<T>(s, op))
            return Exceptions.Raise(s, op, budget, PowerPc.Vector.EmbeddedFloatData, Esr.Spv);
        if (Spefscr.RoundInterrupt(s))
            return Exceptions.RaiseAfter(s, op, budget, PowerPc.Vector.EmbeddedFloatRound, Esr.Spv);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Vector<T>(PowerPcState* s, Op* op, long budget)
        where T : IOperation
    {
        if (EvaluateVector<T>(s, op))
            return Exceptions.Raise(s, op, budget, PowerPc.Vector.EmbeddedFloatData, Esr.Spv);
        if (Spefscr.RoundInterrupt(s))
            return Exceptions.RaiseAfter(s, op, budget, PowerPc.Vector.EmbeddedFloatRound, Esr.Spv);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long CompareScalar<TFormat, TRelation, TReports>(PowerPcState* s, Op* op, long budget)
        where TFormat : IFloatFormat
        where TRelation : IRelation
        where TReports : IChoice
    {
        ulong a = Register(s, op->Ra, TFormat.FractionBits > 32), b = Register(s, op->Rb, TFormat.FractionBits > 32);
        if (TReports.On && Spefscr.SetFloatStatus(s, 0, SpecialOperand<TFormat>(a, b)))
            return Exceptions.Raise(s, op, budget, PowerPc.Vector.EmbeddedFloatData, Esr.Spv);
        s->Cr[op->Rt >> 2] = (byte)(TRelation.Of<TFormat>(a, b) ? 4 : 0);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long CompareVector<TRelation, TReports>(PowerPcState* s, Op* op, long budget)
        where TRelation : IRelation
        where TReports : IChoice
    {
        uint highA = s->GprHigh[op->Ra], highB = s->GprHigh[op->Rb], lowA = s->Gpr[op->Ra], lowB = s->Gpr[op->Rb];
        if (TReports.On && Spefscr.SetFloatStatus(s, SpecialOperand<SingleFormat>(highA, highB), SpecialOperand<SingleFormat>(lowA, lowB)))
            return Exceptions.Raise(s, op, budget, PowerPc.Vector.EmbeddedFloatData, Esr.Spv);
        s->Cr[op->Rt >> 2] = SpeArithmetic.CrField(TRelation.Of<SingleFormat>(highA, highB), TRelation.Of<SingleFormat>(lowA, lowB));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long SignSingle<T>(PowerPcState* s, Op* op, long budget)
        where T : ISignOperation
    {
        s->Gpr[op->Rt] = T.Of(s->Gpr[op->Ra]);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long SignVector<T>(PowerPcState* s, Op* op, long budget)
        where T : ISignOperation
    {
        s->GprHigh[op->Rt] = T.Of(s->GprHigh[op->Ra]);
        s->Gpr[op->Rt] = T.Of(s->Gpr[op->Ra]);
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>The sign of a double stands in the upper half.</summary>
    [MethodImpl(Optimized)]
    static long SignDouble<T>(PowerPcState* s, Op* op, long budget)
        where T : ISignOperation
    {
        s->GprHigh[op->Rt] = T.Of(s->GprHigh[op->Ra]);
        s->Gpr[op->Rt] = s->Gpr[op->Ra];
        return op[1].Handler(s, op + 1, budget);
    }

    static ulong Register(PowerPcState* s, int number, bool isWide) =>
        isWide ? (ulong)s->GprHigh[number] << 32 | s->Gpr[number] : s->Gpr[number];

    static uint SpecialOperand<TFormat>(ulong a, ulong b)
        where TFormat : IFloatFormat =>
        SoftFloat.IsSpecial<TFormat>(a) || SoftFloat.IsSpecial<TFormat>(b) ? Spefscr.Finv : 0;

    /// <summary>
    /// With the round interrupt enabled results are truncated: the handler rounds them, by guard and sticky bits.
    /// </summary>
    static FloatContext ContextOf(PowerPcState* s) => new()
    {
        Rounding = (s->Spefscr & Spefscr.Finxe) != 0 ? FloatRounding.Zero : (FloatRounding)(s->Spefscr & Spefscr.Frmc),
    };

    /// <summary>Computes and records; writes RT and returns false, or returns true for a data exception.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool EvaluateScalar<T>(PowerPcState* s, Op* op)
        where T : IOperation
    {
        FloatContext context = ContextOf(s);
        ulong result = T.Of(Register(s, op->Ra, T.IsWideOperand), Register(s, op->Rb, T.IsWideOperand), ref context);
        if (Spefscr.SetFloatStatus(s, 0, Only(context.Flags)))
            return true;
        s->Gpr[op->Rt] = (uint)result;
        if (T.IsWideResult)
            s->GprHigh[op->Rt] = (uint)(result >> 32);
        return false;
    }

    /// <summary>As <see cref="EvaluateScalar"/>, of both elements.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static bool EvaluateVector<T>(PowerPcState* s, Op* op)
        where T : IOperation
    {
        FloatContext high = ContextOf(s), low = high;
        ulong upper = T.Of(s->GprHigh[op->Ra], s->GprHigh[op->Rb], ref high), lower = T.Of(s->Gpr[op->Ra], s->Gpr[op->Rb], ref low);
        if (Spefscr.SetFloatStatus(s, Only(high.Flags), Only(low.Flags)))
            return true;
        s->GprHigh[op->Rt] = (uint)upper;
        s->Gpr[op->Rt] = (uint)lower;
        return false;
    }

    /// <summary>An invalid operand is all that is reported of an operation, and so is a division by zero.</summary>
    static uint Only(uint flags) =>
        (flags & Spefscr.Finv) != 0 ? Spefscr.Finv : (flags & Spefscr.Fdbz) != 0 ? Spefscr.Fdbz : flags;
}
