using System.Runtime.InteropServices;
using Sim.Engine.Memory;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// The decoded blocks of a machine, shared by its CPUs: for each page of RAM and each value of MSR[PR,SPE] that it was executed with,
/// a table of blocks by their first word. Also what keeps everything that the CPUs derive from RAM true to it.
/// </summary>
/// <remarks>
/// Ops live in an arena of which nothing is freed singly: blocks of a page that was written are forgotten, and when the arena is full
/// all are. Both happen while no CPU is inside a block, or make the one that is leave it after the instruction under way, whose op
/// is still in place then.
/// </remarks>
internal sealed unsafe class CodeCache : IRamListener, IDisposable
{
    /// <summary>Instructions of a block at most. Longer blocks cost less dispatch but more decoding of what is then not executed.</summary>
    public const int BlockLength = 32;

    /// <summary>Words of a page.</summary>
    const int PageWords = 1024;

    const int SlabOps = 8192, SlabLimit = 256, Variants = 4;

    readonly Dictionary<RamBlock, Dictionary<ulong, CodePage>> pages = [];
    readonly List<PowerPcCore> cores = [];
    readonly List<nint> slabs = [];
    readonly List<nint> tables = [];
    readonly Queue<nint> stubbed = [];
    int slab = -1;
    int slabUsed = SlabOps;
    bool ownStore;

    ~CodeCache() => Free();

    /// <summary>
    /// Points some of the ops whose handler was not compiled when they were decoded at its code. Only while no CPU is inside a block.
    /// </summary>
    public void ShortenSome()
    {
        for (int count = Math.Min(stubbed.Count, 64); count > 0; count--)
        {
            nint op = stubbed.Dequeue();
            if (!HandlerEntry.Shorten((Op*)op))
                stubbed.Enqueue(op);
        }
    }

    /// <summary>Number of blocks decoded since the cache was made, for tests and benchmarks.</summary>
    public long BlocksDecoded { get; private set; }

    /// <summary>
    /// The groups of the instructions in the blocks that are in the cache now: each was decoded to be executed, an instruction without the
    /// exceptions that <see cref="Decoder.GroupOf"/> names.
    /// </summary>
    public HashSet<InstructionGroup> DecodedGroups()
    {
        var groups = new HashSet<InstructionGroup>();
        foreach (var ofRam in pages.Values)
            foreach (CodePage page in ofRam.Values)
                page.Collect(groups);
        return groups;
    }

    public void Attach(PowerPcCore core) => cores.Add(core);

    /// <summary>Lets a core go; with the last one all memory is freed.</summary>
    public void Detach(PowerPcCore core)
    {
        cores.Remove(core);
        if (cores.Count > 0)
            return;
        foreach (RamBlock ram in pages.Keys)
            ram.RemoveListener(this);
        pages.Clear();
        Free();
    }

    /// <summary>Makes sure that the cache hears of writes to a block of RAM.</summary>
    public void Listen(RamBlock ram) => PagesOf(ram);

    /// <summary>The table of blocks of a page for the given MSR[PR,SPE].</summary>
    public Op** Table(RamBlock ram, ulong page, uint msr)
    {
        var ofRam = PagesOf(ram);
        if (!ofRam.TryGetValue(page, out CodePage? found))
            ofRam.Add(page, found = new CodePage());
        ref nint table = ref found.Tables[Variant(msr)];
        if (table == 0)
        {
            table = (nint)NativeMemory.AllocZeroed(PageWords, (nuint)sizeof(Op*));
            tables.Add(table);
        }

        return (Op**)table;
    }

    static int Variant(uint msr) => (int)((msr / Msr.Pr & 1) * 2 + (msr / Msr.Spe & 1));

    /// <summary>The bits of MSR that a variant stands for.</summary>
    static uint MsrOf(int variant) => (uint)(variant / 2) * Msr.Pr + (uint)(variant % 2) * Msr.Spe;

    Dictionary<ulong, CodePage> PagesOf(RamBlock ram)
    {
        if (pages.TryGetValue(ram, out var ofRam))
            return ofRam;
        pages.Add(ram, ofRam = []);
        ram.AddListener(this);
        return ofRam;
    }

    /// <summary>Decodes the block at a byte offset of a page and enters it in the table.</summary>
    public Op* Decode(in RamPage page, uint offset, uint msr)
    {
        ulong number = page.Offset >> RamBlock.PageShift;
        if (slabUsed + BlockLength + 1 > SlabOps)
            NextSlab();
        Op** table = Table(page.Ram, number, msr);
        page.Ram.SetCode(number, true);
        var first = (Op*)slabs[slab] + slabUsed;
        byte* host = page.Ram.Host + page.Offset;
        int count = 0;
        bool ends = false;
        for (uint at = offset; at < RamBlock.PageSize && count < BlockLength && !ends; at += 4, count++)
        {
            first[count].PageOffset = (ushort)at;
            ends = Decoder.Decode(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(*(uint*)(host + at)), msr, first + count);
        }

        Finish(first, count, offset);
        pages[page.Ram][number].Mark(offset >> 2, count);
        slabUsed += count + 1;
        table[offset >> 2] = first;
        BlocksDecoded++;
        return first;
    }

