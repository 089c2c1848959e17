using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Where two recorded runs part.</summary>
/// <param name="Configuration">In what their machines' configurations differ, images by their checksums.</param>
/// <param name="Input">The first input or write that is not in both, as text of each; null when all are.</param>
/// <param name="Beginning">
/// What differs as the runs begin, such as the seed of another schedule, or the sections of a CPU that one machine alone has. It is no
/// difference that is searched for; what comes of it is.
/// </param>
/// <param name="LastEqual">The last moment at which nothing else differed.</param>
/// <param name="Instruction">What was executed next: CPU and address in both; null when nothing but the end differs.</param>
/// <param name="Differences">What differs after that; empty when nothing does.</param>
/// <param name="End">How each run ends, when nothing differs up to the end of one of them and the ends do; null otherwise.</param>
public sealed record RunDifference(
    IReadOnlyList<SnapshotDifference> Configuration,
    (string First, string Second)? Input,
    IReadOnlyList<SnapshotDifference> Beginning,
    MomentRecord LastEqual,
    ((int Vcpu, uint Pc) First, (int Vcpu, uint Pc) Second)? Instruction,
    IReadOnlyList<SnapshotDifference> Differences,
    (string First, string Second)? End);

/// <summary>Compares two runs, which may be of different configurations, and finds where they part.</summary>
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

        var (equal, limit) = Interval(first, second);
        if (limit is null)
            return null;
        var before = StopCondition.None with { Instructions = equal.Instructions };
        using var left = Replayer.Near(first, before, null, findFirst);
        using var right = Replayer.Near(second, before, null, findSecond);
        var found = new RunSearch(left, right, cancellationToken).Run(equal, limit.Instructions);
        return found with
        {
            Configuration =
            [
                .. SnapshotComparison.CompareConfigurations(
                    (first.Header.Configuration, first.Header.Images), (second.Header.Configuration, second.Header.Images)),
            ],
            Input = DifferentInput(first, second),
        };
    }

    /// <summary>
    /// The first difference between a recorded run and that of another configuration with the same inputs, each at its virtual time; null when
    /// they are the same run.
    /// </summary>
    /// <param name="first">A journal that begins at power-on.</param>
    /// <param name="second">The other configuration.</param>
    /// <param name="findFirst">Finds images of the journal, see <see cref="JournalReader.Boot"/>.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="SimException">The journal begins later, a machine cannot be built, or cannot take an input, or one does not replay.</exception>
    public static RunDifference? Find(
        JournalReader first,
        MachineConfiguration second,
        Func<ImageRecord, ReadOnlyMemory<byte>>? findFirst = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var directory = Directory.CreateTempSubdirectory("sim-compare-");
        try
        {
            var path = Path.Combine(directory.FullName, "second" + JournalFormat.Extension);
            Rerun.Record(first, second, path, cancellationToken);
            using var journal = JournalReader.Open(path);
            var images = ConfigurationCodec.Images(second).ToDictionary(static i => i.Role, static i => i.Image.Bytes);
            return Find(first, journal, findFirst, image => images[image.Role], cancellationToken);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>
    /// The last recorded moment with one digest in both, and the next without; that is null when there is none. Machines that begin with
    /// different digests have nothing else to go by.
    /// </summary>
    private static (MomentRecord Equal, MomentRecord? Different) Interval(JournalReader first, JournalReader second)
    {
        var equal = first.Header.Begin;
        if (!first.Header.BeginDigest.AsSpan().SequenceEqual(second.Header.BeginDigest))
            return (equal, Earlier(first.Last, second.Last));
        foreach (var (a, b) in Digests(first).Zip(Digests(second)))
        {
            if (!a.Moment.Is(b.Moment) || !a.Digest.AsSpan().SequenceEqual(b.Digest))
                return (equal, Earlier(a.Moment, b.Moment));
            equal = a.Moment;
        }

        return (equal, Digests(first).Count() == Digests(second).Count() ? null : Earlier(first.Last, second.Last));
    }

    private static MomentRecord Earlier(MomentRecord a, MomentRecord b) => a.Instructions <= b.Instructions ? a : b;

    private static IEnumerable<(MomentRecord Moment, byte[] Digest)> Digests(JournalReader journal)
    {
        foreach (var entry in journal.Digests)
            yield return (entry.Moment, entry.Digest);
        if (journal.End is { } end)
            yield return (end.Moment, end.Digest);
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
