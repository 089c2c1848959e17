using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;

namespace Sim.PropertyKit.Machines;

/// <summary>A run to be recorded and replayed.</summary>
/// <param name="Scenario">The machine.</param>
/// <param name="Host">Seed of the <see cref="RandomHost"/> that types; 0 for none.</param>
/// <param name="Start">Instructions before the recording begins.</param>
/// <param name="End">Where it ends: instructions after that, ns when negative; 0 for where the guest ends.</param>
/// <param name="DigestInterval">ns.</param>
/// <param name="Detail">Whether every frame is recorded.</param>
/// <param name="Stops">Stops on the way that the recording must not notice.</param>
/// <param name="Debugger">Seed of the <see cref="RandomDebugger"/> that writes; 0 for none.</param>
/// <param name="Snapshots">ns between snapshots beside the journal; 0 for none.</param>
public sealed record RecordedRun(
    MachineScenario Scenario, ulong Host, int Start, long End, long DigestInterval, bool Detail, int Stops, ulong Debugger, long Snapshots) : IRecordableCase
{
    /// <inheritdoc/>
    public void Record(string journal) => ReplayLaws.Record(this, journal, null, new CaseClasses(), embed: true);

    /// <summary>The case as C# code.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"new RecordedRun({Scenario}, {Host}, {Start}, {End}, {DigestInterval}, {(Detail ? "true" : "false")}, {Stops}, {Debugger}, {Snapshots})");

    /// <summary>Runs of every kind.</summary>
    public static Arbitrary<RecordedRun> Any { get; } = Of(MachineScenario.Any);

    /// <summary>Runs of some machines, of every kind.</summary>
    public static Arbitrary<RecordedRun> Of(Arbitrary<MachineScenario> scenarios) => Arb.From(
        from scenario in scenarios.Generator
        let scale = scenario.Program is null ? 10 : 1   // A random program's run is that much shorter.
        from host in Gen.Choose(0, 1_000_000).Select(static n => n % 2 == 0 ? 0UL : (ulong)n)
        from start in Gen.Choose(0, 40_000 * scale).Select(n => n < 20_000 * scale ? 0 : n)
        from end in Gen.Choose(-100_000 * scale, 100_000 * scale).Select(static n => n % 4 == 0 ? 0L : n)
        from interval in Gen.Choose(1, 300)
        from detail in Gen.Choose(0, 4)
        from stops in Gen.Choose(0, 3)
        from debugger in Gen.Choose(0, 1_000_000).Select(static n => n % 2 == 0 ? 0UL : (ulong)n)
        from snapshots in Gen.Choose(0, 5).Select(n => n > 1 ? 0L : (n + 1) * scale * 10 * VirtualTime.Microsecond)
        select new RecordedRun(scenario, host, start, end, interval * scale * VirtualTime.Microsecond / 10, detail == 0, stops, debugger, snapshots),
        run => Shrink(run, scenarios));

    private static IEnumerable<RecordedRun> Shrink(RecordedRun run, Arbitrary<MachineScenario> scenarios)
    {
        if (run.Host != 0)
            yield return run with { Host = 0 };
        if (run.Debugger != 0)
            yield return run with { Debugger = 0 };
        if (run.Snapshots != 0)
            yield return run with { Snapshots = 0 };
        if (run.Start != 0)
            yield return run with { Start = 0 };
        if (run.End != 0)
            yield return run with { End = 0 };
        if (run.Stops != 0)
            yield return run with { Stops = 0 };
        if (run.Detail)
            yield return run with { Detail = false };
        foreach (var scenario in scenarios.Shrinker(run.Scenario))
            yield return run with { Scenario = scenario };
    }
}

/// <summary>Law L4: a replay equals the recording, digest by digest.</summary>
public static class ReplayLaws
{
    /// <summary>Any recorded run replays.</summary>
    public static NamedLaw Replay { get; } = NamedLaw.Of(
        "replay", "L4", "A recorded run replays with every digest equal, whatever the host did meanwhile, and to the same console.",
        RecordedRun.Any, static (run, classes) => RecordAndReplay(run, null, classes),
        new LawOptions
        {
            Runs = 40,
            PastFailures = [new(14874298132327353050, 5)],
            Required =
            [
                ("several CPUs", 0.5), ("random schedule", 0.2), ("typed", 0.05), ("typed while idle", 0.004), ("typed together", 0.02), ("began in the middle", 0.2),
                ("ended by power-off", 0.08), ("ended inside a frame", 0.1), ("in detail", 0.08), ("several digests", 0.2),
                ("a debugger wrote", 0.1), ("a debugger wrote inside a frame", 0.04), ("typed while stopped", 0.04), ("from a snapshot", 0.08),
            ],
        });

