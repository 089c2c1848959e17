using Sim.Engine.Cpu.PowerPc;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// What of sequences is not compared, as QEMU 7.2's e500v2 does not do what the manuals say: instructions that are left out, results
/// that sequences overwrite, values that are skipped.
/// </summary>
internal static class SequenceDepartures
{
    /// <summary>Instructions of the manual that QEMU 7.2 takes for illegal ones.</summary>
    static readonly HashSet<string> missing =
    [
        "evaddusiaaw", "evaddssiaaw", "evsubfusiaaw", "evsubfssiaaw", "evaddumiaaw", "evaddsmiaaw", "evsubfumiaaw", "evsubfsmiaaw",
        "evdivws", "evdivwu", "evmwumian", "evmwsmian", "evmwsmf", "evmwsmfa", "evmwsmfaa", "evmwsmfan", "evmwssf", "evmwssfa",
        "evmwssfaa", "evmwssfan", "rfmci", "icbtls", "icblc", "dcbtstls", "dcblc", "mfpmr", "mtpmr",
    ];

    /// <summary>Instructions whose results QEMU 7.2 gets wrong for most operands.</summary>
    static readonly HashSet<string> wrong =
    [
        // The result is the shift count.
        "evsrwu", "evsrws", "evslw",
        // Keeps the low halfword.
        "evrndw",
        // Parts of the old destination stay.
        "evldh", "evldhx", "evlwhsplat", "evlwhsplatx",
        // Also writes the CR field before its own.
        "evfscmpgt", "evfscmplt", "evfscmpeq", "evfststgt", "evfststlt", "evfststeq",
        // Takes signed fractions to have 32 fraction bits.
        "efscfsf", "efsctsf", "evfscfsf", "evfsctsf", "efdcfsf", "efdctsf",
        // A negative low element spills into the high one.
        "evfsctsi",
        // Does not translate, and so does not fault.
        "dcbtls",
    ];

    /// <summary>Whether the reference lacks an instruction.</summary>
    public static bool IsMissing(string mnemonic) => missing.Contains(mnemonic) || mnemonic.StartsWith("evmh", StringComparison.Ordinal)
        || mnemonic.StartsWith("evmwh", StringComparison.Ordinal) || mnemonic.StartsWith("evmwl", StringComparison.Ordinal);

    /// <summary>Whether the reference's result of an instruction is wrong.</summary>
    public static bool IsWrong(string mnemonic) => wrong.Contains(mnemonic);

    /// <summary>Whether the reference lacks a special register: the alternate time base.</summary>
    public static bool IsMissingRegister(int number) => number is SpecialRegisters.AlternateLower or SpecialRegisters.AlternateUpper;

    /// <summary>
    /// Extended opcodes of primary opcode 31 that QEMU 7.2 executes and the e500v2 does not have: accesses by external process ID, the
    /// hash instructions of a later architecture; and those that would leave the program: wait, TLB and SPR instructions of others.
    /// </summary>
    static readonly HashSet<uint> surplus =
    [
        31, 63, 95, 127, 159, 223, 255, 287, 319, 415, 607, 735, 991, 1023, 658, 690, 722, 754, 18, 30, 62, 307, 339, 370, 371, 467, 786,
        978,
    ];

    /// <summary>Whether a word that is no instruction of ours can be given to the reference.</summary>
    public static bool IsIllegalForBoth(uint word) => Decoder.Find(word) is null && (word >> 26) switch
    {
        // Vector instructions end the reference implementation itself.
        4 or 57 or 60 or 61 => false,
        // Returns from interrupts that only the reference has; and bcctr, which sets LR there before its form is found invalid.
        19 => (word >> 1 & 1023) is not (18 or 38 or 39 or 50 or 51 or 528),
        31 => !surplus.Contains(word >> 1 & 1023),
        _ => true,
    };

    /// <summary>The bits of a value of the outcome that are compared.</summary>
    public static ulong ComparedBits(string field, SequenceCase input) => field switch
    {
        // The reference never reports floating-point status.
        "spefscr" when input.HasEmbeddedFloat => 0,
        // Interrupts of the base class leave CE and DE as they are; the reference clears them.
        _ when field.EndsWith(".msr", StringComparison.Ordinal) => ~(ulong)(Msr.Ce | Msr.De),
        _ => ulong.MaxValue,
    };
}
