using static Sim.PropertyKit.Cpu.SequenceLayout;
using static Sim.PropertyKit.Cpu.SequenceRegisters;

namespace Sim.PropertyKit.Cpu;

/// <content>The common interrupt handler, and what is stored at the end.</content>
internal sealed partial class SequenceProgram
{
    static readonly uint notEqual = Asm.Bc(4, 2, 0), notLess = Asm.Bc(4, 0, 0), equal = Asm.Beq(0);

    /// <summary>Offsets of the message registers of the interrupt controller: reading one withdraws its interrupt.</summary>
    const int Acknowledge = 0xA0, EndOfInterrupt = 0xB0, ExternalMessage = 0x1600, CriticalMessage = 0x1610;

    /// <summary>Saves all registers in the record, notes the interrupt and chooses how to go on. SPRG1 is r31, r31 the vector.</summary>
    void EmitInterrupt()
    {
        code.Label("interrupt");
        code.Emit(Asm.Mtspr(Sprg2, 31), Asm.Mfmsr(31), Asm.Mtspr(Sprg7, 31));
        EmitAccess(31);
        code.Emit(Asm.Evx(31, 31, 31, 0x22C) /* evmergehi */, Asm.Mtspr(Sprg6, 31), Asm.Mfspr(31, Sprg0), Asm.Addi(31, 31, Outcome));
        for (int i = 0; i < 31; i++)
            code.Emit(Asm.Evstdd(i, 31, 8 * i));
        code.Emit(Asm.Mfspr(0, Sprg6), Asm.Stw(0, 248, 31), Asm.Mfspr(0, Sprg1), Asm.Stw(0, 252, 31), Asm.Mfcr(0), Asm.Stw(0, Cr, 31));
        foreach (var (number, offset) in ((int, int)[])[(1, Xer), (8, Lr), (9, Ctr)])
            code.Emit(Asm.Mfspr(0, number), Asm.Stw(0, offset, 31));
        code.Emit(Asm.Mfspr(3, Sprg2));
        EmitNormalise();
        EmitNote();
        EmitChoice();
        EmitReturns();
    }

    /// <summary>
    /// The reference sets bits of SRR1 on program interrupts, and DEAR and ESR on instruction TLB misses, where Book E has nothing of the
    /// kind.
    /// On alignment interrupts it leaves ESR as it was, where the bits that do not apply are to be cleared.
    /// It saves the context of a debug interrupt in DSRR0 and DSRR1, which are those of a later core: moved to CSRR0 and CSRR1.
    /// </summary>
    void EmitNormalise()
    {
        code.Emit(Asm.Cmpwi(3, 6));
        code.Branch(notEqual, "no program");
        code.Load(5, 0x000F_0000);
        code.Emit(Asm.Mfspr(4, Srr1), Asm.Andc(4, 4, 5), Asm.Mtspr(Srr1, 4));
        code.Label("no program");
        code.Emit(Asm.Cmpwi(3, 5));
        code.Branch(notEqual, "no alignment");
        code.Emit(Asm.Addi(4, 0, 0), Asm.Mtspr(Esr, 4));
        code.Label("no alignment");
        code.Emit(Asm.Cmpwi(3, 14));
        code.Branch(notEqual, "no miss");
        code.Emit(Asm.Addi(4, 0, 0), Asm.Mtspr(Dear, 4), Asm.Mtspr(Esr, 4));
        code.Label("no miss");
        code.Load(4, InitialDsrr0);
        code.Emit(Asm.Mfspr(5, Dsrr0), Asm.Cmplw(4, 5));
        code.Branch(equal, "no debug");
        code.Emit(Asm.Mtspr(Csrr0, 5), Asm.Mtspr(Dsrr0, 4), Asm.Mfspr(5, Dsrr0 + 1), Asm.Mtspr(Csrr1, 5), Asm.Mtspr(Dsrr0 + 1, 4));
        code.Label("no debug");
    }

    void EmitNote()
    {
        code.Emit(Asm.Lwz(5, Interrupts, 31), Asm.Mulli(6, 5, 4 * InterruptWords), Asm.Add(6, 6, 31));
        code.Emit(Asm.Stw(3, InterruptLog, 6), Asm.Mfspr(4, Sprg7), Asm.Stw(4, InterruptLog + 4, 6));
        int offset = InterruptLog + 8;
        foreach (int number in NotedRegisters)
        {
            code.Emit(Asm.Mfspr(4, number), Asm.Stw(4, offset, 6));
            offset += 4;
        }

        // Of MSR not all is compared, so no sequence may find it.
        code.Emit(Asm.Addi(4, 0, 0), Asm.Mtspr(Sprg7, 4));
        code.Emit(Asm.Addi(5, 5, 1), Asm.Stw(5, Interrupts, 31), Asm.Cmpwi(5, MaxInterrupts));
        code.Branch(equal, "end");
    }

