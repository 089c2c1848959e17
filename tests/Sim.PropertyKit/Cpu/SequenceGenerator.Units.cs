using Sim.Engine.Cpu.PowerPc;

namespace Sim.PropertyKit.Cpu;

/// <content>Units of user instructions.</content>
internal sealed partial class SequenceGenerator
{
    static readonly HashSet<string> special =
    [
        // Drawn as units of their own, or privileged.
        "b", "bc", "bclr", "bcctr", "sc", "tw", "twi", "isync", "rfi", "rfci", "rfmci", "mfmsr", "mtmsr", "wrtee", "wrteei",
        "mfspr", "mtspr",
        "mfpmr", "mtpmr", "tlbsync", "tlbivax", "tlbsx", "tlbre", "tlbwe", "lwarx", "stwcx.", "lmw", "stmw", "dcbz",
        "dcbst", "dcbf", "dcbi", "icbi", "dcbtls",
    ];

    static readonly Instruction[] all = [.. Decoder.All().OrderBy(static i => i.Value).ThenBy(static i => i.Mask)];

    static readonly Instruction[] usable = [.. all.Where(static i => !SequenceDepartures.IsMissing(i.Mnemonic))];

    static readonly Instruction[] memory = [.. usable.Where(static i => IsMemory(i) && !SequenceDepartures.IsWrong(i.Mnemonic))];

    static readonly Instruction[] plain =
        [.. usable.Where(static i => !special.Contains(i.Mnemonic) && !IsMemory(i) && !SequenceDepartures.IsWrong(i.Mnemonic)
            && !IsConversion(i.Mnemonic))];

    static readonly Instruction[] plainWithoutFloat = [.. plain.Where(static i => !SequenceCase.IsEmbeddedFloat(i.Mnemonic))];

    static readonly Instruction[] conversions =
        [.. usable.Where(static i => IsConversion(i.Mnemonic) && !SequenceDepartures.IsWrong(i.Mnemonic))];

    static readonly Instruction[] wrong =
        [.. usable.Where(static i => SequenceDepartures.IsWrong(i.Mnemonic) && i.Mnemonic != "dcbtls")];

    static readonly Instruction[] integers = [.. plain.Where(static i => (i.Value >> 26) is 7 or 14 or 15 or 24 or 25 or 26 or 27 or 21)];

    static bool IsMemory(Instruction i) => (i.Value >> 26) is >= 32 and < 46
        || (i.Value >> 26 == 4 && (i.Value & 2047) is >= 0x300 and < 0x340)
        || (i.Value >> 26 == 31 && !special.Contains(i.Mnemonic) && i.Mnemonic != "isel"
            && i.Form is OperandForm.RaOrZero or OperandForm.UpdateLoad or OperandForm.UpdateStore);

    static bool IsConversion(string mnemonic) =>
        SequenceCase.IsEmbeddedFloat(mnemonic) && mnemonic.Contains("ct", StringComparison.Ordinal);

    Unit DrawUnit() => draw.Next(100) switch
    {
        < 30 => new Unit([Plain()]),
        < 46 => new Unit([Access(Base)]),
        < 50 => new Unit([Access(FaultBase)]),
        < 55 => Forward(),
        < 58 => Loop(),
        < 60 => Call(),
        < 62 => ForwardByRegister(),
        < 63 => Wild(),
        < 66 => Reservation(),
        < 67 => Multiple(),
        < 69 => Cache(),
        < 71 => SystemCallOrTrap(),
        < 73 => StoredCode(),
        < 75 => new Unit([Illegal()]),
        < 78 => hasFloat ? Conversion() : new Unit([Plain()]),
        < 81 => Wrong(),
        _ => isUser && draw.Next(6) != 0 ? new Unit([Plain()]) : DrawSupervisorUnit(),
    };

    uint Fields(Instruction instruction) => instruction.Value | (Any() & ~instruction.Mask);

    /// <summary>An instruction that computes.</summary>
    uint Plain()
    {
        var choice = hasFloat ? plain : plainWithoutFloat;
        uint word = Fields(choice[draw.Next(choice.Length)]);
        // The base registers stay what they are: neither RT nor RA of anything else names them.
        return Avoid(Avoid(word, 21), 16);
    }

    /// <summary>A load or a store, at a base register with a small index or displacement.</summary>
    uint Access(int register)
    {
        var instruction = memory[draw.Next(memory.Length)];
        uint word = Avoid(Fields(instruction), 21);
        bool isOffset = word >> 26 == 4 && (word & 1) != 0;
        if (instruction.Form is OperandForm.UpdateLoad or OperandForm.UpdateStore || HasElements(instruction))
            register = Base;
        word = (word & ~(31u << 16)) | (uint)register << 16;
        if (isOffset)
            return word;
        if (word >> 26 is 4 or 31)
            return (word & ~(31u << 11)) | Index << 11;
        return (word & 0xFFFF_0000) | (ushort)draw.Next(-12, draw.Next(8) == 0 ? 0x400 : 12);
    }

