using Sim.Engine.Cpu.PowerPc;
using Sim.PropertyKit.Cpu;

namespace Sim.Tests;

/// <summary>
/// Draws cases: encodings of an instruction of our decode tables, or words of the whole opcode space whatever the tables say, so that
/// legality and reserved bits are compared too. Left out is what would leave the conformance program: SPRs and TLB entries that it runs
/// on, waiting, and time.
/// </summary>
internal sealed partial class CaseGenerator(int seed)
{
    /// <summary>
    /// Extended opcodes of primary opcode 31 that are not drawn: TLB writes and invalidations, wait, moves to and from SPRs, time; and
    /// stores that the e500v2 does not have but the reference does, as later cases would see them.
    /// </summary>
    static readonly HashSet<uint> left31 = [18, 30, 62, 307, 339, 370, 371, 467, 786, 978, 159, 223, 415, 1023];

    /// <summary>Of primary opcode 19: returns from interrupts.</summary>
    static readonly HashSet<uint> left19 = [18, 38, 39, 50, 51];

    /// <summary>SPRs that the program lives on, that tell time, reset or invalidate.</summary>
    static readonly HashSet<int> leftSprs =
        [22, 63, 268, 269, 284, 285, 272, 273, 274, 275, 276, 308, 336, 340, 526, 527, 1008, 1009, 1012, 54, .. Enumerable.Range(400, 16),
            .. Enumerable.Range(528, 8)];

    /// <summary>
    /// Bits of MSR that no case sets: the wait state, and a mark that the reference does not have. (And mtmsr there never clears ME.)
    /// </summary>
    const uint LeftMsr = Engine.Cpu.PowerPc.Msr.We | Engine.Cpu.PowerPc.Msr.Pmm;

    /// <summary>What stays in the target of a read of an SPR that the reference does not know and ignores.</summary>
    public const ulong UnchangedByRead = 0x5A5A_1234_DEAD_BEEF;

    readonly Random _draw = new(seed);

    ulong AnyValue() => new OperandValues(_draw).AnyValue();

    uint AnyWord() => new OperandValues(_draw).AnyWord();

    /// <summary>
    /// A case whose only word is an encoding of <paramref name="instruction"/>; null for instructions that are not drawn.
    /// </summary>
    public PowerPcCase? Draw(Instruction instruction)
    {
        uint word = instruction.Value | ((uint)_draw.NextInt64(1L << 32) & ~instruction.Mask);
        // Displacements alone reach no scratch memory.
        if (instruction.Form is OperandForm.SpeOffset8 or OperandForm.SpeOffset4 or OperandForm.SpeOffset2 && (word >> 16 & 31) == 0)
            word |= 1 << 16;
        return IsLeft(word) ? null
            : Case(word, instruction.Form is OperandForm.RaOrZero or OperandForm.UpdateLoad or OperandForm.UpdateStore);
    }

    /// <summary>Cases of every primary opcode and, of 4, 19 and 31, of every extended opcode with either bit 31.</summary>
    public IEnumerable<(string Name, PowerPcCase Input)> Words(int each)
    {
        for (uint primary = 0; primary < 64; primary++)
        {
            bool isExtended = primary is 4 or 19 or 31;
            for (uint extended = 0; extended < (isExtended ? 2048u : 1); extended++)
            {
                if (IsLeft(primary << 26 | (isExtended ? extended : 0)))
                    continue;
                for (int i = 0; i < (isExtended ? each : each * 16); i++)
                {
                    uint random = (uint)_draw.NextInt64(1L << 32);
                    uint word = primary << 26 | (isExtended ? Sparse(random & 0x03FF_F800) | extended : random & 0x03FF_FFFF);
                    string name = isExtended ? $"{primary}/{extended >> 1}.{extended & 1}" : $"{primary}";
                    yield return (name, Case(word, primary >= 32 || _draw.Next(2) == 0));
                }
            }
        }
    }

    /// <summary>Reads and, restored at once, writes of each SPR number.</summary>
    public static IEnumerable<(string Name, PowerPcCase Input)> SpecialRegisters()
    {
        foreach (int spr in Enumerable.Range(0, 1024).Except(leftSprs))
        {
            uint field = (uint)(spr & 31) << 16 | (uint)(spr >> 5) << 11, read = 0x7C00_02A6 | field, write = 0x7C00_03A6 | field;
            foreach (uint msr in (uint[])[PowerPcCase.SpeAvailable, PowerPcCase.SpeAvailable | 0x4000])
            {
                var input = CaseText.Default(read | 3 << 21);
                input.Gpr[3] = UnchangedByRead;
                input.Msr = msr;
                yield return ($"mfspr {spr}", input);
                foreach (uint value in (uint[])[0, 0xFFFF_FFFF, 0x5A5A_5A5A])
                {
                    // The old value comes back before anybody else can need it.
                    input = CaseText.Default(read | 3 << 21, write | 4 << 21, read | 5 << 21, write | 3 << 21);
                    (input.Gpr[3], input.Gpr[4], input.Gpr[5]) = (UnchangedByRead, value, UnchangedByRead);
                    input.Msr = msr;
                    yield return ($"mtspr {spr}", input);
                }
            }
        }
    }

