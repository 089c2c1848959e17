using System.Globalization;
using Sim.Engine.Cpu.PowerPc;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Our core beside QEMU 7.2's e500v2: both run the same program of many short cases with boundary and random operands. A recorded sample
/// is replayed in every run; the campaigns need <c>qemu-system-ppc</c> and run small by default. For a large one:
/// <code>SIM_CONFORMANCE_CASES=200 dotnet test --project tests/Sim.Tests -- --filter-class '*ConformanceTests'</code>
/// with SIM_CONFORMANCE_CASES (cases per instruction), SIM_CONFORMANCE_SEED, and SIM_CONFORMANCE_RECORD=1 to write the sample
/// anew.
/// </summary>
public sealed class ConformanceTests
{
    /// <summary>The samples, and how many cases of a name they hold.</summary>
    const string Instructions = "conformance.txt", Faults = "conformance-faults.txt", Translation = "conformance-mmu.txt";
    const int InstructionSamples = 5, FaultSamples = 13, TranslationGroups = 40;

    static int CasesPerInstruction => Number("SIM_CONFORMANCE_CASES", 4);

    static int Seed => Number("SIM_CONFORMANCE_SEED", 1);

    [Theory]
    [InlineData(Instructions, 1500)]
    [InlineData(Faults, 300)]
    [InlineData(Translation, 150)]
    public void Recorded_outcomes_of_the_reference_are_ours(string file, int atLeast)
    {
        var recorded = File.ReadLines(PathOf(file)).Select(CaseText.Parse).ToList();
        Assert.True(recorded.Count >= atLeast, $"Only {recorded.Count} recorded cases.");
        Compare([.. recorded.Select(static r => (r.Mnemonic, r.Input))], [.. recorded.Select(static r => r.Outcome)]);
    }

    [Fact]
    public void The_first_model_lacks_double_precision()
    {
        var input = CaseText.Default(0x1064_2AE0 /* efdadd r3,r4,r5 */);
        Assert.Equal(8u, SimPowerPc.Run([input])[0].Vector);
        var outcome = SimPowerPc.Run([input], "e500_v20")[0];
        Assert.Equal((6u, Esr.Pil, ConformanceProgram.CodeSlot), (outcome.Vector, outcome.Esr, outcome.Srr0));
    }

    [Fact]
    public void Campaign_over_our_instructions()
    {
        var generator = new CaseGenerator(Seed);
        var cases = new List<(string Name, PowerPcCase Input)>();
        foreach (var instruction in Decoder.All().OrderBy(static i => i.Value))
            for (int i = 0; i < CasesPerInstruction; i++)
                if (generator.Draw(instruction) is PowerPcCase drawn)
                    cases.Add((instruction.Mnemonic, drawn));
        var outcomes = CompareWithReference(cases);
        if (Number("SIM_CONFORMANCE_RECORD", 0) == 1)
            Record(Instructions, InstructionSamples, cases, outcomes);
    }

    [Fact]
    public void Campaign_over_all_opcodes() => CompareWithReference([.. new CaseGenerator(Seed).Words(1 + (CasesPerInstruction / 20))]);

    [Fact]
    public void Campaign_over_special_registers() => CompareWithReference([.. CaseGenerator.SpecialRegisters()]);

    [Fact]
    public void Campaign_over_returns_and_faults()
    {
        List<(string Name, PowerPcCase Input)> cases =
            [.. CaseGenerator.Faults(), .. CaseGenerator.Reservations(), .. new CaseGenerator(Seed).Returns(CasesPerInstruction)];
        var outcomes = CompareWithReference(cases);
        if (Number("SIM_CONFORMANCE_RECORD", 0) == 1)
            Record(Faults, FaultSamples, cases, outcomes);
    }

    [Fact]
    public void Campaign_over_the_MMU()
    {
        CompareWithReference([.. new CaseGenerator(Seed).TlbEntries(10 * CasesPerInstruction)]);
        if (Number("SIM_CONFORMANCE_RECORD", 0) != 1)
            return;
        // Each case goes on from what the ones before have left in the TLB, so all of them are kept, in order.
        List<(string Name, PowerPcCase Input)> cases = [.. new CaseGenerator(Seed).TlbEntries(TranslationGroups)];
        var lines = cases.Zip(CompareWithReference(cases))
            .Select(static pair => CaseText.Format(pair.First.Name, pair.First.Input, pair.Second));
        File.WriteAllText(PathOf(Translation), string.Join('\n', lines) + "\n");
    }

    static string PathOf(string file) => Path.Combine(Repository.Root, "tests", "Sim.Tests", "Cpu", "PowerPc", file);

    static List<PowerPcCase.Outcome> CompareWithReference(List<(string Name, PowerPcCase Input)> cases)
    {
        HostTool.Require("qemu-system-ppc", "qemu-system-ppc");
        var outcomes = QemuPowerPc.Run([.. cases.Select(static c => c.Input)]);
        Compare(cases, outcomes);
        return outcomes;
    }

    static void Record(string file, int samples, List<(string Name, PowerPcCase Input)> cases, List<PowerPcCase.Outcome> outcomes)
    {
        var lines = cases.Zip(outcomes)
            .Where(static pair => ReferenceDepartures.Of(pair.First.Input, pair.Second) is null)
            .GroupBy(static pair => pair.First.Name, static pair => CaseText.Format(pair.First.Name, pair.First.Input, pair.Second))
            .SelectMany(g => Spread([.. g.Distinct()], samples));
        File.WriteAllText(PathOf(file), string.Join('\n', lines) + "\n");
    }

    /// <summary>Some of the lines, evenly taken.</summary>
    static IEnumerable<string> Spread(List<string> lines, int count) =>
        Enumerable.Range(0, Math.Min(count, lines.Count)).Select(i => lines[(int)((long)i * lines.Count / Math.Min(count, lines.Count))]);

    /// <summary>Runs the cases on our core and fails with the first difference of each name.</summary>
    static void Compare(List<(string Name, PowerPcCase Input)> cases, List<PowerPcCase.Outcome> expected)
    {
        var ours = SimPowerPc.Run([.. cases.Select(static c => c.Input)]);
        var failures = Enumerable.Range(0, cases.Count)
            .Where(i => ReferenceDepartures.Of(cases[i].Input, expected[i]) is null)
            .Select(i => (cases[i].Name, Text: Difference(cases[i].Name, cases[i].Input, ours[i], expected[i])))
            .Where(static f => f.Text is not null).ToList();
        var first = failures.GroupBy(static f => f.Name).Select(static g => $"{g.Count()} x {g.First().Text}");
        Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Count} cases differ:\n{string.Join('\n', first)}");
    }

    static string? Difference(string name, PowerPcCase input, PowerPcCase.Outcome ours, PowerPcCase.Outcome expected)
    {
        var differences = ours.Fields().Zip(expected.Fields())
            .Where(pair => pair.First.Value != pair.Second.Value && ReferenceDepartures.IsCompared(input, pair.First.Name, expected))
            .Select(static pair => string.Create(CultureInfo.InvariantCulture,
                $"{pair.First.Name} is {pair.First.Value:x}, not {pair.Second.Value:x}")).ToList();
        return differences.Count == 0 ? null : $"{string.Join("; ", differences.Take(4))} in: {CaseText.Format(name, input, expected)}";
    }

    static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value : otherwise;
}
