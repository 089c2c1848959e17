using static Sim.PropertyKit.Cpu.SequenceRegisters;

namespace Sim.PropertyKit.Cpu;

/// <content>Units of supervisor instructions.</content>
internal sealed partial class SequenceGenerator
{
    const uint TlbSync = 0x7C00_046C;

    static readonly uint[] pages = [0x4000_0000, 0x4000_1000, 0x4123_4000, 0x5FFF_F000, 0x8000_0000, 0xC000_0000, 0xC010_0000, 0xFFFF_F000];

    /// <summary>Registers that a sequence may leave changed: nothing but it uses them.</summary>
    static readonly int[] free =
    [
        Srr0, Srr1, Csrr0, Csrr1, 570, 571, Dear, Esr, 275, 276, 277, 604, 605, 256, 309, 310, 312, 313, 316, 317, 573, 513, 514,
        Mas1, Mas2, Mas4, Mas6, 947, 948, 54, 1, 8, 9,
    ];

    /// <summary>Registers that the program needs or that act: they are read, written, read again and put back at once.</summary>
    static readonly int[] kept =
    [
        Ivpr, Sprg0, Sprg1, Sprg2, Sprg6, Sprg7, 286, 1008, 1009, 1010, 1011, 1013, 517, 574, 575, .. Enumerable.Range(Ivor0, 16),
        .. Enumerable.Range(Ivor32, 4),
    ];

    static readonly int[] readable = [.. Compared, 260, 261, 262, 263, Srr0, Srr1, 1, 8, 9];

    Unit DrawSupervisorUnit() => draw.Next(34) switch
    {
        < 4 => FreeRegister(),
        < 6 => KeptRegister(),
        < 9 => ReadRegister(),
        < 10 => Time(),
        < 14 => WriteEntry(),
        < 17 => UseEntry(),
        < 20 => Search(),
        < 21 => ReadEntry(),
        < 23 => Invalidate(),
        < 24 => ProcessId(),
        < 26 => Return(),
        < 29 => MachineState(),
        < 30 => StatusRegister(),
        < 31 => DebugEvent(),
        _ => isUser ? MachineState() : AsynchronousInterrupt(),
    };

    Unit FreeRegister()
    {
        int number = free[draw.Next(free.Length)], register = Target();
        uint value = number switch { 1 => (uint)draw.Next(8) << 29, 947 or 948 => Any() & 0xC000_00FF, _ => Constant() };
        return new Unit([.. Asm.Li(register, value), Asm.Mtspr(number, register)]);
    }

    Unit KeptRegister()
    {
        int number = kept[draw.Next(kept.Length)], old = draw.Next(4, 12), value = draw.Next(12, 20), read = draw.Next(20, 32);
        uint bits = number switch { 1008 or 1009 or 1010 or 1011 => 0, _ => Any() };
        return new Unit([Asm.Mfspr(old, number), .. Asm.Li(value, bits), Asm.Mtspr(number, value), Asm.Mfspr(read, number),
            Asm.Mtspr(number, old)]);
    }

    /// <summary>A register that both have; SPEFSCR of embedded floating point only to be overwritten.</summary>
    Unit ReadRegister()
    {
        int number = readable[draw.Next(readable.Length)], register = Target();
        if (number == Spefscr)
            return hasFloat ? new Unit([Asm.Mfspr(register, number), Asm.Addi(register, 0, 0)])
                : new Unit([Asm.Mfspr(register, number), Asm.Mtspr(Spefscr, draw.Next(32)), Asm.Mfspr(register, number)]);
        return new Unit([Asm.Mfspr(register, number)]);
    }

    /// <summary>What tells time is overwritten before it can be compared.</summary>
    Unit Time()
    {
        int register = Target(), number = AnyOf(22, 268, 269, 284, 285);
        // In user state the reference lets 284 and 285 be read.
        if (number is 268 or 269 || (draw.Next(2) == 0 && (number == 22 || !isMixed)))
            return new Unit([Asm.Mfspr(register, number), Asm.Addi(register, 0, draw.Next(8))]);
        if (number == 22)
            return new Unit([Asm.Addi(register, 0, -1), Asm.Mtspr(number, register)]);
        return new Unit([Asm.Addi(register, 0, draw.Next(8)), Asm.Mtspr(number, register)]);
    }

