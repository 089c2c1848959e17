using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// Register operands of an op. Short calls keep the handlers' IL under 100 bytes and their basic blocks few, below which the JIT builds no
/// stack frame for them.
/// </summary>
internal static unsafe class Operand
{
    /// <summary>Value of the register that <see cref="Op.Ra"/> names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Ra(PowerPcState* s, Op* op) => s->Gpr[op->Ra];

    /// <summary>Value of the register that <see cref="Op.Rb"/> names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Rb(PowerPcState* s, Op* op) => s->Gpr[op->Rb];

    /// <summary>Value of the register that <see cref="Op.Rt"/> names: RS of a store or a logical instruction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Rs(PowerPcState* s, Op* op) => s->Gpr[op->Rt];

    /// <summary>Sets the register that <see cref="Op.Rt"/> names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetRt(PowerPcState* s, Op* op, uint value) => s->Gpr[op->Rt] = value;

    /// <summary>Sets the register that <see cref="Op.Ra"/> names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetRa(PowerPcState* s, Op* op, uint value) => s->Gpr[op->Ra] = value;
}
