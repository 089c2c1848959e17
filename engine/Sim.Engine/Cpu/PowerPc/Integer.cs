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

/// <summary>Integer arithmetic: add, subtract, multiply, divide, negate.</summary>
internal static unsafe class Integer
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    public static Instruction[] Table() =>
    [
        Instruction.Primary("addi", 14, &AddImmediate, OperandForm.RaOrZero),
        Instruction.Primary("addis", 15, &AddImmediate, OperandForm.ShiftedRaOrZero),
        Instruction.Extended("add", 31, 266, &Add<No, No>),
        Instruction.Extended("add.", 31, 266, &Add<No, Yes>, record: 1),
        Instruction.Extended("addo", 31, 266 | 512, &Add<Yes, No>),
        Instruction.Extended("addo.", 31, 266 | 512, &Add<Yes, Yes>, record: 1),
    ];

    [MethodImpl(Optimized)]
    static long AddImmediate(PowerPcState* s, Op* op, long budget)
    {
        s->Gpr[op->Rt] = s->Gpr[op->Ra] + (uint)op->Immediate;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long Add<TOverflow, TRecord>(PowerPcState* s, Op* op, long budget)
        where TOverflow : IChoice
        where TRecord : IChoice
    {
        uint a = s->Gpr[op->Ra], b = s->Gpr[op->Rb], sum = a + b;
        s->Gpr[op->Rt] = sum;
        if (TOverflow.On)
            Flags.SetOverflow(s, (int)((sum ^ a) & (sum ^ b)) < 0);
        if (TRecord.On)
            Flags.SetCr0(s, sum);
        return op[1].Handler(s, op + 1, budget);
    }
}