    /// <summary>Returns from interrupts, to prepared addresses and machine states.</summary>
    public IEnumerable<(string Name, PowerPcCase Input)> Returns(int each)
    {
        foreach (var (name, word, save) in ((string, uint, int)[])[("rfi", 0x4C00_0064, 26), ("rfci", 0x4C00_0066, 58),
            ("rfmci", 0x4C00_004C, 570), ("rfdi", 0x4C00_004E, 574)])
        {
            for (int i = 0; i < each; i++)
            {
                var input = CaseText.Default(MoveToSpr(save, 3), MoveToSpr(save + 1, 4), word);
                input.Gpr[3] = i % 4 == 0 ? AnyWord() | 0x4000_0000 : (uint)(ConformanceProgram.CodeSlot + 16 + (i & 3));
                input.Gpr[4] = AnyWord() & ~LeftMsr;
                input.Msr = AnyMsr();
                yield return (name, input);
            }
        }
    }

    /// <summary>Pairs of lwarx and stwcx., to one address and to others, with and without something between them.</summary>
    public static IEnumerable<(string Name, PowerPcCase Input)> Reservations()
    {
        const uint Reserve = 0x7C60_2028, Conditional = 0x7CA0_212D, ConditionalElsewhere = 0x7CA0_312D,
            SystemCall = ConformanceProgram.SystemCall;
        uint[][] sequences =
        [
            [Reserve, Conditional], [Reserve, ConditionalElsewhere], [Conditional], [Reserve, Conditional, Conditional],
            [Reserve, 0x90E6_0004 /* stw r7,4(r6) */, Conditional], [Reserve, ConditionalElsewhere, Conditional],
            [Reserve, 0x7C00_04AC /* sync */, Conditional], [Reserve, SystemCall],
        ];
        foreach (uint[] code in sequences)
        {
            var input = CaseText.Default(code);
            (input.Gpr[4], input.Gpr[5], input.Gpr[6], input.Xer) = (ConformanceProgram.Scratch + 8, 0x5555_AAAA,
                ConformanceProgram.Scratch + 16, 0x8000_0000);
            yield return ("reservation", input);
        }
    }

    /// <summary>Accesses at the end of the mapped memory, beyond it, and misaligned ones.</summary>
    public static IEnumerable<(string Name, PowerPcCase Input)> Faults()
    {
        (string Name, uint Word)[] accesses =
        [
            ("evldd", 0x1064_0301), ("evstdd", 0x1064_0321), ("lwz", 0x8064_0000), ("stw", 0x9064_0000), ("lwzu", 0x8464_0000),
            ("stwu", 0x9464_0000), ("lhz", 0xA064_0000), ("sth", 0xB064_0000), ("stb", 0x9864_0000), ("lmw", 0xBB84_0000),
            ("stmw", 0xBF84_0000), ("dcbz", 0x7C00_27EC), ("dcbst", 0x7C00_206C), ("dcbf", 0x7C00_20AC), ("dcbi", 0x7C00_23AC),
            ("dcbt", 0x7C00_222C), ("dcbtst", 0x7C00_21EC), ("icbi", 0x7C00_27AC), ("lwarx", 0x7C60_2028), ("stwcx.", 0x7C60_212D),
            ("lwbrx", 0x7C60_242C), ("stwbrx", 0x7C60_252C), ("dcbtls", 0x7C00_214C), ("icbtls", 0x7C00_23CC), ("dcba", 0x7C00_25EC),
            ("icbt", 0x7C00_202C), ("evlhhesplat", 0x1064_0309), ("evstwwe", 0x1064_0339),
        ];
        foreach (var (name, word) in accesses)
        {
            foreach (uint address in (uint[])[0xC000_0000, 0x03FF_FFF8, 0x03FF_FFFC, 0x03FF_FFFD, 0x03FF_FFFE, 0x03FF_FFFF, 0xFFFF_FFFC,
                0xFFFF_FFFF, ConformanceProgram.Scratch + 1, ConformanceProgram.Scratch + 2,
                ConformanceProgram.ReadOnlyPage + 8, ConformanceProgram.SupervisorPage + 8, ConformanceProgram.SupervisorPage + 0xFFC])
            {
                foreach (uint msr in (uint[])[PowerPcCase.SpeAvailable, PowerPcCase.SpeAvailable | 0x4000, PowerPcCase.SpeAvailable | 0x10])
                {
                    var input = CaseText.Default(word);
                    input.Gpr[3] = 0x1122_3344_5566_7788;
                    input.Gpr[4] = address;
                    input.Msr = msr;
                    yield return (name, input);
                }
            }
        }
    }

