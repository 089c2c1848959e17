namespace Sim.Tests;

/// <content>The MMU: entries written, searched, read, used and invalidated.</content>
internal sealed partial class CaseGenerator
{
    const int Mas0 = 624, Mas1 = 625, Mas2 = 626, Mas3 = 627, Mas4 = 628, Mas6 = 630, Mas7 = 944, Pid0 = 48, Mmucsr0 = 1012;
    const uint TlbWrite = 0x7C00_07A4, TlbRead = 0x7C00_0764, TlbSearch = 0x7C00_0724, TlbInvalidate = 0x7C00_0624,
        Synchronize = 0x4C00_012C;

    static readonly uint[] pages = [0x4000_0000, 0x4000_1000, 0x4123_4000, 0x7FFF_F000, 0x8000_0000, 0xC000_0000, 0xC010_0000, 0xFFFF_F000];

    /// <summary>
    /// Groups of cases: an entry is written, then looked for or read back; an address in it or beside it is accessed, in either address
    /// space and privilege; the assist registers are read; and all entries but those of the program are dropped again.
    /// </summary>
    public IEnumerable<(string Name, PowerPcCase Input)> TlbEntries(int groups)
    {
        for (int i = 0; i < groups; i++)
        {
            uint tlb = (uint)_draw.Next(2), index = (uint)(tlb == 1 ? _draw.Next(3, 16) : _draw.Next(4)),
                page = pages[_draw.Next(pages.Length)];
            var entry = Write(tlb << 28 | index << 16 | (uint)_draw.Next(4), page);
            yield return ("tlbwe", entry);
            uint id = _draw.Next(2) == 0 ? 0 : (uint)entry.Gpr[4] >> 16 & 0xFF;
            yield return _draw.Next(2) == 0 ? ("tlbsx", Search(page + (uint)_draw.Next(0x3000), id))
                : ("tlbre", ReadBack(entry.Gpr[3], page));
            yield return ("tlb-access", Access(page + (uint)_draw.Next(-4, 0x2000), id));
            yield return ("tlb-assist", ReadAssist());
            if (_draw.Next(2) == 0)
            {
                yield return ("tlbivax", Invalidate(page | (tlb << 3) | (_draw.Next(4) == 0 ? 4u : 0)));
                yield return ("tlbsx-after-tlbivax", Search(page, id));
            }

            var flush = CaseText.Default(MoveToSpr(Mmucsr0, 3), MoveToSpr(Pid0, 4), Synchronize);
            flush.Gpr[3] = 6;
            yield return ("tlb-flush", flush);
        }
    }

    static uint MoveFromSpr(int register, int spr) => MoveToSpr(spr, register) - 0x100;

    static uint[] ReadAssistWords() =>
        [MoveFromSpr(20, Mas0), MoveFromSpr(21, Mas1), MoveFromSpr(22, Mas2), MoveFromSpr(23, Mas3), MoveFromSpr(24, Mas6),
            MoveFromSpr(25, Mas7)];

    PowerPcCase Write(uint mas0, uint page)
    {
        var input = CaseText.Default(MoveToSpr(Mas0, 3), MoveToSpr(Mas1, 4), MoveToSpr(Mas2, 5), MoveToSpr(Mas3, 6), MoveToSpr(Mas7, 7),
            MoveToSpr(Mas4, 8), TlbWrite);
        uint id = _draw.Next(3) switch { 0 => 0u, 1 => 1, _ => 0x5A };
        bool isValid = _draw.Next(8) != 0;
        (input.Gpr[3], input.Gpr[4]) = (mas0,
            (isValid ? 0x8000_0000 : 0) | id << 16 | (uint)_draw.Next(2) << 12 | (uint)_draw.Next(1, 6) << 8);
        (input.Gpr[5], input.Gpr[6]) = (page | (uint)_draw.Next(32),
            ConformanceProgram.Scratch + ((uint)_draw.Next(4) << 12) | (uint)_draw.Next(0x40) | (uint)_draw.Next(16) << 6);
        input.Gpr[7] = (uint)(_draw.Next(8) == 0 ? 3 : 0);
        input.Gpr[8] = (uint)_draw.Next(2) << 28 | (uint)_draw.Next(1, 10) << 8 | (uint)_draw.Next(32);
        return input;
    }

    static PowerPcCase Search(uint address, uint id)
    {
        var input = CaseText.Default([MoveToSpr(Mas6, 3), TlbSearch | 4 << 11, .. ReadAssistWords()]);
        (input.Gpr[3], input.Gpr[4]) = (id << 16 | (address >> 3 & 1), address);
        return input;
    }

    static PowerPcCase ReadBack(ulong mas0, uint page)
    {
        var input = CaseText.Default([MoveToSpr(Mas0, 3), MoveToSpr(Mas2, 5), TlbRead, .. ReadAssistWords()]);
        (input.Gpr[3], input.Gpr[5]) = (mas0, page);
        return input;
    }

    PowerPcCase Access(uint address, uint id)
    {
        uint load = _draw.Next(3) switch { 0 => 0x8064_0000 /* lwz r3,0(r4) */, 1 => 0x9064_0000 /* stw */, _ => 0x8864_0000 /* lbz */ };
        var input = CaseText.Default(MoveToSpr(Pid0, 5), Synchronize, load);
        (input.Gpr[3], input.Gpr[4], input.Gpr[5]) = (0x1122_3344, address, id);
        input.Msr = PowerPcCase.SpeAvailable | (uint)_draw.Next(2) << 4;
        if (_draw.Next(3) == 0)
            (input.Code[0], input.Code[1], input.Msr) = (load, load, input.Msr | 0x4000);
        return input;
    }

    static PowerPcCase ReadAssist() => CaseText.Default(ReadAssistWords());

    static PowerPcCase Invalidate(uint operand)
    {
        var input = CaseText.Default(TlbInvalidate | 4 << 11, Synchronize);
        input.Gpr[4] = operand;
        return input;
    }
}
