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

    /// <summary>
    /// Differences that sequences have shown: what the reference does, the rule of the manual by which ours does otherwise or may, and the
    /// test that pins ours.
    /// </summary>
    public static IReadOnlyList<(string Reference, string Rule, string Test)> Found { get; } =
    [
        ("a base-class interrupt clears MSR[CE] and MSR[DE]",
            "e500 core manual, interrupt processing: CE, ME and DE stay as they are, unless the interrupt is critical",
            "InterruptTests.A_base_interrupt_keeps_only_ce_me_and_de"),
        ("a debug interrupt saves its context in DSRR0 and DSRR1",
            "e500 core manual, debug interrupt: it is of the critical class, CSRR0 and CSRR1; the other pair came with a later core",
            "InterruptTests.A_single_step_event_follows_each_instruction"),
        ("a taken-branch event saves the address of the target",
            "Book E, branch taken debug event: it comes before the branch, whose own address is saved",
            "InterruptTests.A_taken_branch_event_comes_before_the_branch"),
        ("an instruction TLB miss clears ESR and sets DEAR",
            "e500 core manual, instruction TLB error interrupt: it sets SRR0, SRR1, MSR and the assist registers, nothing else",
            "InterruptTests.A_fetch_that_misses_leaves_esr_and_dear"),
        ("an alignment interrupt leaves ESR as it was",
            "e500 core manual, ESR: an interrupt that sets it clears the bits that do not apply",
            "InterruptTests.A_reservation_needs_an_aligned_word"),
        ("a program interrupt sets bits of SRR1 that tell the cause",
            "Book E, program interrupt: SRR1 is MSR as it was; the cause is in ESR",
            "InterruptTests.A_program_exception_tells_its_cause_and_does_nothing"),
        ("a store of one's own that changes the reserved word makes stwcx. fail",
            "Book E, reservations: stores of other processors and masters end one, and one's own stwcx.",
            "MemoryAccessTests.A_store_of_ones_own_keeps_the_reservation"),
        ("a multi-element SPE access at the end of a page has moved its first elements when the second page faults",
            "Book E, partially executed instructions: a misaligned access may have been made in part, and need not",
            "MemoryAccessTests.Elements_across_pages_fault_before_any_is_stored"),
        ("stmw and lmw look ahead and have moved nothing when a word faults",
            "Book E, partially executed instructions: multiple accesses may have been made in part; they are begun again",
            "MemoryAccessTests.A_word_that_faults_in_the_middle_of_stmw_comes_after_those_that_are_stored"),
        ("dcbtls reports in L1CSR0[CUL] that the line could not be locked",
            "e500 core manual, L1CSR0: the bit is for a lock that fails; without a cache none does",
            "InterruptTests.Locking_a_cache_line_in_user_state_needs_ucle"),
        ("the fixed-interval timer and the watchdog never run",
            "e500 core manual, timers: a transition of the chosen bit of the timebase is the event",
            "TimerTests.The_fixed_interval_timer_sees_its_bit_rise"),
        ("SPRs 284 and 285 can be read in user state",
            "e500 core manual, SPR numbers: they are the timebase for supervisor state",
            "InterruptTests.Supervisor_instructions_are_privileged_in_user_state"),
        ("a bcctr that would decrement CTR sets LR before it is found invalid",
            "Book E, bcctr: an invalid form; ours takes the interrupt and does nothing",
            "InterruptTests.A_program_exception_tells_its_cause_and_does_nothing"),
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
