using System.Diagnostics;

namespace Sim.Bench;

/// <summary>Time from process start to the first guest instruction.</summary>
public static class StartBenchmark
{
    /// <summary>Starts the command line several times, tracing one guest instruction; the median time until its line appears counts.</summary>
    /// <param name="command">The program and its leading arguments, such as <c>dotnet sim.dll</c>.</param>
    /// <param name="options">How much to measure.</param>
    public static Measurement FirstInstruction(IReadOnlyList<string> command, BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(options);
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Workload.All[0].Image(1));
            var times = Enumerable.Range(0, options.Small ? 1 : 9).Select(_ => Start(command, path)).Order().ToArray();
            return new Measurement("process start to first guest instruction", "ms", times[times.Length / 2], null, "under 200");
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static double Start(IReadOnlyList<string> command, string image)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in command.Skip(1).Concat(["run", "--bios", image, "--log", "exec", "--until-icount", "1"]))
            start.ArgumentList.Add(argument);
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        process.StandardInput.Close();
        var first = process.StandardError.ReadLine();   // The trace's line of the first instruction.
        var time = watch.Elapsed.TotalMilliseconds;
        var rest = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 && first?.Contains(" exec: ", StringComparison.Ordinal) == true
            ? time
            : throw new InvalidOperationException($"The command failed: {first} {rest}");
    }
}
