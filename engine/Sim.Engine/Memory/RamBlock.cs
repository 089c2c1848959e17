using System.Runtime.InteropServices;

namespace Sim.Engine.Memory;

/// <summary>
/// Guest RAM: native memory, zero at first, with a write stamp per 4 KiB page. QEMU: RAMBlock (softmmu/physmem.c).
/// <para>
/// Dirty tracking costs nothing on the fast path: the slow path that enters a write entry into a soft TLB calls <see cref="StampWrite"/>, which marks the page with
/// the current epoch. A consumer calls <see cref="OpenEpoch"/>, which drops the write entries, and later asks which pages bear that stamp or a later one.
/// </para>
/// </summary>
public sealed unsafe class RamBlock : IDisposable
{
    /// <summary>Size of a page in bytes.</summary>
    public const int PageSize = 1 << PageShift;

    /// <summary>log2 of <see cref="PageSize"/>.</summary>
    public const int PageShift = 12;

    private readonly List<IRamListener> listeners = [];
    private byte* allocation;
    private uint* stamps;
    private byte* codePages;

    /// <summary>Allocates a block. The host gives it real pages only as they are touched.</summary>
    /// <param name="name">Name, for files and messages.</param>
    /// <param name="size">Size in bytes, a multiple of 4 KiB.</param>
    public RamBlock(string name, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(size % PageSize, 0UL);
        Name = name;
        Size = size;
        allocation = (byte*)NativeMemory.AllocZeroed((nuint)size + PageSize);
        Host = (byte*)(((nuint)allocation + PageSize - 1) & ~(nuint)(PageSize - 1));
        stamps = (uint*)NativeMemory.AllocZeroed((nuint)PageCount, sizeof(uint));
        codePages = (byte*)NativeMemory.AllocZeroed((nuint)PageCount);
    }

    /// <summary>Frees the memory of a block that nobody disposed of.</summary>
    ~RamBlock() => Free();

    /// <summary>Name, for files and messages.</summary>
    public string Name { get; }

    /// <summary>Address of the first byte in the host, 4 KiB aligned.</summary>
    public byte* Host { get; private set; }

    /// <summary>Size in bytes.</summary>
    public ulong Size { get; }

    /// <summary>Number of 4 KiB pages.</summary>
    public ulong PageCount => Size >> PageShift;

    /// <summary>The stamp that a write now leaves; 1 at first, so that stamp 0 means never written and so all zero.</summary>
    public uint Epoch { get; private set; } = 1;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span(ulong offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        CheckRange(offset, (ulong)length);
        return new ReadOnlySpan<byte>(Host + offset, length);
    }

    /// <summary>One page.</summary>
    public ReadOnlySpan<byte> Page(ulong page) => Span(page << PageShift, PageSize);

    /// <summary>The epoch of the page's latest write; 0 when it was never written.</summary>
    public uint Stamp(ulong page) => stamps[page];

    /// <summary>Marks a page as written in the current epoch. For the slow path of a store: <paramref name="page"/> is not checked.</summary>
    public void StampWrite(ulong page) => stamps[page] = Epoch;

    /// <summary>Begins a new epoch and returns its stamp: pages written from now on bear it or a later one.</summary>
    public uint OpenEpoch()
    {
        Epoch++;
        foreach (var listener in listeners)
            listener.OnEpochOpened();
        return Epoch;
    }

    /// <summary>Appends to <paramref name="pages"/> the pages written in epoch <paramref name="since"/> or later, in order; 1 gives all that were ever written.</summary>
    public void CollectWritten(uint since, ICollection<ulong> pages)
    {
        ArgumentNullException.ThrowIfNull(pages);
        for (ulong page = 0; page < PageCount; page++)
        {
            if (stamps[page] >= since)
                pages.Add(page);
        }
    }

    /// <summary>True when the page holds decoded code.</summary>
    public bool IsCode(ulong page) => codePages[page] != 0;

    /// <summary>Marks or unmarks a page as holding decoded code; marking drops the write entries to it.</summary>
    public void SetCode(ulong page, bool isCode)
    {
        if (IsCode(page) == isCode)
            return;
        codePages[page] = isCode ? (byte)1 : (byte)0;
        if (!isCode)
            return;
        foreach (var listener in listeners)
            listener.OnCodePage(this, page);
    }

    /// <summary>
    /// Writes bytes from outside the CPU fast path, with all that follows from it. Zeros for a page that was never written leave it so: the host need not give it memory.
    /// </summary>
    public void Write(ulong offset, ReadOnlySpan<byte> bytes)
    {
        CheckRange(offset, (ulong)bytes.Length);
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, PageSize - (int)(offset & (PageSize - 1)));
            var piece = bytes[..count];
            if (Stamp(offset >> PageShift) != 0 || piece.ContainsAnyExcept((byte)0))
            {
                piece.CopyTo(new Span<byte>(Host + offset, count));
                NotifyWritten(offset, (ulong)count);
            }

            offset += (ulong)count;
            bytes = bytes[count..];
        }
    }

    /// <summary>
    /// Gives a page other content from outside the CPU fast path; an empty one stands for zeros. A page that has that content already is
    /// left alone, so that nothing derived from it is lost.
    /// </summary>
    public void ReplacePage(ulong page, ReadOnlySpan<byte> content)
    {
        var isWritten = Stamp(page) != 0;   // A page that was never written is zero, and need not be looked at.
        if (content.IsEmpty ? !isWritten || !Page(page).ContainsAnyExcept((byte)0) : isWritten && Page(page).SequenceEqual(content))
            return;
        if (content.IsEmpty)
            Clear(page << PageShift, PageSize);
        else
            Write(page << PageShift, content);
    }

    /// <summary>Fills bytes with zero from outside the CPU fast path.</summary>
    public void Clear(ulong offset, ulong length)
    {
        CheckRange(offset, length);
        NativeMemory.Clear(Host + offset, (nuint)length);
        NotifyWritten(offset, length);
    }

    /// <summary>Stamps the pages of a write that has been made and tells the listeners.</summary>
    public void NotifyWritten(ulong offset, ulong length)
    {
        if (length == 0)
            return;
        CheckRange(offset, length);
        for (var page = offset >> PageShift; page <= (offset + length - 1) >> PageShift; page++)
            StampWrite(page);
        foreach (var listener in listeners)
            listener.OnRamWritten(this, offset, length);
    }

    /// <summary>Adds a listener; each CPU is one.</summary>
    public void AddListener(IRamListener listener) => listeners.Add(listener);

    /// <summary>Removes a listener.</summary>
    public void RemoveListener(IRamListener listener) => listeners.Remove(listener);

    /// <summary>Frees the memory. Nobody may touch the block afterwards.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Refuses what does not lie in the block, also where offset and length add up to more than 64 bits.</summary>
    private void CheckRange(ulong offset, ulong length)
    {
        if (length > Size || offset > Size - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"RAM block '{Name}' has {Size} bytes; {length} at offset {offset} do not lie in it.");
    }

    private void Free()
    {
        NativeMemory.Free(allocation);
        NativeMemory.Free(stamps);
        NativeMemory.Free(codePages);
        allocation = null;
        Host = null;
        stamps = null;
        codePages = null;
    }
}

/// <summary>Where a physical page lies in RAM.</summary>
/// <param name="Ram">The block.</param>
/// <param name="Offset">Offset of the page's first byte in the block.</param>
/// <param name="IsReadOnly">True for ROM: writes are ignored.</param>
public readonly record struct RamPage(RamBlock Ram, ulong Offset, bool IsReadOnly);
