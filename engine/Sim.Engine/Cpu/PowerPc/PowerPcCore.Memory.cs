using System.Buffers.Binary;
using Sim.Engine.Memory;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>The slow path of memory accesses, and the soft TLBs that spare it.</summary>
internal sealed unsafe partial class PowerPcCore
{
    const uint PageMask = 0xFFFF_F000;

    /// <inheritdoc cref="DataAccess.Load"/>
    public ulong Load(Op* op, long budget, uint address, int size)
    {
        CallOut(op, budget);
        ulong value = LoadSlow(op, address, size);
        if (points is not null)
            SeeAccess(address, size, isStore: false);
        return value;
    }

    ulong LoadSlow(Op* op, uint address, int size)
    {
        if ((address & ~PageMask) + (uint)size > RamBlock.PageSize)
            return LoadAcrossPages(op, address, size);
        if (!TryTranslate(op, address, AccessKind.Load, out ulong physical))
            return 0;
        if (!TryEnterData(address, physical, AccessKind.Load, out byte* host, out _))
            return memory.Read(physical, size, this);
        return size switch
        {
            1 => *host,
            2 => BinaryPrimitives.ReverseEndianness(*(ushort*)host),
            4 => BinaryPrimitives.ReverseEndianness(*(uint*)host),
            _ => BinaryPrimitives.ReverseEndianness(*(ulong*)host),
        };
    }

    /// <inheritdoc cref="DataAccess.Store"/>
    public void Store(Op* op, long budget, uint address, ulong value, int size)
    {
        CallOut(op, budget);
        if ((address & ~PageMask) + (uint)size > RamBlock.PageSize)
            StoreAcrossPages(op, address, value, size);
        else if (TryTranslate(op, address, AccessKind.Store, out ulong physical))
            StorePhysical(address, physical, value, size);
        if (points is not null)
            SeeAccess(address, size, isStore: true);
    }

    /// <inheritdoc cref="DataAccess.Touch"/>
    public void Touch(Op* op, uint address, bool isStore) =>
        TryTranslate(op, address, isStore ? AccessKind.Store : AccessKind.Load, out _);

    void StorePhysical(uint address, ulong physical, ulong value, int size)
    {
        if (!TryEnterData(address, physical, AccessKind.Store, out byte* host, out RamPage page))
        {
            memory.Write(physical, value, size, this);
            return;
        }

        if (page.IsReadOnly)
            return;
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        bytes[(8 - size)..].CopyTo(new Span<byte>(host, size));
        if (page.Ram.IsCode(page.Offset >> RamBlock.PageShift))
            code.NotifyOwnStore(page.Ram, page.Offset + (physical & ~(ulong)PageMask & 0xFFF), (ulong)size);
    }

    /// <summary>Both pages are translated before anything is read.</summary>
    ulong LoadAcrossPages(Op* op, uint address, int size)
    {
        uint second = (address & PageMask) + RamBlock.PageSize;
        if (!TryTranslate(op, address, AccessKind.Load, out ulong first) || !TryTranslate(op, second, AccessKind.Load, out ulong next))
            return 0;
        ulong value = 0;
        for (uint i = 0; i < size; i++)
        {
            uint at = address + i;
            value = value << 8 | memory.Read((at & PageMask) == second ? next + (at & ~PageMask) : first + i, 1, this);
        }

        return value;
    }

    /// <summary>Both pages are translated before anything is written.</summary>
    void StoreAcrossPages(Op* op, uint address, ulong value, int size)
    {
        uint second = (address & PageMask) + RamBlock.PageSize;
        if (!TryTranslate(op, address, AccessKind.Store, out ulong first) || !TryTranslate(op, second, AccessKind.Store, out ulong next))
            return;
        for (uint i = 0; i < size; i++)
        {
            uint at = address + i;
            ulong physical = (at & PageMask) == second ? next + (at & ~PageMask) : first + i;
            StorePhysical(at, physical, (byte)(value >> (8 * (size - 1 - (int)i))), 1);
        }
    }

