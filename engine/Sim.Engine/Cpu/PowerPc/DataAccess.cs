using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// Loads and stores of the running instruction. The fast path asks the soft TLB for a host address; memory is big-endian.
/// </summary>
/// <remarks>
/// <code>
/// static long Lwz(PowerPcState* s, Op* op, long budget)
/// {
///     SoftTlbEntry* entry = DataAccess.Entry(s, address);
///     if (!DataAccess.Hits(entry->ReadTag, address, 4))
///         return LwzSlow(s, op, budget);
///     s->Gpr[op->Rt] = BinaryPrimitives.ReverseEndianness(*(uint*)(entry->Addend + address));
///     return op[1].Handler(s, op + 1, budget);
/// }
///
/// static long LwzSlow(PowerPcState* s, Op* op, long budget)
/// {
///     ulong value = DataAccess.Load(s, op, budget, address, 4);
///     if (s->Faulted != 0)
///         return DataAccess.LeaveFaulted(s, op, budget);     // Nothing of the instruction has happened.
///     s->Gpr[op->Rt] = (uint)value;
///     if (s->ExitRequested != 0)
///         return Dispatch.LeaveAfter(s, op, budget);
///     return op[1].Handler(s, op + 1, budget);
/// }
/// </code>
/// The slow path takes any alignment, crosses pages (a fault on the second page happens before anything is stored), reaches MMIO, and
/// may change anything outside the CPU; whatever must end the run (an interrupt line, a store to code) sets ExitRequested.
/// </remarks>
internal static unsafe class DataAccess
{
    /// <summary>The soft TLB entry that the page of an address can be in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SoftTlbEntry* Entry(PowerPcState* s, uint address) => s->DataTlb + (address >> 12 & (Context.SoftTlbPages - 1));

    /// <summary>Whether an entry with that tag has all bytes of an operand; one that reaches into the next page it never has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Hits(uint tag, uint address, uint size) => (address + (size - 1) & 0xFFFF_F000) == tag;

    /// <summary>
    /// Host address of <paramref name="size"/> readable bytes of one page at <paramref name="address"/>, or null: slow path.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* ReadPointer(PowerPcState* s, uint address, uint size)
    {
        SoftTlbEntry* entry = Entry(s, address);
        return Hits(entry->ReadTag, address, size) ? entry->Addend + address : null;
    }

    /// <summary>
    /// Host address of <paramref name="size"/> writable bytes of one page at <paramref name="address"/>, or null: slow path.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* WritePointer(PowerPcState* s, uint address, uint size)
    {
        SoftTlbEntry* entry = Entry(s, address);
        return Hits(entry->WriteTag, address, size) ? entry->Addend + address : null;
    }

    /// <summary>
    /// Loads 1, 2, 4 or 8 bytes, zero extended. Sets <see cref="PowerPcState.Faulted"/> if an exception was taken.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong Load(PowerPcState* s, Op* op, long budget, uint address, int size) =>
        PowerPcCore.Of(s).Load(op, budget, address, size);

    /// <summary>
    /// Stores 1, 2, 4 or 8 bytes. Sets <see cref="PowerPcState.Faulted"/> if an exception was taken.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Store(PowerPcState* s, Op* op, long budget, uint address, ulong value, int size) =>
        PowerPcCore.Of(s).Store(op, budget, address, value, size);

    /// <summary>Loads a word by whichever path. Sets <see cref="PowerPcState.Faulted"/> if an exception was taken.</summary>
    public static uint LoadWord(PowerPcState* s, Op* op, long budget, uint address)
    {
        byte* host = ReadPointer(s, address, 4);
        return host != null ? BinaryPrimitives.ReverseEndianness(*(uint*)host) : (uint)Load(s, op, budget, address, 4);
    }

    /// <summary>Stores a word by whichever path. Sets <see cref="PowerPcState.Faulted"/> if an exception was taken.</summary>
    public static void StoreWord(PowerPcState* s, Op* op, long budget, uint address, uint value)
    {
        byte* host = WritePointer(s, address, 4);
        if (host != null)
            *(uint*)host = BinaryPrimitives.ReverseEndianness(value);
        else
            Store(s, op, budget, address, value, 4);
    }

    /// <summary>
    /// Translates an address for a cache instruction, which accesses nothing. Sets <see cref="PowerPcState.Faulted"/> if an exception
    /// was taken.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Touch(PowerPcState* s, Op* op, uint address, bool isStore) => PowerPcCore.Of(s).Touch(op, address, isStore);

    /// <summary>Ends the run after a fault of <see cref="Load"/> or <see cref="Store"/>.</summary>
    public static long LeaveFaulted(PowerPcState* s, Op* op, long budget)
    {
        s->Faulted = 0;
        return Dispatch.Leave(op, budget);
    }
}
