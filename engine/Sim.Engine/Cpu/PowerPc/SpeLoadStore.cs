using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// SPE loads and stores of two elements (SPE programming environments manual, chapter 5). No alignment is required, as in QEMU.
/// </summary>
/// <remarks>
/// QEMU 7.2 executes evldh and evlwhsplat wrongly (parts of the old destination stay in the result); here the manual decides.
/// </remarks>
internal static unsafe class SpeLoadStore
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    public static Instruction[] Table() =>
    [
        .. Load<Doubleword>("evldd", 0x300, OperandForm.SpeOffset8),
        .. Load<Doubleword>("evldw", 0x302, OperandForm.SpeOffset8),
        .. Load<Doubleword>("evldh", 0x304, OperandForm.SpeOffset8),
        .. Load<HalfwordIntoEvenSplat>("evlhhesplat", 0x308, OperandForm.SpeOffset2),
        .. Load<HalfwordIntoOddUnsignedSplat>("evlhhousplat", 0x30C, OperandForm.SpeOffset2),
        .. Load<HalfwordIntoOddSignedSplat>("evlhhossplat", 0x30E, OperandForm.SpeOffset2),
        .. Load<HalfwordsEven>("evlwhe", 0x310, OperandForm.SpeOffset4),
        .. Load<HalfwordsOddUnsigned>("evlwhou", 0x314, OperandForm.SpeOffset4),
        .. Load<HalfwordsOddSigned>("evlwhos", 0x316, OperandForm.SpeOffset4),
        .. Load<WordSplat>("evlwwsplat", 0x318, OperandForm.SpeOffset4),
        .. Load<HalfwordsSplat>("evlwhsplat", 0x31C, OperandForm.SpeOffset4),
        .. Store<Doubleword>("evstdd", 0x320, OperandForm.SpeOffset8),
        .. Store<Doubleword>("evstdw", 0x322, OperandForm.SpeOffset8),
        .. Store<Doubleword>("evstdh", 0x324, OperandForm.SpeOffset8),
        .. Store<HalfwordsEven>("evstwhe", 0x330, OperandForm.SpeOffset4),
        .. Store<HalfwordsOddUnsigned>("evstwho", 0x334, OperandForm.SpeOffset4),
        .. Store<WordEven>("evstwwe", 0x338, OperandForm.SpeOffset4),
        .. Store<WordOdd>("evstwwo", 0x33C, OperandForm.SpeOffset4),
    ];

    static Instruction[] Load<T>(string mnemonic, uint indexed, OperandForm offset)
        where T : ILoad =>
    [
        Instruction.Vector(mnemonic + "x", indexed, &LoadElements<T, Yes>, OperandForm.RaOrZero),
        Instruction.Vector(mnemonic, indexed + 1, &LoadElements<T, No>, offset),
    ];

    static Instruction[] Store<T>(string mnemonic, uint indexed, OperandForm offset)
        where T : IStore =>
    [
        Instruction.Vector(mnemonic + "x", indexed, &StoreElements<T, Yes>, OperandForm.RaOrZero),
        Instruction.Vector(mnemonic, indexed + 1, &StoreElements<T, No>, offset),
    ];

    /// <summary>How a memory operand of <see cref="Size"/> bytes becomes the 64-bit register.</summary>
    interface ILoad
    {
        static abstract uint Size { get; }
        static abstract ulong FromMemory(ulong value);
    }

    /// <summary>How the 64-bit register becomes a memory operand of <see cref="Size"/> bytes.</summary>
    interface IStore
    {
        static abstract uint Size { get; }
        static abstract ulong ToMemory(ulong value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint AddressOf<TIndexed>(PowerPcState* s, Op* op)
        where TIndexed : IChoice => s->Gpr[op->Ra] + (TIndexed.On ? s->Gpr[op->Rb] : (uint)op->Immediate);

    [MethodImpl(Optimized)]
    static long LoadElements<T, TIndexed>(PowerPcState* s, Op* op, long budget)
        where T : ILoad
        where TIndexed : IChoice
    {
        byte* host = DataAccess.ReadPointer(s, AddressOf<TIndexed>(s, op), T.Size);
        if (host == null)
            return LoadSlow<T, TIndexed>(s, op, budget);
        ulong value = T.FromMemory(T.Size switch
        {
            8 => BinaryPrimitives.ReverseEndianness(*(ulong*)host),
            4 => BinaryPrimitives.ReverseEndianness(*(uint*)host),
            _ => BinaryPrimitives.ReverseEndianness(*(ushort*)host),
        });
        s->GprHigh[op->Rt] = (uint)(value >> 32);
        s->Gpr[op->Rt] = (uint)value;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long LoadSlow<T, TIndexed>(PowerPcState* s, Op* op, long budget)
        where T : ILoad
        where TIndexed : IChoice
    {
        ulong value = DataAccess.Load(s, op, budget, AddressOf<TIndexed>(s, op), (int)T.Size);
        if (s->Faulted != 0)
            return DataAccess.LeaveFaulted(s, op, budget);
        value = T.FromMemory(value);
        s->GprHigh[op->Rt] = (uint)(value >> 32);
        s->Gpr[op->Rt] = (uint)value;
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long StoreElements<T, TIndexed>(PowerPcState* s, Op* op, long budget)
        where T : IStore
        where TIndexed : IChoice
    {
        byte* host = DataAccess.WritePointer(s, AddressOf<TIndexed>(s, op), T.Size);
        if (host == null)
            return StoreSlow<T, TIndexed>(s, op, budget);
        ulong value = T.ToMemory((ulong)s->GprHigh[op->Rt] << 32 | s->Gpr[op->Rt]);
        if (T.Size == 8)
            *(ulong*)host = BinaryPrimitives.ReverseEndianness(value);
        else
            *(uint*)host = BinaryPrimitives.ReverseEndianness((uint)value);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long StoreSlow<T, TIndexed>(PowerPcState* s, Op* op, long budget)
        where T : IStore
        where TIndexed : IChoice
    {
        ulong value = T.ToMemory((ulong)s->GprHigh[op->Rt] << 32 | s->Gpr[op->Rt]);
        DataAccess.Store(s, op, budget, AddressOf<TIndexed>(s, op), value, (int)T.Size);
        if (s->Faulted != 0)
            return DataAccess.LeaveFaulted(s, op, budget);
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    static ulong SignExtendedPair(short high, short low)
    {
        uint upper = (uint)high, lower = (uint)low;
        return (ulong)upper << 32 | lower;
    }

    /// <summary>Eight bytes; as memory is big-endian, doubleword, words and halfwords are the same.</summary>
    struct Doubleword : ILoad, IStore
    {
        public static uint Size => 8;
        public static ulong FromMemory(ulong value) => value;
        public static ulong ToMemory(ulong value) => value;
    }

    struct HalfwordIntoEvenSplat : ILoad
    {
        public static uint Size => 2;
        public static ulong FromMemory(ulong value) => value << 48 | value << 16;
    }

    struct HalfwordIntoOddUnsignedSplat : ILoad
    {
        public static uint Size => 2;
        public static ulong FromMemory(ulong value) => value << 32 | value;
    }

    struct HalfwordIntoOddSignedSplat : ILoad
    {
        public static uint Size => 2;
        public static ulong FromMemory(ulong value) => SignExtendedPair((short)value, (short)value);
    }

    struct HalfwordsEven : ILoad, IStore
    {
        public static uint Size => 4;
        public static ulong FromMemory(ulong value) => value >> 16 << 48 | (value & 0xFFFF) << 16;
        public static ulong ToMemory(ulong value) => value >> 48 << 16 | (value >> 16 & 0xFFFF);
    }

    struct HalfwordsOddUnsigned : ILoad, IStore
    {
        public static uint Size => 4;
        public static ulong FromMemory(ulong value) => value >> 16 << 32 | (value & 0xFFFF);
        public static ulong ToMemory(ulong value) => (value >> 32 & 0xFFFF) << 16 | (value & 0xFFFF);
    }

    struct HalfwordsOddSigned : ILoad
    {
        public static uint Size => 4;
        public static ulong FromMemory(ulong value) => SignExtendedPair((short)(value >> 16), (short)value);
    }

    struct WordSplat : ILoad
    {
        public static uint Size => 4;
        public static ulong FromMemory(ulong value) => value << 32 | value;
    }

    struct HalfwordsSplat : ILoad
    {
        public static uint Size => 4;
        public static ulong FromMemory(ulong value) => (value >> 16) * 0x0001_0001 << 32 | (value & 0xFFFF) * 0x0001_0001;
    }

    struct WordEven : IStore
    {
        public static uint Size => 4;
        public static ulong ToMemory(ulong value) => value >> 32;
    }

    struct WordOdd : IStore
    {
        public static uint Size => 4;
        public static ulong ToMemory(ulong value) => (uint)value;
    }
}
