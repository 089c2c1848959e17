using System.Globalization;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// Counts what sequences really do: instructions completed, interrupts taken, special registers read and written. Interrupted and
/// skipped instructions do not count.
/// </summary>
internal sealed class SequenceCoverage
{
    /// <summary>Sequences from which on all floors hold; for fewer they are lowered in proportion.</summary>
    public const int FullCampaign = 100_000;

    const int MnemonicFloor = 200, VectorFloor = 50;

    readonly SortedDictionary<string, int> counts = new(StringComparer.Ordinal);
    CaseClasses current = new();

    /// <summary>
    /// Counts by name: <c>op add</c>, <c>vector DataStorage</c>, <c>mfspr ESR</c>, <c>mtspr ESR</c>, <c>state user</c>, and so on.
    /// </summary>
    public IReadOnlyDictionary<string, int> Counts => counts;

    /// <summary>In how many sequences an instruction of a group was completed, and an interrupt taken.</summary>
    public CoverageCounts Coverage { get; } = new();

    /// <summary>Vectors that no sequence can take beside the reference, why, and where they are tested.</summary>
    static readonly Dictionary<Vector, string> untakenVectors = new()
    {
        [Vector.MachineCheck] =
            "comes from the input line alone: InterruptTests.Critical_and_machine_check_interrupts_have_their_own_save_registers",
        [Vector.FloatUnavailable] = "the core has no floating-point unit: its instructions are illegal",
        [Vector.AuxiliaryUnavailable] = "the core has no auxiliary processor",
        [Vector.FixedIntervalTimer] = "never comes in the reference: TimerTests.The_fixed_interval_timer_sees_its_bit_rise",
        [Vector.Watchdog] = "never comes in the reference: TimerTests.The_watchdog_arms_then_interrupts_then_resets",
        [Vector.EmbeddedFloatData] =
            "the reference ignores SPEFSCR: EmbeddedFloatTests.An_enabled_exception_interrupts_and_keeps_the_destination",
        [Vector.EmbeddedFloatRound] =
            "the reference ignores SPEFSCR: EmbeddedFloatTests.An_enabled_inexact_result_is_truncated_and_interrupts_after_the_instruction",
        [Vector.PerformanceMonitor] = "the performance monitor counts nothing",
    };

    /// <summary>Counts a completed instruction.</summary>
    public void CountInstruction(uint word, uint msr)
    {
        if (Decoder.Find(word) is not { } instruction)
            return;
        Count("op " + instruction.Mnemonic);
        if (Decoder.GroupOf(word, msr) is { } group)
            current.CoverInstruction(group);
        Count((msr & Msr.Pr) != 0 ? "state user" : "state supervisor");
        Count((msr & Msr.Ds) != 0 ? "data space 1" : "data space 0");
        Count((msr & Msr.Is) != 0 ? "instruction space 1" : "instruction space 0");
        if (instruction.Mnemonic is "mfspr" or "mtspr"
            && SpecialRegisters.Find((int)((word >> 16 & 31) | (word >> 6 & 0x3E0))) is { } register)
            Count($"{instruction.Mnemonic} {register.Name}");
    }

    /// <summary>Counts an interrupt by the number of its IVOR.</summary>
    public void CountVector(int number)
    {
        string vector = $"{(Vector)(number < 32 ? number : number - 16)}";
        Count($"vector {vector}");
        current.Cover(CoverageKind.ExceptionKinds, vector);
    }

    /// <summary>A sequence has come to its end.</summary>
    public void EndSequence()
    {
        Coverage.Add(current);
        current = new();
    }

    /// <summary>Counts something else.</summary>
    public void Count(string name) => counts[name] = counts.GetValueOrDefault(name) + 1;

    /// <summary>What was too rare in a campaign of that many sequences.</summary>
    public IEnumerable<string> Missed(int sequences) => Floors()
        .Select(floor => (floor.Name, Floor: (int)Math.Min(floor.Least, (long)floor.Least * sequences / FullCampaign)))
        .Where(floor => counts.GetValueOrDefault(floor.Name) < floor.Floor)
        .Select(floor => string.Create(CultureInfo.InvariantCulture,
            $"{floor.Name}: {counts.GetValueOrDefault(floor.Name)}, at least {floor.Floor} expected"));

    static IEnumerable<(string Name, int Least)> Floors()
    {
        foreach (string mnemonic in Mnemonics(missing: false))
            yield return ("op " + mnemonic, MnemonicFloor);
        foreach (var vector in Enum.GetValues<Vector>().Where(static v => !untakenVectors.ContainsKey(v)))
            yield return ($"vector {vector}", VectorFloor);
        for (int number = 0; number < 1024; number++)
        {
            if (SpecialRegisters.Find(number) is not { } register || SequenceDepartures.IsMissingRegister(number))
                continue;
            if ((register.Access & SpecialAccess.SupervisorRead) != 0)
                yield return ($"mfspr {register.Name}", 1);
            if ((register.Access & SpecialAccess.SupervisorWrite) != 0)
                yield return ($"mtspr {register.Name}", 1);
        }

        foreach (string state in (string[])["state user", "state supervisor", "data space 0", "data space 1", "instruction space 0",
            "instruction space 1"])
            yield return (state, 10_000);
    }

    /// <summary>Mnemonics of ours that the reference lacks, or has.</summary>
    static IEnumerable<string> Mnemonics(bool missing) =>
        Decoder.All().Select(static i => i.Mnemonic).Distinct().Where(mnemonic => SequenceDepartures.IsMissing(mnemonic) == missing);

    /// <summary>All counts as a table, with what could not occur and why.</summary>
    public static string ToTable(IReadOnlyDictionary<string, int> counts)
    {
        var table = new System.Text.StringBuilder();
        foreach (var group in counts.GroupBy(static c => c.Key.Split(' ')[0]))
        {
            table.Append(CultureInfo.InvariantCulture, $"{group.Key}:");
            foreach (var (name, count) in group)
                table.Append(CultureInfo.InvariantCulture, $" {name[(group.Key.Length + 1)..]}={count}");
            table.Append('\n');
        }

        foreach (var (vector, reason) in untakenVectors)
            table.Append(CultureInfo.InvariantCulture, $"not taken: {vector}: {reason}\n");
        table.Append(CultureInfo.InvariantCulture,
            $"not in the reference, see SpeMultiplyTests, InterruptTests, CoreExecutionTests: {string.Join(' ', Mnemonics(missing: true))}\n");
        foreach (var (reference, rule, test) in SequenceDepartures.Found)
            table.Append(CultureInfo.InvariantCulture, $"departure: in the reference {reference}. {rule}. {test}\n");
        return table.ToString();
    }
}
