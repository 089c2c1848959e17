using Sim.Engine.Base;
using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>Tries laws, several at a time, each in a process of its own; once, or round after round until the time is over.</summary>
internal sealed class Campaign(LawSource source, IReadOnlyList<NamedLaw> laws, CheckSettings settings)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, LawResult> results = [];
    private readonly List<NamedLaw> runnable = [];

    /// <summary>Told how it stands with a law that is being tried or has just been; from any thread, one call at a time.</summary>
    public Action<LawResult>? Changed { get; set; }

    /// <summary>How it stands with each law, in the order of the catalogue.</summary>
    public IReadOnlyList<LawResult> Results =>
        [.. laws.Select(law => results.GetValueOrDefault(law.Name) ?? LawTrial.Begin(law, settings) with { Result = LawOutcome.Stopped })];

    /// <summary>Runs the campaign.</summary>
    /// <param name="stop">Ends it early; what was done stays done.</param>
    /// <exception cref="SimException">A failure cannot be saved, or no process be started.</exception>
    public void Run(CancellationToken stop)
    {
        foreach (var law in laws)
        {
            if (law.Missing() is { } missing)
                results[law.Name] = LawTrial.Begin(law, settings) with { Result = LawOutcome.NotRun, Message = missing };
            else
                runnable.Add(law);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (settings.Time is { } time)
            ending.CancelAfter(time);
        var options = new ParallelOptions { MaxDegreeOfParallelism = settings.Jobs, CancellationToken = ending.Token };
        try
        {
            Parallel.ForEachAsync(Work(), options, async (work, token) =>
            {
                var failed = await TryAsync(work.Law, work.Round, token);
                if (failed && settings.FirstFailure)
                    await ending.CancelAsync();
            }).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Interrupted, the time is over, or one has failed and that is all that was asked for: those that were being tried have told how far they came.
        }
    }

    /// <summary>The laws with the settings of their round. A law that failed is not tried again.</summary>
    private IEnumerable<(NamedLaw Law, CheckSettings Round)> Work()
    {
        for (var round = 0UL; round == 0 || settings.Time is not null; round++)
        {
            var seed = round == 0 ? settings.Seed : Prng.FromSeed(unchecked(settings.Seed + round)).S0;
            var left = runnable.Where(law => !IsFailed(law)).ToList();
            if (left.Count == 0)
                yield break;
            foreach (var law in left.Where(law => !IsFailed(law)))
                yield return (law, settings with { Seed = seed });
        }
    }

    private bool IsFailed(NamedLaw law)
    {
        lock (gate)
            return results.GetValueOrDefault(law.Name)?.IsFailure == true;
    }

    private async ValueTask<bool> TryAsync(NamedLaw law, CheckSettings round, CancellationToken stop)
    {
        var begin = LawTrial.Begin(law, round);
        var result = await LawProcess.RunAsync(source.Program, begin, round, Tell, stop);
        if (result.IsFailure)
            result = result with { File = FailureFile.Save(law, result, round) };
        lock (gate)
            results[law.Name] = result.After(results.GetValueOrDefault(law.Name));

        Tell(result);
        return result.IsFailure;
    }

    private void Tell(LawResult result)
    {
        lock (gate)
            Changed?.Invoke(result);
    }
}
