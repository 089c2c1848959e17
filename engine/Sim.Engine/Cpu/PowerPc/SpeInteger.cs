using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// SPE simple integer instructions: arithmetic, logic, shifts, merges, compares and selection on two 32-bit elements (SPE programming
/// environments manual, chapter 5).
/// </summary>
/// <remarks>
/// QEMU 7.2 executes evsrwu, evsrws and evslw wrongly (its result is the shift count), and evfscmp and evfstst set the CR field before
/// theirs as well; here the manual decides.
/// </remarks>
internal static unsafe class SpeInteger
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    /// <summary>Bits 16-20 of the word: an RB field that must be 0.</summary>
    internal const uint NoRb = 0x0000_F800;

    /// <summary>Bits 9-10 of the word: beside a CR field number.</summary>
    internal const uint CrFieldOnly = 0x0060_0000;

    public static Instruction[] Table() =>
    [
        Instruction.Vector("evaddw", 0x200, &Binary<AddWord>),
        Instruction.Vector("evaddiw", 0x202, &AddImmediate),
        Instruction.Vector("evsubfw", 0x204, &Binary<SubtractFromWord>),
        Instruction.Vector("evsubifw", 0x206, &SubtractImmediate),
        Instruction.Vector("evabs", 0x208, &Unary<AbsoluteWord>, reserved: NoRb),
        Instruction.Vector("evneg", 0x209, &Unary<NegateWord>, reserved: NoRb),
        Instruction.Vector("evextsb", 0x20A, &Unary<ExtendByte>, reserved: NoRb),
        Instruction.Vector("evextsh", 0x20B, &Unary<ExtendHalfword>, reserved: NoRb),
        Instruction.Vector("evrndw", 0x20C, &Unary<RoundWord>, reserved: NoRb),
        Instruction.Vector("evcntlzw", 0x20D, &Unary<CountLeadingZeros>, reserved: NoRb),
        Instruction.Vector("evcntlsw", 0x20E, &Unary<CountLeadingSigns>, reserved: NoRb),
        // Touches no upper half, and so works without MSR[SPE].
        new("brinc", 0xFC00_07FF, 0x1000_020F, &BitReversedIncrement, OperandForm.Plain),
        Instruction.Vector("evand", 0x211, &Binary<And>),
        Instruction.Vector("evandc", 0x212, &Binary<AndComplement>),
        Instruction.Vector("evxor", 0x216, &Binary<Xor>),
        Instruction.Vector("evor", 0x217, &Binary<Or>),
        Instruction.Vector("evnor", 0x218, &Binary<Nor>),
        Instruction.Vector("eveqv", 0x219, &Binary<Equivalent>),
        Instruction.Vector("evorc", 0x21B, &Binary<OrComplement>),
        Instruction.Vector("evnand", 0x21E, &Binary<Nand>),
        Instruction.Vector("evsrwu", 0x220, &Binary<ShiftRightUnsigned>),
        Instruction.Vector("evsrws", 0x221, &Binary<ShiftRightSigned>),
        Instruction.Vector("evsrwiu", 0x222, &ByImmediate<ShiftRightUnsigned>),
        Instruction.Vector("evsrwis", 0x223, &ByImmediate<ShiftRightSigned>),
        Instruction.Vector("evslw", 0x224, &Binary<ShiftLeft>),
        Instruction.Vector("evslwi", 0x226, &ByImmediate<ShiftLeft>),
        Instruction.Vector("evrlw", 0x228, &Binary<RotateLeft>),
        Instruction.Vector("evsplati", 0x229, &Splat, OperandForm.SpeImmediate, NoRb),
        Instruction.Vector("evrlwi", 0x22A, &ByImmediate<RotateLeft>),
        Instruction.Vector("evsplatfi", 0x22B, &SplatFraction, reserved: NoRb),
        Instruction.Vector("evmergehi", 0x22C, &MergeHigh),
        Instruction.Vector("evmergelo", 0x22D, &MergeLow),
        Instruction.Vector("evmergehilo", 0x22E, &MergeHighLow),
        Instruction.Vector("evmergelohi", 0x22F, &MergeLowHigh),
        Instruction.Vector("evcmpgtu", 0x230, &Compare<GreaterUnsigned>, reserved: CrFieldOnly),
        Instruction.Vector("evcmpgts", 0x231, &Compare<GreaterSigned>, reserved: CrFieldOnly),
        Instruction.Vector("evcmpltu", 0x232, &Compare<LessUnsigned>, reserved: CrFieldOnly),
        Instruction.Vector("evcmplts", 0x233, &Compare<LessSigned>, reserved: CrFieldOnly),
        Instruction.Vector("evcmpeq", 0x234, &Compare<Equal>, reserved: CrFieldOnly),
        // The CR field to select by stands in the last three bits.
        new("evsel", 0xFC00_07F8, 0x1000_0278, &Select, OperandForm.Plain, InstructionFlags.Spe),
    ];

    /// <summary>What an instruction does to one element.</summary>
    interface IUnary
    {
        static abstract uint Of(uint a);
    }

    /// <summary>What an instruction does to an element of RA and the one of RB.</summary>
    interface IBinary
    {
        static abstract uint Of(uint a, uint b);
    }

    /// <summary>What a compare asks of an element of RA and the one of RB.</summary>
    interface IRelation
    {
        static abstract bool Of(uint a, uint b);
    }

    [MethodImpl(Optimized)]
    static long Unary<T>(PowerPcState* s, Op* op, long budget)
        where T : IUnary
    {
        s->GprHigh[op->Rt] = T.Of(s->GprHigh[op->Ra]);
        s->Gpr[op->Rt] = T.Of(s->Gpr[op->Ra]);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Binary<T>(PowerPcState* s, Op* op, long budget)
        where T : IBinary
    {
        s->GprHigh[op->Rt] = T.Of(s->GprHigh[op->Ra], s->GprHigh[op->Rb]);
        s->Gpr[op->Rt] = T.Of(s->Gpr[op->Ra], s->Gpr[op->Rb]);
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>The RB field is the second operand of both elements.</summary>
    [MethodImpl(Optimized)]
    static long ByImmediate<T>(PowerPcState* s, Op* op, long budget)
        where T : IBinary
    {
        s->GprHigh[op->Rt] = T.Of(s->GprHigh[op->Ra], op->Rb);
        s->Gpr[op->Rt] = T.Of(s->Gpr[op->Ra], op->Rb);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long AddImmediate(PowerPcState* s, Op* op, long budget)
    {
        s->GprHigh[op->Rt] = s->GprHigh[op->Rb] + op->Ra;
        s->Gpr[op->Rt] = s->Gpr[op->Rb] + op->Ra;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long SubtractImmediate(PowerPcState* s, Op* op, long budget)
    {
        s->GprHigh[op->Rt] = s->GprHigh[op->Rb] - op->Ra;
        s->Gpr[op->Rt] = s->Gpr[op->Rb] - op->Ra;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long BitReversedIncrement(PowerPcState* s, Op* op, long budget)
    {
        s->Gpr[op->Rt] = SpeArithmetic.BitReversedIncrement(s->Gpr[op->Ra], s->Gpr[op->Rb]);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Splat(PowerPcState* s, Op* op, long budget)
    {
        s->GprHigh[op->Rt] = (uint)op->Immediate;
        s->Gpr[op->Rt] = (uint)op->Immediate;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long SplatFraction(PowerPcState* s, Op* op, long budget)
    {
        uint value = (uint)op->Ra << 27;
        s->GprHigh[op->Rt] = value;
        s->Gpr[op->Rt] = value;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MergeHigh(PowerPcState* s, Op* op, long budget)
    {
        uint high = s->GprHigh[op->Ra], low = s->GprHigh[op->Rb];
        s->GprHigh[op->Rt] = high;
        s->Gpr[op->Rt] = low;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MergeLow(PowerPcState* s, Op* op, long budget)
    {
        uint high = s->Gpr[op->Ra], low = s->Gpr[op->Rb];
        s->GprHigh[op->Rt] = high;
        s->Gpr[op->Rt] = low;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MergeHighLow(PowerPcState* s, Op* op, long budget)
    {
        uint high = s->GprHigh[op->Ra], low = s->Gpr[op->Rb];
        s->GprHigh[op->Rt] = high;
        s->Gpr[op->Rt] = low;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MergeLowHigh(PowerPcState* s, Op* op, long budget)
    {
        uint high = s->Gpr[op->Ra], low = s->GprHigh[op->Rb];
        s->GprHigh[op->Rt] = high;
        s->Gpr[op->Rt] = low;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Compare<T>(PowerPcState* s, Op* op, long budget)
        where T : IRelation
    {
        s->Cr[op->Rt >> 2] = SpeArithmetic.CrField(
            T.Of(s->GprHigh[op->Ra], s->GprHigh[op->Rb]),
            T.Of(s->Gpr[op->Ra], s->Gpr[op->Rb]));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Select(PowerPcState* s, Op* op, long budget)
    {
        uint field = s->Cr[op->Raw & 7];
        s->GprHigh[op->Rt] = (field & 8) != 0 ? s->GprHigh[op->Ra] : s->GprHigh[op->Rb];
        s->Gpr[op->Rt] = (field & 4) != 0 ? s->Gpr[op->Ra] : s->Gpr[op->Rb];
        return op[1].Handler(s, op + 1, budget);
    }

    struct AddWord : IBinary
    {
        public static uint Of(uint a, uint b) => a + b;
    }

    struct SubtractFromWord : IBinary
    {
        public static uint Of(uint a, uint b) => b - a;
    }

    struct AbsoluteWord : IUnary
    {
        public static uint Of(uint a) => (int)a < 0 ? 0 - a : a;
    }

    struct NegateWord : IUnary
    {
        public static uint Of(uint a) => 0 - a;
    }

    struct ExtendByte : IUnary
    {
        public static uint Of(uint a) => (uint)(sbyte)a;
    }

    struct ExtendHalfword : IUnary
    {
        public static uint Of(uint a) => (uint)(short)a;
    }

    struct RoundWord : IUnary
    {
        public static uint Of(uint a) => (a + 0x8000) & 0xFFFF_0000;
    }

    struct CountLeadingZeros : IUnary
    {
        public static uint Of(uint a) => (uint)BitOperations.LeadingZeroCount(a);
    }

    struct CountLeadingSigns : IUnary
    {
        public static uint Of(uint a) => (uint)BitOperations.LeadingZeroCount((int)a < 0 ? ~a : a);
    }

    struct And : IBinary
    {
        public static uint Of(uint a, uint b) => a & b;
    }

    struct AndComplement : IBinary
    {
        public static uint Of(uint a, uint b) => a & ~b;
    }

    struct Xor : IBinary
    {
        public static uint Of(uint a, uint b) => a ^ b;
    }

    struct Or : IBinary
    {
        public static uint Of(uint a, uint b) => a | b;
    }

    struct Nor : IBinary
    {
        public static uint Of(uint a, uint b) => ~(a | b);
    }

    struct Equivalent : IBinary
    {
        public static uint Of(uint a, uint b) => ~(a ^ b);
    }

    struct OrComplement : IBinary
    {
        public static uint Of(uint a, uint b) => a | ~b;
    }

    struct Nand : IBinary
    {
        public static uint Of(uint a, uint b) => ~(a & b);
    }

    /// <summary>Shift counts have six bits: 32 and more shift everything out.</summary>
    struct ShiftRightUnsigned : IBinary
    {
        public static uint Of(uint a, uint b) => (uint)((ulong)a >> (int)(b & 63));
    }

    struct ShiftRightSigned : IBinary
    {
        public static uint Of(uint a, uint b) => (uint)((long)(int)a >> (int)(b & 63));
    }

    struct ShiftLeft : IBinary
    {
        public static uint Of(uint a, uint b) => (uint)((ulong)a << (int)(b & 63));
    }

    struct RotateLeft : IBinary
    {
        public static uint Of(uint a, uint b) => BitOperations.RotateLeft(a, (int)(b & 31));
    }

    struct GreaterUnsigned : IRelation
    {
        public static bool Of(uint a, uint b) => a > b;
    }

    struct GreaterSigned : IRelation
    {
        public static bool Of(uint a, uint b) => (int)a > (int)b;
    }

    struct LessUnsigned : IRelation
    {
        public static bool Of(uint a, uint b) => a < b;
    }

    struct LessSigned : IRelation
    {
        public static bool Of(uint a, uint b) => (int)a < (int)b;
    }

    struct Equal : IRelation
    {
        public static bool Of(uint a, uint b) => a == b;
    }
}
