using Xunit;

namespace Sim.Tests;

/// <summary>The ELF files under tools/guests are what their sources build to, byte for byte.</summary>
public sealed class GuestBuildTests
{
    const string Compiler = "powerpc-linux-gnu-gcc";
    const string CompilerVersion = "12.2.0";

    [Fact]
    public void Checked_in_guests_equal_a_fresh_build()
    {
        HostTool.Require(Compiler, "gcc-powerpc-linux-gnu");
        var version = HostTool.Run(Compiler, ["-dumpfullversion"]).Text.Trim();
        Assert.SkipUnless(version == CompilerVersion,
            $"{Compiler} is {version}; the checked-in files come from {CompilerVersion}, on Debian 12: sudo apt-get install gcc-powerpc-linux-gnu");

        var guests = Path.Combine(Repository.Root, "tools", "guests");
        var output = Directory.CreateTempSubdirectory("sim-guests-");
        try
        {
            var build = HostTool.Run("sh", [Path.Combine(guests, "build.sh"), output.FullName]);
            Assert.True(build.ExitCode == 0, build.Error);
            var built = Names(output.FullName);
            Assert.NotEmpty(built);
            Assert.Equal(Names(guests), built);
            foreach (var name in built)
                Assert.True(
                    File.ReadAllBytes(Path.Combine(guests, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(output.FullName, name))),
                    $"tools/guests/{name} differs from what its sources build to; run tools/guests/build.sh and check the result in.");
        }
        finally
        {
            output.Delete(recursive: true);
        }
    }

    static string[] Names(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.elf", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];
}