    /// <summary>
    /// A load or store of several elements. Misaligned at the end of a page the reference has moved the first ones when it faults, and
    /// ours nothing; the architecture allows both (Book E, partially executed instructions).
    /// </summary>
    static bool HasElements(Instruction instruction) => instruction.Mnemonic.TrimEnd('x') is "evstdw" or "evstdh" or "evstwhe"
        or "evstwho" or "evldw" or "evldh" or "evlwhe" or "evlwhou" or "evlwhos";

    /// <summary>A branch to a later unit, on any condition.</summary>
    Unit Forward()
    {
        uint link = (uint)draw.Next(4) / 3;
        return draw.Next(4) == 0 ? new Unit([18u << 26 | link], BranchAt: 0, Skip: draw.Next(5))
            : new Unit([16u << 26 | (uint)draw.Next(1024) << 16 | link], BranchAt: 0, Skip: draw.Next(5));
    }

    Unit Loop()
    {
        int register = Target(), count = draw.Next(1, 5);
        uint[] body = [.. Enumerable.Range(0, count).Select(_ => draw.Next(3) == 0 ? Access(Base) : Plain())];
        return new Unit([Asm.Addi(register, 0, draw.Next(1, 5)), Asm.Mtctr(register), .. body, Asm.Bdnz(-4 * count)]);
    }

    /// <summary>Over a function to the call of it.</summary>
    Unit Call() => new([Asm.B(12), Plain(), Asm.Blr, Asm.Bl(-8)]);

    /// <summary>A branch to a later unit through LR or CTR.</summary>
    Unit ForwardByRegister()
    {
        int register = Target();
        bool byLink = draw.Next(2) == 0;
        uint options = (uint)draw.Next(32) | (byLink ? 0u : 4u);
        return new Unit(
        [
            Asm.Addis(register, 0, 0), Asm.Ori(register, register, 0), byLink ? Asm.Mtlr(register) : Asm.Mtctr(register),
            19u << 26 | options << 21 | (uint)draw.Next(32) << 16 | (byLink ? 16u : 528u) << 1,
        ], AddressAt: 0, Skip: draw.Next(4));
    }

    /// <summary>A call of what cannot be executed.</summary>
    Unit Wild()
    {
        int register = Target();
        uint[] address = Asm.Li(register, draw.Next(3) == 0 ? SequenceLayout.ReadOnlyPage + 8
            : draw.Next(2) == 0 ? SequenceLayout.SupervisorPage - 4 : 0xC000_0000 | Any());
        return new Unit([.. address, Asm.Mtctr(register), 0x4E80_0421 /* bctrl */]);
    }

    /// <summary>lwarx, perhaps something between, stwcx. to the same word or another; or a misaligned lwarx.</summary>
    Unit Reservation()
    {
        int address = draw.Next(4, 16), other = draw.Next(16, 32);
        uint[] set = Asm.Li(address, SequenceLayout.Work + 4 * (uint)draw.Next(16));
        uint[] between = draw.Next(4) switch
        {
            0 => [],
            1 => [Asm.Sync],
            // Not to the reserved word: for the reference a changed value ends the reservation, in the manual only others' stores do.
            2 => [Asm.Stw(other, 0x100 + (4 * draw.Next(8)), Base)],
            _ => [Asm.Lwz(other, draw.Next(8), Base)],
        };
        return draw.Next(8) switch
        {
            0 => new Unit([.. set, Asm.Addi(address, address, draw.Next(1, 4)), Asm.Lwarx(other, 0, address)]),
            1 => new Unit([.. set, Asm.Stwcx(other, 0, address)]),
            2 => new Unit([.. set, Asm.Lwarx(other, 0, address), Asm.Addi(address, address, 4), Asm.Stwcx(other, 0, address)]),
            _ => new Unit([.. set, Asm.Lwarx(other, 0, address), .. between, Asm.Stwcx(other, 0, address)]),
        };
    }

    /// <summary>
    /// lmw and stmw with good addresses: the reference looks ahead for faults, ours has moved the words before the one that faults; the
    /// architecture allows both (Book E, partially executed instructions).
    /// </summary>
    Unit Multiple() => draw.Next(2) == 0
        ? new Unit([Asm.Lmw(draw.Next(Index + 1, 32), draw.Next(-16, 32), Base)])
        : new Unit([Asm.Lmw(draw.Next(Index + 1, 32), draw.Next(-16, 32), Base) | 1u << 26]);

