using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Gives the inputs that were recorded at frames' ends, each at its own.</summary>
internal sealed class RecordedInputs(Scheduler scheduler, IReadOnlyList<InputEntry> inputs, int next) : IInputInbox
{
    /// <summary>Index of the first input that has not entered yet.</summary>
    public int Next { get; set; } = next;

    /// <summary>The next input, when its moment has passed without being reached; null otherwise.</summary>
    public MomentRecord? Missed => Next < inputs.Count && IsPast(inputs[Next].Moment) ? inputs[Next].Moment : null;

    /// <summary>True while inputs are still to come.</summary>
    public bool HasDue => Next < inputs.Count;

    /// <inheritdoc/>
    public bool TryTake(out InputEvent input)
    {
        input = default;
        if (!HasDue || !scheduler.IsEndingFrame || scheduler.Frame != inputs[Next].Moment.Frame || !MomentRecord.Of(scheduler).Is(inputs[Next].Moment))
            return false;
        input = new InputEvent(inputs[Next].Serial, inputs[Next].Bytes);
        Next++;
        return true;
    }

    private bool IsPast(MomentRecord moment) => scheduler.Frame >= moment.Frame;
}
