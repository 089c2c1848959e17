using System.Buffers.Binary;
using Sim.PropertyKit.Cpu;

namespace Sim.Tests;

/// <summary>
/// A bare-metal guest that runs many small cases: for each record it loads every register, jumps to the instructions under test with
/// <c>rfi</c>, and stores every register from the interrupt handler that the run ends in. The same image runs on the reference
/// implementation and on ours, so that only memory needs comparing.
/// </summary>
public static class ConformanceProgram
{
    /// <summary>Address of the first instruction.</summary>
    public const uint Entry = 0x0010_1000;

    /// <summary>Address reached when all cases have run (a branch to itself).</summary>
    public const uint Done = 0x0010_0FF0;

    /// <summary>IVPR; IVOR n is n x 16.</summary>
    public const uint Vectors = 0x0011_0000;

    /// <summary>Address of the scratch memory of a case. 64 KiB around it and around twice its address are nobody else's.</summary>
    public const uint Scratch = 0x0080_0000;

    /// <summary>Address at which the instructions under test run.</summary>
    public const uint CodeSlot = 0x0012_0000;

    /// <summary>Address of the first record.</summary>
    public const uint Records = 0x0180_0000;

    /// <summary>Bytes of a record: input half, outcome half.</summary>
    public const int RecordSize = 0x400;

    /// <summary>Offset of the outcome half.</summary>
    public const int OutcomeOffset = 0x200;

    /// <summary>
    /// A page that can only be read, and one that is supervisor state's; both show the scratch memory. Everything above 64 MiB but these is
    /// unmapped.
    /// </summary>
    public const uint ReadOnlyPage = 0xD000_0000, SupervisorPage = 0xD100_0000;

    /// <summary>End of the memory that is mapped to itself.</summary>
    public const uint MemoryEnd = 0x0400_0000;

    /// <summary>Most cases in one image: all of it must lie below <see cref="MemoryEnd"/>.</summary>
    public const int MaxCases = 30_000;

    /// <summary>The instruction <c>sc</c>.</summary>
    public const uint SystemCall = 0x4400_0002;

    const int Sprg0 = 272, Sprg1 = 273, Sprg2 = 274, Sprg3 = 275, Sprg4 = 276;
    const int Xer = 1, Lr = 8, Ctr = 9, Srr0 = 26, Srr1 = 27, Csrr0 = 58, Csrr1 = 59, Dear = 61, Esr = 62, Ivpr = 63, Ivor0 = 400,
        Spefscr = 512, Ivor32 = 528, Mas0 = 624, Mas1 = 625, Mas2 = 626, Mas3 = 627, Mas7 = 944;

