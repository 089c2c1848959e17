using System.Buffers.Binary;

namespace Sim.PropertyKit.Cpu;

/// <summary>Makes a memory image a file that QEMU's loader and ours take as firmware.</summary>
internal static class BareElf
{
    const int Header = 0x1000;

    /// <summary>An ELF file, 32 bits, big-endian, with one segment at address 0.</summary>
    /// <param name="image">The memory from address 0.</param>
    /// <param name="entry">Address of the first instruction.</param>
    public static byte[] Make(byte[] image, uint entry)
    {
        var elf = new byte[Header + image.Length];
        ReadOnlySpan<byte> identification = [0x7F, (byte)'E', (byte)'L', (byte)'F', 1, 2, 1];
        identification.CopyTo(elf);
        void Half(int at, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(elf.AsSpan(at), value);
        void Word(int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(elf.AsSpan(at), value);
        // Executable, PowerPC, version 1, entry, program headers at 52; sizes of the headers, one program header.
        Half(16, 2);
        Half(18, 20);
        Word(20, 1);
        Word(24, entry);
        Word(28, 52);
        Half(40, 52);
        Half(42, 32);
        Half(44, 1);
        // To be loaded: offset, address 0, sizes, all rights, alignment.
        Word(52, 1);
        Word(56, Header);
        Word(68, (uint)image.Length);
        Word(72, (uint)image.Length);
        Word(76, 7);
        Word(80, 0x1000);
        image.CopyTo(elf.AsSpan(Header));
        return elf;
    }
}
