using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>System call, traps, returns from interrupts, MSR.</summary>
internal static unsafe class SystemInstructions
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;
    const InstructionFlags Ends = InstructionFlags.EndsBlock, Supervisor = InstructionFlags.Supervisor;

    public static Instruction[] Table() =>
    [
        Instruction.Primary("twi", 3, &TrapImmediate, OperandForm.Plain),
        new("sc", 0xFFFF_F01F, 0x4400_0002, &SystemCall, OperandForm.Plain, Ends),
        Instruction.Extended("rfmci", 19, 38, &ReturnFromMachineCheck, flags: Ends | Supervisor, reserved: 0x03FF_F800),
        Instruction.Extended("rfi", 19, 50, &ReturnFromInterrupt, flags: Ends | Supervisor, reserved: 0x03FF_F800),
        Instruction.Extended("rfci", 19, 51, &ReturnFromCritical, flags: Ends | Supervisor, reserved: 0x03FF_F800),
        Instruction.Extended("tw", 31, 4, &TrapRegister),
        Instruction.Extended("mfmsr", 31, 83, &MoveFromMsr, flags: Supervisor, reserved: 0x001F_F800),
        Instruction.Extended("wrtee", 31, 131, &WriteExternalEnable, flags: Ends | Supervisor, reserved: 0x000F_F800),
        Instruction.Extended("mtmsr", 31, 146, &MoveToMsr, flags: Ends | Supervisor, reserved: 0x001E_F800),
        Instruction.Extended("wrteei", 31, 163, &WriteExternalEnableImmediate, flags: Supervisor, reserved: 0x000E_7800),
    ];

    /// <summary>The return address is that of the next instruction; ESR stays as it is.</summary>
    [MethodImpl(Optimized)]
    static long SystemCall(PowerPcState* s, Op* op, long budget)
    {
        Exceptions.TakeBase(s, Vector.SystemCall, Dispatch.AddressOf(s, op) + 4);
        return Dispatch.Leave(op, budget);
    }

    [MethodImpl(Optimized)]
    static long TrapRegister(PowerPcState* s, Op* op, long budget)
    {
        if (Traps(op->Rt, Operand.Ra(s, op), Operand.Rb(s, op)))
            return Trap(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long TrapImmediate(PowerPcState* s, Op* op, long budget)
    {
        if (Traps(op->Rt, Operand.Ra(s, op), (uint)op->Immediate))
            return Trap(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Traps(uint conditions, uint a, uint b) =>
        ((conditions & 16) != 0 && (int)a < (int)b) || ((conditions & 8) != 0 && (int)a > (int)b) || ((conditions & 4) != 0 && a == b)
        || ((conditions & 2) != 0 && a < b) || ((conditions & 1) != 0 && a > b);

    static long Trap(PowerPcState* s, Op* op, long budget)
    {
        if ((s->Msr & Msr.De) == 0 || (s->Dbcr0 & (Dbcr0.InternalDebug | Dbcr0.Trap)) != (Dbcr0.InternalDebug | Dbcr0.Trap))
            return Exceptions.Program(s, op, budget, Esr.Ptr);
        s->Dbsr |= Dbcr0.Trap;
        Exceptions.TakeCritical(s, Vector.Debug, Dispatch.AddressOf(s, op));
        return Dispatch.Leave(op, budget);
    }

    [MethodImpl(Optimized)]
    static long ReturnFromInterrupt(PowerPcState* s, Op* op, long budget) => Return(s, op, budget, s->Srr0, s->Srr1);

    [MethodImpl(Optimized)]
    static long ReturnFromCritical(PowerPcState* s, Op* op, long budget) => Return(s, op, budget, s->Csrr0, s->Csrr1);

    [MethodImpl(Optimized)]
    static long ReturnFromMachineCheck(PowerPcState* s, Op* op, long budget) => Return(s, op, budget, s->Mcsrr0, s->Mcsrr1);

    static long Return(PowerPcState* s, Op* op, long budget, uint address, uint msr)
    {
        SetMsr(s, msr);
        // What the handler has done may have been anything: as in QEMU, the interrupted sequence begins again.
        s->Reserved = 0;
        s->Pc = address & ~3u;
        return Dispatch.Leave(op, budget);
    }

    /// <summary>Sets MSR and has the run look for interrupts that it enables, and for the wait state.</summary>
    static void SetMsr(PowerPcState* s, uint value)
    {
        Context.SetMsr(s, value & Msr.Implemented);
        s->ExitRequested = 1;
    }

    [MethodImpl(Optimized)]
    static long MoveFromMsr(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, s->Msr);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long MoveToMsr(PowerPcState* s, Op* op, long budget)
    {
        SetMsr(s, Operand.Rs(s, op));
        return Dispatch.LeaveAfter(s, op, budget);
    }

    [MethodImpl(Optimized)]
    static long WriteExternalEnable(PowerPcState* s, Op* op, long budget)
    {
        SetMsr(s, (s->Msr & ~Msr.Ee) | (Operand.Rs(s, op) & Msr.Ee));
        return Dispatch.LeaveAfter(s, op, budget);
    }

    [MethodImpl(Optimized)]
    static long WriteExternalEnableImmediate(PowerPcState* s, Op* op, long budget)
    {
        if ((op->Raw & Msr.Ee) == 0)
        {
            s->Msr &= ~Msr.Ee;
            return op[1].Handler(s, op + 1, budget);
        }

        SetMsr(s, s->Msr | Msr.Ee);
        return Dispatch.LeaveAfter(s, op, budget);
    }
}
