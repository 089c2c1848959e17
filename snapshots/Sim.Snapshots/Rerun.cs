using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>
/// Runs another configuration with a journal's inputs, each at its virtual time, up to the virtual time at which the recording ended, and
/// records that. The configuration of the journal itself gives its run once more, to the instruction.
/// </summary>
internal sealed class Rerun : IInputInbox, IDisposable
{
    private readonly JournalReader journal;
    private readonly Session session;
    private readonly CancellationToken cancellationToken;
    private int nextInput;

    private Rerun(JournalReader journal, MachineConfiguration configuration, CancellationToken cancellationToken)
    {
        this.journal = journal;
        this.cancellationToken = cancellationToken;
        if (journal.Header.Begin is not { Frame: 0, Time: 0 })
        {
            throw SnapshotError.In(
                journal.Name, $"it begins at {journal.Header.Begin}, not at power-on: its machine is the one in its snapshot, and no option changes that");
        }

        if (journal.Inputs.FirstOrDefault(i => i.Serial >= configuration.Serials) is { } input)
        {
            throw SnapshotError.In(journal.Name, FormattableString.Invariant(
                $"it has an input for serial port {input.Serial} at {input.Moment}, and the other machine has {configuration.Serials} with a backend"));
        }

        session = Session.Boot(configuration);
        session.Input.Inbox = this;
    }

    /// <summary>Records the run.</summary>
    /// <param name="journal">The journal whose inputs it gets.</param>
    /// <param name="configuration">The machine.</param>
    /// <param name="path">Where its own journal goes.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="SimException">The journal does not begin at power-on, the machine cannot be built, or cannot take an input.</exception>
    public static void Record(JournalReader journal, MachineConfiguration configuration, string path, CancellationToken cancellationToken)
    {
        using var rerun = new Rerun(journal, configuration, cancellationToken);
        using var recording = Recording.Start(rerun.session, path, new RecordingOptions { DigestInterval = journal.Header.DigestInterval });
        if (rerun.Run() is { } own)
            recording.Finish(own);
        else if (journal.End is { } end)
            recording.Finish(end.Reason);
    }

    /// <inheritdoc/>
    public bool TryTake(out InputEvent input)
    {
        input = default;
        if (nextInput == journal.BoundaryInputs.Count)
            return false;
        var next = journal.BoundaryInputs[nextInput];
        var scheduler = session.Scheduler;
        if (scheduler.GlobalTime < next.Moment.Time
            || (scheduler.GlobalTime == next.Moment.Time && (scheduler.Frame < next.Moment.Frame || !scheduler.IsEndingFrame)))
            return false;
        nextInput++;
        input = new InputEvent(next.Serial, next.Bytes);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    /// <summary>Runs to where the recording ended; what ended the run before that, null when nothing did.</summary>
    private EndReason? Run()
    {
        foreach (var step in journal.Steps)
        {
            if (RunTo(step.Moment, step.Moment.Time, step.Moment.Time + LongestFrame) is { } reason and not EndReason.Idle)
                return reason;
            if (step.Input is { } input)
                session.Input.Enqueue(new InputEvent(input.Serial, input.Bytes));
            else
                Apply(step.Write!);
        }

        var end = journal.End?.ReachedTime ?? journal.Last.Time;
        return RunTo(journal.End?.Moment ?? journal.Last, end, end);
    }

    /// <summary>No frame of the recording is longer, ns.</summary>
    private long LongestFrame => 2 * (journal.Header.Configuration.Quantum + (1L << journal.Header.Configuration.Shift));

    /// <summary>
    /// Runs to a recorded moment; where the run does not come by it until the latest time, to its virtual time or beyond. Stops move no
    /// boundary, so that the run is the same with any number of them.
    /// </summary>
    private EndReason? RunTo(MomentRecord moment, long time, long latest)
    {
        var stop = StopCondition.None with { Point = moment.Point, Time = latest + 1 };
        while (!MomentRecord.Of(session).Is(moment))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (stop.Point is null && session.Scheduler.ReachedTime >= time)
                return null;
            var reason = session.Run(new RunLimits { Stop = stop }, cancellationToken).Reason;
            if (MomentRecord.Of(session).Is(moment))
                return null;
            if (reason == EndReason.Idle && nextInput < journal.BoundaryInputs.Count && journal.BoundaryInputs[nextInput].Moment.Time <= moment.Time)
            {
                // Nothing but an input wakes this machine, whose time stands still until then.
                var input = journal.BoundaryInputs[nextInput++];
                session.Input.Enqueue(new InputEvent(input.Serial, input.Bytes));
            }
            else if (reason is EndReason.Time or EndReason.Instructions)
                stop = StopCondition.None with { Time = time };
            else if (reason != EndReason.Interrupted)
                return reason;
        }

        return null;
    }

    private void Apply(WriteEntry write)
    {
        try
        {
            session.Input.Apply(write.ToWrite());
        }
        catch (SimException error)
        {
            throw SnapshotError.In(
                journal.Name, $"what a debugger wrote at {write.Moment} cannot be written to the other machine ({error.Message.TrimEnd('.')})", error);
        }
    }
}
