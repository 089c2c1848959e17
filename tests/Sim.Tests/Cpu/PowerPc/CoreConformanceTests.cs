using System.Globalization;
using Sim.Engine.Cpu.PowerPc;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Whole programs on the core beside QEMU 7.2's e500v2: blocks, branches, exceptions and rfi included. A recorded sample is replayed in every run; the
/// campaign, which needs <c>qemu-system-ppc</c>, is run by hand as that of <see cref="ConformanceTests"/> is.
/// </summary>
public sealed unsafe class CoreConformanceTests
{
    static string SampleFile => Path.Combine(Repository.Root, "tests", "Sim.Tests", "Cpu", "PowerPc", "conformance-core.txt");

    [Fact]
    public void Recorded_outcomes_of_the_reference_are_ours()
    {
        var cases = File.ReadLines(SampleFile).Select(CaseText.Parse).ToList();
        Assert.True(cases.Count > 500, $"Only {cases.Count} recorded cases.");
        AssertEqual(cases.ConvertAll(static c => c.Input), cases.ConvertAll(static c => c.Outcome));
    }

    [Fact(Explicit = true)]
    public void Campaign_against_the_reference()
    {
        HostTool.Require("qemu-system-ppc", "qemu-system-ppc");
        int count = Number("SIM_CONFORMANCE_CASES", 20_000);
        var generator = new ProgramGenerator(Number("SIM_CONFORMANCE_SEED", 1));
        var cases = Enumerable.Range(0, count).Select(_ => generator.Draw()).ToList();
        var outcomes = QemuPowerPc.Run(cases);
        AssertEqual(cases, outcomes);
        if (Number("SIM_CONFORMANCE_RECORD", 0) == 1)
            File.WriteAllLines(SampleFile, cases.Zip(outcomes, static (c, o) => CaseText.Format("program", c, o)).Take(600));
    }

    static void AssertEqual(List<PowerPcCase> cases, List<PowerPcCase.Outcome> expected)
    {
        var ours = RunOnCore(cases);
        var failures = new List<string>();
        for (int i = 0; i < cases.Count; i++)
        {
            var reference = expected[i];
            var differences = ours[i].Fields().Zip(reference.Fields())
                .Where(pair => pair.First.Value != pair.Second.Value && ReferenceDepartures.IsCompared("program", pair.First.Name, reference))
                .Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.First.Name} is {pair.First.Value:x}, not {pair.Second.Value:x}")).ToList();
            if (differences.Count > 0)
                failures.Add($"{string.Join("; ", differences.Take(4))} in: {CaseText.Format("program", cases[i], reference)}");
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Count} cases differ:\n{string.Join('\n', failures.Take(20))}");
    }

    static List<PowerPcCase.Outcome> RunOnCore(List<PowerPcCase> cases)
    {
        var outcomes = new List<PowerPcCase.Outcome>(cases.Count);
        foreach (var batch in cases.Chunk(ConformanceProgram.MaxCases))
        {
            using var cpu = new BareCpu();
            cpu.Ram.Write(0, ConformanceProgram.Build(batch));
            cpu.State->Pc = ConformanceProgram.Entry;
            for (int guard = 0; cpu.State->Pc != ConformanceProgram.Done; guard++)
            {
                Assert.True(guard < 10_000, $"The program never ends: it is at 0x{cpu.State->Pc:x}.");
                cpu.Run(100_000);
            }

            for (uint i = 0; i < batch.Length; i++)
                outcomes.Add(PowerPcCase.Outcome.Read(cpu.Ram.Span(ConformanceProgram.Records + i * ConformanceProgram.RecordSize, ConformanceProgram.RecordSize)));
        }

        return outcomes;
    }

    static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