    /// <summary>tlbwe with chosen assist registers; TLB1 only below the program's entries.</summary>
    Unit WriteEntry()
    {
        int register = Target();
        uint tlb = (uint)draw.Next(2), entry = (uint)(tlb == 1 ? draw.Next(SequenceLayout.FirstOwnEntry) : draw.Next(4));
        uint id = draw.Next(3) switch { 0 => 0u, 1 => 1, _ => 0x5A };
        uint mas1 = (draw.Next(8) != 0 ? 0x8000_0000 : 0) | (uint)(draw.Next(8) == 0 ? 0x4000_0000 : 0) | id << 16
            | (uint)draw.Next(2) << 12 | (uint)draw.Next(1, 6) << 8;
        uint mas3 = SequenceLayout.WorkPhysical + ((uint)draw.Next(2) << 12) | (draw.Next(3) == 0 ? (uint)draw.Next(0x40) : 0x3F)
            | (uint)draw.Next(16) << 6;
        return new Unit(
        [
            Asm.Addis(register, 0, (int)(tlb << 12 | entry)), Asm.Mtspr(Mas0, register),
            .. Asm.Li(register, mas1), Asm.Mtspr(Mas1, register),
            .. Asm.Li(register, pages[draw.Next(pages.Length)] | (uint)draw.Next(32)), Asm.Mtspr(Mas2, register),
            .. Asm.Li(register, mas3), Asm.Mtspr(Mas3, register),
            Asm.Addi(register, 0, draw.Next(12) == 0 ? 3 : 0), Asm.Mtspr(Mas7, register),
            Asm.Tlbwe, Asm.Isync,
        ]);
    }

    /// <summary>An access to a page that may have an entry.</summary>
    Unit UseEntry()
    {
        int address = draw.Next(4, 16), data = draw.Next(16, 32);
        return new Unit([.. Asm.Li(address, pages[draw.Next(pages.Length)] + (uint)draw.Next(-4, 0x2000)), draw.Next(4) switch
        {
            0 => Asm.Stw(data, 0, address),
            1 => Asm.Lbz(data, 0, address),
            2 => Asm.Evldd(data, address, 0),
            _ => Asm.Lwz(data, 0, address),
        }]);
    }

    Unit Search()
    {
        int register = Target(), address = draw.Next(4, 32);
        return new Unit([.. Asm.Li(register, (uint)(draw.Next(2) * 0x5A) << 16 | (uint)draw.Next(2)), Asm.Mtspr(Mas6, register),
            .. Asm.Li(address, pages[draw.Next(pages.Length)] + (uint)draw.Next(0x3000)), Asm.Tlbsx(0, address)]);
    }

    Unit ReadEntry()
    {
        int register = Target();
        uint tlb = (uint)draw.Next(2), entry = (uint)(tlb == 1 ? draw.Next(16) : draw.Next(4));
        return new Unit([Asm.Addis(register, 0, (int)(tlb << 12 | entry)), Asm.Mtspr(Mas0, register),
            .. Asm.Li(register, pages[draw.Next(pages.Length)]), Asm.Mtspr(Mas2, register), Asm.Tlbre]);
    }

    Unit Invalidate()
    {
        int register = Target();
        switch (draw.Next(4))
        {
            case 0:
                return new Unit([TlbSync]);
            case 1:
                return new Unit([Asm.Addi(register, 0, 2 * draw.Next(4)), Asm.Mtspr(Mmucsr0, register), Asm.Isync,
                    Asm.Mfspr(register, Mmucsr0)]);
            default:
                uint operand = pages[draw.Next(pages.Length)] | (uint)draw.Next(2) << 3 | (draw.Next(4) == 0 ? 4u : 0);
                return new Unit([.. Asm.Li(register, operand), Asm.Tlbivax(0, register), Asm.Isync]);
        }
    }

    /// <summary>PID registers of 8 bits, as the reference keeps more.</summary>
    Unit ProcessId()
    {
        int register = Target();
        return new Unit([Asm.Addi(register, 0, draw.Next(3) switch { 0 => 0, 1 => 1, _ => 0x5A }),
            Asm.Mtspr(AnyOf(48, 633, 634), register), Asm.Isync]);
    }

