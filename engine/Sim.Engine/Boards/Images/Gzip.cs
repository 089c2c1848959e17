using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Sim.Engine.Base;

namespace Sim.Engine.Boards.Images;

/// <summary>Decompresses one gzip member (RFC 1952), checking its length and checksum.</summary>
public static class Gzip
{
    private const int HeaderSize = 10;
    private const int TrailerSize = 8;
    private const byte FlagHeaderChecksum = 2;
    private const byte FlagExtra = 4;
    private const byte FlagName = 8;
    private const byte FlagComment = 16;
    private const byte FlagsReserved = 0xe0;

    /// <summary>True when the bytes start with gzip's magic number.</summary>
    public static bool IsGzip(ReadOnlySpan<byte> bytes) => bytes.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);

    /// <summary>Decompresses.</summary>
    /// <param name="file">The compressed bytes; padding behind the member is ignored.</param>
    /// <param name="name">Name for error messages.</param>
    /// <param name="maximumSize">Largest result in bytes; more is refused, so that a small hostile file cannot fill the host's memory.</param>
    /// <exception cref="SimException">The data is damaged or too large.</exception>
    public static byte[] Decompress(ReadOnlyMemory<byte> file, string name, int maximumSize)
    {
        var bytes = file.Span;
        var start = BodyOffset(bytes, name);
        // The last bytes tell the size, unless padding follows: a guess, which saves the copies of an array that grows.
        var expected = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]), (uint)maximumSize);
        var data = new byte[expected + 1];
        var length = 0;
        using var source = new MemoryStream(bytes[start..].ToArray());
        try
        {
            using var inflater = new DeflateStream(source, CompressionMode.Decompress);
            for (int read; (read = inflater.Read(data, length, data.Length - length)) > 0;)
            {
                length += read;
                if (length > maximumSize)
                    throw ImageError.In(name, $"the gzip data is longer than {maximumSize} bytes when decompressed");
                if (length == data.Length)
                    Array.Resize(ref data, Math.Max(2 * length, 1 << 16));
            }
        }
        catch (InvalidDataException exception)
        {
            throw ImageError.In(name, "the gzip data is damaged", exception);
        }
        Array.Resize(ref data, length);
        // The inflater tells neither how far it read nor that its input was cut off. Checksum and length of what it gave, as the
        // trailer has them, must follow in the file.
        Span<byte> trailer = stackalloc byte[TrailerSize];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, Crc32.HashToUInt32(data));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[sizeof(uint)..], (uint)data.Length);
        if (bytes[start..].LastIndexOf(trailer) < 0)
            throw ImageError.In(name, $"the gzip data is cut off or damaged: its {data.Length} decompressed bytes do not match its length and checksum");
        return data;
    }

    private static int BodyOffset(ReadOnlySpan<byte> bytes, string name)
    {
        if (!IsGzip(bytes))
            throw ImageError.In(name, "no gzip data: its first bytes are not 1f 8b");
        if (bytes.Length < HeaderSize + TrailerSize)
            throw ImageError.In(name, $"gzip data has at least {HeaderSize + TrailerSize} bytes, here are {bytes.Length}");
        var flags = bytes[3];
        if (bytes[2] != 8 || (flags & FlagsReserved) != 0)
            throw ImageError.In(name, $"gzip method {bytes[2]} with flags 0x{flags:x2}, method 8 (deflate) without reserved flags is expected");
        var offset = HeaderSize;
        if ((flags & FlagExtra) != 0)
            offset += sizeof(ushort) + BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);
        foreach (var text in (ReadOnlySpan<byte>)[FlagName, FlagComment])
        {
            if ((flags & text) != 0)
                offset += bytes[Math.Min(offset, bytes.Length)..].IndexOf((byte)0) is var end and >= 0 ? end + 1 : bytes.Length;
        }
        if ((flags & FlagHeaderChecksum) != 0)
            offset += sizeof(ushort);
        if (offset > bytes.Length - TrailerSize)
            throw ImageError.In(name, "the gzip header does not end within the file");
        return offset;
    }
}
