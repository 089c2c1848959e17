using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Where a replay is not what was recorded.</summary>
/// <param name="LastEqual">The last moment that was as recorded; the session stands there.</param>
/// <param name="Found">The first that is known not to be.</param>
/// <param name="Differences">What differs: path and field, or section, with both values.</param>
public sealed record Divergence(MomentRecord LastEqual, MomentRecord Found, IReadOnlyList<SnapshotDifference> Differences)
{
    /// <summary>When and what, in one sentence without a full stop.</summary>
    public string Text => $"the replay diverges between {LastEqual} and {Found}: {What}";

    private string What => Differences is [var first, ..]
        ? $"{first.Where} {first.What}: {first.Second}, recorded was {first.First}"
            + (Differences.Count > 1 ? FormattableString.Invariant($" (and {Differences.Count - 1} more)") : "")
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
    /// <summary>Virtual time beyond the recorded end after which a run that goes on without executing anything is not the recorded one.</summary>
    private const long Overtime = VirtualTime.Second;

    private readonly JournalReader journal;
    private readonly RecordedInputs inputs;
    private readonly DigestComparison digests;
    private int nextStep;
    private bool isWriting;

    /// <summary>Prepares the replay of a journal from its beginning.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="options">What the session is given besides.</param>
    /// <param name="findImage">Gives the content of an image that the journal does not hold, see <see cref="JournalReader.Boot"/>.</param>
    /// <exception cref="SimException">The machine cannot be built, or does not begin as it was recorded.</exception>
    public Replayer(JournalReader journal, SessionOptions? options = null, Func<ImageRecord, ReadOnlyMemory<byte>>? findImage = null)
        : this(journal, BootChecked(journal, options, findImage), null)
    {
    }

    /// <param name="journal">The journal.</param>
    /// <param name="session">A session that stands at a moment of it.</param>
    /// <param name="from">Where that is in the journal; null for the beginning, where nothing has entered yet.</param>
    private Replayer(JournalReader journal, Session session, JournalPlace? from)
    {
        this.journal = journal;
        Session = session;

        // A script, or input that waited, is in the journal with the moment at which it entered.
        session.DetachScript();
        session.Input.ReplaceWaiting([]);
        session.Input.Refusal = "This is a replay: nothing can be written; --fork leaves the recorded run at the first write.";
        nextStep = from?.Steps ?? 0;
        inputs = new RecordedInputs(session.Scheduler, journal.BoundaryInputs, from?.Inputs ?? 0);
        session.Input.Inbox = inputs;
        digests = new DigestComparison(journal, session, from?.Digests);
        session.Scheduler.FrameBoundary += OnFrameBoundary;
        session.Scheduler.FrameEnded += OnFrameEnded;
    }

    /// <summary>What is replayed.</summary>
    internal JournalReader Journal => journal;

    /// <summary>The session that is replayed. Its input is the journal's.</summary>
    public Session Session { get; }

    /// <summary>Digests that were compared and found equal.</summary>
    public int DigestsCompared => digests.Compared;

    /// <summary>True once a debugger's write has made the run another one than the recorded; see <see cref="AllowFork"/>.</summary>
    public bool IsForked { get; private set; }

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
        for (var index = journal.Snapshots.Count - 1; index >= 0; index--)
        {
            // A limit in the instructions of one CPU says nothing about the moment.
            var moment = journal.Snapshots[index].Moment;
            if (before.Vcpu >= 0 || moment.Time >= before.Time || moment.Instructions >= before.Instructions)
                continue;
            if (journal.Restore(index, options, findImage) is { } session)
                return new Replayer(journal, session, journal.SnapshotPlaces[index]);
        }