    static uint MoveToSpr(int spr, int register) => 0x7C00_03A6 | (uint)register << 21 | (uint)(spr & 31) << 16 | (uint)(spr >> 5) << 11;

    static bool IsLeft(uint word)
    {
        uint primary = word >> 26, extended = word & 2047;
        return primary switch
        {
            // What is no SPE instruction may be a vector instruction, which ends the reference implementation itself.
            4 => Decoder.Find(word & 0xFC00_07FF) is null,
            19 => left19.Contains(extended >> 1),
            31 => left31.Contains(extended >> 1),
            _ => false,
        };
    }

    /// <summary>Most reserved fields are zero in most cases: some register fields are cleared.</summary>
    uint Sparse(uint word) => _draw.Next(6) switch
    {
        0 => word & ~0x0000_F800u,
        1 => word & ~0x001F_0000u,
        2 => word & ~0x03E0_0000u,
        3 => word & ~0x001F_F800u,
        4 => word & ~0x007F_0000u,
        _ => word,
    };

    /// <summary>Values in the registers that the word names, all others 0.</summary>
    PowerPcCase Case(uint word, bool isAddress)
    {
        uint primary = word >> 26;
        int rt = (int)(word >> 21 & 31), ra = (int)(word >> 16 & 31), rb = (int)(word >> 11 & 31), rc = (int)(word >> 6 & 31);
        if (primary is 16 or 18)
            word = Branch(word);
        // Without a base the address is at the very top, which is not mapped.
        if (primary is >= 32 and < 56)
            word = (word & 0xFFFF_0000) | (uint)_draw.Next(-24, ra == 0 ? 0 : 24) & 0xFFFF;
        var input = CaseText.Default(word);
        bool isMultiple = primary is 46 or 47 || (primary == 31 && (word >> 1 & 1023) is 533 or 597 or 661 or 725);
        for (int i = 0; i < 32; i++)
            if (i == rt || i == ra || i == rb || i == rc || (isMultiple && i > rt))
                input.Gpr[i] = AnyValue();
        if (_draw.Next(4) == 0)
            (input.Acc, input.Cr, input.Lr) = (AnyValue(), (uint)_draw.NextInt64(1L << 32), AnyWord() | 0x4000_0000);
        if (_draw.Next(4) == 0)
            (input.Xer, input.Ctr) = ((uint)_draw.Next(8) << 29 | (uint)_draw.Next(20),
                _draw.Next(3) switch { 0 => 1, 1 => 0, _ => AnyWord() | 0x4000_0000 });
        input.Msr = AnyMsr();
        if (isAddress)
            Address(input, word, ra, rb);
        if (primary == 31 && (word >> 1 & 1023) is 146 or 178)
            input.Gpr[rt] = (input.Gpr[rt] & ~(ulong)LeftMsr) | Engine.Cpu.PowerPc.Msr.Me;
        return input;
    }

    /// <summary>Branches neither to itself nor backwards into the program.</summary>
    uint Branch(uint word) =>
        (word & 2) == 0 ? (word & (word >> 26 == 16 ? 0xFFFF_0003 : 0xFC00_0003)) | (uint)_draw.Next(1, 7) << 2
        : word >> 26 == 16 ? word & 0xFFFF_7FFF
        : (word & 0xFC00_0003) | (ConformanceProgram.CodeSlot + 8);

    /// <summary>Makes the effective address, if the word has one, lie in the scratch memory.</summary>
    void Address(PowerPcCase input, uint word, int ra, int rb)
    {
        uint target = ConformanceProgram.Scratch + 24 + (uint)_draw.Next(16);
        uint extended = word & 2047;
        bool isOffset = word >> 26 == 4 && extended is >= 0x300 and < 0x340 && (extended & 1) != 0;
        bool isIndexed = word >> 26 is 4 or 31 && !isOffset;
        uint index = ra == 0 ? target : ra == rb ? target / 2 : (uint)_draw.Next(-24, 24);
        if (isIndexed)
            Point(input, rb, index);
        if (ra != 0 && (ra != rb || !isIndexed))
            Point(input, ra, isIndexed ? target - index : isOffset ? target - (uint)(rb * 8) : target);
    }

    static void Point(PowerPcCase input, int register, uint address) =>
        input.Gpr[register] = (input.Gpr[register] & 0xFFFF_FFFF_0000_0000) | address;

    /// <summary>Now and then with the SPE switched off, or in user state.</summary>
    uint AnyMsr() => _draw.Next(12) switch
    {
        0 => 0x1000,
        1 => PowerPcCase.SpeAvailable | 0x4000,
        2 => PowerPcCase.SpeAvailable | 0x0400_4000,
        _ => PowerPcCase.SpeAvailable,
    };
}
