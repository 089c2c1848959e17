using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Commands;

/// <summary>A moment of a recorded run, as the command line names it.</summary>
/// <param name="Text">What was typed; null for the end.</param>
/// <param name="Stop">The limit that it is; none for a mark, or the end.</param>
/// <param name="Moment">A mark's moment; null for others.</param>
internal sealed record JournalTarget(string? Text, StopCondition Stop, MomentRecord? Moment)
{
    public const string Form = "TIME|icount:N|icount:CPU:N|mark:NAME";

    /// <summary>Reads an option's value.</summary>
    /// <exception cref="SimException">It is no moment, there is no such mark, or the recording begins later.</exception>
    public static JournalTarget Parse(string option, string? text, JournalReader journal)
    {
        if (text is null)
            return new JournalTarget(null, StopCondition.None, null);
        if (text.StartsWith("mark:", StringComparison.Ordinal))
        {
            var found = journal.Marks.FirstOrDefault(m => m.Name == text[5..]) ?? throw new SimException(
                $"{option} {text}: {journal.Name} has no such mark.{Nearest.Hint(text[5..], journal.Marks.Select(static m => m.Name))}");
            return new JournalTarget(text, StopCondition.None, found.Moment);
        }

        var stop = text.StartsWith("icount:", StringComparison.Ordinal)
            ? Icount(option, text[7..], journal)
            : StopCondition.None with { Time = VirtualTime.Parse(text, option) };
        return stop.Time >= journal.Header.Begin.Time && stop.Instructions >= journal.Header.Begin.Instructions
            ? new JournalTarget(text, stop, null)
            : throw new SimException($"{option} {text}: the recording in {journal.Name} begins after that, at {journal.Header.Begin}.");
    }

    /// <summary>Prepares the replay: a whole one from the beginning, one that goes to a moment from the snapshot before it.</summary>
    public Replayer Open(JournalReader journal, SessionOptions options)
    {
        ReadOnlyMemory<byte> FindImage(ImageRecord image) => SavedImages.Find(image, journal.Name);
        if (Text is null)
            return new Replayer(journal, options, FindImage);
        var before = Moment is null ? Stop : StopCondition.None with { Instructions = Moment.Instructions };
        return Replayer.Near(journal, before, options, FindImage);
    }

    /// <summary>Whether a replay that ended for a reason has come to this moment.</summary>
    public bool IsAt(EndReason reason) => reason is EndReason.Time or EndReason.Instructions || (Moment is not null && reason == EndReason.Replayed);

    /// <summary>Whether a session has come to the limit.</summary>
    public bool IsReached(Session session)
    {
        var scheduler = session.Scheduler;
        return scheduler.TotalInstructions >= Stop.Instructions || scheduler.ReachedTime >= Stop.Time
            || (Stop.Vcpu >= 0 && scheduler.Clocks[Stop.Vcpu].Instructions >= Stop.VcpuInstructions);
    }

    private static StopCondition Icount(string option, string text, JournalReader journal)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var count = (long)OptionValues.Number($"{option} icount", text[(colon + 1)..], 0, long.MaxValue - 1);
        if (colon < 0)
            return StopCondition.None with { Instructions = count };
        var vcpu = (int)OptionValues.Number($"{option} icount CPU", text[..colon], 0, (ulong)Math.Max(0, journal.Header.Configuration.Smp - 1));
        return StopCondition.None with { Vcpu = vcpu, VcpuInstructions = count };
    }
}