    /// <summary>The memory image from address 0 with the program and the records of <paramref name="cases"/>.</summary>
    public static byte[] Build(IReadOnlyList<PowerPcCase> cases)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cases.Count, MaxCases);
        var image = new byte[Records + (cases.Count * RecordSize)];
        Place(image, Done, [Branch(0)]);
        uint loadNext = Place(image, Entry, Start(cases.Count));
        uint common = Place(image, loadNext, LoadCase());
        Place(image, common, StoreOutcome(common, loadNext));
        for (uint n = 0; n < 36; n++)
        {
            uint at = Vectors + (n * 16);
            Place(image, at, [MoveToSpr(Sprg1, 31), AddImmediate(31, 0, (int)n), Branch((int)common - (int)at - 8)]);
        }
        for (int i = 0; i < cases.Count; i++)
            cases[i].Write(image.AsSpan((int)Records + (i * RecordSize), RecordSize));
        return image;
    }

    /// <summary>The image as an ELF file that a loader puts at address 0.</summary>
    public static byte[] ToElf(byte[] image) => BareElf.Make(image, Entry);

    static uint Place(byte[] image, uint address, IEnumerable<uint> words)
    {
        foreach (uint word in words)
        {
            BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan((int)address), word);
            address += 4;
        }
        return address;
    }

    /// <summary>Interrupt vectors, then the first and the end address of the records into SPRG0 and SPRG4.</summary>
    static IEnumerable<uint> Start(int count)
    {
        foreach (uint word in LoadAddress(3, Vectors))
            yield return word;
        yield return MoveToSpr(Ivpr, 3);
        for (int n = 0; n < 36; n = n == 15 ? 32 : n + 1)
        {
            yield return AddImmediate(3, 0, n * 16);
            yield return MoveToSpr(n < 16 ? Ivor0 + n : Ivor32 + n - 32, 3);
        }
        // MAS3: permissions UX SX UW SW UR SR.
        foreach (uint word in (uint[])[.. TlbEntry(0, 0, 0x800, 0x3F), .. TlbEntry(1, ReadOnlyPage, 0x100, Scratch | 0x03),
            .. TlbEntry(2, SupervisorPage, 0x100, Scratch | 0x15)])
            yield return word;
        foreach (uint word in LoadAddress(3, Records))
            yield return word;
        yield return MoveToSpr(Sprg0, 3);
        foreach (uint word in LoadAddress(3, Records + (uint)(count * RecordSize)))
            yield return word;
        yield return MoveToSpr(Sprg4, 3);
        foreach (uint word in EnableSpe())
            yield return word;
    }

    /// <summary>Writes an entry of TLB1.</summary>
    static uint[] TlbEntry(uint index, uint address, uint size, uint physicalAndPermissions) =>
    [
        .. LoadAddress(3, 0x1000_0000 | (index << 16)), MoveToSpr(Mas0, 3), .. LoadAddress(3, 0xC000_0000 | size), MoveToSpr(Mas1, 3),
        .. LoadAddress(3, address), MoveToSpr(Mas2, 3), .. LoadAddress(3, physicalAndPermissions), MoveToSpr(Mas3, 3),
        AddImmediate(3, 0, 0), MoveToSpr(Mas7, 3), 0x7C00_07A4 /* tlbwe */, 0x4C00_012C /* isync */,
    ];

    static IEnumerable<uint> EnableSpe() =>
        [MoveFromMsr(31), 0x67FF_0200 /* oris r31,r31,0x200 */, 0x7FE0_0124 /* mtmsr r31 */, 0x4C00_012C /* isync */];

    static List<uint> LoadCase()
    {
        var code = new List<uint> { MoveFromSpr(31, Sprg0) };
        code.AddRange(LoadAddress(4, Scratch));
        code.AddRange(LoadAddress(5, CodeSlot));
        code.Add(AddImmediate(6, 31, 0x180));
        for (int i = 0; i < 8; i++)
            code.AddRange([LoadDouble(0, 6, i), StoreDouble(0, 4, i)]);
        for (int i = 0; i < 8; i++)
            code.AddRange([LoadDouble(0, 6, 8 + i), StoreDouble(0, 5, i)]);
        // What a case may have stored around the scratch memory goes (64 bytes before, 192 after), and at the end of its page and of all
        // memory.
        foreach (int line in (int[])[-2, -1, 2, 3, 4, 5, 6, 7])
            code.AddRange([AddImmediate(6, 4, 32 * line), 0x7C00_37EC /* dcbz 0,r6 */]);
        foreach (uint line in (uint[])[Scratch + 0xFE0, MemoryEnd - 32])
            code.AddRange([.. LoadAddress(6, line), 0x7C00_37EC]);
        code.Add(AddImmediate(6, 5, 32));
        code.AddRange([0x7C00_286C /* dcbst 0,r5 */, 0x7C00_306C, 0x7C00_04AC /* sync */, 0x7C00_2FAC /* icbi 0,r5 */, 0x7C00_37AC,
            0x7C00_04AC, 0x4C00_012C /* isync */]);
        code.Add(AddImmediate(0, 0, 0));
        foreach (int spr in (int[])[Esr, Dear, Csrr0, Csrr1])
            code.Add(MoveToSpr(spr, 0));
        code.AddRange([LoadWord(0, 31, 0x100), 0x7C0F_F120 /* mtcr r0 */]);
        foreach (var (spr, offset) in ((int, int)[])[(Xer, 0x104), (Lr, 0x108), (Ctr, 0x10C), (Spefscr, 0x110), (Srr1, 0x114)])
            code.AddRange([LoadWord(0, 31, offset), MoveToSpr(spr, 0)]);
        code.Add(MoveToSpr(Srr0, 5));
        code.AddRange([AddImmediate(6, 31, 0x120), LoadDouble(0, 6, 0), Evx(0, 0, 0, 0x4C4) /* evmra r0,r0 */]);
        for (int i = 0; i < 32; i++)
            code.Add(LoadDouble(i, 31, i));
        code.Add(0x4C00_0064 /* rfi */);
        return code;
    }

    static List<uint> StoreOutcome(uint at, uint loadNext)
    {
        var code = new List<uint> { MoveToSpr(Sprg2, 31) };
        code.AddRange(EnableSpe());
        code.AddRange([MoveFromSpr(31, Sprg1), Evx(31, 31, 31, 0x22C) /* evmergehi */, MoveToSpr(Sprg3, 31), MoveFromSpr(31, Sprg0),
            AddImmediate(31, 31, OutcomeOffset)]);
        for (int i = 0; i < 31; i++)
            code.Add(StoreDouble(i, 31, i));
        code.AddRange([MoveFromSpr(0, Sprg3), StoreWord(0, 31, 248), MoveFromSpr(0, Sprg1), StoreWord(0, 31, 252)]);
        code.AddRange([0x7C00_0026 /* mfcr r0 */, StoreWord(0, 31, 0x100)]);
        int offset = 0x104;
        foreach (int spr in (int[])[Xer, Lr, Ctr, Spefscr, Sprg2, Srr0, Srr1, Esr, Dear, Csrr0, Csrr1])
        {
            code.AddRange([MoveFromSpr(0, spr), StoreWord(0, 31, offset)]);
            offset += 4;
        }
        // The accumulator is read by adding a product of zeros to it.
        code.AddRange([Evx(0, 0, 0, 0x216) /* evxor r0,r0,r0 */, Evx(1, 0, 0, 0x558) /* evmwumiaa r1,r0,r0 */, AddImmediate(6, 31, 0x140),
            StoreDouble(1, 6, 0)]);
        code.AddRange(LoadAddress(4, Scratch));
        code.Add(AddImmediate(6, 31, 0x180));
        for (int i = 0; i < 8; i++)
            code.AddRange([LoadDouble(0, 4, i), StoreDouble(0, 6, i)]);
        code.AddRange([MoveFromSpr(31, Sprg0), AddImmediate(31, 31, RecordSize), MoveToSpr(Sprg0, 31), MoveFromSpr(5, Sprg4),
            0x7C1F_2840 /* cmplw r31,r5 */]);
        int here = (int)at + (4 * code.Count);
        code.Add(0x4082_0000 | ((uint)((int)loadNext - here) & 0xFFFC) /* bne loadNext */);
        code.Add(Branch((int)Done - here - 4));
        return code;
    }

    static uint[] LoadAddress(int register, uint value) =>
        [0x3C00_0000 | ((uint)register << 21) | (value >> 16),
            0x6000_0000 | ((uint)register << 21) | ((uint)register << 16) | (value & 0xFFFF)];

    static uint Branch(int distance) => 0x4800_0000 | ((uint)distance & 0x03FF_FFFC);
    static uint AddImmediate(int d, int a, int value) => 0x3800_0000 | ((uint)d << 21) | ((uint)a << 16) | ((uint)value & 0xFFFF);
    static uint LoadWord(int d, int a, int offset) => 0x8000_0000 | ((uint)d << 21) | ((uint)a << 16) | ((uint)offset & 0xFFFF);
    static uint StoreWord(int s, int a, int offset) => 0x9000_0000 | ((uint)s << 21) | ((uint)a << 16) | ((uint)offset & 0xFFFF);
    static uint LoadDouble(int d, int a, int index) => Evx(d, a, index, 0x301);
    static uint StoreDouble(int s, int a, int index) => Evx(s, a, index, 0x321);
    static uint Evx(int d, int a, int b, uint xo) => 0x1000_0000 | ((uint)d << 21) | ((uint)a << 16) | ((uint)b << 11) | xo;
    static uint MoveFromMsr(int d) => 0x7C00_00A6 | ((uint)d << 21);
    static uint MoveToSpr(int spr, int s) => 0x7C00_03A6 | ((uint)s << 21) | SprField(spr);
    static uint MoveFromSpr(int d, int spr) => 0x7C00_02A6 | ((uint)d << 21) | SprField(spr);
    static uint SprField(int spr) => ((uint)(spr & 31) << 16) | ((uint)(spr >> 5) << 11);
}
