using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Loads and stores of one register: D and X forms, with update, byte-reversed. Any alignment is allowed.</summary>
internal static unsafe class LoadStore
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    public static Instruction[] Table() =>
    [
        .. Load<Word>("lwz", 32, 23),
        .. Load<Byte>("lbz", 34, 87),
        .. Store<Word>("stw", 36, 151),
        .. Store<Byte>("stb", 38, 215),
        .. Load<Halfword>("lhz", 40, 279),
        .. Load<HalfwordAlgebraic>("lha", 42, 343),
        .. Store<Halfword>("sth", 44, 407),
        Instruction.Extended("lwbrx", 31, 534, &LoadOne<WordReversed, Yes, No>, OperandForm.RaOrZero),
        Instruction.ExtendedAnyRecord("stwbrx", 31, 662, &StoreOne<WordReversed, Yes, No>, OperandForm.RaOrZero),
        Instruction.Extended("lhbrx", 31, 790, &LoadOne<HalfwordReversed, Yes, No>, OperandForm.RaOrZero),
        Instruction.ExtendedAnyRecord("sthbrx", 31, 918, &StoreOne<HalfwordReversed, Yes, No>, OperandForm.RaOrZero),
    ];

    /// <summary>How memory and register show the same value.</summary>
    interface IFormat
    {
        static abstract uint Size { get; }

        /// <summary>Register value of the operand in host memory.</summary>
        static abstract uint Read(byte* host);

        /// <summary>Register value of the operand as a big-endian number.</summary>
        static abstract uint FromMemory(ulong value);

        /// <summary>Stores the register's value in host memory.</summary>
        static abstract void Write(byte* host, uint value);

        /// <summary>The operand as a big-endian number.</summary>
        static abstract ulong ToMemory(uint value);
    }

    /// <summary>D form, D form with update (opcode + 1), X form, X form with update (extended opcode + 32).</summary>
    static Instruction[] Load<T>(string mnemonic, uint opcode, uint extended)
        where T : IFormat =>
    [
        Instruction.Primary(mnemonic, opcode, &LoadOne<T, No, No>, OperandForm.RaOrZero),
        Instruction.Primary(mnemonic + "u", opcode + 1, &LoadOne<T, No, Yes>, OperandForm.UpdateLoad),
        Instruction.ExtendedAnyRecord(mnemonic + "x", 31, extended, &LoadOne<T, Yes, No>, OperandForm.RaOrZero),
        Instruction.ExtendedAnyRecord(mnemonic + "ux", 31, extended + 32, &LoadOne<T, Yes, Yes>, OperandForm.UpdateLoad),
    ];

    /// <inheritdoc cref="Load"/>
    static Instruction[] Store<T>(string mnemonic, uint opcode, uint extended)
        where T : IFormat =>
    [
        Instruction.Primary(mnemonic, opcode, &StoreOne<T, No, No>, OperandForm.RaOrZero),
        Instruction.Primary(mnemonic + "u", opcode + 1, &StoreOne<T, No, Yes>, OperandForm.UpdateStore),
        Instruction.ExtendedAnyRecord(mnemonic + "x", 31, extended, &StoreOne<T, Yes, No>, OperandForm.RaOrZero),
        Instruction.ExtendedAnyRecord(mnemonic + "ux", 31, extended + 32, &StoreOne<T, Yes, Yes>, OperandForm.UpdateStore),
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint AddressOf<TIndexed>(PowerPcState* s, Op* op)
        where TIndexed : IChoice => Operand.Ra(s, op) + (TIndexed.On ? Operand.Rb(s, op) : (uint)op->Immediate);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Readable<T>(SoftTlbEntry* entry, uint address)
        where T : IFormat => DataAccess.Hits(entry->ReadTag, address, T.Size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Writable<T>(SoftTlbEntry* entry, uint address)
        where T : IFormat => DataAccess.Hits(entry->WriteTag, address, T.Size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void FinishLoad<TUpdate>(PowerPcState* s, Op* op, uint value, uint address)
        where TUpdate : IChoice
    {
        Operand.SetRt(s, op, value);
        if (TUpdate.On)
            Operand.SetRa(s, op, address);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void FinishStore<T, TUpdate>(PowerPcState* s, Op* op, SoftTlbEntry* entry, uint address)
        where T : IFormat
        where TUpdate : IChoice
    {
        T.Write(entry->Addend + address, Operand.Rs(s, op));
        if (TUpdate.On)
            Operand.SetRa(s, op, address);
    }

    [MethodImpl(Optimized)]
    static long LoadOne<T, TIndexed, TUpdate>(PowerPcState* s, Op* op, long budget)
        where T : IFormat
        where TIndexed : IChoice
        where TUpdate : IChoice
    {
        uint address = AddressOf<TIndexed>(s, op);
        SoftTlbEntry* entry = DataAccess.Entry(s, address);
        if (!Readable<T>(entry, address))
            return LoadSlow<T, TIndexed, TUpdate>(s, op, budget);
        FinishLoad<TUpdate>(s, op, T.Read(entry->Addend + address), address);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long LoadSlow<T, TIndexed, TUpdate>(PowerPcState* s, Op* op, long budget)
        where T : IFormat
        where TIndexed : IChoice
        where TUpdate : IChoice
    {
        uint address = AddressOf<TIndexed>(s, op);
        ulong value = DataAccess.Load(s, op, budget, address, (int)T.Size);
        if (s->Faulted != 0)
            return DataAccess.LeaveFaulted(s, op, budget);
        FinishLoad<TUpdate>(s, op, T.FromMemory(value), address);
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long StoreOne<T, TIndexed, TUpdate>(PowerPcState* s, Op* op, long budget)
        where T : IFormat
        where TIndexed : IChoice
        where TUpdate : IChoice
    {
        uint address = AddressOf<TIndexed>(s, op);
        SoftTlbEntry* entry = DataAccess.Entry(s, address);
        if (!Writable<T>(entry, address))
            return StoreSlow<T, TIndexed, TUpdate>(s, op, budget);
        FinishStore<T, TUpdate>(s, op, entry, address);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long StoreSlow<T, TIndexed, TUpdate>(PowerPcState* s, Op* op, long budget)
        where T : IFormat
        where TIndexed : IChoice
        where TUpdate : IChoice
    {
        uint address = AddressOf<TIndexed>(s, op);
        DataAccess.Store(s, op, budget, address, T.ToMemory(Operand.Rs(s, op)), (int)T.Size);
        if (s->Faulted != 0)
            return DataAccess.LeaveFaulted(s, op, budget);
        if (TUpdate.On)
            Operand.SetRa(s, op, address);
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    struct Byte : IFormat
    {
        public static uint Size => 1;
        public static uint Read(byte* host) => *host;
        public static uint FromMemory(ulong value) => (byte)value;
        public static void Write(byte* host, uint value) => *host = (byte)value;
        public static ulong ToMemory(uint value) => (byte)value;
    }

    struct Halfword : IFormat
    {
        public static uint Size => 2;
        public static uint Read(byte* host) => BinaryPrimitives.ReverseEndianness(*(ushort*)host);
        public static uint FromMemory(ulong value) => (ushort)value;
        public static void Write(byte* host, uint value) => *(ushort*)host = BinaryPrimitives.ReverseEndianness((ushort)value);
        public static ulong ToMemory(uint value) => (ushort)value;
    }

    struct HalfwordAlgebraic : IFormat
    {
        public static uint Size => 2;
        public static uint Read(byte* host) => (uint)(short)BinaryPrimitives.ReverseEndianness(*(ushort*)host);
        public static uint FromMemory(ulong value) => (uint)(short)value;
        public static void Write(byte* host, uint value) => Halfword.Write(host, value);
        public static ulong ToMemory(uint value) => (ushort)value;
    }

    struct HalfwordReversed : IFormat
    {
        public static uint Size => 2;
        public static uint Read(byte* host) => *(ushort*)host;
        public static uint FromMemory(ulong value) => BinaryPrimitives.ReverseEndianness((ushort)value);
        public static void Write(byte* host, uint value) => *(ushort*)host = (ushort)value;
        public static ulong ToMemory(uint value) => BinaryPrimitives.ReverseEndianness((ushort)value);
    }

    struct Word : IFormat
    {
        public static uint Size => 4;
        public static uint Read(byte* host) => BinaryPrimitives.ReverseEndianness(*(uint*)host);
        public static uint FromMemory(ulong value) => (uint)value;
        public static void Write(byte* host, uint value) => *(uint*)host = BinaryPrimitives.ReverseEndianness(value);
        public static ulong ToMemory(uint value) => value;
    }

    struct WordReversed : IFormat
    {
        public static uint Size => 4;
        public static uint Read(byte* host) => *(uint*)host;
        public static uint FromMemory(ulong value) => BinaryPrimitives.ReverseEndianness((uint)value);
        public static void Write(byte* host, uint value) => *(uint*)host = value;
        public static ulong ToMemory(uint value) => BinaryPrimitives.ReverseEndianness(value);
    }
}
