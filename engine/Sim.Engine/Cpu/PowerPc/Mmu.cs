namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Why an address is translated.</summary>
internal enum AccessKind
{
    Load,
    Store,
    Fetch,
}

/// <summary>What a translation found.</summary>
internal enum TranslationResult
{
    /// <summary>The access is allowed.</summary>
    Found,

    /// <summary>No entry matches.</summary>
    Missed,

    /// <summary>An entry matches and forbids the access.</summary>
    Forbidden,
}

/// <summary>
/// The e500 memory management unit (core reference manual, chapter 12; QEMU: target/ppc/mmu-booke.c): TLB0, set-associative with
/// 4 KiB pages, and TLB1, fully associative with pages of 4 KiB to 4 GiB. Works on the state alone; the soft TLBs are the core's.
/// </summary>
internal static unsafe class Mmu
{
    /// <summary>Sets of TLB0.</summary>
    public const int Sets = 128;

    /// <summary>MAS0: which TLB.</summary>
    public const uint TlbSelect = 0x3000_0000;

    /// <summary>MAS1: valid, protected from invalidation, translation space, page size (4^n KiB).</summary>
    public const uint Valid = 0x8000_0000, Protected = 0x4000_0000, Space = 0x0000_1000, SizeMask = 0x0000_0F00;

    /// <summary>TLBnCFG: page sizes can be chosen; invalidation protection exists.</summary>
    const uint SizesAvailable = 0x4000, ProtectionAvailable = 0x8000;

    /// <summary>MAS6: space to search.</summary>
    const uint SearchSpace = 1;

    const int TidShift = 16, EntryShift = 16;
    const uint TidMask = 0xFF, PageMask = 0xFFFF_F000;

    /// <summary>Physical addresses have 36 bits.</summary>
    public const ulong PhysicalPages = 0xF_FFFF_F000;

    /// <summary>Number of bytes minus 1 of an entry's page.</summary>
    public static uint OffsetMask(uint mas1) => (uint)((1024UL << (int)(2 * ((mas1 & SizeMask) >> 8))) - 1);

    /// <summary>Translates for the current context.</summary>
    /// <param name="s">The state.</param>
    /// <param name="address">Effective address.</param>
    /// <param name="kind">Load and store use MSR[DS], fetch MSR[IS].</param>
    /// <param name="physical">Physical address, when found.</param>
    public static TranslationResult Translate(PowerPcState* s, uint address, AccessKind kind, out ulong physical)
    {
        uint space = kind == AccessKind.Fetch ? s->Msr & Msr.Is : s->Msr & Msr.Ds;
        return Translate(s, address, space != 0, kind, (s->Msr & Msr.Pr) != 0, out physical);
    }

    /// <inheritdoc cref="Translate(PowerPcState*, uint, AccessKind, out ulong)"/>
    public static TranslationResult Translate(PowerPcState* s, uint address, bool space, AccessKind kind, bool problem, out ulong physical)
    {
        physical = 0;
        int index = FindEntry(s, address, space);
        if (index < 0)
            return TranslationResult.Missed;
        ulong mas73 = s->TlbMas73[index];
        uint offset = OffsetMask(s->TlbMas1[index]);
        physical = (mas73 & PhysicalPages & ~(ulong)offset) | (address & offset);
        // MAS3: UX, SX, UW, SW, UR, SR from bit 0x20 down.
        uint right = kind switch { AccessKind.Fetch => 0x10u, AccessKind.Store => 0x04u, _ => 0x01u };
        return (mas73 & (problem ? right << 1 : right)) != 0 ? TranslationResult.Found : TranslationResult.Forbidden;
    }

    /// <summary>Index of the first entry, TLB0 before TLB1, that matches with any of the PIDs; -1 for none.</summary>
    static int FindEntry(PowerPcState* s, uint address, bool space)
    {
        int first = SetStart(s, address), ways = 1 << s->Tlb0WayBits;
        for (int index = first; index < first + ways; index++)
            if (Matches(s, index, address, space) && HasPid(s, index))
                return index;
        for (int index = PowerPcState.Tlb0Entries; index < PowerPcState.TlbEntries; index++)
            if (Matches(s, index, address, space) && HasPid(s, index))
                return index;
        return -1;
    }

    static int SetStart(PowerPcState* s, uint address) => (int)(address >> 12 & (Sets - 1)) << s->Tlb0WayBits;

    static bool Matches(PowerPcState* s, int index, uint address, bool space)
    {
        uint mas1 = s->TlbMas1[index];
        return (mas1 & Valid) != 0 && (mas1 & Space) != 0 == space
            && ((address ^ s->TlbMas2[index]) & PageMask & ~OffsetMask(mas1)) == 0;
    }

    static bool HasPid(PowerPcState* s, int index)
    {
        uint tid = s->TlbMas1[index] >> TidShift & TidMask;
        return tid == 0 || tid == (s->Pid[0] & TidMask) || tid == (s->Pid[1] & TidMask) || tid == (s->Pid[2] & TidMask);
    }

    /// <summary>
    /// Loads the MAS registers for the handler of a TLB miss: the defaults of MAS4, the address, the space, the PID, the victim.
    /// </summary>
    public static void LoadMissDefaults(PowerPcState* s, uint address, bool space)
    {
        SetDefaults(s);
        s->Mas6 = s->Pid[0] << TidShift;
        s->Mas1 |= Valid;
        if (space)
        {
            s->Mas1 |= Space;
            s->Mas6 |= SearchSpace;
        }

        s->Mas2 |= address & PageMask;
        // MAS4[TIDSELD] chooses the PID register; 3 means TID 0.
        uint chosen = s->Mas4 >> 16 & 3;
        if (chosen < 3)
            s->Mas1 |= s->Pid[chosen] << TidShift;
        ProposeVictim(s);
    }

