using System.Buffers.Binary;

namespace Sim.Engine.Memory;

/// <summary>Sees an access to device registers once it is done.</summary>
/// <param name="region">The registers.</param>
/// <param name="offset">Offset in the region.</param>
/// <param name="value">The value read or written, as a big-endian master sees it.</param>
/// <param name="size">Bytes: 1, 2, 4 or 8.</param>
/// <param name="isWrite">True for a write.</param>
public delegate void RegisterAccessObserver(MemoryRegion region, ulong offset, ulong value, int size, bool isWrite);

/// <summary>
/// A physical address space as a bus master sees it: the flattened tree below a root region. Unassigned addresses read 0 and ignore writes. QEMU: AddressSpace (softmmu/physmem.c).
/// </summary>
public sealed class AddressSpace
{
    private FlatView? view;
    private FlatRange latest;

    /// <summary>Makes a space that shows <paramref name="root"/>.</summary>
    public AddressSpace(MemoryRegion root, string name)
    {
        ArgumentNullException.ThrowIfNull(root);
        Root = root;
        Name = name;
        root.AddViewer(this);
    }

    /// <summary>Raised when the map has changed: drop what was derived from it (soft TLBs).</summary>
    public event Action? MappingChanged;

    /// <summary>Called with the address of an access that no region answers, for <c>--log unimp</c>; null for none.</summary>
    public Action<ulong, int, bool>? Unassigned { get; set; }

    /// <summary>Called after each access to device registers, for <c>--log mmio</c> and <c>--stats</c>; null for none.</summary>
    public RegisterAccessObserver? RegisterAccessed { get; set; }

    /// <summary>The region at the top.</summary>
    public MemoryRegion Root { get; }

    /// <summary>Name as the memory tree prints it.</summary>
    public string Name { get; }

    /// <summary>The flattened map, made anew after a change. QEMU: address_space_get_flatview.</summary>
    public FlatView View => view ??= new FlatView(Root);

    /// <summary>
    /// Reads 1, 2, 4 or 8 bytes as a big-endian master does; may have side effects in a device. An access that crosses regions is made byte by byte. QEMU: address_space_ldl_be and its siblings.
    /// </summary>
    public ulong Read(ulong address, int size, BusInitiator? initiator)
    {
        if (!Find(address, size, out var range))
            return ReadPieces(address, size, initiator);
        var offset = range.Offset + (address - range.Start);
        if (range.Region.Kind != MemoryRegionKind.Io)
            return ReadRam(range.Region.Ram!, offset, size);
        var value = RegisterAccess.Read(range.Region.Ops!, range.Region.Ops!.Read, offset, size, initiator);
        RegisterAccessed?.Invoke(range.Region, offset, value, size, false);
        return value;
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes as a big-endian master does. ROM and unassigned addresses ignore it. QEMU: address_space_stl_be and its siblings.</summary>
    public void Write(ulong address, ulong value, int size, BusInitiator? initiator)
    {
        if (!Find(address, size, out var range))
        {
            WritePieces(address, value, size, initiator);
            return;
        }

        var offset = range.Offset + (address - range.Start);
        switch (range.Region.Kind)
        {
            case MemoryRegionKind.Io:
                RegisterAccess.Write(range.Region.Ops!, offset, value, size, initiator);
                RegisterAccessed?.Invoke(range.Region, offset, value, size, true);
                break;
            case MemoryRegionKind.Ram:
                Span<byte> bytes = stackalloc byte[8];
                BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
                range.Region.Ram!.Write(offset, bytes[(8 - size)..]);
                break;
        }
    }

    /// <summary>Reads bytes, as DMA does: registers in the largest aligned accesses that they accept. QEMU: address_space_read.</summary>
    public void Read(ulong address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = 1;
            if (View.TryFind(address, out var range) && range.Region.Kind != MemoryRegionKind.Io)
            {
                count = (int)Math.Min((ulong)destination.Length - 1, range.Last - address) + 1;
                range.Region.Ram!.Span(range.Offset + (address - range.Start), count).CopyTo(destination);
            }
            else
            {
                count = RegisterSize(range, address, destination.Length);
                Store(destination[..count], Read(address, count, null));
            }

            destination = destination[count..];
            address += (ulong)count;
        }
    }

    /// <summary>Writes bytes, as DMA does: registers in the largest aligned accesses that they accept. QEMU: address_space_write.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            var count = 1;
            if (View.TryFind(address, out var range) && range.Region.Kind == MemoryRegionKind.Ram)
            {
                count = (int)Math.Min((ulong)source.Length - 1, range.Last - address) + 1;
                range.Region.Ram!.Write(range.Offset + (address - range.Start), source[..count]);
            }
            else
            {
                count = RegisterSize(range, address, source.Length);
                Write(address, Load(source[..count]), count, null);
            }

