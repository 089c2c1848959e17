namespace Sim.Engine.Cpu.PowerPc;

/// <summary>The groups that decode tables put instructions in. Those from <see cref="SpeInteger"/> on have primary opcode 4.</summary>
internal enum InstructionGroup
{
    /// <summary>Fixed-point arithmetic and comparisons.</summary>
    Integer,

    /// <summary>Fixed-point logic, sign extension and counting of zeros.</summary>
    IntegerLogical,

    /// <summary>Rotates and shifts.</summary>
    IntegerRotate,

    /// <summary>Condition register logic and moves, isel.</summary>
    ConditionRegister,

    /// <summary>Branches.</summary>
    Branch,

    /// <summary>Loads and stores of one register.</summary>
    LoadStore,

    /// <summary>Loads and stores of several registers and of strings.</summary>
    LoadStoreMultiple,

    /// <summary>Cache management.</summary>
    Cache,

    /// <summary>System calls, traps, returns from interrupts, MSR, barriers, waiting.</summary>
    System,

    /// <summary>Moves from and to special-purpose registers.</summary>
    SpecialRegister,

    /// <summary>TLB management.</summary>
    Tlb,

    /// <summary>SPE integer arithmetic and logic.</summary>
    SpeInteger,

    /// <summary>SPE multiplication and accumulation.</summary>
    SpeMultiply,

    /// <summary>SPE loads and stores.</summary>
    SpeLoadStore,

    /// <summary>Embedded floating point.</summary>
    EmbeddedFloat,
}

/// <summary>How the decoder fills <see cref="Op.Immediate"/> and register numbers.</summary>
internal enum OperandForm : byte
{
    /// <summary>Registers as they stand, immediate = the low 16 bits sign extended.</summary>
    Plain,

    /// <summary>As <see cref="Plain"/>, and RA=0 means the value 0 (address forms D and X, addi, addis).</summary>
    RaOrZero,

    /// <summary>Immediate = the low 16 bits zero extended (ori, cmpli …).</summary>
    Unsigned,

    /// <summary>Immediate = the low 16 bits shifted left by 16 (addis, oris …); RA=0 means RA.</summary>
    Shifted,

    /// <summary>As <see cref="Shifted"/>, and RA=0 means the value 0 (addis).</summary>
    ShiftedRaOrZero,

    /// <summary>Immediate = the rotate mask of MB (bits 21-25) and ME (bits 26-30).</summary>
    RotateMask,

    /// <summary>Rt = the CR field of bits 6-8, immediate = the low 16 bits sign extended (cmp, cmpi, mcrf …).</summary>
    Compare,

    /// <summary>Rt = the CR field of bits 6-8, immediate = the low 16 bits zero extended (cmpli).</summary>
    CompareUnsigned,

    /// <summary>Filled in by <see cref="Branch.Decode"/>.</summary>
    Branch,

    /// <summary>As <see cref="Branch"/>, with the target in LR or CTR.</summary>
    BranchRegister,

    /// <summary>Filled in by <see cref="SpecialRegisters.DecodeRead"/>.</summary>
    ReadSpecial,

    /// <summary>Filled in by <see cref="SpecialRegisters.DecodeWrite"/>.</summary>
    WriteSpecial,

    /// <summary>As <see cref="RaOrZero"/>; illegal with RA=0, which has no register to update (stwu …).</summary>
    UpdateStore,

    /// <summary>As <see cref="UpdateStore"/>; illegal with RA=RT, too, as both would be loaded (lwzu …).</summary>
    UpdateLoad,

    /// <summary>As <see cref="RaOrZero"/>, immediate = bits 16-20 times 8 (evldd …).</summary>
    SpeOffset8,

    /// <summary>As <see cref="RaOrZero"/>, immediate = bits 16-20 times 4 (evlwhe …).</summary>
    SpeOffset4,

    /// <summary>As <see cref="RaOrZero"/>, immediate = bits 16-20 times 2 (evlhhesplat …).</summary>
    SpeOffset2,

