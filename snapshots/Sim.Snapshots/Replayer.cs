using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Where a replay is not what was recorded.</summary>
/// <param name="LastEqual">The last moment that was as recorded.</param>
/// <param name="Found">The first that is known not to be.</param>
/// <param name="Differences">What differs, and how: path and field where they are known, else what the section is.</param>
public sealed record Divergence(MomentRecord LastEqual, MomentRecord Found, IReadOnlyList<SnapshotDifference> Differences)
{
    /// <summary>What differs, in one sentence without a full stop.</summary>
    public string Text => Differences is [var first, ..]
        ? $"{first.Where} {first.What} is {first.Second}, recorded was {first.First}"
            + (Differences.Count > 1 ? FormattableString.Invariant($", and {Differences.Count - 1} more") : "")
        : "nothing that a digest sees";
}

/// <summary>How a replay ended.</summary>
/// <param name="Reason">
/// <see cref="EndReason.Replayed"/> at the end of what was recorded; <see cref="EndReason.Divergence"/>; or as for any run, where its own
/// limits or its caller ended it.
/// </param>
/// <param name="Divergence">Where it diverged; null when it did not.</param>
/// <param name="IsPrefix">True when the journal has no end, and was replayed as far as it goes.</param>
public readonly record struct ReplayResult(EndReason Reason, Divergence? Divergence, bool IsPrefix);

/// <summary>
/// Repeats a recorded run: gives every input at its moment and compares every digest. It ends by itself: at the recorded end, or at the
/// first digest, count or time that is not as recorded.
/// </summary>
public sealed class Replayer : IDisposable
{
    private readonly JournalReader journal;
    private readonly RecordedInputs inputs;
    private readonly List<uint> parts = [];
    private readonly FrameDetail? detail;
    private MomentRecord lastEqual;
    private int nextDigest;
    private int nextFrame;
    private Divergence? divergence;
    private MomentRecord? target;

    /// <summary>Prepares the replay of a journal from its beginning.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="options">What the session is given besides.</param>
    /// <param name="findImage">Gives the content of an image that the journal does not hold, see <see cref="JournalReader.Boot"/>.</param>
    /// <exception cref="SimException">The machine cannot be built, or does not begin as it was recorded.</exception>
    public Replayer(JournalReader journal, SessionOptions? options = null, Func<ImageRecord, ReadOnlyMemory<byte>>? findImage = null)
        : this(journal, BootChecked(journal, options, findImage), journal.Header.Begin)
    {
    }

    private Replayer(JournalReader journal, Session session, MomentRecord from)
    {
        this.journal = journal;
        Session = session;
        lastEqual = from;

        // A script, or input that waited, is in the journal with the moment at which it entered.
        session.DetachScript();
        session.Input.ReplaceWaiting([]);
        inputs = new RecordedInputs(session.Scheduler, journal.Inputs.SkipWhile(entry => IsAtOrBefore(entry.Moment, from, journal)));
        session.Input.Inbox = inputs;
        nextDigest = journal.Digests.TakeWhile(entry => IsAtOrBefore(entry.Moment, from, journal)).Count();
        if (journal.FrameCount > 0 && IsSame(from, journal.Header.Begin))
            detail = new FrameDetail(session.Machine);
        session.Scheduler.FrameBoundary += OnFrameBoundary;
        session.Scheduler.FrameEnded += OnFrameEnded;
    }

    /// <summary>The session that is replayed. Its input is the journal's.</summary>
    public Session Session { get; }

    /// <summary>Digests that were compared and found equal.</summary>
    public int DigestsCompared { get; private set; }

    /// <summary>
    /// Prepares a replay that begins at the latest snapshot beside the journal that lies before a limit; at the journal's beginning when there
    /// is none, or none that can be used.
    /// </summary>
    /// <param name="journal">The journal.</param>
    /// <param name="before">Where the replay is to go.</param>
    /// <param name="options">What the session is given besides.</param>
    /// <param name="findImage">Gives the content of an image that is not embedded, see <see cref="JournalReader.Boot"/>.</param>
    public static Replayer Near(
        JournalReader journal, StopCondition before, SessionOptions? options = null, Func<ImageRecord, ReadOnlyMemory<byte>>? findImage = null)
    {
        ArgumentNullException.ThrowIfNull(journal);
        ArgumentNullException.ThrowIfNull(before);
        foreach (var entry in journal.Snapshots.Reverse())
        {
            // A limit in the instructions of one CPU says nothing about the moment.
            if (before.Vcpu >= 0 || entry.Moment.Time >= before.Time || entry.Moment.Instructions >= before.Instructions)
                continue;
            var path = Path.Combine(JournalReader.SnapshotFolder(journal.Name), entry.File);
            if (!File.Exists(path))
                continue;
            using var snapshot = SnapshotReader.Open(path);
            if (snapshot.Digest == JournalReader.Digest(entry.Digest))
                return new Replayer(journal, snapshot.Restore(options, findImage), entry.Moment);
        }

        return new Replayer(journal, options, findImage);
    }

