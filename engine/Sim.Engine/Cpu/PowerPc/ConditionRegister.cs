using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Comparisons, CR logic, moves to and from CR.</summary>
internal static unsafe class ConditionRegister
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    /// <summary>The L bit of comparisons: 64-bit operands, which the core does not have.</summary>
    const uint LongOperands = 0x0020_0000;

    public static Instruction[] Table() =>
    [
        Instruction.Primary("cmpli", 10, &CompareUnsignedImmediate, OperandForm.CompareUnsigned, reserved: LongOperands),
        Instruction.Primary("cmpi", 11, &CompareImmediate, OperandForm.Compare, reserved: LongOperands),
        Instruction.ExtendedAnyRecord("cmp", 31, 0, &Compare, OperandForm.Compare, reserved: LongOperands),
        Instruction.ExtendedAnyRecord("cmpl", 31, 32, &CompareUnsigned, OperandForm.Compare, reserved: LongOperands),
        // QEMU ignores the upper half of mcrf's extended opcode.
        new("mcrf", 0xFC00_003F, 19u << 26, &MoveField, OperandForm.Compare),
        Bit<Nor>("crnor", 33),
        Bit<AndComplement>("crandc", 129),
        Bit<Xor>("crxor", 193),
        Bit<Nand>("crnand", 225),
        Bit<And>("crand", 257),
        Bit<Equivalent>("creqv", 289),
        Bit<OrComplement>("crorc", 417),
        Bit<Or>("cror", 449),
        new("mfocrf", 0xFC10_0FFF, 31u << 26 | 0x0010_0000 | 19 << 1, &MoveFromOneField, OperandForm.Plain),
        Instruction.Extended("mfcr", 31, 19, &MoveFrom, reserved: 0x0010_0800),
        new("mtocrf", 0xFC10_0FFF, 31u << 26 | 0x0010_0000 | 144 << 1, &MoveToOneField, OperandForm.Plain),
        Instruction.Extended("mtcrf", 31, 144, &MoveTo, reserved: 0x0010_0800),
        Instruction.Extended("mcrxr", 31, 512, &MoveFromXer, OperandForm.Compare, reserved: 0x007F_F800),
    ];

    /// <summary>A logical operation on two CR bits, in bit 0.</summary>
    interface IBitOperation
    {
        static abstract uint Compute(uint a, uint b);
    }

    static Instruction Bit<T>(string mnemonic, uint extended)
        where T : IBitOperation => Instruction.Extended(mnemonic, 19, extended, &Logic<T>);

    [MethodImpl(Optimized)]
    static long Compare(PowerPcState* s, Op* op, long budget)
    {
        s->Cr[op->Rt] = Flags.CompareSigned(s, (int)Operand.Ra(s, op), (int)Operand.Rb(s, op));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long CompareImmediate(PowerPcState* s, Op* op, long budget)
    {
        s->Cr[op->Rt] = Flags.CompareSigned(s, (int)Operand.Ra(s, op), op->Immediate);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long CompareUnsigned(PowerPcState* s, Op* op, long budget)
    {
        s->Cr[op->Rt] = Flags.CompareUnsigned(s, Operand.Ra(s, op), Operand.Rb(s, op));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long CompareUnsignedImmediate(PowerPcState* s, Op* op, long budget)
    {
        s->Cr[op->Rt] = Flags.CompareUnsigned(s, Operand.Ra(s, op), (uint)op->Immediate);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MoveField(PowerPcState* s, Op* op, long budget)
    {
        s->Cr[op->Rt] = s->Cr[op->Ra >> 2];
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Logic<T>(PowerPcState* s, Op* op, long budget)
        where T : IBitOperation
    {
        uint a = (uint)s->Cr[op->Ra >> 2] >> (3 - (op->Ra & 3)), b = (uint)s->Cr[op->Rb >> 2] >> (3 - (op->Rb & 3));
        int place = 3 - (op->Rt & 3);
        byte* field = &s->Cr[op->Rt >> 2];
        *field = (byte)((*field & ~(1 << place)) | (int)(T.Compute(a, b) & 1) << place);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MoveFrom(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, Flags.GetCr(s));
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>mfocrf: the named field in its place and zeros around it; zero unless exactly one field is named, as in QEMU.</summary>
    [MethodImpl(Optimized)]
    static long MoveFromOneField(PowerPcState* s, Op* op, long budget)
    {
        uint fields = op->Raw >> 12 & 0xFF;
        // Naming no field or several is an invalid form; QEMU then leaves RT as it is.
        if (System.Numerics.BitOperations.IsPow2(fields))
            Operand.SetRt(s, op, Flags.GetCr(s) & FieldMask(fields));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MoveTo(PowerPcState* s, Op* op, long budget)
    {
        uint mask = FieldMask(op->Raw >> 12 & 0xFF);
        Flags.SetCr(s, (Operand.Rs(s, op) & mask) | (Flags.GetCr(s) & ~mask));
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>mtocrf: nothing happens unless exactly one field is named, as in QEMU.</summary>
    [MethodImpl(Optimized)]
    static long MoveToOneField(PowerPcState* s, Op* op, long budget)
    {
        uint fields = op->Raw >> 12 & 0xFF;
        uint mask = System.Numerics.BitOperations.IsPow2(fields) ? FieldMask(fields) : 0;
        Flags.SetCr(s, (Operand.Rs(s, op) & mask) | (Flags.GetCr(s) & ~mask));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MoveFromXer(PowerPcState* s, Op* op, long budget)
    {
        s->Cr[op->Rt] = (byte)(s->XerSo << 3 | s->XerOv << 2 | s->XerCa << 1);
        s->XerSo = s->XerOv = s->XerCa = 0;
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>Eight bits, CR0's the most significant, each made four.</summary>
    static uint FieldMask(uint fields)
    {
        uint mask = 0;
        for (int bit = 0; bit < 8; bit++)
            if ((fields >> bit & 1) != 0)
                mask |= 15u << (4 * bit);
        return mask;
    }

    struct And : IBitOperation
    {
        public static uint Compute(uint a, uint b) => a & b;
    }

    struct AndComplement : IBitOperation
    {
        public static uint Compute(uint a, uint b) => a & ~b;
    }

    struct Or : IBitOperation
    {
        public static uint Compute(uint a, uint b) => a | b;
    }

    struct OrComplement : IBitOperation
    {
        public static uint Compute(uint a, uint b) => a | ~b;
    }

    struct Xor : IBitOperation
    {
        public static uint Compute(uint a, uint b) => a ^ b;
    }

    struct Nand : IBitOperation
    {
        public static uint Compute(uint a, uint b) => ~(a & b);
    }

    struct Nor : IBitOperation
    {
        public static uint Compute(uint a, uint b) => ~(a | b);
    }

    struct Equivalent : IBitOperation
    {
        public static uint Compute(uint a, uint b) => ~(a ^ b);
    }
}
