using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Gives recorded inputs at their moments.</summary>
internal sealed class RecordedInputs(Scheduler scheduler, IEnumerable<InputEntry> recorded) : IInputInbox
{
    private readonly List<InputEntry> inputs = [.. recorded];
    private int next;

    /// <summary>Time of the moment between frames at which the replay pauses next, ns; never for none.</summary>
    public long PauseAt { get; set; } = VirtualTime.Never;

    /// <summary>An input whose moment has passed without being reached; null for none.</summary>
    public MomentRecord? Missed { get; private set; }

    /// <summary>True while inputs are still to come.</summary>
    public bool HasDue => next < inputs.Count;

    /// <summary>
    /// Tells the scheduler when the next input or pause comes: an idle machine's time stands still there, as it did for the host.
    /// </summary>
    public void Prepare() => scheduler.NextInput = Math.Min(HasDue ? inputs[next].Moment.Time : VirtualTime.Never, PauseAt);

    /// <inheritdoc/>
    public bool TryTake(out InputEvent input)
    {
        input = default;
        if (scheduler.NextInput <= scheduler.GlobalTime && (!HasDue || inputs[next].Moment.Time > scheduler.NextInput))
            scheduler.NextInput = HasDue ? inputs[next].Moment.Time : VirtualTime.Never;   // The pause is here, or was missed.
        if (!HasDue)
            return false;
        var moment = inputs[next].Moment;
        if (scheduler.Frame < moment.Frame || scheduler.GlobalTime < moment.Time)
        {
            Missed = scheduler.GlobalTime > moment.Time ? moment : null;
            return false;
        }

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