    /// <summary>
    /// Replays to the end of what was recorded, or to a limit before it. After a divergence the session stands where it was found.
    /// </summary>
    public ReplayResult Run(RunLimits? limits = null, CancellationToken cancellationToken = default)
    {
        limits ??= RunLimits.None;
        var end = journal.End?.Moment ?? journal.Last;
        var recorded = journal.End is { Reason: "poweroff" } || end.IsBoundary
            ? StopCondition.None with { Instructions = end.Instructions + 1 }
            : StopCondition.None with { Instructions = end.Instructions };
        target = journal.End is { Reason: "poweroff" } || !end.IsBoundary ? null : end;
        inputs.EndsAt = target;
        inputs.Prepare();
        var stop = limits.Stop with
        {
            Instructions = Math.Min(limits.Stop.Instructions, recorded.Instructions),
            Time = Math.Min(limits.Stop.Time, (journal.End?.ReachedTime ?? end.Time) + VirtualTime.Second),
        };
        var result = target is not null && IsSame(MomentRecord.Of(Session), target) && !inputs.HasDue
            ? new RunResult(EndReason.Replayed, limits.Output is null)
            : Session.Run(limits with { Stop = stop }, cancellationToken);
        if (divergence is null && result.Reason is EndReason.Output or EndReason.Interrupted)
            return new ReplayResult(result.Reason, null, false);
        if (divergence is null && IsOwnLimit(result.Reason, limits.Stop))
            return new ReplayResult(result.Reason, null, false);
        if (divergence is null)
            CompareEnd(end);
        return divergence is null
            ? new ReplayResult(EndReason.Replayed, null, journal.End is null)
            : new ReplayResult(EndReason.Divergence, divergence, false);
    }

    /// <summary>Lets the session go: it belongs to the caller from now on, and what was recorded has no more part in it.</summary>
    public Session Release()
    {
        Session.Scheduler.FrameBoundary -= OnFrameBoundary;
        Session.Scheduler.FrameEnded -= OnFrameEnded;
        Session.Scheduler.NextInput = VirtualTime.Never;
        Session.Input.Inbox = null;
        return Session;
    }

    /// <summary>Frees the session's memory.</summary>
    public void Dispose() => Session.Dispose();

    private static Session BootChecked(
        JournalReader journal, SessionOptions? options, Func<ImageRecord, ReadOnlyMemory<byte>>? findImage)
    {
        ArgumentNullException.ThrowIfNull(journal);
        var session = journal.Boot(options, findImage);
        if (session.Digest() is var digest && digest != JournalReader.Digest(journal.Header.BeginDigest))
        {
            session.Dispose();
            throw new SimException($"{journal.Name}: the machine does not begin as it was recorded: it has digest {StateHasher.Format(digest)}; "
                + $"expected {StateHasher.Format(JournalReader.Digest(journal.Header.BeginDigest))}.{OtherBehaviour(journal)}", SimErrorKind.Divergence);
        }

        return session;
    }

    private static string OtherBehaviour(JournalReader journal) => journal.BehaviourVersion == Versions.Behaviour ? "" : FormattableString.Invariant(
        $" It was recorded with behaviour version {journal.BehaviourVersion}; this program has {Versions.Behaviour}.");

    /// <summary>True when the caller's own limit, before the recorded end, ended the run.</summary>
    private bool IsOwnLimit(EndReason reason, StopCondition own) => reason switch
    {
        EndReason.Instructions => Session.Scheduler.TotalInstructions >= own.Instructions
            || (own.Vcpu >= 0 && Session.Scheduler.Clocks[own.Vcpu].Instructions >= own.VcpuInstructions),
        EndReason.Time => Session.Scheduler.ReachedTime >= own.Time,
        _ => false,
    };

    private void OnFrameBoundary()
    {
        if (divergence is not null)
            return;
        if (inputs.Missed is { } missed)
            Diverge([new SnapshotDifference("input", "moment", missed.ToString(), MomentRecord.Of(Session).ToString())]);
        else if (target is { } end && Session.Scheduler.GlobalTime == end.Time && Session.Scheduler.Frame == end.Frame
            && Session.Scheduler.TotalInstructions == end.Instructions)
            Session.RequestEnd(EndReason.Replayed);
    }

    private void OnFrameEnded()
    {
        if (divergence is not null)
            return;
        if (detail is not null)
            CompareFrame(detail.Take(MomentRecord.Of(Session)));
        if (divergence is null && nextDigest < journal.Digests.Count && journal.Digests[nextDigest].Moment.Frame <= Session.Scheduler.Frame)
            CompareDigest(journal.Digests[nextDigest++]);
    }

