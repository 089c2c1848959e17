using System.Globalization;
using Sim.Engine.Cpu.PowerPc;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Instructions beside QEMU 7.2's e500v2: single cases with boundary and random operands. A recorded sample is replayed in every run; the campaign, which needs
/// <c>qemu-system-ppc</c>, is run by hand:
/// <code>dotnet test --project tests/Sim.Tests -- --filter-class '*ConformanceTests' --explicit only</code>
/// with SIM_CONFORMANCE_CASES (cases per instruction, default 300), SIM_CONFORMANCE_SEED, and SIM_CONFORMANCE_RECORD=1 to write the sample anew.
/// </summary>
public sealed class ConformanceTests
{
    const int SampledPerInstruction = 6;

    static string SampleFile => Path.Combine(Repository.Root, "tests", "Sim.Tests", "Cpu", "PowerPc", "conformance.txt");

    [Fact]
    public void Recorded_outcomes_of_the_reference_are_ours()
    {
        var failures = new List<string>();
        int count = 0;
        foreach (string line in File.ReadLines(SampleFile))
        {
            var (mnemonic, input, expected) = CaseText.Parse(line);
            count++;
            if (Compare(mnemonic, input, expected) is string difference)
                failures.Add(difference);
        }

        Assert.True(count > 500, $"Only {count} recorded cases.");
        Assert.True(failures.Count == 0, $"{failures.Count} of {count} cases differ:\n{string.Join('\n', failures.Take(20))}");
    }

    [Fact(Explicit = true)]
    public void Campaign_against_the_reference()
    {
        HostTool.Require("qemu-system-ppc", "qemu-system-ppc");
        int perInstruction = Number("SIM_CONFORMANCE_CASES", 300);
        var generator = new CaseGenerator(Number("SIM_CONFORMANCE_SEED", 1));
        var cases = new List<(string Mnemonic, PowerPcCase Input)>();
        foreach (var instruction in Decoder.All().OrderBy(static i => i.Value))
        {
            var drawn = Enumerable.Range(0, perInstruction).Select(_ => generator.Draw(instruction)).OfType<PowerPcCase>()
                .Where(c => ReferenceDepartures.Of(instruction.Mnemonic, c) is null);
            cases.AddRange(drawn.Select(c => (instruction.Mnemonic, c)));
        }

        var outcomes = QemuPowerPc.Run([.. cases.Select(static c => c.Input)]);
        var failures = new List<(string Mnemonic, string Text)>();
        for (int i = 0; i < cases.Count; i++)
            if (Compare(cases[i].Mnemonic, cases[i].Input, outcomes[i]) is string difference)
                failures.Add((cases[i].Mnemonic, difference));
        if (Number("SIM_CONFORMANCE_RECORD", 0) == 1)
            Record([.. cases.Zip(outcomes, static (c, o) => (c.Mnemonic, c.Input, o))]);
        var first = failures.GroupBy(static f => f.Mnemonic).Select(static g => $"{g.Count()} x {g.First().Text}");
        Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Count} cases differ:\n{string.Join('\n', first)}");
    }

    static void Record(List<(string Mnemonic, PowerPcCase Input, PowerPcCase.Outcome Outcome)> cases)
    {
        // Cases that change something tell more than those that do not.
        var lines = cases.GroupBy(static c => c.Mnemonic)
            .SelectMany(static g => g.Select(static c => CaseText.Format(c.Mnemonic, c.Input, c.Outcome)).OrderBy(static l => l.EndsWith('>') ? 1 : 0).Take(SampledPerInstruction));
        File.WriteAllText(SampleFile, string.Join('\n', lines) + "\n");
    }

    /// <summary>The first differences of our outcome, or null.</summary>
    static string? Compare(string mnemonic, PowerPcCase input, PowerPcCase.Outcome expected)
    {
        var ours = StraightLine.Run(input);
        var differences = ours.Fields().Zip(expected.Fields())
            .Where(pair => pair.First.Value != pair.Second.Value && ReferenceDepartures.IsCompared(mnemonic, pair.First.Name, expected))
            .Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.First.Name} is {pair.First.Value:x}, not {pair.Second.Value:x}")).ToList();
        return differences.Count == 0 ? null : $"{string.Join("; ", differences.Take(4))} in: {CaseText.Format(mnemonic, input, expected)}";
    }

    static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
