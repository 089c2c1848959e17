using static Sim.PropertyKit.Cpu.SequenceLayout;
using static Sim.PropertyKit.Cpu.SequenceRegisters;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// A bare-metal guest for the board <c>mpc8544ds</c> that runs sequences: for each record it sets every register, enters the sequence
/// with <c>rfi</c>, notes every interrupt that it takes and goes on behind it, and at its end stores every register, what has changed in
/// the TLBs, and a sum of the memory. The same image runs on the reference implementation and on ours, so that only memory needs
/// comparing.
/// </summary>
internal sealed partial class SequenceProgram
{
    readonly GuestCode code = new();

    SequenceProgram(int cases)
    {
        EmitStart();
        EmitLoad();
        EmitInterrupt();
        EmitEnd(cases);
    }

    /// <summary>Effective address of the instruction that is reached when all sequences have run: a branch to itself.</summary>
    public static uint Done => Program + Start + new SequenceProgram(0).code.OffsetOf("done");

    /// <summary>The memory image from address 0 with the program and the records of <paramref name="cases"/>.</summary>
    public static byte[] Build(IReadOnlyList<SequenceCase> cases)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cases.Count, MaxCases);
        var image = new byte[Records + (cases.Count * RecordSize)];
        var program = new SequenceProgram(cases.Count);
        program.code.WriteTo(image.AsSpan((int)(ProgramPhysical + Start)));
        for (int n = 0; n < 36; n++)
        {
            var vector = new GuestCode();
            vector.Emit(Asm.Mtspr(Sprg1, 31), Asm.Addi(31, 0, n),
                Asm.B((int)Start + (int)program.code.OffsetOf("interrupt") - (16 * n) - 8));
            vector.WriteTo(image.AsSpan((int)ProgramPhysical + (16 * n)));
        }

        for (int i = 0; i < cases.Count; i++)
            cases[i].Write(image.AsSpan((int)Records + (i * RecordSize), RecordSize));
        return image;
    }

    /// <summary>Physical address of the program's first instruction.</summary>
    public static uint Entry => ProgramPhysical + Start;

    void EmitStart()
    {
        code.Load(3, Vectors);
        code.Emit(Asm.Mtspr(Ivpr, 3));
        for (int n = 0; n < 36; n = n == 15 ? 32 : n + 1)
            code.Emit(Asm.Addi(3, 0, n * 16), Asm.Mtspr(n < 16 ? Ivor0 + n : Ivor32 + n - 32, 3));
        // The rights are UX SX UW SW UR SR from 0x20 down; sizes are 4^n KiB.
        EmitTlbEntry(15, 0, Program, 5, ProgramPhysical, 0x11);
        EmitTlbEntry(14, 0, Work, 4, WorkPhysical, 0x3F);
        EmitTlbEntry(13, 1, Work, 4, WorkPhysical, 0x3F);
        EmitTlbEntry(12, 1, Ram, 9, 0, 0x05);
        EmitTlbEntry(11, 0, ReadOnlyPage, 1, WorkPhysical, 0x03);
        EmitTlbEntry(10, 0, SupervisorPage, 1, WorkPhysical, 0x15);
        EmitTlbEntry(9, 0, Mpic, 4, MpicPhysical, 0x05);
        EmitTlbEntry(8, 1, Mpic, 4, MpicPhysical, 0x05);
        // On at the program's own address; then the entry of the board goes, and every entry of TLB0 gets its set's number.
        code.Load(3, Program + Start + (uint)(4 * code.Count) + 16);
        code.Emit(Asm.Mtlr(3), Asm.Blr);
        foreach (uint index in (uint[])[0, 1, 2, 3, 4, 5, 6, 7])
            EmitClearEntry(0x1000_0000 | index << 16);
        code.Load(4, 0);
        code.Emit(Asm.Mtspr(Mas1, 4), Asm.Mtspr(Mas3, 4));
        code.Load(5, 512);
        code.Emit(Asm.Mtctr(5));
        code.Label("clear");
        code.Emit(Asm.Mtspr(Mas2, 4), Asm.Rotlwi(5, 4, 13), Asm.Andi(5, 5, 3), Asm.Slwi(5, 5, 16), Asm.Mtspr(Mas0, 5), Asm.Tlbwe,
            Asm.Addi(4, 4, 0x1000));
        code.Branch(Asm.Bdnz(0), "clear");
        code.Load(3, Ram + Records);
        code.Emit(Asm.Mtspr(Sprg0, 3));
        EmitAccess(3);
        EmitInterruptController();
    }

    void EmitTlbEntry(uint index, uint space, uint address, uint size, uint physical, uint rights)
    {
        foreach (var (register, value) in ((int, uint)[])[(Mas0, 0x1000_0000 | index << 16), (Mas1, 0xC000_0000 | space << 12 | size << 8),
            (Mas2, address), (Mas3, physical | rights), (Mas7, 0)])
        {
            code.Load(3, value);
            code.Emit(Asm.Mtspr(register, 3));
        }

        code.Emit(Asm.Tlbwe, Asm.Isync);
    }

    void EmitClearEntry(uint mas0)
    {
        code.Load(3, mas0);
        code.Load(4, 0);
        code.Emit(Asm.Mtspr(Mas0, 3), Asm.Mtspr(Mas1, 4), Asm.Mtspr(Mas2, 4), Asm.Mtspr(Mas3, 4), Asm.Mtspr(Mas7, 4), Asm.Tlbwe, Asm.Isync);
    }

    /// <summary>MSR[SPE, DS]: whole registers, and the records.</summary>
    void EmitAccess(int register) => code.Emit(Asm.Mfmsr(register), Asm.Oris(register, register, 0x200), Asm.Ori(register, register, 0x10),
        Asm.Mtmsr(register), Asm.Isync);

    /// <summary>Two message interrupts: the first external, the second critical. All priorities are above the task's.</summary>
    void EmitInterruptController()
    {
        code.Load(5, Mpic + 0x1_1C00);
        code.Load(3, 0x0008_0010);
        code.Load(4, 1);
        code.Emit(Asm.Stw(4, 0x10, 5), Asm.Stw(3, 0, 5));
        code.Load(4, 0x4000_0000);
        code.Emit(Asm.Stw(4, 0x30, 5), Asm.Stw(3, 0x20, 5));
        code.Load(5, Mpic);
        code.Emit(Asm.Addi(4, 0, 0), Asm.Stw(4, 0x80, 5));
    }

    /// <summary>Sets all that a sequence starts with and enters it. r31 is the record.</summary>
    void EmitLoad()
    {
        code.Label("next");
        code.Load(5, Mpic);
        code.Emit(Asm.Lwz(6, ExternalMessage, 5), Asm.Lwz(6, CriticalMessage, 5));
        code.Emit(Asm.Mfspr(31, Sprg0));
        code.Load(4, Work);
        code.Load(5, ScratchSize / 32);
        code.Emit(Asm.Mtctr(5));
        code.Label("zero");
        code.Emit(Asm.Dcbz(0, 4), Asm.Addi(4, 4, 32));
        code.Branch(Asm.Bdnz(0), "zero");
        code.Load(4, Work);
        code.Load(5, Slot);
        code.Emit(Asm.Addi(6, 31, InputMemory));
        for (int i = 0; i < MemorySize; i += 8)
            code.Emit(Asm.Evldd(0, 6, i), Asm.Evstdd(0, 4, i));
        code.Emit(Asm.Addi(6, 31, InputCode), Asm.Addi(7, 0, 32), Asm.Mtctr(7));
        code.Label("copy");
        code.Emit(Asm.Evldd(0, 6, 0), Asm.Evstdd(0, 5, 0), Asm.Dcbst(0, 5), Asm.Sync, Asm.Icbi(0, 5), Asm.Addi(5, 5, 8), Asm.Addi(6, 6, 8));
        code.Branch(Asm.Bdnz(0), "copy");
        code.Emit(Asm.Sync, Asm.Isync, Asm.Addi(0, 0, 0), Asm.Stw(0, Outcome + Interrupts, 31));
        // The way of TLB0 that is next to be replaced becomes 0: searches without result turn it.
        code.Emit(Asm.Mtspr(Mas6, 0), Asm.Mtspr(Mas4, 0));
        code.Label("turn");
        code.Emit(Asm.Tlbsx(0, 0), Asm.Mfspr(5, Mas0), Asm.Andi(5, 5, 3));
        code.Branch(Asm.Bc(4, 2, 0), "turn");
        foreach (var (number, value) in Initial)
        {
            code.Load(0, value);
            code.Emit(Asm.Mtspr(number, 0));
        }

        code.Emit(Asm.Addi(0, 0, 0), Asm.Mtspr(Sprg1, 0), Asm.Mtspr(Sprg2, 0), Asm.Mtspr(Sprg6, 0), Asm.Mtspr(Sprg7, 0));
        foreach (var (number, offset) in ((int, int)[])[(1, InputXer), (8, InputLr), (9, InputCtr), (Spefscr, InputSpefscr),
            (Srr1, InputMsr)])
            code.Emit(Asm.Lwz(0, offset, 31), Asm.Mtspr(number, 0));
        code.Load(5, Slot);
        code.Emit(Asm.Mtspr(Srr0, 5), Asm.Addi(6, 31, InputAcc), Asm.Evldd(0, 6, 0), Asm.Evx(0, 0, 0, 0x4C4) /* evmra r0,r0 */);
        code.Load(5, Ram + Marker);
        code.Emit(Asm.Stw(5, 0, 5), Asm.Lwz(0, InputCr, 31), Asm.Mtcr(0));
        for (int i = 0; i < 32; i++)
            code.Emit(Asm.Evldd(i, 31, 8 * i));
        code.Emit(Asm.Rfi);
    }
}