    /// <summary>What is noted of an interrupt after its vector and the MSR in its handler.</summary>
    public static IReadOnlyList<int> NotedRegisters { get; } = [Srr0, Srr1, Csrr0, Csrr1, Esr, Dear, Mas0, Mas1, Mas2, Mas6];

    void EmitChoice()
    {
        foreach (var (vector, label) in ((int, string)[])[(0, "critical input"), (1, "end"), (15, "debug"), (3, "fetch"),
            (14, "fetch"), (8, "system call"), (4, "external input"), (10, "timer"), (18, "same")])
        {
            code.Emit(Asm.Cmpwi(3, vector));
            code.Branch(equal, label);
        }

        code.Emit(Asm.Mfspr(4, Srr0), Asm.Addi(4, 4, 4));
        code.Branch(Asm.B(0), "resume");
        code.Label("system call");
        code.Emit(Asm.Mfspr(4, Srr0), Asm.Lwz(5, InputEnd - Outcome, 31), Asm.Cmplw(4, 5));
        code.Branch(equal, "end");
        code.Branch(Asm.B(0), "resume");
        code.Label("fetch");
        code.Emit(Asm.Mfspr(4, 8));
        code.Branch(Asm.B(0), "resume");
        code.Label("external input");
        code.Load(5, Mpic);
        code.Emit(Asm.Lwz(6, Acknowledge, 5), Asm.Lwz(6, ExternalMessage, 5), Asm.Addi(6, 0, 0), Asm.Stw(6, EndOfInterrupt, 5));
        code.Branch(Asm.B(0), "same");
        code.Label("timer");
        code.Emit(Asm.Addi(4, 0, 0), Asm.Mtspr(Tcr, 4), Asm.Addi(4, 0, -1), Asm.Mtspr(Tsr, 4));
        code.Label("same");
        code.Emit(Asm.Mfspr(4, Srr0));
        code.Branch(Asm.B(0), "resume");
        code.Label("critical input");
        code.Load(5, Mpic);
        code.Emit(Asm.Lwz(6, CriticalMessage, 5));
        code.Branch(Asm.B(0), "resume critical");
        code.Label("debug");
        code.Emit(Asm.Addi(4, 0, 0), Asm.Mtspr(Dbcr0, 4), Asm.Addi(4, 0, -1), Asm.Mtspr(Dbsr, 4));
        code.Branch(Asm.B(0), "resume critical");
    }

    /// <summary>Goes on at r4, or in a critical interrupt where it came from, if that is in the sequence.</summary>
    void EmitReturns()
    {
        code.Label("resume");
        EmitRestore(Srr0, Asm.Rfi);
        code.Label("resume critical");
        code.Emit(Asm.Mfspr(4, Csrr0));
        EmitRestore(Csrr0, Asm.Rfci);
    }

    void EmitRestore(int save, uint @return)
    {
        code.Load(5, Slot);
        code.Emit(Asm.Subf(6, 5, 4), Asm.Cmplwi(6, 4 * (MaxWords + 1)));
        code.Branch(notLess, "end");
        code.Emit(Asm.Mtspr(save, 4));
        code.Load(5, Ram + Marker);
        code.Emit(Asm.Stw(5, 0, 5), Asm.Lwz(0, Cr, 31), Asm.Mtcr(0));
        foreach (var (number, offset) in ((int, int)[])[(1, Xer), (8, Lr), (9, Ctr)])
            code.Emit(Asm.Lwz(0, offset, 31), Asm.Mtspr(number, 0));
        for (int i = 0; i < 32; i++)
            code.Emit(Asm.Evldd(i, 31, 8 * i));
        code.Emit(@return);
    }

    /// <summary>Stores what the interrupts have not stored, puts the TLBs back and goes to the next record.</summary>
    void EmitEnd(int cases)
    {
        code.Label("end");
        int offset = Registers;
        foreach (int number in Compared)
        {
            code.Emit(Asm.Mfspr(4, number), Asm.Stw(4, offset, 31));
            offset += 4;
        }

        // The accumulator is read by adding a product of zeros to it.
        code.Emit(Asm.Evx(0, 0, 0, 0x216) /* evxor r0,r0,r0 */, Asm.Evx(1, 0, 0, 0x558) /* evmwumiaa r1,r0,r0 */, Asm.Addi(6, 31, Acc),
            Asm.Evstdd(1, 6, 0));
        code.Load(4, Work);
        code.Emit(Asm.Addi(6, 31, Scratch));
        for (int i = 0; i < MemorySize; i += 8)
            code.Emit(Asm.Evldd(0, 4, i), Asm.Evstdd(0, 6, i));
        EmitMemorySum();
        EmitTlbs();
        code.Emit(Asm.Mfspr(31, Sprg0), Asm.Addi(31, 31, RecordSize), Asm.Mtspr(Sprg0, 31));
        code.Load(5, Ram + Records + (uint)(cases * RecordSize));
        code.Emit(Asm.Cmplw(31, 5));
        code.Branch(notEqual, "next");
        code.Label("done");
        code.Branch(Asm.B(0), "done");
    }

