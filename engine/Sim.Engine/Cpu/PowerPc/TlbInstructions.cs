using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>tlbre, tlbwe, tlbsx, tlbivax, tlbsync (e500 core reference manual, chapter 12).</summary>
internal static unsafe class TlbInstructions
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;
    const InstructionFlags Ends = InstructionFlags.EndsBlock, Supervisor = InstructionFlags.Supervisor;

    public static Instruction[] Table() =>
    [
        Instruction.Extended("tlbsync", 31, 566, &Branch.Nop, flags: Supervisor, reserved: 0x03FF_F800),
        Instruction.Extended("tlbivax", 31, 786, &Invalidate, OperandForm.RaOrZero, Ends | Supervisor),
        Instruction.ExtendedAnyRecord("tlbsx", 31, 914, &Search, OperandForm.RaOrZero, Supervisor),
        Instruction.Extended("tlbre", 31, 946, &ReadEntry, flags: Supervisor),
        Instruction.Extended("tlbwe", 31, 978, &WriteEntry, flags: Ends | Supervisor),
    ];

    [MethodImpl(Optimized)]
    static long Invalidate(PowerPcState* s, Op* op, long budget)
    {
        PowerPcCore.Of(s).InvalidateEverywhere(s->Gpr[op->Ra] + s->Gpr[op->Rb]);
        return Dispatch.LeaveAfter(s, op, budget);
    }

    [MethodImpl(Optimized)]
    static long Search(PowerPcState* s, Op* op, long budget)
    {
        Mmu.Search(s, s->Gpr[op->Ra] + s->Gpr[op->Rb]);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long ReadEntry(PowerPcState* s, Op* op, long budget)
    {
        Mmu.ReadEntry(s);
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>An entry or page size that the TLB does not have is an illegal instruction, as in QEMU.</summary>
    [MethodImpl(Optimized)]
    static long WriteEntry(PowerPcState* s, Op* op, long budget)
    {
        if (!PowerPcCore.Of(s).WriteTlbEntry())
            return Exceptions.Illegal(s, op, budget);
        return Dispatch.LeaveAfter(s, op, budget);
    }
}
