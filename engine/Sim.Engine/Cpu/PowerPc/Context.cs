namespace Sim.Engine.Cpu.PowerPc;

/// <summary>The execution context: MSR and what is selected by it.</summary>
internal static unsafe class Context
{
    /// <summary>Pages in each soft TLB (direct mapped by the low bits of the page number).</summary>
    public const int SoftTlbPages = 256;

    /// <summary>Data soft TLBs, one for each MSR[DS,PR]; code soft TLBs, one for each MSR[IS,PR,SPE].</summary>
    public const int DataTlbs = 4, CodeTlbs = 8;

    /// <summary>Sets MSR and selects the soft TLBs that belong to it.</summary>
    public static void SetMsr(PowerPcState* s, uint value)
    {
        s->Msr = value;
        uint problem = value / Msr.Pr & 1;
        s->DataTlb = s->DataTlbs + ((value / Msr.Ds & 1) * 2 + problem) * SoftTlbPages;
        s->CodeTlb = s->CodeTlbs + ((value / Msr.Is & 1) * 4 + problem * 2 + (value / Msr.Spe & 1)) * SoftTlbPages;
        s->Stepping = (byte)(s->TraceExecution | ((value & Msr.De) != 0 ? DebugStepping(s) : 0));
    }

    /// <summary>1 when DBCR0 asks for a debug event at every instruction or taken branch.</summary>
    static int DebugStepping(PowerPcState* s) =>
        (s->Dbcr0 & Dbcr0.InternalDebug) != 0 && (s->Dbcr0 & (Dbcr0.InstructionComplete | Dbcr0.BranchTaken)) != 0 ? 1 : 0;
}

/// <summary>Bits of debug control register 0 and, of the same meaning, of the debug status register.</summary>
internal static class Dbcr0
{
    /// <summary>Debug events take the debug interrupt (with MSR[DE]).</summary>
    public const uint InternalDebug = 0x4000_0000;

    /// <summary>Reset request.</summary>
    public const uint Reset = 0x3000_0000;

    /// <summary>Event: an instruction has completed.</summary>
    public const uint InstructionComplete = 0x0800_0000;

    /// <summary>Event: a branch is about to be taken.</summary>
    public const uint BranchTaken = 0x0400_0000;

    /// <summary>Event: a trap instruction's condition is met.</summary>
    public const uint Trap = 0x0100_0000;

    /// <summary>DBSR: unconditional debug event, from the input line.</summary>
    public const uint Unconditional = 0x4000_0000;
}
