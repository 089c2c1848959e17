using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Known runs have the digests on file; the console test of U-Boot compares its own there as well.</summary>
public sealed class GoldenDigestTests
{
    [Theory]
    [InlineData("demo", 1, "round-robin")]
    [InlineData("demo", 2, "round-robin")]
    [InlineData("demo", 4, "round-robin")]
    [InlineData("demo", 8, "round-robin")]
    [InlineData("demo", 2, "random:1")]
    [InlineData("demo", 8, "random:1")]
    [InlineData("u-boot", 1, "round-robin")]
    [InlineData("u-boot", 2, "random:1")]
    public void Digest_of_a_known_run_is_the_one_on_file(string guest, int smp, string schedule)
    {
        var name = FormattableString.Invariant($"{guest} smp={smp} {schedule}");
        GoldenDigests.Check(name, new MachineScenario(guest, smp, schedule).RunStraight().Digest);
    }
}
