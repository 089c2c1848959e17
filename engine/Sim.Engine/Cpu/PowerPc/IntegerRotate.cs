using System.Numerics;
using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Rotates under a mask: rlwimi, rlwinm, rlwnm. The mask is made when the instruction is decoded.</summary>
internal static unsafe class IntegerRotate
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    public static Instruction[] Table() =>
    [
        .. Forms("rlwimi", 20, &RotateInsert<No>, &RotateInsert<Yes>),
        .. Forms("rlwinm", 21, &RotateImmediate<No>, &RotateImmediate<Yes>),
        .. Forms("rlwnm", 23, &RotateRegister<No>, &RotateRegister<Yes>),
    ];

    static Instruction[] Forms(string mnemonic, uint opcode, delegate*<PowerPcState*, Op*, long, long> plain,
        delegate*<PowerPcState*, Op*, long, long> record) =>
    [
        new(mnemonic, 0xFC00_0001, opcode << 26, plain, OperandForm.RotateMask),
        new(mnemonic + ".", 0xFC00_0001, opcode << 26 | 1, record, OperandForm.RotateMask),
    ];

    [MethodImpl(Optimized)]
    static long RotateImmediate<TRecord>(PowerPcState* s, Op* op, long budget)
        where TRecord : IChoice
    {
        uint result = BitOperations.RotateLeft(Operand.Rs(s, op), op->Rb) & (uint)op->Immediate;
        Operand.SetRa(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long RotateRegister<TRecord>(PowerPcState* s, Op* op, long budget)
        where TRecord : IChoice
    {
        uint result = BitOperations.RotateLeft(Operand.Rs(s, op), (int)Operand.Rb(s, op)) & (uint)op->Immediate;
        Operand.SetRa(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long RotateInsert<TRecord>(PowerPcState* s, Op* op, long budget)
        where TRecord : IChoice
    {
        uint mask = (uint)op->Immediate;
        uint result = (BitOperations.RotateLeft(Operand.Rs(s, op), op->Rb) & mask) | (Operand.Ra(s, op) & ~mask);
        Operand.SetRa(s, op, result);
        if (TRecord.On)
            Flags.SetCr0(s, result);
        return op[1].Handler(s, op + 1, budget);
    }
}