    /// <summary>A sum of the scratch memory at r4 in which places count.</summary>
    void EmitMemorySum()
    {
        code.Emit(Asm.Addi(5, 0, ScratchSize / 16), Asm.Mtctr(5), Asm.Addi(7, 0, 0));
        code.Label("sum");
        for (int i = 0; i < 16; i += 4)
            code.Emit(Asm.Lwz(5, i, 4), Asm.Rotlwi(7, 7, 1), Asm.Add(7, 7, 5));
        code.Emit(Asm.Addi(4, 4, 16));
        code.Branch(Asm.Bdnz(0), "sum");
        code.Emit(Asm.Stw(7, MemorySum, 31));
    }

    /// <summary>Notes every entry of both TLBs that is not as it was, and puts it back. r8 counts, r9 is the next note.</summary>
    void EmitTlbs()
    {
        code.Emit(Asm.Addi(8, 0, 0), Asm.Addi(9, 31, TlbLog), Asm.Addi(10, 0, 0) /* EPN */, Asm.Addi(11, 0, 0) /* MAS0 */);
        code.Emit(Asm.Addi(5, 0, 512), Asm.Mtctr(5));
        code.Emit(Asm.Addi(13, 0, 0x100));
        code.Label("tlb0");
        EmitTlbEntryCheck("tlb0");
        code.Emit(Asm.Addi(10, 10, 0x1000), Asm.Rotlwi(5, 10, 13), Asm.Andi(5, 5, 3), Asm.Slwi(11, 5, 16));
        code.Branch(Asm.Bdnz(0), "tlb0");
        code.Emit(Asm.Addi(10, 0, 0), Asm.Addi(13, 0, 0), Asm.Addi(5, 0, FirstOwnEntry), Asm.Mtctr(5));
        code.Load(11, 0x1000_0000);
        code.Label("tlb1");
        EmitTlbEntryCheck("tlb1");
        code.Emit(Asm.Addis(11, 11, 1));
        code.Branch(Asm.Bdnz(0), "tlb1");
        code.Emit(Asm.Stw(8, TlbChanges, 31));
    }

    /// <summary>
    /// r11 is MAS0, r10 and r13 are MAS2 and MAS1 as they should be: in TLB0 the number of the entry in the page number, and a size that
    /// cannot be chosen; in TLB1 0.
    /// </summary>
    void EmitTlbEntryCheck(string label)
    {
        code.Emit(Asm.Mtspr(Mas0, 11), Asm.Mtspr(Mas2, 10), Asm.Tlbre);
        code.Emit(Asm.Mfspr(3, Mas1), Asm.Mfspr(4, Mas2), Asm.Mfspr(5, Mas3), Asm.Mfspr(6, Mas7));
        code.Emit(Asm.Xor(7, 4, 10), Asm.Xor(12, 3, 13), Asm.Or(7, 7, 12), Asm.Or(7, 7, 5), Asm.Or(7, 7, 6), Asm.Cmpwi(7, 0));
        code.Branch(equal, label + " clean");
        code.Emit(Asm.Cmpwi(8, MaxTlbChanges), Asm.Addi(8, 8, 1));
        code.Branch(notLess, label + " full");
        code.Emit(Asm.Slwi(6, 6, 12), Asm.Or(6, 6, 11), Asm.Rotlwi(7, 10, 20), Asm.Or(6, 6, 7));
        code.Emit(Asm.Stw(6, 0, 9), Asm.Stw(3, 4, 9), Asm.Stw(4, 8, 9), Asm.Stw(5, 12, 9), Asm.Addi(9, 9, 16));
        code.Label(label + " full");
        code.Emit(Asm.Addi(7, 0, 0), Asm.Mtspr(Mas0, 11), Asm.Mtspr(Mas2, 10), Asm.Mtspr(Mas1, 13), Asm.Mtspr(Mas3, 7),
            Asm.Mtspr(Mas7, 7), Asm.Tlbwe);
        code.Label(label + " clean");
    }
}
