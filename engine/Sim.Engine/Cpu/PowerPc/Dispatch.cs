using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>How handlers go on, leave and come back. Every method returns what a handler returns: the budget that is left.</summary>
internal static unsafe class Dispatch
{
    /// <summary>The effective address of the instruction that <paramref name="op"/> is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AddressOf(PowerPcState* s, Op* op) => s->PcPage | op->PageOffset;

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
}
