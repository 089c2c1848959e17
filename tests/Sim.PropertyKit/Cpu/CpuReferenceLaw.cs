using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// Random instruction sequences have the same effects on our CPU as on QEMU 7.2's <c>e500v2_v30</c>, one instruction at a time as well as
/// in one go, but for the departures of the reference that are on file. A sequence that differs is made smaller and told as one line.
/// </summary>
public static class CpuReferenceLaw
{
    /// <summary>Sequences in one run of the reference.</summary>
    const int BatchSize = 5_000;

    /// <summary>
    /// The law; <see cref="LawOptions.Runs"/> is the number of sequences. From 100,000 on every coverage floor holds: 200 completions of
    /// each mnemonic, 50 of each interrupt, every supervisor register read and written. The report's classes are the counts.
    /// </summary>
    public static NamedLaw Law { get; } = NamedLaw.Of("cpu-reference", "cpu",
        "Random instruction sequences do to registers, TLBs and memory what they do on the e500v2 of qemu-system-ppc.",
        static options => Hold(options, SequenceMachine.Run), new LawOptions { Runs = 3000 }).Needing(SequenceReference.Missing);

    /// <summary>Counts of a report as a readable table, with what cannot occur and why.</summary>
    public static string Table(LawReport report) => SequenceCoverage.ToTable(report.Classes);

    /// <summary>Tries the law with something that stands for our CPU: a test gives it one with a fault.</summary>
    internal static LawReport Hold(LawOptions options, Func<IReadOnlyList<SequenceCase>, List<SequenceOutcome>> ours)
    {
        ulong seed = options.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        var coverage = new SequenceCoverage();
        bool shrink = options.MaxShrinkAttempts > 0;
        if (options.PastFailures.Count > 0)
            Compare([.. options.PastFailures.Select(static past => past.Seed)], null, ours, shrink, new SequenceCoverage());
        for (int done = 0; done < options.Runs;)
        {
            options.Cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(BatchSize, options.Runs - done);
            ulong first = unchecked(seed + (ulong)done);
            Compare([.. Enumerable.Range(0, count).Select(i => unchecked(first + (ulong)i))], done, ours, shrink, coverage);
            done += count;
            options.Progress?.Invoke(new LawReport(seed, done, coverage.Counts) { Coverage = coverage.Coverage });
        }

        string[] missed = [.. coverage.Missed(options.Runs)];
        if (missed.Length > 0)
            throw new LawFailedException(string.Create(CultureInfo.InvariantCulture,
                $"Law 'cpu-reference' was not tried on enough (seed {seed}, {options.Runs} sequences):\n  {string.Join("\n  ", missed)}"))
            {
                Cases = options.Runs,
            };
        return new LawReport(seed, options.Runs, coverage.Counts) { Coverage = coverage.Coverage };
    }

    /// <summary>
    /// Compares the sequences of these seeds: ours with the reference, and ours with itself one instruction at a time. Fresh sequences have
    /// the number of those before them, past ones none.
    /// </summary>
    static void Compare(ulong[] seeds, int? before, Func<IReadOnlyList<SequenceCase>, List<SequenceOutcome>> ours, bool shrink, SequenceCoverage coverage)
    {
        SequenceCase[] cases = [.. seeds.Select(SequenceGenerator.Draw)];
        byte[] image = SequenceProgram.Build(cases);
        // The reference runs meanwhile.
        using var reference = new SequenceReference(image, cases.Length);
        var found = ours(cases);
        List<SequenceOutcome> stepped;
        using (var machine = new SequenceMachine(image, cases.Length))
            stepped = machine.Finish(coverage);
        var expected = reference.Finish();
        int[] different = [.. Enumerable.Range(0, cases.Length).Where(i => found[i].DifferencesFrom(expected[i], cases[i]).Any())];
        if (different.Length > 0)
            Fail(cases, different, seeds, before, found, expected, ours, shrink);
        for (int i = 0; i < cases.Length; i++)
            if (!stepped[i].Equals(found[i]))
                throw new LawFailedException(string.Create(CultureInfo.InvariantCulture,
                    $"Sequence {seeds[i]} ends differently one instruction at a time: ")
                    + $"{string.Join("; ", stepped[i].DifferencesFrom(found[i], cases[i]))} in: {cases[i]}")
                {
                    Case = cases[i].ToString(),
                    Replay = new CaseSeed(seeds[i], 1),
                    Cases = before + i + 1 ?? 0,
                };
    }

    static void Fail(SequenceCase[] cases, int[] different, ulong[] seeds, int? before, List<SequenceOutcome> found, List<SequenceOutcome> expected,
        Func<IReadOnlyList<SequenceCase>, List<SequenceOutcome>> ours, bool shrink)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{different.Length} of {cases.Length} sequences differ from the reference.");
        foreach (int i in different.Take(10))
            text.Append(CultureInfo.InvariantCulture,
                $"\nsequence {seeds[i]}: {string.Join("; ", found[i].DifferencesFrom(expected[i], cases[i]).Take(6))}");
        var smallest = shrink ? SequenceShrinking.Shrink(cases[different[0]], ours) : cases[different[0]];
        var differences = ours([smallest])[0].DifferencesFrom(SequenceReference.Run([smallest])[0], smallest);
        text.Append(CultureInfo.InvariantCulture,
            $"\nsequence {seeds[different[0]]} shrunk to: {smallest}\n{string.Join("; ", differences.Take(12))}");
        throw new LawFailedException(text.ToString())
        {
            Case = smallest.ToString(),
            Replay = new CaseSeed(seeds[different[0]], 1),
            Cases = before + different[0] + 1 ?? 0,
        };
    }
}