            source = source[count..];
            address += (ulong)count;
        }
    }

    /// <summary>Writes bytes as a debugger does: like <see cref="Write(ulong, ReadOnlySpan{byte})"/>, but ROM takes them too. QEMU: address_space_write_rom.</summary>
    public void Poke(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            var count = source.Length;
            if (View.TryFind(address, out var range))
                count = (int)Math.Min((ulong)source.Length - 1, range.Last - address) + 1;
            if (range.Region?.Kind == MemoryRegionKind.Rom)
                range.Region.Ram!.Write(range.Offset + (address - range.Start), source[..count]);
            else
                Write(address, source[..count]);
            source = source[count..];
            address += (ulong)count;
        }
    }

    /// <summary>
    /// Reads bytes without any side effect, devices' registers through their peeks; false, with zeros in their place, when some of them are unassigned.
    /// </summary>
    public bool TryPeek(ulong address, Span<byte> destination)
    {
        var complete = true;
        while (!destination.IsEmpty)
        {
            var count = 1;
            if (!View.TryFind(address, out var range))
            {
                destination[0] = 0;
                complete = false;
            }
            else if (range.Region.Kind == MemoryRegionKind.Io)
                count = PeekRegister(range, address, destination);
            else
            {
                count = (int)Math.Min((ulong)destination.Length - 1, range.Last - address) + 1;
                range.Region.Ram!.Span(range.Offset + (address - range.Start), count).CopyTo(destination);
            }

            destination = destination[count..];
            address += (ulong)count;
        }

        return complete;
    }

    /// <summary>Where the 4 KiB page of an address lies in RAM or ROM; false unless the whole page does.</summary>
    public bool TryMapPage(ulong address, out RamPage page)
    {
        page = default;
        var start = address & ~(ulong)(RamBlock.PageSize - 1);
        if (!View.TryFind(start, out var range) || range.Last < start + (RamBlock.PageSize - 1) || range.Region.Ram is not { } ram)
            return false;
        var offset = range.Offset + (start - range.Start);
        if (offset % RamBlock.PageSize != 0)
            return false;
        page = new RamPage(ram, offset, range.Region.Kind == MemoryRegionKind.Rom);
        return true;
    }

    internal void Invalidate()
    {
        if (view is null)
            return;
        view = null;
        latest = default;
        MappingChanged?.Invoke();
    }

    private static ulong ReadRam(RamBlock ram, ulong offset, int size)
    {
        var bytes = ram.Span(offset, size);
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32BigEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes),
        };
    }

    /// <summary>Finds the one range that holds all bytes of an access; the latest found is tried first.</summary>
    private bool Find(ulong address, int size, out FlatRange range)
    {
        range = latest;
        if (range.Region is null || address < range.Start || address > range.Last)
        {
            if (!View.TryFind(address, out range))
                return false;
            latest = range;
        }

        return range.Last - address >= (ulong)(size - 1);
    }

    private bool TouchesAny(ulong address, int size)
    {
        for (var i = 0; i < size; i++)
        {
            if (View.TryFind(address + (ulong)i, out _))
                return true;
        }

        return false;
    }

    private ulong ReadPieces(ulong address, int size, BusInitiator? initiator)
    {
        if (size == 1 || !TouchesAny(address, size))
        {
            Unassigned?.Invoke(address, size, false);
            return 0;
        }

        var value = 0UL;
        for (var i = 0; i < size; i++)
            value = value << 8 | Read(address + (ulong)i, 1, initiator);
        return value;
    }

    private void WritePieces(ulong address, ulong value, int size, BusInitiator? initiator)
    {
        if (size == 1 || !TouchesAny(address, size))
        {
            Unassigned?.Invoke(address, size, true);
            return;
        }

        for (var i = 0; i < size; i++)
            Write(address + (ulong)i, value >> (8 * (size - 1 - i)) & 0xFF, 1, initiator);
    }

    /// <summary>Size of the largest access at an address that the device accepts and that stays within range and length; 1 when it accepts none.</summary>
    private static int RegisterSize(FlatRange range, ulong address, int length)
    {
        if (range.Region?.Ops is not { } ops)
            return 1;
        var offset = range.Offset + (address - range.Start);
        for (var size = Math.Max(ops.MinValidSize, Math.Min(ops.MaxValidSize, ops.MaxImplementedSize)); size > 1; size >>= 1)
        {
            if (size <= length && range.Last - address >= (ulong)(size - 1) && (offset & (ulong)(size - 1)) == 0 && ops.Accepts(offset, size))
                return size;
        }

        return 1;
    }

    private static ulong Load(ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        foreach (var one in bytes)
            value = value << 8 | one;
        return value;
    }

    private static void Store(Span<byte> bytes, ulong value)
    {
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(value >> (8 * (bytes.Length - 1 - i)));
    }

    /// <summary>Peeks one register access worth of bytes: the largest aligned one that the device accepts and the caller wants.</summary>
    private static int PeekRegister(FlatRange range, ulong address, Span<byte> destination)
    {
        var ops = range.Region.Ops!;
        var offset = range.Offset + (address - range.Start);
        var size = RegisterSize(range, address, destination.Length);
        if (ops.Accepts(offset, size))
        {
            Store(destination[..size], RegisterAccess.Read(ops, ops.Peek, offset, size, null));
            return size;
        }

        // Too narrow for the device: take the byte out of the narrowest access that holds it.
        var width = ops.MinValidSize;
        var aligned = offset & ~(ulong)(width - 1);
        var whole = RegisterAccess.Read(ops, ops.Peek, aligned, width, null);
        destination[0] = (byte)(whole >> (8 * (width - 1 - (int)(offset - aligned))));
        return 1;
    }
}
