namespace Sim.Engine.Cpu.PowerPc;

/// <summary>The execution context: MSR and what is selected by it.</summary>
internal static unsafe class Context
{
    /// <summary>Pages in each soft TLB (direct mapped by the low bits of the page number).</summary>
    public const int SoftTlbPages = 256;

    /// <summary>Sets MSR and selects the soft TLBs that belong to it.</summary>
    public static void SetMsr(PowerPcState* s, uint value)
    {
        s->Msr = value;
        uint problem = value / Msr.Pr & 1;
        s->DataTlb = s->DataTlbs + ((value / Msr.Ds & 1) * 2 + problem) * SoftTlbPages;
        s->CodeTlb = s->CodeTlbs + ((value / Msr.Is & 1) * 4 + problem * 2 + (value / Msr.Spe & 1)) * SoftTlbPages;
    }
}
