using System.ComponentModel;
using System.Diagnostics;
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
        var version = Run(Compiler, "-dumpfullversion");
        Assert.SkipWhen(version is null, $"No {Compiler} here. To run this test: sudo apt-get install -y gcc-powerpc-linux-gnu");
        Assert.SkipUnless(version!.Trim() == CompilerVersion,
            $"{Compiler} is {version.Trim()}; the checked-in files come from {CompilerVersion} (Debian 12). There: sudo apt-get install -y gcc-powerpc-linux-gnu");

        var guests = Path.Combine(FindRepository(), "tools", "guests");
        var output = Directory.CreateTempSubdirectory("sim-guests-");
        try
        {
            Assert.NotNull(Run("sh", Path.Combine(guests, "build.sh"), output.FullName));
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

    static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Sim.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No Sim.sln above {AppContext.BaseDirectory}.");
    }

    /// <summary>Standard output of a program that must succeed, or null where it is not installed.</summary>
    static string? Run(string program, params string[] arguments)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception)
        {
            return null;
        }
        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{program} exited with {process.ExitCode}: {errors.Result}");
            return text;
        }
    }
}
