using System.Buffers.Binary;
using Sim.Engine.Boards;
using Sim.PropertyKit.Cpu;
using static Sim.PropertyKit.Cpu.SequenceRegisters;

namespace Sim.PropertyKit.Machines;

/// <summary>
/// The smallest guest that input changes: on <c>ppce500</c> it reads its first UART, keeps a number in memory that depends on every byte
/// and on their order, and
/// sends each byte back.
/// </summary>
public static class EchoGuest
{
    private const uint Entry = 0x1000;

    /// <summary>The program as an ELF file.</summary>
    public static GuestImage Image { get; } = new("echo.elf", Elf([.. Code()]));

    private static IEnumerable<uint> Code()
    {
        // TLB1 entry 1: the configuration registers at 0xF_E000_0000, 1 MiB, uncached, at 0xE000_0000.
        (int Register, uint Value)[] entry = [(Mas0, 0x1001_0000), (Mas1, 0x8000_0500), (Mas2, 0xE000_000A), (Mas3, 0xE000_003F),
            (Mas7, 0xF)];
        foreach (var (register, value) in entry)
        {
            foreach (var word in Asm.Li(3, value))
                yield return word;
            yield return Asm.Mtspr(register, 3);
        }

        yield return Asm.Tlbwe;
        yield return Asm.Isync;
        foreach (var word in Asm.Li(5, 0xE000_4500))
            yield return word;
        yield return Asm.Addi(7, 0, 31);

        // Until LSR (5) says that there is a byte; then RBR and THR (0).
        yield return Asm.Lbz(3, 5, 5);
        yield return Asm.Rlwinm(3, 3, 0, 31, 31);
        yield return Asm.Cmpwi(3, 0);
        yield return Asm.Beq(-12);
        yield return Asm.Lbz(4, 0, 5);
        yield return Asm.Mullw(6, 6, 7);
        yield return Asm.Add(6, 6, 4);
        yield return Asm.Stw(6, 0x2000, 0);
        yield return Asm.Stb(4, 0, 5);
        yield return Asm.B(-36);
    }

    /// <summary>A 32-bit big-endian PowerPC ELF file of one segment.</summary>
    private static byte[] Elf(uint[] code)
    {
        var size = 4 * (uint)code.Length;
        uint[] words =
        [
            0x7F45_4C46, 0x0102_0100, 0, 0, 2 << 16 | 20, 1, Entry, 52, 0, 0, 52 << 16 | 32, 1 << 16 | 40, 0,
            1, 84, Entry, Entry, size, size, 7, 4,
            .. code,
        ];
        var bytes = new byte[4 * words.Length];
        for (var i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 * i), words[i]);
        return bytes;
    }
}
