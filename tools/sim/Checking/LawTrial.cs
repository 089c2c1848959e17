using System.Diagnostics;
using System.IO.Hashing;
using System.Text;
using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>Tries one law in this process.</summary>
internal sealed class LawTrial
{
    /// <summary>Milliseconds between two reports of how far it is.</summary>
    private const long Interval = 200;

    private readonly NamedLaw law;
    private readonly CheckSettings settings;
    private readonly Action<LawResult> tell;
    private readonly long start = Stopwatch.GetTimestamp();
    private readonly LawResult begin;
    private LawReport? latest;
    private long lastTold;

    private LawTrial(NamedLaw law, CheckSettings settings, Action<LawResult> tell)
    {
        this.law = law;
        this.settings = settings;
        this.tell = tell;
        begin = Begin(law, settings);
    }

    /// <summary>Tries the law to its end.</summary>
    /// <param name="law">The law.</param>
    /// <param name="settings">On what.</param>
    /// <param name="tell">Told now and then how it stands; not told the end.</param>
    /// <param name="stop">Stops it before the next case.</param>
    public static LawResult Run(NamedLaw law, CheckSettings settings, Action<LawResult> tell, CancellationToken stop)
    {
        if (law.Missing() is { } missing)
            return Begin(law, settings) with { Result = LawOutcome.NotRun, Message = missing };
        return new LawTrial(law, settings, tell).Run(stop);
    }

    /// <summary>How it stands with a law before its first case.</summary>
    public static LawResult Begin(NamedLaw law, CheckSettings settings)
    {
        var options = Options(law, settings);
        var classes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (required, _) in options.Required)
            classes[required] = 0;
        return new LawResult { Law = law.Name, Group = law.Group, Of = settings.Case is null ? options.Runs : 1, Classes = classes };
    }

    /// <summary>
    /// On what a law is tried. Its seed follows from the campaign's and its name, so that it is the same whatever other laws are tried.
    /// With fewer cases than its sample has, no class is required: it may be missing by chance.
    /// </summary>
    private static LawOptions Options(NamedLaw law, CheckSettings settings)
    {
        var sample = law.Sample with { MaxShrinkAttempts = settings.Shrink ?? law.Sample.MaxShrinkAttempts };
        if (settings.Case is { } one)
            return sample with { PastFailures = [one], Runs = 0, Required = [], Seed = settings.Seed };
        var runs = settings.Runs ?? sample.Runs;
        return sample with
        {
            Runs = runs,
            Required = runs < sample.Runs ? [] : sample.Required,
            Seed = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(law.Name), unchecked((long)settings.Seed)),
        };
    }

    private LawResult Run(CancellationToken stop)
    {
        try
        {
            Tell(law.Holds(Options(law, settings) with { Progress = Tell, Cancellation = stop }));
            return End(LawOutcome.Held);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return End(LawOutcome.Stopped);
        }
        catch (LawFailedException failure)
        {
            return End(LawOutcome.Failed) with
            {
                Message = failure.Message,
                Case = failure.Case?.ToString(),
                Replay = failure.Replay?.ToString(),
                Cases = settings.Case is null ? failure.Cases : 1,
                Again = settings.Again(law.Name, failure.Replay),
                Journal = FailureFile.Record(law, failure, settings),
            };
        }
    }

    private void Tell(LawReport report)
    {
        latest = report;
        if (Environment.TickCount64 - lastTold < Interval)
            return;
        lastTold = Environment.TickCount64;
        tell(End(LawOutcome.Running));
    }

    private LawResult End(LawOutcome outcome)
    {
        var classes = new SortedDictionary<string, int>(begin.Classes.ToDictionary(), StringComparer.Ordinal);
        foreach (var (name, count) in latest?.Classes ?? new Dictionary<string, int>())
            classes[name] = count;
        var seconds = Math.Round(Stopwatch.GetElapsedTime(start).TotalSeconds, 3);
        var cases = settings.Case is null ? latest?.Runs ?? 0 : 1;
        var coverage = outcome == LawOutcome.Running ? null : latest?.Coverage.Kinds;
        return begin with { Result = outcome, Cases = cases, Classes = classes, Coverage = coverage, Seconds = seconds };
    }
}