    /// <summary>
    /// Cache instructions. Where they fault the reference gives the begin of the line to DEAR for some, so theirs begin lines.
    /// </summary>
    Unit Cache()
    {
        int register = Target();
        uint address = draw.Next(3) == 0 ? FaultAddress() : SequenceLayout.Work + (uint)draw.Next(0x100);
        string mnemonic = Draw("dcbz", "dcbst", "dcbf", "icbi", "dcbi", "dcbtls", "isync");
        if (mnemonic == "isync")
            return new Unit([Asm.Isync]);
        if (mnemonic is "dcbi" or "dcbtls")
        {
            // The first is a store by the manual and a load in the reference, which does not even translate for the other.
            address = SequenceLayout.Work + (uint)draw.Next(0x100);
            if (isMixed)
                mnemonic = "dcbf";
        }

        var instruction = usable.First(i => i.Mnemonic == mnemonic);
        uint[] code = [.. Asm.Li(register, address & ~31u), instruction.Value | (uint)register << 11];
        // The reference says in L1CSR0 that the line could not be locked.
        return new Unit(mnemonic == "dcbtls" ? [.. code, Asm.Addi(register, 0, 0), Asm.Mtspr(1010, register)] : code);
    }

    string Draw(params ReadOnlySpan<string> choice) => choice[draw.Next(choice.Length)];

    Unit SystemCallOrTrap() => draw.Next(3) switch
    {
        0 => new Unit([Asm.Sc]),
        1 => new Unit([31u << 26 | (Any() & 0x03FF_F800) | 4 << 1]),
        _ => new Unit([3u << 26 | (Any() & 0x03FF_FFFF)]),
    };

    /// <summary>Stores an instruction over the last word of the unit and runs it.</summary>
    Unit StoredCode()
    {
        int register = draw.Next(Index + 1, 16), address = draw.Next(16, 32);
        uint stored = draw.Next(6) == 0 ? Illegal() : Avoid(Avoid(Fields(integers[draw.Next(integers.Length)]), 21), 16);
        uint[] synchronize = draw.Next(3) == 0 ? [Asm.Isync]
            : [Asm.Dcbst(0, address), Asm.Sync, Asm.Icbi(0, address), Asm.Isync];
        // The address is that of the next unit less 4.
        return new Unit([Asm.Addis(address, 0, 0), Asm.Ori(address, address, 0), Asm.Addi(address, address, -4),
            .. Asm.Li(register, stored), Asm.Stw(register, 0, address), .. synchronize, Plain()], AddressAt: 0);
    }

    /// <summary>A word that is no instruction, or has a reserved bit set.</summary>
    uint Illegal()
    {
        while (true)
        {
            uint word = Any();
            if (draw.Next(2) == 0)
                word = (word & 0x03FF_FFFF) | (draw.Next(4) == 0 ? 19u : 31u) << 26;
            if (SequenceDepartures.IsIllegalForBoth(word))
                return word;
        }
    }

    /// <summary>A conversion of a number that is no signalling NaN, which the reference does not convert to 0.</summary>
    Unit Conversion()
    {
        var instruction = conversions[draw.Next(conversions.Length)];
        string kind = instruction.Mnemonic.StartsWith("evfs", StringComparison.Ordinal) ? "evfsadd"
            : instruction.Mnemonic.StartsWith("efs", StringComparison.Ordinal) ? "efsadd" : "efdadd";
        int source = Target();
        uint sum = Avoid(Fields(usable.First(i => i.Mnemonic == kind)), 16) & ~(31u << 21) | (uint)source << 21;
        return new Unit([sum, Avoid(Fields(instruction), 21) & ~(31u << 11) | (uint)source << 11]);
    }

    /// <summary>An instruction whose result the reference gets wrong: it completes, and its result is overwritten.</summary>
    Unit Wrong()
    {
        var instruction = wrong[draw.Next(wrong.Length)];
        if (SequenceCase.IsEmbeddedFloat(instruction.Mnemonic) && !hasFloat)
            return new Unit([Plain()]);
        if (IsMemory(instruction))
        {
            uint load = Avoid(Fields(instruction), 21);
            int loaded = (int)(load >> 21 & 31);
            load = (load & ~(31u << 16)) | Base << 16;
            if ((load & 1) == 0)
                load = (load & ~(31u << 11)) | Index << 11;
            return new Unit([load, Asm.Evx(loaded, loaded, loaded, 0x216)]);
        }

        uint word = Fields(instruction);
        if (instruction.Mnemonic.StartsWith("evfs", StringComparison.Ordinal) && !IsConversion(instruction.Mnemonic)
            && !instruction.Mnemonic.EndsWith("sf", StringComparison.Ordinal))
            return new Unit([word, Asm.Mtcr(draw.Next(4, 32))]);
        word = Avoid(word, 21);
        int target = (int)(word >> 21 & 31);
        // evxor of both halves; single precision leaves the upper one alone and works without the SPE.
        return new Unit([word, instruction.Mnemonic.StartsWith("efs", StringComparison.Ordinal)
            ? Asm.Addi(target, 0, draw.Next(-8, 8)) : Asm.Evx(target, target, target, 0x216)]);
    }
}
