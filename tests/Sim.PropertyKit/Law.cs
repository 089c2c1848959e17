using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;

namespace Sim.PropertyKit;

/// <summary>
/// Tries a law on generated cases. A case that breaks it is made smaller as long as it still breaks, and told with the seed that makes it again. Classes of
/// cases that come too rarely, and not only by chance, fail the law as well: it would otherwise hold for want of trying.
/// </summary>
public static class Law
{
    /// <summary>A class that is rare after the wished number of runs may be so by chance: up to this many times as many are tried before the law may fail for it.</summary>
    private const int MaxRounds = 5;

    /// <summary>Probability with which a class that has just its least share may be taken for rarer than that.</summary>
    private const double FalseAlarm = 1e-5;

    /// <summary>Tries a law.</summary>
    /// <param name="name">The law, for messages.</param>
    /// <param name="cases">Makes cases and shrinks them.</param>
    /// <param name="check">Throws when the law is broken; says what kind of case it is.</param>
    /// <param name="options">How often and on what.</param>
    /// <returns>What kinds of cases it was tried on.</returns>
    /// <exception cref="LawFailedException">The law is broken, or a required class is too rare.</exception>
    public static LawReport Holds<T>(string name, Arbitrary<T> cases, Action<T, CaseClasses> check, LawOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(check);
        options ??= new LawOptions();
        foreach (var past in options.PastFailures)
            Try(name, cases, check, past, 0, new CaseClasses(), options);

        var seed = options.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var coverage = new CoverageCounts();
        var runs = 0;
        do
        {
            for (var run = 0; run < options.Runs; run++)
            {
                var size = options.StartSize + (int)((long)(options.EndSize - options.StartSize) * run / Math.Max(1, options.Runs - 1));
                options.Cancellation.ThrowIfCancellationRequested();
                var classes = new CaseClasses();
                Try(name, cases, check, new CaseSeed(Prng.FromSeed(unchecked(seed + (ulong)runs)).S0, size), ++runs, classes, options);
                foreach (var found in classes.Names)
                    counts[found] = counts.GetValueOrDefault(found) + 1;
                coverage.Add(classes);
                options.Progress?.Invoke(new LawReport(seed, runs, counts) { Coverage = coverage });
            }
        }
        while (Rare(counts, runs, options).Any() && runs < MaxRounds * options.Runs);

        CheckCoverage(name, counts, runs, seed, options);
        return new LawReport(seed, runs, counts) { Coverage = coverage };
    }

    /// <summary>The case that a seed stands for.</summary>
    public static T Make<T>(Arbitrary<T> cases, CaseSeed seed)
    {
        ArgumentNullException.ThrowIfNull(cases);
        return cases.Generator.Sample(seed.Size, new Rnd(seed.Seed), 1).First();
    }

    private static void Try<T>(string name, Arbitrary<T> cases, Action<T, CaseClasses> check, CaseSeed seed, int number, CaseClasses classes, LawOptions options)
    {
        var tried = Make(cases, seed);
        if (Failure(check, tried, classes) is not { } error)
            return;
        var steps = 0;
        var attempts = 0;
        for (var shrunk = true; shrunk && attempts < options.MaxShrinkAttempts;)
        {
            shrunk = false;
            foreach (var smaller in cases.Shrinker(tried))
            {
                if (++attempts > options.MaxShrinkAttempts)
                    break;
                if (Failure(check, smaller, new CaseClasses()) is not { } smallerError)
                    continue;
                (tried, error, shrunk) = (smaller, smallerError, true);
                steps++;
                break;
            }
        }

        throw new LawFailedException(Describe(name, seed, steps, tried, error), error) { Case = tried, Replay = seed, Cases = number };
    }

    private static Exception? Failure<T>(Action<T, CaseClasses> check, T tried, CaseClasses classes)
    {
        try
        {
            check(tried, classes);
            return null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return error;
        }
    }

    private static string Describe<T>(string name, CaseSeed seed, int steps, T tried, Exception error) => string.Create(CultureInfo.InvariantCulture,
        $"""
        Law '{name}' is broken. Replay with seed {seed}; shrunk {steps} times to:
        {tried}
        {error.GetType().Name}: {error.Message}
        """);

    private static IEnumerable<(string Class, double Share)> Rare(SortedDictionary<string, int> counts, int runs, LawOptions options) =>
        options.Required.Where(required => counts.GetValueOrDefault(required.Class) < required.Share * runs);

    /// <summary>
    /// True when a class came so rarely that chance does not explain it: Chernoff's bound of the binomial distribution, exp(-n D), with D the relative
    /// entropy of the share that was seen to the least one.
    /// </summary>
    private static bool IsTooRare(int count, int runs, double share)
    {
        var seen = (double)count / runs;
        var entropy = (count == 0 ? 0 : seen * Math.Log(seen / share)) + ((1 - seen) * Math.Log((1 - seen) / (1 - share)));
        return runs * entropy > -Math.Log(FalseAlarm);
    }

    private static void CheckCoverage(string name, SortedDictionary<string, int> counts, int runs, ulong seed, LawOptions options)
    {
        var rare = Rare(counts, runs, options).Where(r => IsTooRare(counts.GetValueOrDefault(r.Class), runs, r.Share)).ToList();
        if (rare.Count == 0)
            return;
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"Law '{name}' was not tried on enough of: {string.Join(", ", rare.Select(static r => r.Class))} (seed {seed}).");
        foreach (var (found, count) in counts)
            text.Append(CultureInfo.InvariantCulture, $"\n  {found}: {100.0 * count / runs:F1} %");
        foreach (var (missing, share) in rare)
            text.Append(CultureInfo.InvariantCulture, $"\n  expected {missing}: at least {100 * share:F1} %");
        throw new LawFailedException(text.ToString()) { Cases = runs };
    }
}
