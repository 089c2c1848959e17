using System.Globalization;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Execution instruction by instruction: debug events and the trace of the guest.</summary>
internal sealed unsafe partial class PowerPcCore
{
    /// <summary>Connects the core to the guest's trace, or with null disconnects it.</summary>
    public void SetLog(GuestLog? guestLog)
    {
        if (log is not null)
            log.Changed -= OnLogChanged;
        log = guestLog;
        if (log is not null)
            log.Changed += OnLogChanged;
        OnLogChanged();
    }

    void OnLogChanged()
    {
        State->TraceExecution = log?.Wants(LogCategories.Exec) == true ? (byte)1 : (byte)0;
        State->TraceInterrupts = log is { Observer: not null } || log?.Wants(LogCategories.Int) == true ? (byte)1 : (byte)0;
        State->TraceErrors = log?.Wants(LogCategories.GuestErrors) == true ? (byte)1 : (byte)0;
        Context.SetMsr(State, State->Msr);
    }

    /// <summary>Executes one instruction, traced, with the debug events that it causes. Returns 1.</summary>
    long Step(long executed)
    {
        PowerPcState* s = State;
        uint address = s->Pc;
        clock!.Executed = executed;
        if (!TryFetch(address, out uint word))
            return RunUncached(executed);
        if (s->TraceExecution != 0)
            log!.Write(LogCategories.Exec, Line($"0x{address:x8}: {word:x8}"));
        bool debug = (s->Msr & Msr.De) != 0 && (s->Dbcr0 & Dbcr0.InternalDebug) != 0;
        bool branches = debug && (s->Dbcr0 & Dbcr0.BranchTaken) != 0 && IsTakenBranch(s, word);
        uint lr = s->Lr, ctr = s->Ctr;
        s->PcPage = address & PageMask;
        s->ExecutedBase = executed + 1;
        s->Interrupted = 0;
        PrepareScratch(0, word, (int)(address & 0xFFC), 1);
        RunScratch(1);
        if (!debug || s->Interrupted != 0)
            return 1;
        if (branches)
        {
            // The event comes before the branch: it has not happened yet.
            (s->Lr, s->Ctr) = (lr, ctr);
            TakeDebugEvent(Dbcr0.BranchTaken, address);
        }
        else if ((s->Dbcr0 & Dbcr0.InstructionComplete) != 0)
        {
            TakeDebugEvent(Dbcr0.InstructionComplete, s->Pc);
        }

        return 1;
    }

    /// <summary>Whether a word is a branch that is to be taken, which one to the next instruction may be, too.</summary>
    static bool IsTakenBranch(PowerPcState* s, uint word)
    {
        if (word >> 26 == 18)
            return true;
        if (word >> 26 != 16 && !(word >> 26 == 19 && (word >> 1 & 1023) is 16 or 528))
            return false;
        // BO: ignore the condition, the condition wanted, leave CTR alone, CTR wanted to become 0.
        uint options = word >> 21 & 31;
        bool condition = (Flags.GetCr(s) >> (int)(31 - (word >> 16 & 31)) & 1) != 0;
        return ((options & 16) != 0 || condition == ((options & 8) != 0))
            && ((options & 4) != 0 || (s->Ctr - 1 == 0) == ((options & 2) != 0));
    }

    void TakeDebugEvent(uint status, uint returnAddress)
    {
        State->Dbsr |= status;
        Exceptions.TakeCritical(State, Vector.Debug, returnAddress);
    }

    bool TryFetch(uint address, out uint word)
    {
        word = 0;
        if (!EnterPage(address, out RamPage page))
            return false;
        word = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(*(uint*)(page.Ram.Host + page.Offset + (address & 0xFFC)));
        return true;
    }

    static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Tells of an interrupt that is taken, the observer and the trace.</summary>
    public void TraceInterrupt(Vector vector, uint returnAddress)
    {
        log!.Observer?.ExceptionTaken(index, (int)vector);
        if (!log.Wants(LogCategories.Int))
            return;
        PowerPcState* s = State;
        log.Write(LogCategories.Int, Line(
            $"{vector} at 0x{returnAddress:x8}, to 0x{s->Pc:x8}: esr 0x{s->Esr:x8} dear 0x{s->Dear:x8} msr 0x{s->Srr1:x8}"));
    }

    /// <summary>Writes a line for an instruction that the core does not have.</summary>
    public void TraceIllegal(Op* op) =>
        log!.Write(LogCategories.GuestErrors, Line($"illegal instruction {op->Raw:x8} at 0x{Dispatch.AddressOf(State, op):x8}"));

    void TraceTlbWrite(int entry)
    {
        if (log?.Wants(LogCategories.Tlb) != true)
            return;
        PowerPcState* s = State;
        int tlb = entry < PowerPcState.Tlb0Entries ? 0 : 1, number = entry - tlb * PowerPcState.Tlb0Entries;
        uint mas1 = s->TlbMas1[entry], mas2 = s->TlbMas2[entry];
        log.Write(LogCategories.Tlb, Line(
            $"TLB{tlb} entry {number} = mas1 0x{mas1:x8} mas2 0x{mas2:x8} mas7:3 0x{s->TlbMas73[entry]:x10}"));
    }

    void TraceTlbInvalidate(int tlb, uint? address)
    {
        if (log?.Wants(LogCategories.Tlb) == true)
            log.Write(LogCategories.Tlb, address is { } page ? Line($"TLB{tlb} invalidate 0x{page:x8}") : Line($"TLB{tlb} invalidate all"));
    }
}
