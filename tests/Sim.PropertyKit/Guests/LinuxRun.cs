using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;

namespace Sim.PropertyKit.Guests;

/// <summary>What is done to a run of Linux that must not change it.</summary>
public enum LinuxTrial
{
    /// <summary>It is stopped.</summary>
    Stopped,

    /// <summary>It is saved to a file and goes on in another machine.</summary>
    Saved,

    /// <summary>It goes back to checkpoints, and on from them in other machines.</summary>
    TakenBack,

    /// <summary>It is recorded while somebody types and debugs, and replayed.</summary>
    Recorded,
}

/// <summary>A run from a moment of Linux, and what is done to it.</summary>
/// <param name="Trial">What is done.</param>
/// <param name="Stopped">The run and where it is stopped, saved or noted; null for one to be recorded.</param>
/// <param name="Recording">The run to be recorded; null for others.</param>
public sealed record LinuxRun(LinuxTrial Trial, StoppedRun? Stopped, RecordedRun? Recording) : IRecordableCase
{
    private static readonly Arbitrary<StoppedRun> StoppedRuns = StoppedRun.Of(LinuxMoment.Scenarios);

    private static readonly Arbitrary<RecordedRun> RecordedRuns = RecordedRun.Of(LinuxMoment.Scenarios);

    /// <summary>Any run, mostly stopped or taken back: to write and read files of Linux takes longer.</summary>
    public static Arbitrary<LinuxRun> Any { get; } = Arb.From(
        from trial in Gen.Frequency(
            (6, Gen.Constant(LinuxTrial.Stopped)), (3, Gen.Constant(LinuxTrial.Saved)), (4, Gen.Constant(LinuxTrial.TakenBack)), (3, Gen.Constant(LinuxTrial.Recorded)))
        from stopped in StoppedRuns.Generator
        from recorded in RecordedRuns.Generator
        let stops = trial switch { LinuxTrial.Stopped => 8, LinuxTrial.Saved => 1, _ => 2 }
        select trial == LinuxTrial.Recorded
            ? new LinuxRun(trial, null, recorded with
            {
                Start = recorded.Start / 10,
                End = recorded.End / 4,
                Snapshots = recorded.Snapshots == 0 ? 0 : recorded.Scenario.Length / 3,
            })
            : new LinuxRun(trial, stopped with { Stops = [.. stopped.Stops.Take(stops)] }, null),
        static run => run.Recording is not null
            ? RecordedRuns.Shrinker(run.Recording).Select(recording => run with { Recording = recording })
            : StoppedRuns.Shrinker(run.Stopped!).Select(stopped => run with { Stopped = stopped }));

    /// <inheritdoc/>
    public void Record(string journal)
    {
        if (Recording is not null)
            Recording.Record(journal);
        else
            Stopped!.Record(journal);
    }

    /// <inheritdoc/>
    public override string ToString() => $"new LinuxRun(LinuxTrial.{Trial}, {Stopped?.ToString() ?? "null"}, {Recording?.ToString() ?? "null"})";

    /// <summary>Does it, and compares with the run to which nothing is done.</summary>
    public void Check(CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        var scenario = Recording?.Scenario ?? Stopped!.Scenario;
        classes.Add(scenario.Own!.Start!.Time >> scenario.Shift < LinuxMoment.BootTime ? "boot" : "work");
        classes.Add(Trial switch { LinuxTrial.Stopped => "stopped", LinuxTrial.Saved => "saved", LinuxTrial.TakenBack => "taken back", _ => "recorded" });
        switch (Trial)
        {
            case LinuxTrial.Stopped:
                StopLaws.CompareWithStraight(Stopped!, static _ => { }, classes);
                break;
            case LinuxTrial.Saved:
                SnapshotLaws.CheckAnywhere(Stopped!, null, classes);
                break;
            case LinuxTrial.TakenBack:
                SnapshotLaws.CheckCheckpoints(Stopped!, classes);
                break;
            default:
                ReplayLaws.RecordAndReplay(Recording!, null, classes);
                break;
        }
    }
}
