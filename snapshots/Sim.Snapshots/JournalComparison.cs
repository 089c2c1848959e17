using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Where two recorded runs part.</summary>
/// <param name="Configuration">In what their machines' configurations differ.</param>
/// <param name="Input">The first input or write that is not in both, as text of each; null when all are.</param>
/// <param name="LastEqual">The last moment at which the machines were the same; null when they never were.</param>
/// <param name="First">The first run's next moment, where they are not.</param>
/// <param name="Second">The second run's.</param>
/// <param name="Instruction">What was executed in between: CPU and address in both; null when no instruction was.</param>
/// <param name="Differences">What differs there.</param>
public sealed record RunDifference(
    IReadOnlyList<SnapshotDifference> Configuration,
    (string First, string Second)? Input,
    MomentRecord? LastEqual,
    MomentRecord First,
    MomentRecord Second,
    ((int Vcpu, uint Pc) First, (int Vcpu, uint Pc) Second)? Instruction,
    IReadOnlyList<SnapshotDifference> Differences);

/// <summary>Compares two recorded runs, which may be of different configurations, and finds where they part.</summary>
public static class JournalComparison
{
    /// <summary>The first difference, to the instruction, by bisection; null when both are the same run.</summary>
    /// <param name="first">A journal.</param>
    /// <param name="second">Another one.</param>
    /// <param name="findFirst">Finds images of the first, see <see cref="JournalReader.Boot"/>.</param>
    /// <param name="findSecond">Finds images of the second.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="SimException">They do not begin at the same moment, a machine cannot be built, or one does not replay.</exception>
    public static RunDifference? Find(
        JournalReader first,
        JournalReader second,
        Func<ImageRecord, ReadOnlyMemory<byte>>? findFirst = null,
        Func<ImageRecord, ReadOnlyMemory<byte>>? findSecond = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (!first.Header.Begin.Is(second.Header.Begin))
        {
            throw SnapshotError.In(
                second.Name, $"it begins at {second.Header.Begin}, and {first.Name} at {first.Header.Begin}: there is nothing to compare");
        }

        var (equal, different) = Interval(first, second);
        if (equal is not null && different is null)
            return null;
        var before = StopCondition.None with { Instructions = equal?.Instructions ?? 0 };
        using var left = Replayer.Near(first, before, null, findFirst);
        using var right = Replayer.Near(second, before, null, findSecond);
        return new Search(left, right, cancellationToken)
            .Run(equal ?? first.Header.Begin, different?.Instructions ?? Math.Min(first.Last.Instructions, second.Last.Instructions));
    }

    /// <summary>The last moment with one digest in both, and the next without; both null when they begin differently.</summary>
    private static (MomentRecord? Equal, MomentRecord? Different) Interval(JournalReader first, JournalReader second)
    {
        if (!first.Header.BeginDigest.AsSpan().SequenceEqual(second.Header.BeginDigest))
            return (null, null);
        var equal = first.Header.Begin;
        foreach (var (a, b) in Digests(first).Zip(Digests(second)))
        {
            if (!a.Moment.Is(b.Moment) || !a.Digest.AsSpan().SequenceEqual(b.Digest))
                return (equal, a.Moment.Instructions <= b.Moment.Instructions ? a.Moment : b.Moment);
            equal = a.Moment;
        }

        return Digests(first).Count() == Digests(second).Count() ? (equal, null) : (equal, Earlier(first.Last, second.Last));
    }

    private static MomentRecord Earlier(MomentRecord a, MomentRecord b) => a.Instructions <= b.Instructions ? a : b;

    private static IEnumerable<(MomentRecord Moment, byte[] Digest)> Digests(JournalReader journal)
    {
        foreach (var entry in journal.Digests)
            yield return (entry.Moment, entry.Digest);
        if (journal.End is { } end)
            yield return (end.Moment, end.Digest);
    }

    /// <summary>
    /// Two replays that go forward while they are equal, and back where they are not. What differs from the beginning, as the seed of another
    /// schedule does, is no difference that is searched for.
    /// </summary>
    private sealed class Search(Replayer left, Replayer right, CancellationToken cancellationToken)
    {
        private readonly HashSet<(string Where, string What)> different = [];

        private bool AreEqual => left.Session.Digest() == right.Session.Digest() || (different.Count > 0 && !Differences().Any());

