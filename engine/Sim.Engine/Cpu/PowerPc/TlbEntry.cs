namespace Sim.Engine.Cpu.PowerPc;

/// <summary>A valid entry of a TLB (e500 core reference manual, 2.12.5: MAS0 to MAS3 and MAS7).</summary>
/// <param name="Tlb">0 or 1.</param>
/// <param name="Index">Entry of TLB1; of TLB0 the set times its ways, plus the way.</param>
/// <param name="Effective">First effective address of the page.</param>
/// <param name="Physical">First physical address of the page, 36 bits.</param>
/// <param name="Size">Bytes of the page, 4 KiB to 4 GiB.</param>
/// <param name="Mas1">MAS1: valid, invalidation protection, TID, translation space, size.</param>
/// <param name="Mas2">MAS2: page number and the attributes X0, X1, W, I, M, G, E.</param>
/// <param name="Mas3">MAS3: page number, user bits and the rights UX, SX, UW, SW, UR, SR.</param>
public readonly record struct TlbEntry(
    int Tlb, int Index, uint Effective, ulong Physical, ulong Size, uint Mas1, uint Mas2, uint Mas3)
{
    /// <summary>MAS1[TID]: the process that it is for, 0 for all.</summary>
    public int Tid => (int)(Mas1 >> 16 & 0xFF);

    /// <summary>MAS1[TS]: the translation space, 0 or 1.</summary>
    public int Space => (int)(Mas1 >> 12 & 1);

    /// <summary>MAS1[IPROT]: kept by invalidations.</summary>
    public bool IsProtected => (Mas1 & Mmu.Protected) != 0;
}
