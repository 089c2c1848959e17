using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>How handlers go on, leave and come back. Every method returns what a handler returns: the budget that is left.</summary>
internal static unsafe class Dispatch
{
    /// <summary>The effective address of the instruction that <paramref name="op"/> is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AddressOf(PowerPcState* s, Op* op) => s->PcPage + op->PageOffset;

    /// <summary>
    /// Instructions that this run has completed before <paramref name="op"/>: what the vCPU's clock must know when the instruction
    /// calls out (MMIO, time).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ExecutedBefore(PowerPcState* s, Op* op, long budget) => s->ExecutedBase - (budget + op->Left + 1);

    /// <summary>
    /// Ends the run after <paramref name="op"/>, which is complete; execution goes on at the next instruction.
    /// </summary>
    public static long LeaveAfter(PowerPcState* s, Op* op, long budget)
    {
        s->Pc = AddressOf(s, op) + 4;
        return budget + op->Left;
    }

    /// <summary>
    /// Ends the run after <paramref name="op"/> with <see cref="PowerPcState.Pc"/> already set: a fault that an exception routine or a
    /// slow path has raised, or a change of context. The instruction counts as one, so that endless faults make progress.
    /// </summary>
    public static long Leave(Op* op, long budget) => budget + op->Left;

    /// <summary>
    /// The decoded block at <paramref name="target"/> in the current context, with <see cref="PowerPcState.PcPage"/> set to its page;
    /// null when the code soft TLB or the block is missing.
    /// </summary>
    /// <remarks>
    /// A handler that jumps goes on like this, written out, as the last call must be its own:
    /// <code>
    /// Op* block = Dispatch.FindBlock(s, target);
    /// if (block == null)
    ///     return Dispatch.LeaveTo(s, op, budget, target);
    /// budget += op->Left - (block->Left + 1);
    /// if (budget &lt; 0)
    ///     return Dispatch.LeaveShort(s, block, budget);
    /// return block->Handler(s, block, budget);
    /// </code>
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Op* FindBlock(PowerPcState* s, uint target)
    {
        CodeTlbEntry* entry = s->CodeTlb + (target >> 12 & (Context.SoftTlbPages - 1));
        if (entry->Tag != (target & 0xFFFF_F000))
            return null;
        Op* block = entry->Blocks[target >> 2 & 1023];
        if (block != null)
            s->PcPage = entry->Tag;
        return block;
    }

    /// <summary>Ends the run after <paramref name="op"/>; execution goes on at <paramref name="target"/>.</summary>
    public static long LeaveTo(PowerPcState* s, Op* op, long budget, uint target)
    {
        s->Pc = target;
        return budget + op->Left;
    }

    /// <summary>
    /// Gives back the block whose instructions were subtracted although fewer are left; it is executed to the exact stop.
    /// </summary>
    public static long LeaveShort(PowerPcState* s, Op* block, long budget)
    {
        s->Pc = AddressOf(s, block);
        return budget + (block->Left + 1);
    }

    /// <summary>
    /// The handler after the last instruction of a block that ends for its length or at the end of the page: goes on at the next one.
    /// It is no instruction: its <see cref="Op.PageOffset"/> is that of what follows, 4096 at the end of the page.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long Continue(PowerPcState* s, Op* op, long budget)
    {
        Op* block = op->Target;
        if (block == null)
        {
            block = FindBlock(s, AddressOf(s, op));
            if (block == null)
                return LeaveTo(s, op, budget, AddressOf(s, op));
            if (op->PageOffset < 4096)
                op->Target = block;
        }

        budget -= block->Left + 1;
        if (budget < 0)
            return LeaveShort(s, block, budget);
        return block->Handler(s, block, budget);
    }

    /// <summary>The handler after the last instruction of a run that must end exactly there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long Stop(PowerPcState* s, Op* op, long budget)
    {
        s->Pc = AddressOf(s, op);
        return budget;
    }
}