    /// <summary>Immediate = bits 16-20 sign extended from 5 bits; register fields as they stand (evsplati: bits 11-15, see Ra).</summary>
    SpeImmediate,
}

/// <summary>What the decoder has to know of an instruction beside its handler.</summary>
[Flags]
internal enum InstructionFlags : byte
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>
    /// The next instruction must not be in the same block: branches, traps that always leave, and whatever changes how the
    /// following instructions are fetched or decoded (MSR, TLB, PID …). The handler leaves or jumps.
    /// </summary>
    EndsBlock = 1,

    /// <summary>In problem state (MSR[PR]=1) a privileged-instruction program exception; the handler is then never called.</summary>
    Supervisor = 2,

    /// <summary>With MSR[SPE]=0 an SPE/embedded floating-point unavailable exception; the handler is then never called.</summary>
    Spe = 4,

    /// <summary>Embedded double-precision floating point, which the e500v1 does not have: there an illegal instruction.</summary>
    SpeDouble = 8,
}

/// <summary>One entry of a decode table: the word matches if <c>(word &amp; Mask) == Value</c>.</summary>
/// <remarks>
/// Reserved bits that must be 0 are part of the mask, as an instruction with one of them set takes an illegal-instruction program
/// exception in QEMU. Each group file has a <c>static Instruction[] Table()</c>, which <see cref="Decoder"/> collects.
/// </remarks>
internal readonly unsafe struct Instruction
{
    public readonly string Mnemonic;
    public readonly uint Mask;
    public readonly uint Value;
    public readonly delegate*<PowerPcState*, Op*, long, long> Handler;
    public readonly OperandForm Form;
    public readonly InstructionFlags Flags;

    public Instruction(string mnemonic, uint mask, uint value, delegate*<PowerPcState*, Op*, long, long> handler, OperandForm form,
        InstructionFlags flags = InstructionFlags.None)
    {
        Mnemonic = mnemonic;
        Mask = mask;
        Value = value;
        Handler = handler;
        Form = form;
        Flags = flags;
    }

    /// <summary>An instruction that its primary opcode alone selects (D form and such).</summary>
    public static Instruction Primary(string mnemonic, uint opcode, delegate*<PowerPcState*, Op*, long, long> handler, OperandForm form,
        InstructionFlags flags = InstructionFlags.None, uint reserved = 0) =>
        new(mnemonic, 0xFC000000 | reserved, opcode << 26, handler, form, flags);

    /// <summary>
    /// An instruction of primary opcode 19 or 31 with a 10-bit extended opcode in bits 21-30; bit 31 must equal
    /// <paramref name="record"/>.
    /// </summary>
    public static Instruction Extended(string mnemonic, uint opcode, uint extended, delegate*<PowerPcState*, Op*, long, long> handler,
        OperandForm form = OperandForm.Plain, InstructionFlags flags = InstructionFlags.None, uint reserved = 0, uint record = 0) =>
        new(mnemonic, 0xFC0007FF | reserved, opcode << 26 | extended << 1 | record, handler, form, flags);

    /// <summary>As <see cref="Extended"/>, and bit 31 is ignored, as QEMU does for some instructions.</summary>
    public static Instruction ExtendedAnyRecord(string mnemonic, uint opcode, uint extended,
        delegate*<PowerPcState*, Op*, long, long> handler, OperandForm form = OperandForm.Plain,
        InstructionFlags flags = InstructionFlags.None, uint reserved = 0) =>
        new(mnemonic, 0xFC0007FE | reserved, opcode << 26 | extended << 1, handler, form, flags);

    /// <summary>An SPE or embedded floating-point instruction: primary opcode 4, 11-bit extended opcode in bits 21-31.</summary>
    public static Instruction Vector(string mnemonic, uint extended, delegate*<PowerPcState*, Op*, long, long> handler,
        OperandForm form = OperandForm.Plain, uint reserved = 0) =>
        new(mnemonic, 0xFC0007FF | reserved, 4u << 26 | extended, handler, form, InstructionFlags.Spe);
}
