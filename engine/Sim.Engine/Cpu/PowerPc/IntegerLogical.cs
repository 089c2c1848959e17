using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Integer logic, shifts, sign extension, count of leading zeros, isel.</summary>
internal static unsafe class IntegerLogical
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    public static Instruction[] Table() =>
    [
        Instruction.Primary("ori", 24, &Immediate<Or, No>, OperandForm.Unsigned),
        Instruction.Primary("oris", 25, &Immediate<Or, No>, OperandForm.Shifted),
        Instruction.Primary("xori", 26, &Immediate<Xor, No>, OperandForm.Unsigned),
        Instruction.Primary("xoris", 27, &Immediate<Xor, No>, OperandForm.Shifted),
        Instruction.Primary("andi.", 28, &Immediate<And, Yes>, OperandForm.Unsigned),
        Instruction.Primary("andis.", 29, &Immediate<And, Yes>, OperandForm.Shifted),
        .. Forms<ShiftLeft>("slw", 24),
        .. Forms<CountLeadingZeros>("cntlzw", 26),
        .. Forms<And>("and", 28),
        .. Forms<AndComplement>("andc", 60),
        .. Forms<Nor>("nor", 124),
        .. Forms<Equivalent>("eqv", 284),
        .. Forms<Xor>("xor", 316),
        .. Forms<OrComplement>("orc", 412),
        .. Forms<Or>("or", 444),
        .. Forms<Nand>("nand", 476),
        .. Forms<ShiftRight>("srw", 536),
        Instruction.Extended("sraw", 31, 792, &ShiftRightAlgebraic<No>),
        Instruction.Extended("sraw.", 31, 792, &ShiftRightAlgebraic<Yes>, record: 1),
        Instruction.Extended("srawi", 31, 824, &ShiftRightAlgebraicImmediate<No>),
        Instruction.Extended("srawi.", 31, 824, &ShiftRightAlgebraicImmediate<Yes>, record: 1),
        .. Forms<ExtendHalfword>("extsh", 922),
        .. Forms<ExtendByte>("extsb", 954),
        new("isel", 0xFC00_003F, 31u << 26 | 15 << 1, &Select, OperandForm.RaOrZero),
    ];

    /// <summary>An operation on RS and RB (or an immediate) into RA.</summary>
    interface IOperation
    {
        static abstract uint Compute(uint source, uint operand);
    }

    static Instruction[] Forms<T>(string mnemonic, uint extended)
        where T : IOperation =>
    [
        Instruction.Extended(mnemonic, 31, extended, &Registers<T, No>),
        Instruction.Extended(mnemonic + ".", 31, extended, &Registers<T, Yes>, record: 1),
    ];

    [MethodImpl(Optimized)]
    static long Registers<T, TRecord>(PowerPcState* s, Op* op, long budget)
        where T : IOperation
        where TRecord : IChoice
    {
        uint result = T.Compute(Operand.Rs(s, op), Operand.Rb(s, op));
        Operand.SetRa(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Immediate<T, TRecord>(PowerPcState* s, Op* op, long budget)
        where T : IOperation
        where TRecord : IChoice
    {
        uint result = T.Compute(Operand.Rs(s, op), (uint)op->Immediate);
        Operand.SetRa(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long ShiftRightAlgebraic<TRecord>(PowerPcState* s, Op* op, long budget)
        where TRecord : IChoice
    {
        int count = (int)(Operand.Rb(s, op) & 63);
        uint result = ShiftAlgebraic(s, Operand.Rs(s, op), count);
        Operand.SetRa(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long ShiftRightAlgebraicImmediate<TRecord>(PowerPcState* s, Op* op, long budget)
        where TRecord : IChoice
    {
        uint result = ShiftAlgebraic(s, Operand.Rs(s, op), op->Rb);
        Operand.SetRa(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>Shifts by 0 to 63 places; CA = the source is negative and ones were shifted out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint ShiftAlgebraic(PowerPcState* s, uint source, int count)
    {
        long wide = (long)(int)source << 32 >> Math.Min(count, 63);
        s->XerCa = wide < 0 && (uint)wide != 0 ? (byte)1 : (byte)0;
        return (uint)(wide >> 32);
    }

    /// <summary>isel: RT = CR bit BC (in the field of op->Rc) set ? RA or 0 : RB.</summary>
    [MethodImpl(Optimized)]
    static long Select(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, s->Gpr[IsSet(s, op) ? op->Ra : op->Rb]);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsSet(PowerPcState* s, Op* op) => (s->Cr[op->Rc >> 2] & 8 >> (op->Rc & 3)) != 0;

    struct And : IOperation
    {
        public static uint Compute(uint source, uint operand) => source & operand;
    }

    struct AndComplement : IOperation
    {
        public static uint Compute(uint source, uint operand) => source & ~operand;
    }

    struct Or : IOperation
    {
        public static uint Compute(uint source, uint operand) => source | operand;
    }

    struct OrComplement : IOperation
    {
        public static uint Compute(uint source, uint operand) => source | ~operand;
    }

    struct Xor : IOperation
    {
        public static uint Compute(uint source, uint operand) => source ^ operand;
    }

    struct Nand : IOperation
    {
        public static uint Compute(uint source, uint operand) => ~(source & operand);
    }

    struct Nor : IOperation
    {
        public static uint Compute(uint source, uint operand) => ~(source | operand);
    }

    struct Equivalent : IOperation
    {
        public static uint Compute(uint source, uint operand) => ~(source ^ operand);
    }

    struct ShiftLeft : IOperation
    {
        public static uint Compute(uint source, uint operand) => (uint)((ulong)source << (int)(operand & 63));
    }

    struct ShiftRight : IOperation
    {
        public static uint Compute(uint source, uint operand) => (uint)((ulong)source >> (int)(operand & 63));
    }

    struct CountLeadingZeros : IOperation
    {
        public static uint Compute(uint source, uint operand) => (uint)BitOperations.LeadingZeroCount(source);
    }

    struct ExtendByte : IOperation
    {
        public static uint Compute(uint source, uint operand) => (uint)(sbyte)source;
    }

    struct ExtendHalfword : IOperation
    {
        public static uint Compute(uint source, uint operand) => (uint)(short)source;
    }
}