    /// <summary>rfi or rfci to a later unit, in another machine state.</summary>
    Unit Return()
    {
        bool critical = draw.Next(3) == 0;
        int register = Target(), save = critical ? Csrr0 : Srr0;
        return new Unit([Asm.Addis(register, 0, 0), Asm.Ori(register, register, 0), Asm.Mtspr(save, register),
            .. Asm.Li(register, AnyMsr(draw.Next(3) == 0)), Asm.Mtspr(save + 1, register), critical ? Asm.Rfci : Asm.Rfi],
            AddressAt: 0, Skip: draw.Next(3));
    }

    Unit MachineState()
    {
        int register = Target();
        return draw.Next(5) switch
        {
            0 => new Unit([Asm.Mfmsr(register)]),
            1 => new Unit([Asm.Wrtee(draw.Next(32))]),
            2 => new Unit([Asm.Wrteei(draw.Next(2) == 0)]),
            _ => new Unit([.. Asm.Li(register, AnyMsr(draw.Next(4) == 0)), Asm.Mtmsr(register), Asm.Isync]),
        };
    }

    /// <summary>Timer and debug status and control, and MCSR, with values that start nothing.</summary>
    Unit StatusRegister()
    {
        int register = Target(), number = AnyOf(Dbsr, Tsr, 572, Tcr, Dbcr0);
        uint value = number switch { 572 => 0, Tcr => Any() & 0x0C80_0000, Dbcr0 => Any() & 0x0000_FFFF, _ => Any() };
        if (number == Tcr)
            return new Unit([.. Asm.Li(register, value), Asm.Mtspr(number, register), Asm.Mfspr(draw.Next(4, 32), number),
                Asm.Addi(register, 0, 0), Asm.Mtspr(number, register)]);
        return new Unit([.. Asm.Li(register, value), Asm.Mtspr(number, register)]);
    }

    /// <summary>
    /// A debug event after the next instruction. The handler switches events off. (For a taken branch the reference saves the address of
    /// its target, where the manual has that of the branch: InterruptTests.A_taken_branch_event_comes_before_the_branch.)
    /// </summary>
    Unit DebugEvent()
    {
        int register = Target();
        return new Unit([.. Asm.Li(register, 0x4800_0000), Asm.Mtspr(Dbcr0, register),
            .. Asm.Li(register, SequenceCase.DefaultMsr | Engine.Cpu.PowerPc.Msr.De), Asm.Mtmsr(register), Asm.Nop, Asm.Nop]);
    }

    /// <summary>
    /// An interrupt of the decrementer or of the interrupt controller: made pending, waited for, then enabled, so that it is taken after
    /// a known instruction.
    /// </summary>
    Unit AsynchronousInterrupt()
    {
        int register = draw.Next(4, 16), other = draw.Next(16, 32);
        uint[] enableCritical = [.. Asm.Li(register, SequenceCase.DefaultMsr | Engine.Cpu.PowerPc.Msr.Ce), Asm.Mtmsr(register), Asm.Isync];
        uint[] disable = [.. Asm.Li(register, SequenceCase.DefaultMsr), Asm.Mtmsr(register), Asm.Isync];
        switch (draw.Next(3))
        {
            case 0:
                return new Unit([.. disable, .. Message(register, other, 0), Asm.Wrteei(true), Asm.Nop]);
            case 1:
                return new Unit([.. disable, .. Message(register, other, 0x2000_0000), .. enableCritical]);
            default:
                return new Unit([.. disable, .. Asm.Li(register, Engine.Cpu.PowerPc.Tcr.DecrementerEnable), Asm.Mtspr(Tcr, register),
                    Asm.Addi(register, 0, draw.Next(1, 0x40)), Asm.Mtspr(22, register),
                    .. WaitFor(other, Engine.Cpu.PowerPc.Tsr.Decrementer), Asm.Wrteei(true), Asm.Nop]);
        }
    }

    /// <summary>A message to the interrupt controller, and what makes the reference look at it.</summary>
    static uint[] Message(int register, int other, uint message) =>
        [.. Asm.Li(register, SequenceLayout.Mpic + 0x1740), .. Asm.Li(other, message), Asm.Stw(other, 0, register), Asm.Isync];

    int AnyOf(params ReadOnlySpan<int> choice) => choice[draw.Next(choice.Length)];

    static uint[] WaitFor(int register, uint status) =>
        [Asm.Mfspr(register, Tsr), 29u << 26 | (uint)register << 21 | (uint)register << 16 | status >> 16 /* andis. */, Asm.Beq(-8)];
}
