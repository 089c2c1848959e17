using System.Diagnostics;
using Sim.Engine.Base;
using Sim.PropertyKit;

namespace Sim.Bench;

/// <summary>Cases of a law per second in this process: a case is generated, run and checked.</summary>
public static class LawBenchmark
{
    /// <summary>
    /// A law of which a test run tries fewer cases has dear ones: it boots Linux for each, which takes up to a minute, and is not measured unless it is named.
    /// </summary>
    public const int FewestCases = 5;

    /// <summary>
    /// Tries a law on batches of cases, small to large in each, with the same seeds every time. Batches of 2, 4, 8 and so on warm up until one takes the time or has the
    /// size of a test run's sample; then batches of that size count until the time is over.
    /// </summary>
    /// <param name="law">A law that this host lacks nothing for.</param>
    /// <param name="time">How long to measure, warming up aside; one batch counts at least.</param>
    /// <exception cref="SimException">The law is broken.</exception>
    public static Measurement Run(NamedLaw law, TimeSpan time)
    {
        ArgumentNullException.ThrowIfNull(law);
        var batch = 2;
        var seed = 0UL;
        (int Cases, TimeSpan Time) Try()
        {
            var start = Stopwatch.GetTimestamp();
            var cases = Hold(law, batch, seed);
            seed += (ulong)batch;   // The next cases are others.
            return (cases, Stopwatch.GetElapsedTime(start));
        }

        while (Try().Time < time && batch < law.Sample.Runs)
            batch = Math.Min(2 * batch, law.Sample.Runs);
        var (counted, taken) = Try();
        while (taken < time)
        {
            var (cases, further) = Try();
            (counted, taken) = (counted + cases, taken + further);
        }

        return new Measurement($"law {law.Name}", "cases/s", counted / taken.TotalSeconds, null, "");
    }

    private static int Hold(NamedLaw law, int cases, ulong seed)
    {
        try
        {
            return law.Holds(law.Sample with { Runs = cases, Seed = seed, PastFailures = [], Required = [] }).Runs;
        }
        catch (LawFailedException failure)
        {
            var again = failure.Replay is { } replay ? $" --case {replay}" : "";
            throw new SimException($"bench check: law '{law.Name}' is broken, so that its cases have no rate; 'sim check --law {law.Name}{again}' tells more.", SimErrorKind.Divergence, failure);
        }
    }
}
