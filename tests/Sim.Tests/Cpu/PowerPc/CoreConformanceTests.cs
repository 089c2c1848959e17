using System.Globalization;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Small programs beside QEMU 7.2's e500v2: sequences with branches, loads, stores and faults, that <see cref="ConformanceTests"/>,
/// which takes one
/// instruction at a time, does not have. SIM_CONFORMANCE_PROGRAMS of them with SIM_CONFORMANCE_SEED.
/// </summary>
public sealed class CoreConformanceTests
{
    [Fact]
    public void Programs_end_as_on_the_reference()
    {
        HostTool.Require("qemu-system-ppc", "qemu-system-ppc");
        var generator = new ProgramGenerator(Number("SIM_CONFORMANCE_SEED", 1));
        List<PowerPcCase> cases = [.. Enumerable.Range(0, Number("SIM_CONFORMANCE_PROGRAMS", 3000)).Select(_ => generator.Draw())];
        List<PowerPcCase.Outcome> expected = QemuPowerPc.Run(cases), ours = SimPowerPc.Run(cases);
        var failures = new List<string>();
        for (int i = 0; i < cases.Count; i++)
        {
            var reference = expected[i];
            var differences = ours[i].Fields().Zip(reference.Fields())
                // The reference sets a bit of SRR1 on program exceptions that Book E does not have.
                .Where(pair => pair.First.Value != pair.Second.Value && (pair.First.Name != "srr1" || reference.Vector != 6))
                .Select(static pair => string.Create(CultureInfo.InvariantCulture,
                    $"{pair.First.Name} is {pair.First.Value:x}, not {pair.Second.Value:x}"))
                .ToList();
            if (differences.Count > 0)
                failures.Add($"{string.Join("; ", differences.Take(4))} in: {CaseText.Format("program", cases[i], reference)}");
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Count} programs differ:\n{string.Join('\n', failures.Take(20))}");
    }

    static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : otherwise;
}