    /// <summary>TLB, size and attributes of MAS4.</summary>
    static void SetDefaults(PowerPcState* s)
    {
        s->Mas0 = s->Mas4 & TlbSelect;
        s->Mas1 = s->Mas4 & 0x0F80;
        s->Mas2 = s->Mas4 & 0x1F;
        s->Mas3 = 0;
        s->Mas7 = 0;
    }

    /// <summary>The way to replace in MAS0[ESEL], and the one after it in MAS0[NV].</summary>
    static void ProposeVictim(PowerPcState* s)
    {
        s->Mas0 |= s->NextVictim << EntryShift;
        s->NextVictim = (s->NextVictim + 1) & (uint)((1 << s->Tlb0WayBits) - 1);
        s->Mas0 |= s->NextVictim;
    }

    /// <summary>tlbsx: the entry that matches the address with MAS6[SPID] and MAS6[SAS], or the defaults.</summary>
    public static void Search(PowerPcState* s, uint address)
    {
        uint pid = s->Mas6 >> TidShift & TidMask;
        bool space = (s->Mas6 & SearchSpace) != 0;
        int first = SetStart(s, address), ways = 1 << s->Tlb0WayBits;
        for (int index = first; index < PowerPcState.TlbEntries; index++)
        {
            if (index == first + ways)
                index = PowerPcState.Tlb0Entries;
            uint tid = s->TlbMas1[index] >> TidShift & TidMask;
            if (Matches(s, index, address, space) && (tid == 0 || tid == pid))
            {
                ShowEntry(s, index);
                return;
            }
        }

        SetDefaults(s);
        if (space)
            s->Mas1 |= Space;
        s->Mas1 |= s->Mas6 >> TidShift << TidShift;
        ProposeVictim(s);
    }

    /// <summary>tlbre: the entry that MAS0 and MAS2 choose.</summary>
    public static void ReadEntry(PowerPcState* s)
    {
        int index = SelectedEntry(s);
        if (index < 0)
            s->Mas1 = 0;
        else
            ShowEntry(s, index);
    }

    static void ShowEntry(PowerPcState* s, int index)
    {
        s->Mas0 = index < PowerPcState.Tlb0Entries
            ? (uint)(index & ((1 << s->Tlb0WayBits) - 1)) << EntryShift
            : 0x1000_0000 | (uint)(index - PowerPcState.Tlb0Entries) << EntryShift;
        s->Mas0 |= s->NextVictim;
        s->Mas1 = s->TlbMas1[index];
        s->Mas2 = s->TlbMas2[index];
        s->Mas3 = (uint)s->TlbMas73[index];
        s->Mas7 = (uint)(s->TlbMas73[index] >> 32);
    }

    /// <summary>Index of the entry that MAS0[TLBSEL, ESEL] and MAS2[EPN] choose; -1 for a TLB that does not exist.</summary>
    public static int SelectedEntry(PowerPcState* s)
    {
        uint entry = s->Mas0 >> EntryShift & 0xFFF;
        return (s->Mas0 & TlbSelect) switch
        {
            0 => SetStart(s, s->Mas2) | (int)(entry & (uint)((1 << s->Tlb0WayBits) - 1)),
            0x1000_0000 => PowerPcState.Tlb0Entries + (int)(entry & (PowerPcState.Tlb1Entries - 1)),
            _ => -1,
        };
    }

    /// <summary>The MAS1 that tlbwe stores; null for a valid entry of a page size that the TLB does not have.</summary>
    public static uint? CheckedMas1(PowerPcState* s, int index)
    {
        uint configuration = index < PowerPcState.Tlb0Entries ? s->Tlb0Cfg : s->Tlb1Cfg, mas1 = s->Mas1;
        uint smallest = configuration >> 20 & 15, largest = configuration >> 16 & 15;
        if ((configuration & SizesAvailable) == 0)
            mas1 = (mas1 & ~0xF80u) | smallest << 8;
        uint size = (mas1 & SizeMask) >> 8;
        if ((mas1 & Valid) != 0 && (size < smallest || size > largest))
            return null;
        return (configuration & ProtectionAvailable) != 0 ? mas1 : mas1 & ~Protected;
    }

    /// <summary>Invalidates the unprotected entries of one TLB (0 or 1) that match an address, or all of them.</summary>
    public static void Invalidate(PowerPcState* s, int tlb, uint? address)
    {
        int first = tlb == 0 ? 0 : PowerPcState.Tlb0Entries, end = tlb == 0 ? PowerPcState.Tlb0Entries : PowerPcState.TlbEntries;
        if (tlb == 0 && address is { } page)
        {
            first = SetStart(s, page);
            end = first + (1 << s->Tlb0WayBits);
        }

        for (int index = first; index < end; index++)
        {
            uint mas1 = s->TlbMas1[index];
            if ((mas1 & Protected) == 0
                && (address is not { } wanted || ((wanted ^ s->TlbMas2[index]) & PageMask & ~OffsetMask(mas1)) == 0))
                s->TlbMas1[index] &= ~Valid;
        }
    }
}
