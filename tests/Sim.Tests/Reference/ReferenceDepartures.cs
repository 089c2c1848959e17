using Sim.Engine.Cpu.PowerPc;
using Sim.PropertyKit.Cpu;

namespace Sim.Tests;

/// <summary>
/// Where QEMU 7.2's e500v2 does not do what the manuals say, and ours does: found by running both. Everything else must be equal.
/// </summary>
internal static class ReferenceDepartures
{
    /// <summary>
    /// Extended opcodes of primary opcode 31 that QEMU 7.2 executes and the e500v2 does not have: accesses by external process ID, and
    /// the hash instructions of a later architecture.
    /// </summary>
    static readonly HashSet<uint> surplus = [31, 63, 95, 127, 159, 223, 255, 287, 319, 415, 607, 735, 991, 1023, 658, 690, 722, 754];

    /// <summary>SPRs of which only some bits exist: PID0, PID1 and PID2 have 8; and MCSR, whose bits are cleared by writing ones.</summary>
    static readonly HashSet<uint> partial = [48, 633, 634, 572];

    /// <summary>Why a case is not compared, or null if it is.</summary>
    public static string? Of(PowerPcCase input, PowerPcCase.Outcome reference)
    {
        uint word = input.Code[^1];
        string mnemonic = Mnemonic(word);
        if (SequenceDepartures.IsMissing(mnemonic))
            return "not in the reference";
        if (SequenceDepartures.IsWrong(mnemonic))
            return "wrong in the reference";
        if (word >> 26 == 31 && surplus.Contains(word >> 1 & 1023))
            return "only in the reference";
        if (word == 0x4C00_004E)
            return "the reference has rfdi";
        if (IsFloatConversion(mnemonic) && HasSignallingNaN(input.Gpr[word >> 11 & 31]))
            return "the reference does not convert signalling NaNs to 0";
        if (mnemonic == "stwcx." && Address(input, word) % 4 != 0)
            return "the reference lets a misaligned stwcx. fail instead of faulting";
        if (mnemonic == "mtmsr" && (word & 0x0001_0000) != 0)
            return "the reference gives a reserved bit of mtmsr the meaning that 64-bit servers do";
        return mnemonic is "mfspr" or "mtspr" ? OfSpr(input, reference, word) : null;
    }

    static string? OfSpr(PowerPcCase input, PowerPcCase.Outcome reference, uint word)
    {
        uint spr = (word >> 16 & 31) | (word >> 11 & 31) << 5;
        if (partial.Contains(spr))
            return "bits that do not exist are kept by the reference";
        if (spr is 0 or 4 or 5 or 6)
            return "numbers of another architecture are privileged in the reference";
        if (reference.Vector == 8 && input.Gpr[3] == CaseGenerator.UnchangedByRead && reference.Gpr[3] == input.Gpr[3])
            return "the reference ignores an unknown SPR";
        return null;
    }

    /// <summary>Whether a field of the outcome is compared.</summary>
    public static bool IsCompared(PowerPcCase input, string field, PowerPcCase.Outcome reference)
    {
        string mnemonic = Mnemonic(input.Code[^1]);
        return field switch
        {
            // The reference never reports floating-point status.
            "spefscr" => !IsFloat(mnemonic),
            // The reference sets bits of SRR1 on program exceptions that Book E does not have.
            "srr1" => reference.Vector != 6,
            // The reference sets DEAR on instruction TLB misses too, and to the start of the line for these.
            "dear" => reference.Vector != 14 && mnemonic is not ("dcbz" or "icbi"),
            // The manual has dcbi a store; and an unknown SPR is privileged in the reference, whatever its number.
            "esr" => mnemonic != "dcbi" && !(mnemonic is "mfspr" or "mtspr" && (input.Msr & Msr.Pr) != 0),
            // The reference sets LR before it finds the form invalid.
            "lr" => !(reference.Vector == 6 && input.Code[^1] >> 26 == 19),
            // Registers that lmw loads before a word faults are loaded again when it is restarted; the reference looks ahead.
            _ => !(mnemonic == "lmw" && reference.Vector == 13 && field.StartsWith('r')),
        };
    }

    /// <summary>The instruction of our tables.</summary>
    public static string Mnemonic(uint word) => Decoder.Find(word) is Instruction found ? found.Mnemonic : "illegal";

    static uint Address(PowerPcCase input, uint word) =>
        (uint)((word >> 16 & 31) == 0 ? 0 : input.Gpr[word >> 16 & 31]) + (uint)input.Gpr[word >> 11 & 31];

    static bool IsFloat(string mnemonic) =>
        mnemonic.StartsWith("efs", StringComparison.Ordinal) || mnemonic.StartsWith("efd", StringComparison.Ordinal)
            || mnemonic.StartsWith("evfs", StringComparison.Ordinal);

    static bool IsFloatConversion(string mnemonic) => IsFloat(mnemonic) && mnemonic.Contains("ct", StringComparison.Ordinal);

    static bool HasSignallingNaN(ulong register) =>
        IsSignalling(register >> 32, 23, 8) || IsSignalling(register & uint.MaxValue, 23, 8) || IsSignalling(register, 52, 11);

    static bool IsSignalling(ulong bits, int fractionBits, int exponentBits) =>
        (bits >> fractionBits & ((1UL << exponentBits) - 1)) == (1UL << exponentBits) - 1
        && (bits & ((1UL << fractionBits) - 1)) != 0 && (bits >> (fractionBits - 1) & 1) == 0;
}
