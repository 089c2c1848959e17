using System.Diagnostics;
using System.Text;
using Sim.Engine.Base;

namespace Sim.Bench;

/// <summary>When a program printed what was waited for, in seconds of the host's clock since it was started.</summary>
/// <param name="Times">One for each text, in order.</param>
/// <param name="Seconds">When it ended.</param>
/// <param name="Messages">All that it said on standard error.</param>
internal sealed record ConsoleMarks(IReadOnlyList<double> Times, double Seconds, string Messages)
{
    /// <summary>False when a deadline ended it.</summary>
    public bool HasEnded { get; init; } = true;

    /// <summary>Runs a program without input and waits for texts on its standard output, each after the one before.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="texts">What to wait for, ASCII.</param>
    /// <param name="isEndless">True for a program that is to be ended when it has printed the last one.</param>
    /// <param name="deadline">When it is given up, with what it had printed by then; null for never.</param>
    /// <exception cref="SimException">It failed, or ended before it had printed all.</exception>
    public static ConsoleMarks Run(IReadOnlyList<string> command, IReadOnlyList<string> texts, bool isEndless, TimeSpan? deadline = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start.");
        var gaveUp = false;
        using var watchdog = deadline is not { } time ? null : new Timer(
            _ =>
            {
                gaveUp = true;
                process.Kill();
            },
            null,
            time,
            Timeout.InfiniteTimeSpan);
        process.StandardInput.Close();
        var messages = process.StandardError.ReadToEndAsync();
        var console = new StringBuilder();
        var times = Wait(process.StandardOutput.BaseStream, texts, watch, console);
        if (isEndless && times.Count == texts.Count)
            process.Kill();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var seconds = watch.Elapsed.TotalSeconds;
        if (gaveUp)
            return new ConsoleMarks(times, seconds, messages.Result) { HasEnded = false };
        if (times.Count < texts.Count)
        {
            throw new SimException(
                $"{command[0]} ended without printing '{texts[times.Count]}': {Tail(console.ToString())} {messages.Result.Trim()}",
                SimErrorKind.Guest);
        }

        return isEndless || process.ExitCode == 0
            ? new ConsoleMarks(times, seconds, messages.Result)
            : throw new SimException($"{command[0]} failed: {messages.Result.Trim()}", SimErrorKind.Guest);
    }

    /// <summary>Reads until all texts have come or the output ends.</summary>
    private static List<double> Wait(Stream output, IReadOnlyList<string> texts, Stopwatch watch, StringBuilder console)
    {
        var times = new List<double>();
        var buffer = new byte[1 << 14];
        var from = 0;
        while (times.Count < texts.Count && output.Read(buffer) is var count and > 0)
        {
            var time = watch.Elapsed.TotalSeconds;
            console.Append(Encoding.Latin1.GetString(buffer, 0, count));
            var text = console.ToString(from, console.Length - from);
            while (times.Count < texts.Count && text.IndexOf(texts[times.Count], StringComparison.Ordinal) is var at and >= 0)
            {
                text = text[(at + texts[times.Count].Length)..];
                times.Add(time);
            }

            from = console.Length - text.Length;
        }

        return times;
    }

    private static string Tail(string console) => string.Join('\n', console.Split('\n').TakeLast(5));
}