        return new Replayer(journal, options, findImage);
    }

    /// <summary>Lets debuggers write: the run is then another one than the recorded, and nothing is compared any more.</summary>
    public void AllowFork()
    {
        Session.Input.Refusal = null;
        Session.Input.Applied += (_, _) =>
        {
            if (isWriting || IsForked)
                return;
            IsForked = true;
            Release();
            Session.RequestEnd(EndReason.Replayed);
        };
    }

    /// <summary>
    /// Replays to the end of what was recorded, or to a limit or a moment before it. After a divergence the session stands at the last moment
    /// that was as recorded.
    /// </summary>
    /// <param name="limits">Where the replay ends at the latest; null for no limit.</param>
    /// <param name="to">A recorded moment at which it ends, such as a mark's; null for the end.</param>
    /// <param name="cancellationToken">Ends it between frames.</param>
    public ReplayResult Run(RunLimits? limits = null, MomentRecord? to = null, CancellationToken cancellationToken = default)
    {
        limits ??= RunLimits.None;
        using var output = OutputWatch.Of(Session, limits.Output);
        while (true)
        {
            var next = NextPause();
            var isLast = to is not null && (to.Frame, to.Instructions, to.Time).CompareTo((next.Frame, next.Instructions, next.Time)) < 0;
            var pause = isLast ? to! : next;
            var reason = RunTo(pause, limits.Stop, cancellationToken);
            if (IsForked)
                return new ReplayResult(Session.Run(limits, cancellationToken).Reason, null, false);
            if (digests.Divergence is null && reason is { } own)
                return new ReplayResult(own, null, false);
            if (digests.Divergence is null && !MomentRecord.Of(Session).Is(pause))
                digests.Diverge("scheduler", "moment", pause.ToString(), MomentRecord.Of(Session).ToString());
            var isEnd = !isLast && nextStep == journal.Steps.Count;
            if (digests.Divergence is null && isEnd)
                CompareEnd();
            else if (digests.Divergence is null && !isLast)
                TakeStep(journal.Steps[nextStep++]);
            if (digests.Divergence is { } divergence)
            {
                digests.GoBack();
                return new ReplayResult(EndReason.Divergence, divergence, false);
            }

            if (isLast || isEnd)
                return new ReplayResult(EndReason.Replayed, null, isEnd && journal.End is null);
        }
    }

    /// <summary>Where the replay stands, to go back to with <see cref="GoTo"/>.</summary>
    internal (Checkpoint Checkpoint, JournalPlace Place, object Comparison) Position() =>
        (Session.Checkpoint(), new JournalPlace(inputs.Next, nextStep, 0), digests.Position);

    /// <summary>Goes back to a position.</summary>
    internal void GoTo((Checkpoint Checkpoint, JournalPlace Place, object Comparison) position)
    {
        Session.Restore(position.Checkpoint);
        Session.DetachScript();
        (inputs.Next, nextStep) = (position.Place.Inputs, position.Place.Steps);
        digests.GoTo(position.Comparison);
    }

    /// <summary>Lets the session go: it belongs to the caller from now on, and what was recorded has no more part in it.</summary>
    public Session Release()
    {
        Session.Scheduler.FrameBoundary -= OnFrameBoundary;
        Session.Scheduler.FrameEnded -= OnFrameEnded;
        Session.Input.Inbox = null;
        Session.Input.Refusal = null;
        return Session;
    }

    /// <summary>Frees the session's memory.</summary>
    public void Dispose() => Session.Dispose();

    private static Session BootChecked(
        JournalReader journal, SessionOptions? options, Func<ImageRecord, ReadOnlyMemory<byte>>? findImage)
    {
        ArgumentNullException.ThrowIfNull(journal);
        var session = journal.Boot(options, findImage);
        var (expected, digest) = (JournalReader.Digest(journal.Header.BeginDigest), session.Digest());
        if (digest == expected && MomentRecord.Of(session).Is(journal.Header.Begin))
            return session;
        session.Dispose();
        throw new SimException($"{journal.Name}: the machine does not begin as it was recorded: it has digest {StateHasher.Format(digest)} at "
            + $"{MomentRecord.Of(session)}; expected {StateHasher.Format(expected)} at {journal.Header.Begin}.", SimErrorKind.Divergence);
    }

    private MomentRecord NextPause() =>
        nextStep < journal.Steps.Count ? journal.Steps[nextStep].Moment : journal.End?.Moment ?? journal.Last;

    /// <summary>Runs to a moment, null, or to what ends the run before: the reason.</summary>
    private EndReason? RunTo(MomentRecord moment, StopCondition own, CancellationToken cancellationToken)
    {
        if (MomentRecord.Of(Session).Is(moment))
            return null;
        var stop = own with
        {
            Point = moment.Point,
            Time = Math.Min(own.Time, Math.Max(journal.End?.ReachedTime ?? 0, journal.Last.Time) + Overtime),
        };
        var result = Session.Run(new RunLimits { Stop = stop }, cancellationToken);
        return result.Reason switch
        {
            EndReason.Output or EndReason.Interrupted or EndReason.Debugger => result.Reason,
            EndReason.Instructions or EndReason.Time when IsReached(own) => own.Time != VirtualTime.Never && Session.Scheduler.ReachedTime >= own.Time
                ? EndReason.Time : EndReason.Instructions,
            _ => null,
        };
    }

    private bool IsReached(StopCondition own) => Session.Scheduler.TotalInstructions >= own.Instructions
        || Session.Scheduler.ReachedTime >= own.Time
        || (own.Vcpu >= 0 && Session.Scheduler.Clocks[own.Vcpu].Instructions >= own.VcpuInstructions);

    /// <summary>Lets what entered here enter.</summary>
    private void TakeStep(JournalStep step)
    {
        if (step.Input is { } input)
        {
            Session.Input.Enqueue(new InputEvent(input.Serial, input.Bytes));
            Session.Input.Drain(Session.Scheduler.GlobalTime);
            return;
        }

        isWriting = true;
        var refusal = Session.Input.Refusal;
        Session.Input.Refusal = null;
        try
        {
            Session.Input.Apply(step.Write!.ToWrite());
        }
        catch (SimException error)
        {
            digests.Diverge("debugger", "write", "possible", error.Message);
        }
        finally
        {
            Session.Input.Refusal = refusal;
            isWriting = false;
        }
    }

    private void CompareEnd()
    {
        if (inputs.HasDue)
            digests.Diverge("input", "moment", "an input", "the end");
        else
            digests.CompareEnd();
    }

    private void OnFrameBoundary()
    {
        if (digests.Divergence is null && inputs.Missed is { } missed)
            digests.Diverge("input", "moment", missed.ToString(), MomentRecord.Of(Session).ToString());
    }

    private void OnFrameEnded() => digests.CompareFrame();

    /// <summary>Ends the run where the console prints a text, over all the pauses of a replay.</summary>
    private sealed class OutputWatch(Session session, OutputMatcher matcher) : IDisposable
    {
        public static OutputWatch? Of(Session session, string? text)
        {
            if (text is null)
                return null;
            var watch = new OutputWatch(session, new OutputMatcher(Script.Encode(text)));
            session.Console.Written += watch.Match;
            return watch;
        }

        public void Dispose() => session.Console.Written -= Match;

        private void Match(byte value)
        {
            if (matcher.Feed(value))
                session.RequestEnd(EndReason.Output);
        }
    }
}
