using System.IO.Compression;
using System.IO.Hashing;
using Sim.Engine.Boards;
using Sim.Engine.Boards.DeviceTree;

namespace Sim.Tests;

/// <summary>Makes images for the loaders' tests, whole or deliberately wrong.</summary>
internal static class TestImages
{
    /// <summary>One program header; <see cref="FileSize"/> and others default to what fits the data.</summary>
    public sealed record Segment(uint Address, byte[] Data, uint MemorySize)
    {
        public uint? VirtualAddress { get; init; }

        public uint? FileSize { get; init; }

        public uint Type { get; init; } = 1;

        public uint Flags { get; init; } = 7;
    }

    /// <summary>A 32-bit big-endian PowerPC ELF file.</summary>
    public static byte[] Elf(uint entry, params Segment[] segments)
    {
        var bytes = new List<byte>([0x7f, .. "ELF"u8, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 20]);
        bytes.AddRange(DeviceTreeProperty.Cells(1, entry, 52, 0, 0));
        bytes.AddRange([0, 52, 0, 32, 0, (byte)segments.Length, 0, 40, 0, 0, 0, 0]);
        var offset = (uint)(52 + (32 * segments.Length));
        foreach (var segment in segments)
        {
            var size = segment.FileSize ?? (uint)segment.Data.Length;
            bytes.AddRange(DeviceTreeProperty.Cells(
                segment.Type, offset, segment.VirtualAddress ?? segment.Address, segment.Address, size, segment.MemorySize, segment.Flags, 4));
            offset += (uint)segment.Data.Length;
        }
        foreach (var segment in segments)
            bytes.AddRange(segment.Data);
        return [.. bytes];
    }

    /// <summary>A legacy uImage with right checksums.</summary>
    public static byte[] UImage(byte[] data, uint load, uint entry, byte type = 2, byte compression = 0, byte architecture = 7)
    {
        var header = new byte[64];
        DeviceTreeProperty.Cells(0x27051956, 0, 0, (uint)data.Length, load, entry, Crc32.HashToUInt32(data)).CopyTo(header, 0);
        ((ReadOnlySpan<byte>)[5, architecture, type, compression]).CopyTo(header.AsSpan(28));
        "test kernel"u8.CopyTo(header.AsSpan(32));
        DeviceTreeProperty.Cells(Crc32.HashToUInt32(header)).CopyTo(header, 4);
        return [.. header, .. data];
    }

    /// <summary>The bytes as one gzip member.</summary>
    public static byte[] Gzip(byte[] data)
    {
        using var output = new MemoryStream();
        using (var stream = new GZipStream(output, CompressionLevel.Fastest))
            stream.Write(data);
        return output.ToArray();
    }

    public static GuestImage File(byte[] bytes) => new("test.img", bytes);

    /// <summary>The same bytes with one replaced.</summary>
    public static byte[] With(byte[] bytes, int offset, byte value)
    {
        byte[] copy = [.. bytes];
        copy[offset] = value;
        return copy;
    }
}
