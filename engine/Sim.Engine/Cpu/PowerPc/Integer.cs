using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>A constant that a generic handler is compiled for: record form or not, overflow form or not.</summary>
internal interface IChoice
{
    static abstract bool On { get; }
}

/// <summary>The variant is chosen.</summary>
internal readonly struct Yes : IChoice
{
    public static bool On => true;
}

/// <summary>The variant is not chosen.</summary>
internal readonly struct No : IChoice
{
    public static bool On => false;
}

/// <summary>Integer arithmetic: add, subtract, multiply, divide, negate (Book E, chapter 4; e500: no 64-bit forms).</summary>
internal static unsafe class Integer
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    public static Instruction[] Table() =>
    [
        Instruction.Primary("mulli", 7, &MultiplyImmediate, OperandForm.Plain),
        Instruction.Primary("subfic", 8, &SubtractFromImmediateCarrying, OperandForm.Plain),
        Instruction.Primary("addic", 12, &AddImmediateCarrying<No>, OperandForm.Plain),
        Instruction.Primary("addic.", 13, &AddImmediateCarrying<Yes>, OperandForm.Plain),
        Instruction.Primary("addi", 14, &AddImmediate, OperandForm.RaOrZero),
        Instruction.Primary("addis", 15, &AddImmediate, OperandForm.ShiftedRaOrZero),
        .. Forms<SubtractCarrying>("subfc", 8),
        .. Forms<AddCarrying>("addc", 10),
        .. RecordForms<MultiplyHighUnsigned>("mulhwu", 11),
        .. Forms<Subtract>("subf", 40),
        .. RecordForms<MultiplyHigh>("mulhw", 75),
        .. Forms<Negate>("neg", 104, reserved: 0xF800),
        .. Forms<SubtractExtended>("subfe", 136),
        .. Forms<AddExtended>("adde", 138),
        .. Forms<SubtractExtendedZero>("subfze", 200, reserved: 0xF800),
        .. Forms<AddExtendedZero>("addze", 202, reserved: 0xF800),
        .. Forms<SubtractExtendedMinusOne>("subfme", 232, reserved: 0xF800),
        .. Forms<AddExtendedMinusOne>("addme", 234, reserved: 0xF800),
        .. Forms<MultiplyLow>("mullw", 235),
        .. Forms<Add>("add", 266),
        .. Forms<DivideUnsigned>("divwu", 459),
        .. Forms<Divide>("divw", 491),
    ];

    /// <summary>An operation on RA and RB; it may set XER[CA].</summary>
    interface IOperation
    {
        static abstract uint Compute(PowerPcState* s, uint a, uint b);

        /// <summary>What an OE=1 form sets XER[OV] to.</summary>
        static abstract bool Overflows(uint a, uint b, uint result);
    }

    static Instruction[] Forms<T>(string mnemonic, uint extended, uint reserved = 0)
        where T : IOperation =>
    [
        Instruction.Extended(mnemonic, 31, extended, &Arithmetic<T, No>, reserved: reserved),
        Instruction.Extended(mnemonic + ".", 31, extended, &Arithmetic<T, Yes>, reserved: reserved, record: 1),
        Instruction.Extended(mnemonic + "o", 31, extended | 512, &ArithmeticOverflow<T, No>, reserved: reserved),
        Instruction.Extended(mnemonic + "o.", 31, extended | 512, &ArithmeticOverflow<T, Yes>, reserved: reserved, record: 1),
    ];

    static Instruction[] RecordForms<T>(string mnemonic, uint extended)
        where T : IOperation =>
    [
        Instruction.Extended(mnemonic, 31, extended, &Arithmetic<T, No>),
        Instruction.Extended(mnemonic + ".", 31, extended, &Arithmetic<T, Yes>, record: 1),
    ];

    [MethodImpl(Optimized)]
    static long Arithmetic<T, TRecord>(PowerPcState* s, Op* op, long budget)
        where T : IOperation
        where TRecord : IChoice
    {
        uint result = T.Compute(s, Operand.Ra(s, op), Operand.Rb(s, op));
        Operand.SetRt(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long ArithmeticOverflow<T, TRecord>(PowerPcState* s, Op* op, long budget)
        where T : IOperation
        where TRecord : IChoice
    {
        uint a = Operand.Ra(s, op), b = Operand.Rb(s, op), result = T.Compute(s, a, b);
        Operand.SetRt(s, op, result);
        Flags.SetOverflow(s, T.Overflows(a, b, result));
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long AddImmediate(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, Operand.Ra(s, op) + (uint)op->Immediate);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long AddImmediateCarrying<TRecord>(PowerPcState* s, Op* op, long budget)
        where TRecord : IChoice
    {
        uint result = AddCarrying.Compute(s, Operand.Ra(s, op), (uint)op->Immediate);
        Operand.SetRt(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long SubtractFromImmediateCarrying(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, SubtractCarrying.Compute(s, Operand.Ra(s, op), (uint)op->Immediate));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MultiplyImmediate(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, Operand.Ra(s, op) * (uint)op->Immediate);
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>Overflow of the signed sum of a and b with a carry in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool SumOverflows(uint a, uint b, uint result) => (int)((result ^ a) & (result ^ b)) < 0;

    /// <summary>a + b + CA, which sets CA.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Extended(PowerPcState* s, uint a, uint b)
    {
        ulong sum = (ulong)a + b + s->XerCa;
        s->XerCa = (byte)(sum >> 32);
        return (uint)sum;
    }

    struct Add : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => a + b;
        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(a, b, result);
    }

    struct AddCarrying : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b)
        {
            uint sum = a + b;
            s->XerCa = sum < a ? (byte)1 : (byte)0;
            return sum;
        }

        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(a, b, result);
    }

    struct AddExtended : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => Extended(s, a, b);
        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(a, b, result);
    }

    struct AddExtendedZero : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => Extended(s, a, 0);
        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(a, 0, result);
    }

    struct AddExtendedMinusOne : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => Extended(s, a, uint.MaxValue);
        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(a, uint.MaxValue, result);
    }

    struct Subtract : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => b - a;
        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(~a, b, result);
    }

    struct SubtractCarrying : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b)
        {
            s->XerCa = b >= a ? (byte)1 : (byte)0;
            return b - a;
        }

        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(~a, b, result);
    }

    struct SubtractExtended : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => Extended(s, ~a, b);
        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(~a, b, result);
    }

    struct SubtractExtendedZero : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => Extended(s, ~a, 0);
        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(~a, 0, result);
    }

    struct SubtractExtendedMinusOne : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => Extended(s, ~a, uint.MaxValue);
        public static bool Overflows(uint a, uint b, uint result) => SumOverflows(~a, uint.MaxValue, result);
    }

    struct Negate : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => 0 - a;
        public static bool Overflows(uint a, uint b, uint result) => a == 0x8000_0000;
    }

    struct MultiplyLow : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => a * b;
        public static bool Overflows(uint a, uint b, uint result) => (long)(int)a * (int)b != (int)result;
    }

    struct MultiplyHigh : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => (uint)((long)(int)a * (int)b >> 32);
        public static bool Overflows(uint a, uint b, uint result) => false;
    }

    struct MultiplyHighUnsigned : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => (uint)((ulong)a * b >> 32);
        public static bool Overflows(uint a, uint b, uint result) => false;
    }

    /// <summary>A quotient that does not exist is undefined in Book E; here it is the dividend, as in QEMU.</summary>
    struct Divide : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => Overflows(a, b, 0) ? a : (uint)((int)a / (int)b);
        public static bool Overflows(uint a, uint b, uint result) => b == 0 || (a == 0x8000_0000 && b == uint.MaxValue);
    }

    /// <inheritdoc cref="Divide"/>
    struct DivideUnsigned : IOperation
    {
        public static uint Compute(PowerPcState* s, uint a, uint b) => b == 0 ? a : a / b;
        public static bool Overflows(uint a, uint b, uint result) => b == 0;
    }
}