    private void CompareDigest(DigestEntry recorded)
    {
        parts.Clear();
        var digest = Session.Digest(parts);
        var now = MomentRecord.Of(Session);
        if (!IsSame(now, recorded.Moment))
            Diverge([new SnapshotDifference("scheduler", "moment", recorded.Moment.ToString(), now.ToString())]);
        else if (digest != JournalReader.Digest(recorded.Digest))
            Diverge(DifferentParts(recorded.Parts));
        else
        {
            DigestsCompared++;
            lastEqual = now;
        }
    }

    private List<SnapshotDifference> DifferentParts(uint[] recorded)
    {
        var names = journal.Header.Parts;
        if (recorded.Length != parts.Count || names.Length != parts.Count)
            return [new SnapshotDifference("machine", "objects", FormattableString.Invariant($"{recorded.Length}"), FormattableString.Invariant($"{parts.Count}"))];
        return [.. Enumerable.Range(0, recorded.Length).Where(i => recorded[i] != parts[i]).Select(i => new SnapshotDifference(
            names[i][0],
            names[i][1].Length == 0 ? "RAM" : names[i][1],
            FormattableString.Invariant($"state with hash {recorded[i]:x8}"),
            FormattableString.Invariant($"state with hash {parts[i]:x8}")))];
    }

    private void CompareFrame(FrameEntry found)
    {
        if (nextFrame >= journal.FrameCount)
            return;
        var recorded = journal.Frame(nextFrame++);
        var differences = IsSame(recorded.Moment, found.Moment)
            ? FrameComparison.Compare(recorded, found, Session.Machine.RamBlocks)
            : [new SnapshotDifference("scheduler", "moment", recorded.Moment.ToString(), found.Moment.ToString())];
        if (differences.Count > 0)
            Diverge(differences);
        else
            lastEqual = found.Moment;
    }

    /// <summary>The end of a run is compared whether or not it is a frame's end.</summary>
    private void CompareEnd(MomentRecord end)
    {
        var now = MomentRecord.Of(Session);
        if (!IsSame(now, end))
            Diverge([new SnapshotDifference("scheduler", "end", end.ToString(), now.ToString())]);
        else if (journal.End is { } recorded && JournalReader.Digest(recorded.Digest) is var expected && Session.Digest() is var digest && digest != expected)
            Diverge([new SnapshotDifference("machine", "digest", StateHasher.Format(expected), StateHasher.Format(digest))]);
        else if (inputs.HasDue)
            Diverge([new SnapshotDifference("input", "moment", "an input", "the end")]);
        else if (journal.End is not null)
            DigestsCompared++;
    }

    private void Diverge(IReadOnlyList<SnapshotDifference> differences)
    {
        divergence = new Divergence(lastEqual, MomentRecord.Of(Session), differences);
        Session.RequestEnd(EndReason.Divergence);
    }

    private static bool IsSame(MomentRecord a, MomentRecord b) =>
        a.Frame == b.Frame && a.Time == b.Time && a.Instructions == b.Instructions && a.IsBoundary == b.IsBoundary;

    /// <summary>What entered at the very moment of a snapshot is in it; at the beginning of a recording nothing has entered yet.</summary>
    private static bool IsAtOrBefore(MomentRecord moment, MomentRecord other, JournalReader journal) => !ReferenceEquals(other, journal.Header.Begin)
        && moment.Frame <= other.Frame && moment.Time <= other.Time && moment.Instructions <= other.Instructions;
}

/// <summary>Gives recorded inputs at their moments.</summary>
internal sealed class RecordedInputs(Scheduler scheduler, IEnumerable<InputEntry> recorded) : IInputInbox
{
    private readonly List<InputEntry> inputs = [.. recorded];
    private int next;

    /// <summary>The moment between frames at which the recorded run ended; null when it ended elsewhere.</summary>
    public MomentRecord? EndsAt { get; set; }

    /// <summary>An input whose moment has passed without being reached; null for none.</summary>
    public MomentRecord? Missed { get; private set; }

    /// <summary>True while inputs are still to come.</summary>
    public bool HasDue => next < inputs.Count;

    /// <summary>
    /// Tells the scheduler when the next input comes, or the end: an idle machine's time stands still there, as it did for the host.
    /// </summary>
    public void Prepare() => scheduler.NextInput = HasDue ? inputs[next].Moment.Time : EndsAt?.Time ?? VirtualTime.Never;

    /// <inheritdoc/>
    public bool TryTake(out InputEvent input)
    {
        input = default;
        Missed = null;
        if (!HasDue)
            return false;
        var moment = inputs[next].Moment;
        if (scheduler.Frame < moment.Frame || scheduler.GlobalTime < moment.Time)
            return false;
        if (scheduler.Frame > moment.Frame || scheduler.GlobalTime > moment.Time || scheduler.TotalInstructions != moment.Instructions)
        {
            Missed = moment;
            return false;
        }

        input = new InputEvent(inputs[next].Serial, inputs[next].Bytes);
        next++;
        Prepare();
        return true;
    }
}
