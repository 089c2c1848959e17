using Sim.Engine.Base;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Compares a session, frame by frame, with the digests and frames of a journal.</summary>
internal sealed class DigestComparison
{
    private readonly JournalReader journal;
    private readonly Session session;
    private FrameDetail? detail;
    private readonly List<uint> parts = [];
    private MomentRecord lastEqual;
    private Checkpoint checkpoint;
    private int nextDigest;
    private int nextFrame;

    /// <param name="journal">The journal.</param>
    /// <param name="session">A session that stands at a moment of it.</param>
    /// <param name="from">Number of digests before that moment; null for the beginning.</param>
    public DigestComparison(JournalReader journal, Session session, int? from)
    {
        this.journal = journal;
        this.session = session;
        nextDigest = from ?? 0;
        lastEqual = MomentRecord.Of(session);
        checkpoint = session.Checkpoint();

        // Frames say what changed since the one before; from the middle on there is none to begin with.
        detail = journal.FrameCount > 0 && from is null ? new FrameDetail(session.Machine) : null;
    }

    /// <summary>Digests that were equal.</summary>
    public int Compared { get; private set; }

    /// <summary>The first difference; null while there is none.</summary>
    public Divergence? Divergence { get; private set; }

    /// <summary>Where the comparison stands, for <see cref="GoTo"/>.</summary>
    public object Position => (Compared, lastEqual, checkpoint, nextDigest, nextFrame);

    /// <summary>The session has gone back to where the comparison stood. Frames in detail are not compared from there on.</summary>
    public void GoTo(object position)
    {
        (Compared, lastEqual, checkpoint, nextDigest, nextFrame) = ((int, MomentRecord, Checkpoint, int, int))position;
        detail = null;
        Divergence = null;
    }

    /// <summary>A frame has ended.</summary>
    public void CompareFrame()
    {
        if (Divergence is not null)
            return;
        if (detail is not null && nextFrame < journal.FrameCount)
            CompareDetail(journal.Frame(nextFrame++), detail.Take(MomentRecord.Of(session)));
        if (Divergence is null && nextDigest < journal.Digests.Count && journal.Digests[nextDigest].Moment.Frame <= session.Scheduler.Frame)
            CompareDigest(journal.Digests[nextDigest++]);
    }

    /// <summary>The run has ended; that moment is compared whether or not it is a frame's end.</summary>
    public void CompareEnd()
    {
        if (nextDigest < journal.Digests.Count || (detail is not null && nextFrame < journal.FrameCount))
            Diverge("scheduler", "end", "a frame's end", "the end");
        else if (journal.End is { } recorded)
        {
            var (expected, digest) = (JournalReader.Digest(recorded.Digest), session.Digest());
            if (digest != expected)
                Diverge("machine", "digest", StateHasher.Format(expected), StateHasher.Format(digest));
            else
                Compared++;
        }
    }

    /// <summary>Takes note of a difference and ends the run.</summary>
    public void Diverge(string where, string what, string recorded, string found) => Diverge([new SnapshotDifference(where, what, recorded, found)]);

    /// <summary>Takes the session back to the last moment whose digest was equal.</summary>
    public void GoBack()
    {
        session.Restore(checkpoint);
        session.DetachScript();
    }

    private void CompareDigest(DigestEntry recorded)
    {
        parts.Clear();
        var digest = session.Digest(parts);
        var now = MomentRecord.Of(session);
        if (!now.Is(recorded.Moment))
            Diverge("scheduler", "moment", recorded.Moment.ToString(), now.ToString());
        else if (digest != JournalReader.Digest(recorded.Digest))
            Diverge(DifferentParts(recorded.Parts));
        else
        {
            Compared++;
            lastEqual = now;
            checkpoint = session.Checkpoint();
        }
    }

    private void CompareDetail(FrameEntry recorded, FrameEntry found)
    {
        var differences = recorded.Moment.Is(found.Moment)
            ? FrameComparison.Compare(recorded, found, detail!.Before, session.Machine)
            : [new SnapshotDifference("scheduler", "moment", recorded.Moment.ToString(), found.Moment.ToString())];
        if (differences.Count > 0)
            Diverge(differences);
        else
            lastEqual = found.Moment;
    }

    private List<SnapshotDifference> DifferentParts(uint[] recorded)
    {
        var names = journal.Header.Parts;
        if (recorded.Length != parts.Count || names.Length != parts.Count)
            return [new("machine", "objects", FormattableString.Invariant($"{recorded.Length}"), FormattableString.Invariant($"{parts.Count}"))];
        return
        [
            .. Enumerable.Range(0, recorded.Length).Where(i => recorded[i] != parts[i]).Select(i => new SnapshotDifference(
                names[i][0], names[i][1].Length == 0 ? "RAM" : names[i][1], Hash(recorded[i]), Hash(parts[i]))),
        ];
    }

    private static string Hash(uint hash) => FormattableString.Invariant($"content with hash {hash:x8}");

    private void Diverge(IReadOnlyList<SnapshotDifference> differences)
    {
        Divergence = new Divergence(lastEqual, MomentRecord.Of(session), [.. differences.Select(d => d with
        {
            Where = SnapshotError.Printable(MachineComparison.Named(session.Machine, d.Where)), What = SnapshotError.Printable(d.What),
        })]);
        session.RequestEnd(EndReason.Divergence);
    }
}