    /// <summary>Virtual time after which a run that goes on is long enough, ns: one that a debugger has changed may never end.</summary>
    private static long Patience(RecordedRun run) =>
        Math.Min(run.Scenario.Length, run.Debugger == 0 ? VirtualTime.Second / 5 : 5000 * VirtualTime.Microsecond);

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Replay];

    /// <summary>Records a run, replays it and compares.</summary>
    /// <param name="run">The run.</param>
    /// <param name="table">Types of a machine with a <see cref="PlantedDevice"/>; null for one without.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void RecordAndReplay(RecordedRun run, TypeRegistry? table, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(classes);
        using var file = new TemporaryJournal();
        var outcome = Record(run, file.Path, table, classes);
        using var journal = JournalReader.Open(file.Path);
        Check.Equal(null, journal.Problem, "problem of the journal");
        classes.Add("several digests", journal.Digests.Count > 2);
        ReadOnlyMemory<byte> FindImage(ImageRecord image) => run.Scenario.FindImage(image.Role);
        var options = new SessionOptions { Registry = table ?? run.Scenario.Own?.Types };
        using (var replayer = new Replayer(journal, options, FindImage))
        {
            // A debugger that looks on changes nothing, and is not let to.
            using var debugger = run.Debugger % 4 == 1 && replayer.Session.Scheduler.Clocks.Count > 0 ? new RandomDebugger(replayer.Session, run.Debugger + 1, 10) { Types = false } : null;
            Check.Equal(outcome, Finish(replayer, journal.Digests.Count + 1), "the replay");
            Check.Equal(0, debugger?.Writes ?? 0, "writes during a replay");
        }

        if (journal.Snapshots is [.., var last])
        {
            using var later = Replayer.Near(journal, StopCondition.None, options, FindImage);
            Check.That(MomentRecord.Of(later.Session).Is(last.Moment), "A replay to the end does not begin at the last snapshot.");
            Check.Equal(outcome with { Console = "" }, Finish(later, null) with { Console = "" }, "the replay from a snapshot");
            classes.Add("from a snapshot");
        }
    }

    private static RunOutcome Finish(Replayer replayer, int? digests)
    {
        var result = replayer.Run();
        Check.That(result.Divergence is null, $"The replay diverged: {result.Divergence?.Text}, after {result.Divergence?.LastEqual}.");
        Check.Equal(EndReason.Replayed, result.Reason, "end of the replay");
        Check.Equal(digests ?? replayer.DigestsCompared, replayer.DigestsCompared, "digests compared");
        return RunOutcome.Of(replayer.Session);
    }

    internal static RunOutcome Record(RecordedRun run, string path, TypeRegistry? table, CaseClasses classes, bool embed = false)
    {
        run.Scenario.Classify(classes);
        var host = run.Host == 0 || run.Scenario.Own is { Configuration.Serials: 0 } ? null : new RandomHost(run.Host, inputs: 5);
        using var session = run.Scenario.Boot(table, host);
        if (run.Start > 0)
            MachineScenario.RunFor(session, run.Start);
        session.Input.Inbox = host;
        var printed = session.Consoles.Count == 0 ? 0 : session.Console.Length;
        using var recording = Recording.Start(session, path, new RecordingOptions
        {
            DigestInterval = run.DigestInterval,
            Detail = run.Detail,
            SnapshotInterval = run.Snapshots,
            EmbedImages = embed,
        });
        using var debugger = run.Debugger == 0 || session.Scheduler.Clocks.Count == 0 ? null : new RandomDebugger(session, run.Debugger, 10);
        for (var stop = 0; stop < run.Stops; stop++)
            MachineScenario.RunFor(session, 10_007);
        var limit = run.End switch
        {
            0 => StopCondition.None,
            < 0 => StopCondition.None with { Time = session.Scheduler.ReachedTime - run.End },
            _ => StopCondition.None with { Instructions = session.Scheduler.TotalInstructions + run.End },
        };
        var reason = session.Run(new RunLimits { Stop = limit with { Time = Math.Min(limit.Time, session.Scheduler.ReachedTime + Patience(run)) } }).Reason;
        recording.Finish(reason);
        classes.Add("typed", host?.Typed > 0);
        classes.Add("typed while idle", host?.TypedWhileIdle > 0);
        classes.Add("typed together", host?.TypedTogether > 0);
        classes.Add("began in the middle", run.Start > 0);
        classes.Add("ended by power-off", reason == EndReason.PowerOff);
        classes.Add("ended inside a frame", !session.Scheduler.AtFrameBoundary);
        classes.Add("in detail", run.Detail);
        classes.Add("a debugger wrote", debugger?.Writes > 0);
        classes.Add("a debugger wrote inside a frame", debugger?.WritesInFrame > 0);
        classes.Add("typed while stopped", debugger?.Typed > 0);
        classes.CoverSession(session);
        return RunOutcome.Of(session, printed);
    }
}