        /// <summary>From a moment at which both are equal to the first instruction after which they are not.</summary>
        public RunDifference? Run(MomentRecord equal, long limit)
        {
            RunTo(equal.Instructions);
            foreach (var difference in Differences().ToList())
                different.Add((difference.Where, difference.What));
            var (low, high) = (equal.Instructions, limit);
            var (at, atRight) = (left.Position(), right.Position());
            while (high - low > 1)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var middle = low + ((high - low) / 2);
                RunTo(middle);
                if (AreEqual)
                {
                    low = middle;
                    (at, atRight) = (left.Position(), right.Position());
                }
                else
                {
                    high = middle;
                    left.GoTo(at);
                    right.GoTo(atRight);
                }
            }

            var last = MomentRecord.Of(left.Session);
            var instruction = (Next(left.Session), Next(right.Session));
            RunTo(high);
            return AreEqual ? null : Describe(last, instruction);
        }

        private IEnumerable<SnapshotDifference> Differences() => SnapshotComparison
            .CompareSections(
                StateSections.Collect(left.Session.Machine), StateSections.Collect(right.Session.Machine), left.Session.Machine.Root.Registry)
            .Concat(Pages(left.Session, right.Session))
            .Where(d => !different.Contains((d.Where, d.What)));

        private RunDifference? Describe(MomentRecord? last, ((int Vcpu, uint Pc) First, (int Vcpu, uint Pc) Second)? instruction) => new(
            [
                .. SnapshotComparison.Objects(
                    "configuration",
                    ConfigurationCodec.ToRecord(left.Session.Machine.Configuration),
                    ConfigurationCodec.ToRecord(right.Session.Machine.Configuration)),
            ],
            DifferentInput(left.Journal, right.Journal),
            last,
            MomentRecord.Of(left.Session),
            MomentRecord.Of(right.Session),
            instruction,
            [.. Differences()]);

        private static (int Vcpu, uint Pc) Next(Session session)
        {
            var vcpu = Math.Max(0, session.Scheduler.Turn);
            return (vcpu, vcpu < session.Debugger.Cpus.Count ? session.Debugger.Cpus[vcpu].Pc : 0);
        }

        private void RunTo(long instructions)
        {
            foreach (var replayer in (Replayer[])[left, right])
            {
                if (instructions > replayer.Session.Scheduler.TotalInstructions)
                    replayer.Run(new RunLimits { Stop = StopCondition.None with { Instructions = instructions } }, null, cancellationToken);
            }
        }

        private static IEnumerable<SnapshotDifference> Pages(Session first, Session second)
        {
            foreach (var (a, b) in first.Machine.RamBlocks.Zip(second.Machine.RamBlocks))
            {
                for (var page = 0UL; page < Math.Min(a.PageCount, b.PageCount); page++)
                {
                    if ((a.Stamp(page) != 0 || b.Stamp(page) != 0) && !a.Page(page).SequenceEqual(b.Page(page)))
                        yield return DifferentBytes(a.Name, page * SnapshotFormat.PageSize, a.Page(page), b.Page(page));
                }
            }
        }

        private static SnapshotDifference DifferentBytes(string block, ulong address, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
        {
            const int Most = 16;
            var from = first.CommonPrefixLength(second);
            var end = first.Length;
            while (first[end - 1] == second[end - 1])
                end--;
            var count = Math.Min(Most, end - from);
            return new(
                block,
                FormattableString.Invariant($"0x{address + (ulong)from:x9}-0x{address + (ulong)end - 1:x9}"),
                Convert.ToHexStringLower(first.Slice(from, count)),
                Convert.ToHexStringLower(second.Slice(from, count)));
        }

        private static (string First, string Second)? DifferentInput(JournalReader first, JournalReader second)
        {
            var inputs = Texts(first).Zip(Texts(second)).FirstOrDefault(static pair => pair.First != pair.Second);
            if (inputs != default)
                return inputs;
            var (a, b) = (Texts(first).ToList(), Texts(second).ToList());
            return a.Count == b.Count ? null : (a.ElementAtOrDefault(b.Count) ?? "none", b.ElementAtOrDefault(a.Count) ?? "none");
        }

        private static IEnumerable<string> Texts(JournalReader journal) =>
            journal.Inputs.Select(static i => (i.Moment, Text: FormattableString.Invariant(
                    $"at {i.Moment}: serial {i.Serial}, {Convert.ToHexStringLower(i.Bytes)}")))
                .Concat(journal.Writes.Select(static w => (w.Moment, Text: FormattableString.Invariant(
                    $"at {w.Moment}: CPU {w.Vcpu}, {w.Register ?? "memory"} 0x{w.Value:x} {Convert.ToHexStringLower(w.Bytes)}"))))
                .OrderBy(static e => e.Moment.Instructions).ThenBy(static e => e.Moment.Time).Select(static e => e.Text);
    }
}
