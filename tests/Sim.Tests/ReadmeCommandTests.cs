using Xunit;

namespace Sim.Tests;

/// <summary>The README's sessions with snapshots and recordings, as they stand there, but for the folder of their files.</summary>
public sealed class ReadmeCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sim-readme-").FullName;

    private static string Readme => File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void U_Boot_saved_asleep_wakes_up_with_the_end_line_of_the_uninterrupted_run()
    {
        _ = TestGuests.UBoot();   // Skips where it is not installed.
        var script = Path.Combine(folder, "sleep.script");
        var section = Readme[Readme.IndexOf("script that sleeps", StringComparison.Ordinal)..];
        File.WriteAllText(script, section.Split("```")[1].TrimStart('\n').Replace("save ", $"save {folder}/", StringComparison.Ordinal));
        var whole = Run($"sim run --script {script}");
        Assert.StartsWith("end: reason=poweroff ", whole, StringComparison.Ordinal);
        Assert.Equal(whole, Run($"sim restore {folder}/asleep.simsnap"));
        Assert.StartsWith("end: reason=poweroff ", Run($"sim restore {folder}/asleep.simsnap"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_recording_replays_and_its_middle_is_found()
    {
        var section = Readme[Readme.IndexOf("## Record and replay", StringComparison.Ordinal)..];
        var commands = section[..section.IndexOf("## Snapshots", StringComparison.Ordinal)].Split('\n')
            .Where(static line => line.StartsWith("    sim ", StringComparison.Ordinal) && !line.Contains(" -s ", StringComparison.Ordinal))
            .Select(line => line.Split('#')[0].Trim().Replace("demo.simrec", $"{folder}/demo.simrec", StringComparison.Ordinal)
                .Replace("middle.simsnap", $"{folder}/middle.simsnap", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, commands.Count);
        var ends = commands.ConvertAll(Run);
        Assert.Equal(ends[0], ends[1]);
        Assert.StartsWith("end: reason=mark ", ends[2], StringComparison.Ordinal);
        Assert.Equal(ends[0], Run($"sim restore {folder}/middle.simsnap"));
    }

    /// <summary>Runs a command line, which must succeed; returns what its end line says of the run.</summary>
    private static string Run(string line)
    {
        var result = SimCommandLine.Invoke(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]);
        Assert.True(result.ExitCode == 0, $"{line}: {result.Error}");
        return result.LastLine.Split("  ")[0];
    }
}
