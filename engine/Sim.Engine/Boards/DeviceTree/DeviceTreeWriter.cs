using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Sim.Engine.Boards.DeviceTree;

/// <summary>Where the memory reservation block begins; all other blocks follow without gaps.</summary>
public enum DeviceTreeLayout
{
    /// <summary>Right behind the header, at 0x28: what <c>dtc</c> writes, and libfdt when it packs.</summary>
    Packed,

    /// <summary>At 0x30: what libfdt's sequential writer leaves, from which QEMU's <c>create_device_tree</c> starts.</summary>
    Sequential,
}

/// <summary>Flattens a device tree to a version 17 blob, laid out as <c>dtc</c> and libfdt do.</summary>
public static class DeviceTreeWriter
{
    /// <summary>Writes the blob.</summary>
    /// <param name="document">The tree.</param>
    /// <param name="layout">Position of the reservation block.</param>
    /// <param name="totalSize">Size of the blob in bytes, the rest zero, as a guest that edits the tree needs; 0 for no free space.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="totalSize"/> is less than the tree needs.</exception>
    public static byte[] Write(DeviceTreeDocument document, DeviceTreeLayout layout = DeviceTreeLayout.Packed, int totalSize = 0)
    {
        var blob = WriteUsed(document, layout, totalSize);
        Array.Resize(ref blob, Math.Max(totalSize, blob.Length));
        return blob;
    }

    /// <summary>As <see cref="Write"/>, but returns only the bytes in use; the header tells of the free space behind them.</summary>
    /// <param name="document">The tree.</param>
    /// <param name="layout">Position of the reservation block.</param>
    /// <param name="totalSize">Size that the header tells; 0 for no free space.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="totalSize"/> is less than the tree needs.</exception>
    public static byte[] WriteUsed(DeviceTreeDocument document, DeviceTreeLayout layout = DeviceTreeLayout.Packed, int totalSize = 0)
    {
        ArgumentNullException.ThrowIfNull(document);
        var strings = new StringsBlock();
        foreach (var name in document.StringOrder)
            strings.Offset(name);
        var structure = new ArrayBufferWriter<byte>();
        WriteNode(structure, strings, document.Root);
        WriteWord(structure, DeviceTreeFormat.End);

        var reservations = DeviceTreeFormat.Align(DeviceTreeFormat.HeaderSize, layout == DeviceTreeLayout.Sequential ? DeviceTreeFormat.ReservationSize : 8);
        var structureOffset = reservations + ((document.Reservations.Count + 1) * DeviceTreeFormat.ReservationSize);
        var stringsOffset = structureOffset + structure.WrittenCount;
        var used = stringsOffset + strings.Bytes.Length;
        if (totalSize == 0)
            totalSize = used;
        ArgumentOutOfRangeException.ThrowIfLessThan(totalSize, used);

        var blob = new byte[used];
        ReadOnlySpan<uint> header =
        [
            DeviceTreeFormat.Magic, (uint)totalSize, (uint)structureOffset, (uint)stringsOffset, (uint)reservations,
            DeviceTreeFormat.Version, DeviceTreeFormat.LastCompatibleVersion, document.BootCpu, (uint)strings.Bytes.Length, (uint)structure.WrittenCount,
        ];
        DeviceTreeProperty.Cells(header).CopyTo(blob, 0);
        for (var i = 0; i < document.Reservations.Count; i++)
        {
            var entry = blob.AsSpan(reservations + (i * DeviceTreeFormat.ReservationSize));
            BinaryPrimitives.WriteUInt64BigEndian(entry, document.Reservations[i].Address);
            BinaryPrimitives.WriteUInt64BigEndian(entry[sizeof(ulong)..], document.Reservations[i].Size);
        }
        structure.WrittenSpan.CopyTo(blob.AsSpan(structureOffset));
        strings.Bytes.CopyTo(blob.AsSpan(stringsOffset));
        return blob;
    }

    /// <summary>Gives a blob free space (<c>fdt_open_into</c>): a well-ordered version 17 blob keeps its bytes, any other is laid out anew.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="file">Name for error messages.</param>
    /// <param name="totalSize">New size in bytes.</param>
    /// <exception cref="Base.SimException">The blob is not a well-formed device tree.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="totalSize"/> is less than the blob has.</exception>
    public static byte[] Expand(ReadOnlySpan<byte> blob, string file, int totalSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(totalSize, blob.Length);
        var document = DeviceTreeReader.Read(blob, file);
        uint Header(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadUInt32BigEndian(bytes[(index * sizeof(uint))..]);
        var (structure, strings, reservations) = (Header(blob, 2), Header(blob, 3), Header(blob, 4));
        var reservationsEnd = reservations + ((uint)(document.Reservations.Count + 1) * DeviceTreeFormat.ReservationSize);
        if (Header(blob, 5) < DeviceTreeFormat.Version || reservations < DeviceTreeFormat.HeaderSize
            || structure < reservationsEnd || strings < structure + Header(blob, 9))
            return Write(document, DeviceTreeLayout.Packed, totalSize);
        var expanded = new byte[totalSize];
        blob.CopyTo(expanded);
        BinaryPrimitives.WriteUInt32BigEndian(expanded.AsSpan(sizeof(uint)), (uint)totalSize);
        return expanded;
    }

    private static void WriteNode(ArrayBufferWriter<byte> output, StringsBlock strings, DeviceTreeNode node)
    {
        WriteWord(output, DeviceTreeFormat.BeginNode);
        WritePadded(output, Encoding.ASCII.GetBytes(node.Name + '\0'));
        foreach (var property in node.Properties)
        {
            WriteWord(output, DeviceTreeFormat.Property);
            WriteWord(output, (uint)property.Value.Length);
            WriteWord(output, (uint)strings.Offset(property.Name));
            WritePadded(output, property.Value.Span);
        }
        foreach (var child in node.Children)
            WriteNode(output, strings, child);
        WriteWord(output, DeviceTreeFormat.EndNode);
    }

    private static void WriteWord(ArrayBufferWriter<byte> output, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(sizeof(uint)), value);
        output.Advance(sizeof(uint));
    }

    private static void WritePadded(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        var length = DeviceTreeFormat.Align(bytes.Length, sizeof(uint));
        var target = output.GetSpan(length)[..length];
        target.Clear();
        bytes.CopyTo(target);
        output.Advance(length);
    }

    /// <summary>Property names, each with its NUL. A name that is the tail of one already there shares its bytes, as in dtc and libfdt.</summary>
    private sealed class StringsBlock
    {
        private readonly ArrayBufferWriter<byte> output = new();
        private readonly Dictionary<string, int> offsets = [];

        public ReadOnlySpan<byte> Bytes => output.WrittenSpan;

        public int Offset(string name)
        {
            if (offsets.TryGetValue(name, out var offset))
                return offset;
            var bytes = Encoding.ASCII.GetBytes(name + '\0');
            offset = Bytes.IndexOf(bytes);
            if (offset < 0)
            {
                offset = Bytes.Length;
                output.Write(bytes);
            }
            offsets.Add(name, offset);
            return offset;
        }
    }
}