    /// <summary>Translates; takes the exception and sets <see cref="PowerPcState.Faulted"/> when that fails.</summary>
    bool TryTranslate(Op* op, uint address, AccessKind kind, out ulong physical)
    {
        PowerPcState* s = State;
        TranslationResult result = Mmu.Translate(s, address, kind, out physical);
        if (result == TranslationResult.Found)
            return true;
        s->Dear = address;
        s->Esr = kind == AccessKind.Store ? Esr.St : 0;
        if (result == TranslationResult.Missed)
            Mmu.LoadMissDefaults(s, address, (s->Msr & Msr.Ds) != 0);
        Exceptions.TakeBase(s, result == TranslationResult.Missed ? Vector.DataTlbError : Vector.DataStorage, Dispatch.AddressOf(s, op));
        s->Faulted = 1;
        return false;
    }

    /// <summary>
    /// Enters a page in the data soft TLB for loads, or for stores where they need not be seen; false when it is not RAM.
    /// </summary>
    bool TryEnterData(uint address, ulong physical, AccessKind kind, out byte* host, out RamPage page)
    {
        host = null;
        if (!memory.TryMapPage(physical, out page))
            return false;
        byte* start = page.Ram.Host + page.Offset;
        host = start + (address & ~PageMask);
        SoftTlbEntry* entry = State->DataTlb + (address >> 12 & (Context.SoftTlbPages - 1));
        uint tag = address & PageMask;
        if (entry->ReadTag != tag && entry->WriteTag != tag)
        {
            entry->ReadTag = entry->WriteTag = SoftTlbEntry.NoPage;
            entry->Addend = start - tag;
        }

        // The right to do one does not give the right to do the other.
        ulong number = page.Offset >> RamBlock.PageShift;
        bool isWatched = points?.WatchesPageOf(tag, kind == AccessKind.Store) == true;
        if (kind == AccessKind.Load)
        {
            if (!isWatched)
                entry->ReadTag = tag;
        }
        else if (!page.IsReadOnly && !page.Ram.IsCode(number))
        {
            page.Ram.StampWrite(number);
            if (!isWatched)
                entry->WriteTag = tag;
        }

        return true;
    }

    /// <summary>
    /// Enters the page of an instruction in the code soft TLB, unless it has breakpoints; false when it cannot be fetched or is not RAM.
    /// </summary>
    bool EnterPage(uint address, out RamPage page)
    {
        page = default;
        if (Mmu.Translate(State, address, AccessKind.Fetch, out ulong physical) != TranslationResult.Found
            || !memory.TryMapPage(physical, out page))
            return false;
        if (points?.BreaksInPageOf(address) == true)
            return true;
        CodeTlbEntry* entry = State->CodeTlb + (address >> 12 & (Context.SoftTlbPages - 1));
        entry->Tag = address & PageMask;
        entry->Blocks = code.Table(page.Ram, page.Offset >> RamBlock.PageShift, State->Msr);
        return true;
    }

    void OnMappingChanged()
    {
        DropSoftTlbs();
        State->ExitRequested = 1;
        hearsAllRam = false;
        if (isRunning || State->Reserved != 0)
            HearAllRam();
    }

    /// <summary>
    /// Makes sure that the core hears of writes to any RAM that it sees. While it has a reservation, which they clear, and while it executes, and
    /// may get one, it hears of all of them, whatever it has used of it so far.
    /// </summary>
    void HearAllRam()
    {
        foreach (FlatRange range in memory.View.Ranges)
            if (range.Region.Ram is { } ram)
                code.Listen(ram);
        hearsAllRam = true;
    }

    /// <summary>Forgets all translations. They come back as they are needed: nothing that a guest sees changes.</summary>
    public void DropSoftTlbs()
    {
        for (int i = 0; i < Context.DataTlbs * Context.SoftTlbPages; i++)
            State->DataTlbs[i] = new SoftTlbEntry { ReadTag = SoftTlbEntry.NoPage, WriteTag = SoftTlbEntry.NoPage };
        for (int i = 0; i < Context.CodeTlbs * Context.SoftTlbPages; i++)
            State->CodeTlbs[i] = new CodeTlbEntry { Tag = SoftTlbEntry.NoPage };
    }

