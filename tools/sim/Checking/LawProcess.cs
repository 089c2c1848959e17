using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sim.Engine.Base;

namespace Sim.Cli.Checking;

/// <summary>Tries one law in a process of its own, which may crash: <c>sim check --format jsonl</c>, read line by line.</summary>
internal static class LawProcess
{
    /// <summary>Characters of the child's standard error that are kept: the first ones, where a crash says what happened.</summary>
    private const int KeptErrorLength = 2000;

    /// <summary>Tries a law.</summary>
    /// <param name="program">The assembly to run, see <see cref="LawSource.Program"/>.</param>
    /// <param name="begin">The law, not tried yet.</param>
    /// <param name="settings">On what.</param>
    /// <param name="tell">Told now and then how it stands; not told the end.</param>
    /// <param name="stop">Ends the process, and whatever it started.</param>
    public static async Task<LawResult> RunAsync(
        string program, LawResult begin, CheckSettings settings, Action<LawResult> tell, CancellationToken stop)
    {
        using var process = Start(program, begin.Law, settings);
        await using var ending = stop.Register(() => Kill(process));
        var error = ReadStartAsync(process.StandardError);
        var latest = begin;
        while (await process.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (Parse(line) is not { } told)
                continue;   // A law that prints, or the last line of a process that was ended.
            latest = told;
            if (told.Result == LawOutcome.Running)
                tell(told);
        }

        await process.WaitForExitAsync(CancellationToken.None);
        if (latest.Result != LawOutcome.Running)
            return latest;
        if (stop.IsCancellationRequested || process.ExitCode == ExitCodes.Interrupted)
            return latest with { Result = LawOutcome.Stopped };
        var words = (await error).Trim();
        return latest with
        {
            Result = LawOutcome.Crashed,
            Message = FormattableString.Invariant($"Law '{begin.Law}': its process ended with exit code {process.ExitCode}, after ")
                + FormattableString.Invariant($"{latest.Cases} cases or more.{(words.Length > 0 ? "\n" + words : "")}"),
            Again = settings.Again(begin.Law, null),
        };
    }

    private static Process Start(string program, string law, CheckSettings settings)
    {
        List<string> arguments = [program, "check", "--law", law, "--format", "jsonl", "--failures", settings.Failures];
        if (settings.Case is { } one)
            arguments.AddRange(["--case", one.ToString()]);
        else
            arguments.AddRange(["--seed", settings.Seed.ToString(CultureInfo.InvariantCulture)]);
        if (settings.Runs is { } runs)
            arguments.AddRange(["--runs", runs.ToString(CultureInfo.InvariantCulture)]);
        if (settings.Shrink is { } shrink)
            arguments.AddRange(["--shrink", shrink.ToString(CultureInfo.InvariantCulture)]);
        var start = new ProcessStartInfo(DotnetHost(), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception error)
        {
            throw new SimException($"{start.FileName}: the process that tries a law cannot be started: {error.Message}.", error);
        }
    }

    /// <summary>The program <c>dotnet</c> that belongs to the runtime of this process, wherever the search path leads.</summary>
    private static string DotnetHost()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../..", name));
        return File.Exists(beside) ? beside : name;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }

    private static async Task<string> ReadStartAsync(StreamReader reader)
    {
        var kept = new StringBuilder();
        while (await reader.ReadLineAsync(CancellationToken.None) is { } line)
        {
            if (kept.Length < KeptErrorLength)
                kept.Append(line).Append('\n');
        }

        return kept.ToString();
    }

    private static LawResult? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, LawResultJson.Default.LawResult);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
