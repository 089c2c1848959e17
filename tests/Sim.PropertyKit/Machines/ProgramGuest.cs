using System.Buffers.Binary;
using Sim.Engine.Boards;
using Sim.PropertyKit.Cpu;
using static Sim.PropertyKit.Cpu.SequenceRegisters;

namespace Sim.PropertyKit.Machines;

/// <summary>
/// A <see cref="GuestProgram"/> as firmware of <c>ppce500</c>: all CPUs execute it at once on the same data, each with its number in r3, and
/// its device is the first UART.
/// </summary>
internal static class ProgramGuest
{
    private const uint Start = 0x2000, SpinTable = 0x0600_0000, Uart = 0x500, LastReleased = 7;

    /// <summary>Page sizes of TLB entries.</summary>
    private const uint FourKibibytes = 1, OneMebibyte = 5;

    /// <summary>The program as an ELF file.</summary>
    public static GuestImage Image(GuestProgram program)
    {
        var memory = new byte[0x8000];
        foreach (var (address, words) in program.Pieces().Append((Start, [.. StartCode(program.Entry)])))
        {
            for (var word = 0; word < words.Length; word++)
                BinaryPrimitives.WriteUInt32BigEndian(memory.AsSpan((int)address + (4 * word)), words[word]);
        }

        return new GuestImage("program.elf", BareElf.Make(memory, Start));
    }

    /// <summary>Maps UART, spin table and the board's registers, sets vectors and registers, and lets the other CPUs come in at the same place.</summary>
    private static List<uint> StartCode(uint entry)
    {
        var code = new List<uint>();

        // TLB1 entries 4 to 6, uncached and guarded. Boot code of the board uses 0 and 1, programs 2 and 3.
        AddEntry(code, 4, SpinTable, 0xEF00_0000, FourKibibytes);
        AddEntry(code, 5, GuestProgram.Device, 0xE000_4000, FourKibibytes);
        AddEntry(code, 6, GuestProgram.Board, 0xE000_0000, OneMebibyte);
        Set(code, Mas7, 0);
        code.Add(Asm.Isync);
        Set(code, Ivpr, 0);
        for (var vector = 0; vector < GuestProgram.VectorCount; vector++)
            Set(code, vector < 16 ? Ivor0 + vector : Ivor32 + vector - 16, 0x100 * ((uint)vector + 1));

        code.Add(Asm.Mfspr(3, Pir));
        code.Add(Asm.Cmpwi(3, 0));
        var release = new List<uint>();
        release.AddRange(Asm.Li(4, SpinTable));
        release.AddRange(Asm.Li(5, Start));
        for (var cpu = 1; cpu <= LastReleased; cpu++)
            release.Add(Asm.Stw(5, (32 * cpu) + 4, 4));
        code.Add(Asm.Bne(4 * (release.Count + 1)));
        code.AddRange(release);

        for (var register = 0; register < GuestProgram.Scratch; register++)
        {
            if (register != 3)
                code.AddRange(Asm.Li(register, unchecked(0x9E37_79B9u * (uint)(register + 1))));
        }

        code.AddRange(Asm.Li(GuestProgram.WindowBase, GuestProgram.Window));
        code.AddRange(Asm.Li(GuestProgram.DataBase, GuestProgram.Data));
        code.AddRange(Asm.Li(GuestProgram.DeviceBase, GuestProgram.Device + Uart));
        code.AddRange(Asm.Li(GuestProgram.NowhereBase, GuestProgram.Nowhere));
        code.Add(Asm.B((int)(entry - Start) - (4 * code.Count)));
        return code;
    }

    private static void AddEntry(List<uint> code, uint entry, uint address, uint physicalLow, uint size)
    {
        Set(code, Mas0, 0x1000_0000 | entry << 16);
        Set(code, Mas1, 0x8000_0000 | size << 8);
        Set(code, Mas2, address | 0xA);
        Set(code, Mas3, physicalLow | 0x3F);
        Set(code, Mas7, 0xF);
        code.Add(Asm.Tlbwe);
    }

    private static void Set(List<uint> code, int register, uint value)
    {
        code.AddRange(Asm.Li(3, value));
        code.Add(Asm.Mtspr(register, 3));
    }
}
