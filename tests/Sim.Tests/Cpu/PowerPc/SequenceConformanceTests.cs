using System.Globalization;
using Sim.PropertyKit;
using Sim.PropertyKit.Cpu;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Random instruction sequences beside QEMU 7.2's e500v2: see <see cref="CpuReferenceLaw"/>. For a large campaign:
/// <code>SIM_CONFORMANCE_SEQUENCES=100000 dotnet run -c Release --project tests/Sim.Tests -- -class Sim.Tests.SequenceConformanceTests</code>
/// with SIM_CONFORMANCE_SEED to repeat one.
/// </summary>
public sealed class SequenceConformanceTests(ITestOutputHelper output)
{
    [Fact]
    public void Sequences_end_as_on_the_reference()
    {
        Assert.SkipWhen(CpuReferenceLaw.Law.Missing() is not null, CpuReferenceLaw.Law.Missing() ?? "");
        var options = CpuReferenceLaw.Law.Sample;
        if (Environment.GetEnvironmentVariable("SIM_CONFORMANCE_SEQUENCES") is { } runs)
            options = options with { Runs = int.Parse(runs, CultureInfo.InvariantCulture) };
        if (Environment.GetEnvironmentVariable("SIM_CONFORMANCE_SEED") is { } seed)
            options = options with { Seed = ulong.Parse(seed, CultureInfo.InvariantCulture) };
        var report = CpuReferenceLaw.Law.Holds(options);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {report.Seed}, {report.Runs} sequences"));
        output.WriteLine(CpuReferenceLaw.Table(report));
    }
}
