using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// Cache management and synchronisation. Caches are not modelled (memory is always coherent), so what is left is the translation of
/// the address, with its faults, and the permission to lock lines.
/// </summary>
internal static unsafe class CacheInstructions
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    public static Instruction[] Table() =>
    [
        Instruction.Extended("icbt", 31, 22, &Branch.Nop, reserved: 0x03E0_0000),
        Instruction.Extended("dcbst", 31, 54, &TouchLoad, OperandForm.RaOrZero, reserved: 0x03E0_0000),
        Instruction.Extended("dcbf", 31, 86, &TouchLoad, OperandForm.RaOrZero, reserved: 0x03C0_0000),
        Instruction.Extended("dcbtst", 31, 246, &Branch.Nop),
        Instruction.Extended("dcbt", 31, 278, &Branch.Nop),
        Instruction.Extended("dcbi", 31, 470, &TouchStore, OperandForm.RaOrZero, InstructionFlags.Supervisor, reserved: 0x03E0_0000),
        Instruction.Extended("dcba", 31, 758, &Branch.Nop, reserved: 0x03E0_0000),
        Instruction.Extended("icbi", 31, 982, &TouchLoad, OperandForm.RaOrZero, reserved: 0x03E0_0000),
        Instruction.Extended("dcbtstls", 31, 134, &Lock<Data>, OperandForm.RaOrZero, reserved: 0x0200_0000),
        Instruction.Extended("dcbtls", 31, 166, &Lock<Data>, OperandForm.RaOrZero, reserved: 0x0200_0000),
        Instruction.Extended("icblc", 31, 230, &Lock<Code>, OperandForm.RaOrZero, reserved: 0x0200_0000),
        Instruction.Extended("dcblc", 31, 390, &Lock<Data>, OperandForm.RaOrZero, reserved: 0x0200_0000),
        Instruction.Extended("icbtls", 31, 486, &Lock<Code>, OperandForm.RaOrZero, reserved: 0x0200_0000),
        Instruction.Extended("msync", 31, 598, &Branch.Nop, reserved: 0x039F_F800),
        Instruction.Extended("mbar", 31, 854, &Branch.Nop, reserved: 0x001F_F800),
    ];

    /// <summary>Which cache a lock instruction is about.</summary>
    interface ICache
    {
        static abstract uint Syndrome { get; }
    }

    [MethodImpl(Optimized)]
    static long TouchLoad(PowerPcState* s, Op* op, long budget)
    {
        uint address = Operand.Ra(s, op) + Operand.Rb(s, op);
        if (DataAccess.ReadPointer(s, address, 1) == null)
            return TouchSlow<No>(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long TouchStore(PowerPcState* s, Op* op, long budget)
    {
        uint address = Operand.Ra(s, op) + Operand.Rb(s, op);
        if (DataAccess.WritePointer(s, address, 1) == null)
            return TouchSlow<Yes>(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long TouchSlow<TStore>(PowerPcState* s, Op* op, long budget)
        where TStore : IChoice
    {
        DataAccess.Touch(s, op, Operand.Ra(s, op) + Operand.Rb(s, op), TStore.On);
        if (s->Faulted != 0)
            return DataAccess.LeaveFaulted(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>
    /// Locks or unlocks a line: in user state only with MSR[UCLE], else a data storage exception (e500 core manual, 5.7.3).
    /// </summary>
    [MethodImpl(Optimized)]
    static long Lock<T>(PowerPcState* s, Op* op, long budget)
        where T : ICache
    {
        if ((s->Msr & (Msr.Pr | Msr.Ucle)) == Msr.Pr)
        {
            s->Dear = Operand.Ra(s, op) + Operand.Rb(s, op);
            return Exceptions.Raise(s, op, budget, Vector.DataStorage, T.Syndrome);
        }

        return TouchSlow<No>(s, op, budget);
    }

    struct Data : ICache
    {
        public static uint Syndrome => Esr.Dlk;
    }

    struct Code : ICache
    {
        public static uint Syndrome => Esr.Ilk;
    }
}