    /// <summary>Forgets the translations of the pages of one TLB entry.</summary>
    void DropPages(uint address, uint offsetMask)
    {
        if (offsetMask >= Context.SoftTlbPages * RamBlock.PageSize - 1)
        {
            DropSoftTlbs();
            return;
        }

        uint first = address & ~offsetMask, count = (offsetMask >> 12) + 1;
        for (uint page = first >> 12; count-- > 0; page++)
        {
            uint slot = page & (Context.SoftTlbPages - 1);
            for (uint set = 0; set < Context.DataTlbs; set++)
            {
                SoftTlbEntry* entry = State->DataTlbs + (set * Context.SoftTlbPages + slot);
                entry->ReadTag = entry->WriteTag = SoftTlbEntry.NoPage;
            }

            for (uint set = 0; set < Context.CodeTlbs; set++)
                State->CodeTlbs[set * Context.SoftTlbPages + slot].Tag = SoftTlbEntry.NoPage;
        }
    }

    /// <summary>Forgets that the page at a host address, or any, may be written without being seen.</summary>
    public void DropWriteEntries(byte* host = null)
    {
        for (int i = 0; i < Context.DataTlbs * Context.SoftTlbPages; i++)
        {
            SoftTlbEntry* entry = State->DataTlbs + i;
            if (entry->WriteTag != SoftTlbEntry.NoPage && (host == null || entry->Addend + entry->WriteTag == host))
                entry->WriteTag = SoftTlbEntry.NoPage;
        }
    }

    /// <summary>tlbwe; false for an entry or a page size that the TLB does not have.</summary>
    public bool WriteTlbEntry()
    {
        PowerPcState* s = State;
        int entry = Mmu.SelectedEntry(s);
        if (entry < 0 || Mmu.CheckedMas1(s, entry) is not { } mas1)
            return false;
        if ((s->TlbMas1[entry] & Mmu.Valid) != 0)
            DropPages(s->TlbMas2[entry] & PageMask, Mmu.OffsetMask(s->TlbMas1[entry]));
        s->TlbMas1[entry] = mas1;
        // Page number bits below the page's size are lost, as in QEMU.
        s->TlbMas2[entry] = s->Mas2 & ~(PageMask & Mmu.OffsetMask(mas1));
        s->TlbMas73[entry] = (ulong)s->Mas7 << 32 | s->Mas3;
        if ((mas1 & Mmu.Valid) != 0)
            DropPages(s->Mas2 & PageMask, Mmu.OffsetMask(mas1));
        TraceTlbWrite(entry);
        return true;
    }

    /// <summary>tlbivax: bit 0x8 of the address chooses TLB1, bit 0x4 means all entries.</summary>
    public void InvalidateEverywhere(uint address) =>
        code.InvalidateEverywhere((address & 8) != 0 ? 1 : 0, (address & 4) != 0 ? null : address & PageMask);

    /// <summary>Invalidates the unprotected entries of a TLB that match an address, or all of them.</summary>
    public void Invalidate(int tlb, uint? address)
    {
        Mmu.Invalidate(State, tlb, address);
        if (tlb == 0 && address is { } page)
            DropPages(page, RamBlock.PageSize - 1);
        else
            DropSoftTlbs();
        TraceTlbInvalidate(tlb, address);
    }

    /// <summary>
    /// Translates without side effects, as a debugger does: data space first, then instruction space, in the current context.
    /// </summary>
    public bool TryPeekTranslation(uint address, out ulong physical)
    {
        bool problem = (State->Msr & Msr.Pr) != 0, data = (State->Msr & Msr.Ds) != 0, fetch = (State->Msr & Msr.Is) != 0;
        return Mmu.Translate(State, address, data, AccessKind.Load, problem, out physical) != TranslationResult.Missed
            || Mmu.Translate(State, address, fetch, AccessKind.Fetch, problem, out physical) != TranslationResult.Missed;
    }
}