    void Finish(Op* first, int count, uint offset)
    {
        first[count] = default;
        first[count].Handler = &Dispatch.Continue;
        first[count].PageOffset = (ushort)(offset + 4 * count);
        for (int i = 0; i <= count; i++)
        {
            first[i].Left = (ushort)Math.Max(count - 1 - i, 0);
            if (!HandlerEntry.Shorten(first + i))
                stubbed.Enqueue((nint)(first + i));
        }
    }

    void NextSlab()
    {
        if (++slab == SlabLimit)
        {
            DropAll();
            slab = 0;
        }

        if (slab == slabs.Count)
            slabs.Add((nint)NativeMemory.Alloc(SlabOps, (nuint)sizeof(Op)));
        slabUsed = 0;
    }

    /// <summary>Forgets every block. Only while no CPU is inside a block.</summary>
    public void DropAll()
    {
        foreach (var (ram, ofRam) in pages)
            foreach (var (number, page) in ofRam)
                Drop(ram, number, page);
        slab = -1;
        slabUsed = SlabOps;
        stubbed.Clear();
    }

    static void Drop(RamBlock ram, ulong number, CodePage page)
    {
        page.Clear();
        ram.SetCode(number, false);
    }

    /// <summary>A CPU has stored in a page without a write entry: its own reservation stays.</summary>
    public void NotifyOwnStore(RamBlock ram, ulong offset, ulong length)
    {
        ownStore = true;
        ram.NotifyWritten(offset, length);
        ownStore = false;
    }

    /// <inheritdoc/>
    public void OnCodePage(RamBlock ram, ulong page)
    {
        byte* host = ram.Host + (page << RamBlock.PageShift);
        foreach (PowerPcCore core in cores)
            core.DropWriteEntries(host);
    }

    /// <inheritdoc/>
    public void OnRamWritten(RamBlock ram, ulong offset, ulong length)
    {
        if (!ownStore)
            foreach (PowerPcCore core in cores)
                core.State->Reserved = 0;
        ulong last = offset + length - 1;
        for (ulong number = offset >> RamBlock.PageShift; number <= last >> RamBlock.PageShift; number++)
        {
            if (!ram.IsCode(number) || !pages[ram].TryGetValue(number, out CodePage? page))
                continue;
            ulong start = number << RamBlock.PageShift;
            uint from = (uint)(Math.Max(offset, start) - start) >> 2;
            uint to = (uint)(Math.Min(last, start + (RamBlock.PageSize - 1)) - start) >> 2;
            if (!page.Holds(from, to))
                continue;
            Drop(ram, number, page);
            foreach (PowerPcCore core in cores)
                core.State->ExitRequested = 1;
        }
    }

    /// <inheritdoc/>
    public void OnEpochOpened()
    {
        foreach (PowerPcCore core in cores)
            core.DropWriteEntries();
    }

    /// <summary>Invalidates, on every CPU, the entries of a TLB that match an address, or all (tlbivax is broadcast).</summary>
    public void InvalidateEverywhere(int tlb, uint? address)
    {
        foreach (PowerPcCore core in cores)
            core.Invalidate(tlb, address);
    }

    /// <summary>Frees the memory. No CPU may execute afterwards.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        foreach (nint memory in slabs)
            NativeMemory.Free((void*)memory);
        foreach (nint memory in tables)
            NativeMemory.Free((void*)memory);
        slabs.Clear();
        tables.Clear();
    }

    /// <summary>The blocks of one page.</summary>
    sealed class CodePage
    {
        /// <summary>Tables of block pointers, by variant; 0 where there is none. They stay in place, as soft TLBs point to them.</summary>
        public readonly nint[] Tables = new nint[Variants];

        /// <summary>A bit for each word that is part of a block.</summary>
        readonly ulong[] decoded = new ulong[PageWords / 64];

        public void Mark(uint first, int count)
        {
            for (uint word = first; word < first + count; word++)
                decoded[word >> 6] |= 1UL << (int)word;
        }

        /// <summary>Whether any of the words from <paramref name="from"/> to <paramref name="to"/> is part of a block.</summary>
        public bool Holds(uint from, uint to)
        {
            for (uint word = from; word <= to; word++)
                if ((decoded[word >> 6] >> (int)word & 1) != 0)
                    return true;
            return false;
        }

        /// <summary>Adds the groups of the instructions of all blocks.</summary>
        public void Collect(HashSet<InstructionGroup> groups)
        {
            for (int variant = 0; variant < Variants; variant++)
            {
                if (Tables[variant] == 0)
                    continue;
                foreach (nint block in new ReadOnlySpan<nint>((void*)Tables[variant], PageWords))
                {
                    var first = (Op*)block;
                    for (int i = 0; block != 0 && i <= first->Left; i++)
                        if (Decoder.GroupOf(first[i].Raw, MsrOf(variant)) is { } group)
                            groups.Add(group);
                }
            }
        }

        public void Clear()
        {
            Array.Clear(decoded);
            foreach (nint table in Tables)
                if (table != 0)
                    NativeMemory.Clear((void*)table, PageWords * (nuint)sizeof(Op*));
        }
    }
}
