using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Text;
using Sim.Engine.Base;

namespace Sim.Engine.Boards.Images;

/// <summary>
/// Reads U-Boot's legacy image format, uncompressed or gzip. QEMU: <c>load_uimage</c> (hw/core/loader.c), which takes kernels only. Unlike QEMU it
/// checks both checksums, so a damaged file is refused instead of run.
/// </summary>
/// <param name="Name">The name in the header.</param>
/// <param name="LoadAddress">Guest physical address of the (decompressed) data.</param>
/// <param name="Entry">Guest physical address of the first instruction.</param>
/// <param name="Data">The data, decompressed.</param>
public sealed record UImage(string Name, uint LoadAddress, uint Entry, ReadOnlyMemory<byte> Data)
{
    private const uint Magic = 0x27051956;
    private const int HeaderSize = 64;
    private const byte TypeKernel = 2;
    private const byte ArchitecturePowerPc = 7;
    private const byte CompressionNone = 0;
    private const byte CompressionGzip = 1;

    /// <summary>Decompressed data beyond this many bytes is refused; QEMU's limit.</summary>
    public const int MaximumDecompressedSize = 64 << 20;

    /// <summary>True when the bytes start with the format's magic number.</summary>
    public static bool IsUImage(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(bytes) == Magic;

    /// <summary>What was read, as long as its file is in use: to decompress Linux takes longer than to build the machine, and many machines may be built from one configuration.</summary>
    private static readonly ConditionalWeakTable<GuestImage, UImage> Loaded = [];

    /// <summary>Takes a kernel image apart, for loading.</summary>
    /// <exception cref="SimException">The file is no such image, or is damaged.</exception>
    public static LoadedImage Load(GuestImage file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var image = Loaded.GetValue(file, Read);
        if ((ulong)image.LoadAddress + (ulong)image.Data.Length > 1UL << 32)
            throw ImageError.In(file.Name, $"the uImage's 0x{image.Data.Length:x} bytes at 0x{image.LoadAddress:x} end behind the 32-bit address space");
        return new LoadedImage(file.Name, [new ImageSegment(image.LoadAddress, image.Data)], image.Entry);
    }

    /// <summary>Reads and checks header and data.</summary>
    /// <exception cref="SimException">The file is no such image, or is damaged.</exception>
    public static UImage Read(GuestImage file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var bytes = file.Bytes.Span;
        if (!IsUImage(bytes))
            throw ImageError.In(file.Name, "no uImage: its first bytes are not 27 05 19 56");
        if (bytes.Length < HeaderSize)
            throw ImageError.In(file.Name, $"the uImage header has {HeaderSize} bytes, the file has {bytes.Length}");
        CheckHeader(file.Name, bytes[..HeaderSize]);
        var size = Word(bytes, 12);
        if (size > bytes.Length - HeaderSize)
            throw ImageError.In(file.Name, $"the uImage header announces {size} bytes of data, the file has {bytes.Length - HeaderSize}");
        var data = file.Bytes.Slice(HeaderSize, (int)size);
        if (Crc32.HashToUInt32(data.Span) is var sum && sum != Word(bytes, 24))
            throw ImageError.In(file.Name, $"the uImage data has checksum 0x{sum:x8}, its header says 0x{Word(bytes, 24):x8}");
        if (bytes[31] == CompressionGzip)
            data = Gzip.Decompress(data, file.Name, MaximumDecompressedSize);
        if (data.Length == 0)
            throw ImageError.In(file.Name, "the uImage has no data");
        var name = bytes.Slice(32, 32);
        var end = name.IndexOf((byte)0);
        return new UImage(Encoding.Latin1.GetString(end < 0 ? name : name[..end]), Word(bytes, 16), Word(bytes, 20), data);
    }

    private static void CheckHeader(string file, ReadOnlySpan<byte> header)
    {
        Span<byte> copy = stackalloc byte[HeaderSize];
        header.CopyTo(copy);
        copy.Slice(4, sizeof(uint)).Clear();
        var sum = Crc32.HashToUInt32(copy);
        if (sum != Word(header, 4))
            throw ImageError.In(file, $"the uImage header has checksum 0x{sum:x8} but says 0x{Word(header, 4):x8}");
        if (header[30] != TypeKernel)
            throw ImageError.In(file, $"uImage type {header[30]}, a kernel ({TypeKernel}) is expected");
        if (header[29] != ArchitecturePowerPc)
            throw ImageError.In(file, $"the uImage is for architecture {header[29]}, PowerPC ({ArchitecturePowerPc}) is expected");
        if (header[31] is not (CompressionNone or CompressionGzip))
            throw ImageError.In(file, $"uImage compression {header[31]}, none ({CompressionNone}) or gzip ({CompressionGzip}) is expected");
    }

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);
}
