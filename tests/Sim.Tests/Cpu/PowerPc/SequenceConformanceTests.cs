using System.Globalization;
using Sim.Engine.Cpu.PowerPc;
using Sim.PropertyKit;
using Sim.PropertyKit.Cpu;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Random instruction sequences beside QEMU 7.2's e500v2: see <see cref="CpuReferenceLaw"/>. A recorded sample is replayed in every run;
/// the campaign needs <c>qemu-system-ppc</c> and runs small by default. For a large one:
/// <code>sim check --law cpu-reference --runs 100000</code>
/// or this test with SIM_CONFORMANCE_SEQUENCES, which prints all counts, SIM_CONFORMANCE_SEED to repeat one, and
/// SIM_CONFORMANCE_RECORD=1 to write the sample anew.
/// </summary>
public sealed class SequenceConformanceTests(ITestOutputHelper output)
{
    const int RecordedAtMost = 220, FirstRecorded = 1;

    static string SamplePath => Path.Combine(Repository.Root, "tests", "Sim.Tests", "Cpu", "PowerPc", "conformance-sequences.txt");

    [Fact]
    public void Recorded_sequences_end_as_on_the_reference()
    {
        var (cases, expected) = ReadSample();
        Assert.True(cases.Count >= 150, $"Only {cases.Count} recorded sequences.");
        Assert.Empty(Differences(cases, SequenceMachine.Run(cases), expected));
    }

    [Fact]
    public void Recorded_sequences_complete_most_instructions_and_take_most_interrupts()
    {
        var coverage = new SequenceCoverage();
        using (var machine = new SequenceMachine(SequenceProgram.Build(ReadSample().Cases), ReadSample().Cases.Count))
            machine.Finish(coverage);
        int mnemonics = coverage.Counts.Keys.Count(static name => name.StartsWith("op ", StringComparison.Ordinal));
        int vectors = coverage.Counts.Keys.Count(static name => name.StartsWith("vector ", StringComparison.Ordinal));
        Assert.True(mnemonics >= 250 && vectors >= 10, $"{mnemonics} instructions and {vectors} interrupts.");
    }

    [Fact]
    public void A_wrong_instruction_shows_in_the_recorded_sequences()
    {
        var (cases, expected) = ReadSample();
        Assert.NotEmpty(Differences(cases, RunWithWrongXoris(cases), expected));
    }

    [Fact]
    public void A_wrong_instruction_is_found_and_shrunk()
    {
        Require();
        var failure = Assert.Throws<LawFailedException>(() =>
            CpuReferenceLaw.Hold(new LawOptions { Runs = 500, Seed = 1 }, RunWithWrongXoris));
        var shrunk = SequenceCase.Parse(Assert.IsType<string>(failure.Case));
        Assert.Equal(["xoris"], shrunk.Code.Where(static word => word != Asm.Nop).Select(static word => Decoder.Find(word)?.Mnemonic));
    }

    [Fact]
    public void Nothing_done_is_missed_by_every_floor()
    {
        string[] missed = [.. new SequenceCoverage().Missed(SequenceCoverage.FullCampaign)];
        Assert.Contains("op add: 0, at least 200 expected", missed);
        Assert.Contains("vector Decrementer: 0, at least 50 expected", missed);
        Assert.Contains("mtspr MMUCSR0: 0, at least 1 expected", missed);
    }

    [Fact]
    public void Departures_of_the_reference_are_pinned_by_tests()
    {
        var tests = typeof(SequenceConformanceTests).Assembly.GetTypes()
            .SelectMany(static type => type.GetMethods().Select(method => $"{type.Name}.{method.Name}")).ToHashSet();
        Assert.All(SequenceDepartures.Found, departure => Assert.Contains(departure.Test, tests));
    }

    [Fact]
    public void Sequences_end_as_on_the_reference()
    {
        Require();
        var options = CpuReferenceLaw.Law.Sample;
        if (Environment.GetEnvironmentVariable("SIM_CONFORMANCE_SEQUENCES") is { } runs)
            options = options with { Runs = int.Parse(runs, CultureInfo.InvariantCulture) };
        if (Environment.GetEnvironmentVariable("SIM_CONFORMANCE_SEED") is { } seed)
            options = options with { Seed = ulong.Parse(seed, CultureInfo.InvariantCulture) };
        if (Environment.GetEnvironmentVariable("SIM_CONFORMANCE_RECORD") == "1")
            Record();
        var report = CpuReferenceLaw.Law.Holds(options);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {report.Seed}, {report.Runs} sequences"));
        output.WriteLine(CpuReferenceLaw.Table(report));
    }

    static void Require() => HostTool.Require("qemu-system-ppc", "qemu-system-ppc");

    /// <summary>Our machine, as if xoris were oris.</summary>
    static List<SequenceOutcome> RunWithWrongXoris(IReadOnlyList<SequenceCase> cases) => SequenceMachine.Run(
        [.. cases.Select(static c => c with { Code = [.. c.Code.Select(static word => word >> 26 == 27 ? word - (2u << 26) : word)] })]);

    static List<string> Differences(List<SequenceCase> cases, List<SequenceOutcome> found, List<SequenceOutcome> expected) =>
        [.. Enumerable.Range(0, cases.Count)
            .Select(i => (Text: string.Join("; ", found[i].DifferencesFrom(expected[i], cases[i])), Case: cases[i]))
            .Where(static pair => pair.Text.Length > 0).Select(static pair => $"{pair.Text} in: {pair.Case}")];

    /// <summary>The first line is the empty sequence: what the others leave as it leaves it is not written.</summary>
    static (List<SequenceCase> Cases, List<SequenceOutcome> Outcomes) ReadSample()
    {
        List<SequenceCase> cases = [];
        List<SequenceOutcome> outcomes = [];
        foreach (string[] sides in File.ReadLines(SamplePath).Select(static line => line.Split('>')))
        {
            cases.Add(SequenceCase.Parse(sides[0]));
            outcomes.Add(SequenceOutcome.Parse(sides[1], SequenceOutcome.Unaffected(cases[^1], outcomes.FirstOrDefault())));
        }

        return (cases, outcomes);
    }

    /// <summary>Writes sequences with instructions that those before did not have twice.</summary>
    static void Record()
    {
        List<SequenceCase> cases = [SequenceCase.Parse("")];
        var seen = new Dictionary<string, int>();
        for (ulong seed = FirstRecorded; cases.Count < RecordedAtMost && seed < 20_000; seed++)
        {
            var drawn = SequenceGenerator.Draw(seed);
            string[] mnemonics = [.. drawn.Code.Select(static word => Decoder.Find(word)?.Mnemonic ?? "illegal").Distinct()];
            if (mnemonics.All(mnemonic => seen.GetValueOrDefault(mnemonic) >= 3) && seed > 100)
                continue;
            foreach (string mnemonic in mnemonics)
                seen[mnemonic] = seen.GetValueOrDefault(mnemonic) + 1;
            cases.Add(drawn);
        }

        var outcomes = SequenceReference.Run(cases);
        File.WriteAllLines(SamplePath, cases.Zip(outcomes).Select((pair, index) =>
            $"{pair.First} > {pair.Second.ToText(SequenceOutcome.Unaffected(pair.First, index == 0 ? null : outcomes[0]))}"));
    }
}
