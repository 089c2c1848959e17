using System.Runtime.InteropServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// One predecoded instruction: 32 bytes, in native memory, in the order of execution of its basic block.
/// </summary>
/// <remarks>
/// A handler does its work and ends with <c>return op[1].Handler(s, op + 1, budget);</c>, written out in every handler: RyuJIT makes
/// a jump of that line, but not of a call inside an inlined helper. Handlers are static, carry
/// <c>[MethodImpl(MethodImplOptions.AggressiveOptimization)]</c>, take the address of no local and allocate nothing. A slow path that
/// calls other methods belongs in a handler-shaped method of its own that the fast path ends with (<c>return LwzSlow(s, op, budget);</c>),
/// so that the fast path needs no stack frame.
/// <para>
/// <c>budget</c> is what is left of the run's instructions after the whole current block. An instruction that faults or has to leave
/// gives back what it did not execute: <c>return budget + op->Left;</c> with <see cref="PowerPcState.Pc"/> set (see
/// <see cref="Dispatch"/> and <see cref="Exceptions"/>).
/// </para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal unsafe struct Op
{
    /// <summary>What executes this instruction and then the ones after it.</summary>
    [FieldOffset(0)] public delegate*<PowerPcState*, Op*, long, long> Handler;

    /// <summary>Of a direct branch: the first op of the block that it leads to, null until the two are chained (same page only).</summary>
    [FieldOffset(8)] public Op* Target;

    /// <summary>A 64-bit constant, for forms without <see cref="Target"/>.</summary>
    [FieldOffset(8)] public ulong Constant;

    /// <summary>Immediate operand, extended, shifted or made a mask as the <see cref="OperandForm"/> says.</summary>
    [FieldOffset(16)] public int Immediate;

    /// <summary>The instruction word.</summary>
    [FieldOffset(20)] public uint Raw;

    /// <summary>Bits 6-10 of the instruction: RT, RS, crfD (not shifted), BT or TO.</summary>
    [FieldOffset(24)] public byte Rt;

    /// <summary>Bits 11-15: RA or BA. With a form that reads "RA or 0", RA=0 is <see cref="PowerPcState.ZeroIndex"/>.</summary>
    [FieldOffset(25)] public byte Ra;

    /// <summary>Bits 16-20: RB, BB or SH.</summary>
    [FieldOffset(26)] public byte Rb;

    /// <summary>Bits 21-25: BC (isel), MB; with SPE select the CR field in bits 29-31.</summary>
    [FieldOffset(27)] public byte Rc;

    /// <summary>Byte offset of the instruction in its 4 KiB page.</summary>
    [FieldOffset(28)] public ushort PageOffset;

    /// <summary>How many instructions of the block come after this one; so the first op's value plus one is the block's length.</summary>
    [FieldOffset(30)] public ushort Left;
}
