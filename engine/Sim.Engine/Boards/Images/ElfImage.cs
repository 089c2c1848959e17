using System.Buffers.Binary;
using Sim.Engine.Base;

namespace Sim.Engine.Boards.Images;

/// <summary>
/// Reads the loadable segments of a 32-bit big-endian PowerPC ELF file. QEMU: <c>load_elf</c> (include/hw/elf_ops.h), as the e500 boards call it.
/// Segments go to their physical addresses. The entry address is virtual: if it lies in an executable segment whose virtual and physical
/// addresses differ, it is moved along. Relocations and section headers are not looked at, so a position-independent file is
/// loaded at the addresses it names.
/// </summary>
public static class ElfImage
{
    private const int HeaderSize = 52;
    private const int ProgramHeaderSize = 32;
    private const ushort TypeExecutable = 2;
    private const ushort TypeShared = 3;
    private const ushort MachinePowerPc = 20;
    private const uint SegmentLoad = 1;
    private const uint FlagExecutable = 1;

    /// <summary>True when the bytes start with ELF's magic number.</summary>
    public static bool IsElf(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\u007fELF"u8);

    /// <summary>Takes an ELF file apart.</summary>
    /// <exception cref="SimException">The file is no such ELF file, or is damaged.</exception>
    public static LoadedImage Load(GuestImage file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var bytes = file.Bytes.Span;
        CheckHeader(file.Name, bytes);
        var entry = Word(bytes, 24);
        var headers = Word(bytes, 28);
        var count = Half(bytes, 44);
        if (headers + ((ulong)count * ProgramHeaderSize) > (ulong)bytes.Length)
            throw ImageError.In(file.Name, $"the ELF program headers end at 0x{headers + ((ulong)count * ProgramHeaderSize):x}, the file has 0x{bytes.Length:x} bytes");

        var segments = new List<ImageSegment>();
        var start = entry;
        for (var i = 0; i < count; i++)
        {
            var header = bytes.Slice((int)headers + (i * ProgramHeaderSize), ProgramHeaderSize);
            if (Word(header, 0) != SegmentLoad || Segment(file, i, header) is not { } segment)
                continue;
            segments.Add(segment);
            var offset = entry - Word(header, 8);
            if ((Word(header, 24) & FlagExecutable) != 0 && offset < Word(header, 16))
                start = Word(header, 12) + offset;
        }
        if (segments.Count == 0)
            throw ImageError.In(file.Name, "the ELF file has no loadable segment");
        return new LoadedImage(file.Name, segments, start);
    }

    private static void CheckHeader(string name, ReadOnlySpan<byte> bytes)
    {
        if (!IsElf(bytes))
            throw ImageError.In(name, "no ELF file: its first bytes are not 7f 45 4c 46");
        if (bytes.Length < HeaderSize)
            throw ImageError.In(name, $"the ELF header has {HeaderSize} bytes, the file has {bytes.Length}");
        if (bytes[4] != 1 || bytes[5] != 2)
            throw ImageError.In(name, $"ELF class {bytes[4]} with data encoding {bytes[5]}, a 32-bit (1) big-endian (2) file is expected");
        if (Half(bytes, 18) != MachinePowerPc)
            throw ImageError.In(name, $"the ELF file is for machine {Half(bytes, 18)}, PowerPC (20) is expected");
        if (Half(bytes, 16) is not (TypeExecutable or TypeShared))
            throw ImageError.In(name, $"ELF type {Half(bytes, 16)}, an executable (2) or position-independent (3) file is expected");
        if (bytes[6] != 1 || Word(bytes, 20) != 1)
            throw ImageError.In(name, $"ELF version {bytes[6]} and {Word(bytes, 20)}, 1 is expected in both places");
        if (Half(bytes, 44) > 0 && Half(bytes, 42) != ProgramHeaderSize)
            throw ImageError.In(name, $"ELF program headers have {Half(bytes, 42)} bytes each, {ProgramHeaderSize} are expected");
    }

    private static ImageSegment? Segment(GuestImage file, int index, ReadOnlySpan<byte> header)
    {
        var (offset, address, size, memorySize) = (Word(header, 4), Word(header, 12), Word(header, 16), Word(header, 20));
        if ((ulong)offset + size > (ulong)file.Bytes.Length)
            throw ImageError.In(file.Name, $"ELF segment {index} ends at file offset 0x{(ulong)offset + size:x}, the file has 0x{file.Bytes.Length:x} bytes");
        if (size > memorySize)
            throw ImageError.In(file.Name, $"ELF segment {index} has 0x{size:x} bytes in the file but only 0x{memorySize:x} in memory");
        if ((ulong)address + memorySize > 1UL << 32)
            throw ImageError.In(file.Name, $"ELF segment {index} ends at 0x{(ulong)address + memorySize:x}, behind the 32-bit address space");
        return memorySize == 0 ? null : new ImageSegment(address, file.Bytes.Slice((int)offset, (int)size), memorySize);
    }

    private static ushort Half(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);
}
