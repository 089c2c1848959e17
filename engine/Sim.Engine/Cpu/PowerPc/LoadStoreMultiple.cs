using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// lmw, stmw, lwarx, stwcx. and dcbz. The e500 has no string instructions. lmw and stmw take any alignment, as in QEMU; lwarx and
/// stwcx. take an alignment exception unless the word is aligned.
/// </summary>
internal static unsafe class LoadStoreMultiple
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    /// <summary>Bytes of a cache line.</summary>
    const uint LineSize = 32;

    public static Instruction[] Table() =>
    [
        Instruction.Primary("lmw", 46, &LoadMultiple, OperandForm.RaOrZero),
        Instruction.Primary("stmw", 47, &StoreMultiple, OperandForm.RaOrZero),
        Instruction.ExtendedAnyRecord("lwarx", 31, 20, &LoadReserve, OperandForm.RaOrZero),
        Instruction.ExtendedAnyRecord("stwcx.", 31, 150, &StoreConditional, OperandForm.RaOrZero),
        Instruction.Extended("dcbz", 31, 1014, &ZeroLine, OperandForm.RaOrZero, reserved: 0x03C0_0000),
    ];

    [MethodImpl(Optimized)]
    static long LoadMultiple(PowerPcState* s, Op* op, long budget)
    {
        if (!LoadAll(s, op, budget))
            return DataAccess.LeaveFaulted(s, op, budget);
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>
    /// Loads RT to R31; false when a word faulted. The base register then has its old value, so that the instruction can be restarted.
    /// </summary>
    static bool LoadAll(PowerPcState* s, Op* op, long budget)
    {
        uint address = Operand.Ra(s, op) + (uint)op->Immediate, oldBase = Operand.Ra(s, op);
        for (int register = op->Rt; register < 32; register++, address += 4)
        {
            ulong value = DataAccess.LoadWord(s, op, budget, address);
            if (s->Faulted != 0)
            {
                Operand.SetRa(s, op, oldBase);
                return false;
            }

            s->Gpr[register] = (uint)value;
        }

        return true;
    }

    [MethodImpl(Optimized)]
    static long StoreMultiple(PowerPcState* s, Op* op, long budget)
    {
        if (!StoreAll(s, op, budget))
            return DataAccess.LeaveFaulted(s, op, budget);
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    static bool StoreAll(PowerPcState* s, Op* op, long budget)
    {
        uint address = Operand.Ra(s, op) + (uint)op->Immediate;
        for (int register = op->Rt; register < 32; register++, address += 4)
        {
            DataAccess.StoreWord(s, op, budget, address, s->Gpr[register]);
            if (s->Faulted != 0)
                return false;
        }

        return true;
    }

    [MethodImpl(Optimized)]
    static long LoadReserve(PowerPcState* s, Op* op, long budget)
    {
        uint address = Operand.Ra(s, op) + Operand.Rb(s, op);
        if ((address & 3) != 0)
            return Exceptions.Alignment(s, op, budget, address, 0);
        uint value = DataAccess.LoadWord(s, op, budget, address);
        if (s->Faulted != 0)
            return DataAccess.LeaveFaulted(s, op, budget);
        Operand.SetRt(s, op, value);
        s->Reserved = 1;
        s->ReservationAddress = address;
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long StoreConditional(PowerPcState* s, Op* op, long budget)
    {
        uint address = Operand.Ra(s, op) + Operand.Rb(s, op);
        if ((address & 3) != 0)
            return Exceptions.Alignment(s, op, budget, address, Esr.St);
        byte stored = 0;
        if (s->Reserved != 0 && s->ReservationAddress == address)
        {
            DataAccess.StoreWord(s, op, budget, address, Operand.Rs(s, op));
            if (s->Faulted != 0)
                return DataAccess.LeaveFaulted(s, op, budget);
            stored = Flags.Eq;
        }

        s->Reserved = 0;
        s->Cr[0] = (byte)(stored | s->XerSo);
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long ZeroLine(PowerPcState* s, Op* op, long budget)
    {
        uint address = (Operand.Ra(s, op) + Operand.Rb(s, op)) & ~(LineSize - 1);
        byte* host = DataAccess.WritePointer(s, address, LineSize);
        if (host == null)
            return ZeroLineSlow(s, op, budget);
        ulong* words = (ulong*)host;
        words[0] = words[1] = words[2] = words[3] = 0;
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>A fault reports the address as the instruction gave it.</summary>
    [MethodImpl(Optimized)]
    static long ZeroLineSlow(PowerPcState* s, Op* op, long budget)
    {
        uint address = Operand.Ra(s, op) + Operand.Rb(s, op);
        DataAccess.Touch(s, op, address, isStore: true);
        if (s->Faulted != 0)
            return DataAccess.LeaveFaulted(s, op, budget);
        for (uint offset = 0; offset < LineSize; offset += 8)
            DataAccess.Store(s, op, budget, (address & ~(LineSize - 1)) + offset, 0, 8);
        if (s->ExitRequested != 0)
            return Dispatch.LeaveAfter(s, op, budget);
        return op[1].Handler(s, op + 1, budget);
    }
}
