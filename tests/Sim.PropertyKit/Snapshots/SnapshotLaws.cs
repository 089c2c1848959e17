using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qom;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.Snapshots;

namespace Sim.PropertyKit.Snapshots;

/// <summary>Law L2: a machine that is saved anywhere and restored goes on as if it had never been interrupted; so does one that goes back.</summary>
public static class SnapshotLaws
{
    /// <summary>Stops of a case at which the machine is saved: enough that a restored machine is saved again.</summary>
    private const int Saves = 4;

    /// <summary>Stops of a case at which several snapshots of one moment are compared, which takes longer.</summary>
    private const int ComparedSaves = 2;

    private static readonly LawOptions Sample = new()
    {
        Runs = 12,
        Required = [("several CPUs", 0.5), ("random schedule", 0.2), (SavedMoment.InSlice, 0.5)],
    };

    /// <summary>Saving and restoring anywhere, again and again, changes nothing.</summary>
    public static NamedLaw Anywhere { get; } = NamedLaw.Of(
        "snapshot-anywhere", "L2", "A run that is saved anywhere and restored in another machine, again and again, is the uninterrupted one.",
        StoppedRun.Any, static (run, classes) => CheckAnywhere(run, null, classes), Sample with { Runs = 24 });

    /// <summary>The same moment gives the same bytes, also in the restored machine.</summary>
    public static NamedLaw Bytes { get; } = NamedLaw.Of(
        "snapshot-bytes", "L2", "A snapshot of a machine that restored or loaded a snapshot is that snapshot, byte for byte.",
        StoppedRun.Any, CheckBytes, Sample);

    /// <summary>Going back to checkpoints, in any order, brings back the moments they were taken at.</summary>
    public static NamedLaw Checkpoints { get; } = NamedLaw.Of(
        "checkpoints", "L2", "A machine that goes back to a checkpoint, or another one that goes on from it, runs as the first one did.",
        StoppedRun.Any, CheckCheckpoints, Sample);

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Anywhere, Bytes, Checkpoints];

    /// <summary>A snapshot of a session, in memory.</summary>
    public static byte[] Save(Session session)
    {
        using var stream = new MemoryStream();
        SnapshotWriter.Write(session, stream);
        return stream.ToArray();
    }

    /// <summary>A session that goes on from a snapshot in memory.</summary>
    public static Session Restore(byte[] snapshot, TypeRegistry? registry = null)
    {
        using var reader = Open(snapshot);
        return reader.Restore(new SessionOptions { Registry = registry });
    }

    /// <summary>Opens a snapshot in memory.</summary>
    public static SnapshotReader Open(byte[] snapshot) => SnapshotReader.Open(new MemoryStream(snapshot, writable: false), "memory.simsnap");

    /// <summary>Moves a run into another machine at some of its stops, and compares it with the straight one.</summary>
    /// <param name="run">The run and the stops.</param>
    /// <param name="table">Types of machines with a <see cref="PlantedDevice"/>; null for such without.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void CheckAnywhere(StoppedRun run, TypeRegistry? table, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.Scenario.Classify(classes);
        var session = run.Scenario.Boot(table);
        try
        {
            var printed = new List<byte>();
            foreach (var stop in run.Stops.Take(Saves))
            {
                StopLaws.RunWithStops(session, [stop], static _ => { }, null, run.Scenario.Deadline);
                var snapshot = Save(session);
                using (var reader = Open(snapshot))
                    Classify(SavedMoment.Of(reader), classes);
                printed.AddRange(Printed(session).Span);
                session.Dispose();
                session = Restore(snapshot, table ?? run.Scenario.Own?.Types);
            }

            var end = run.Scenario.End(session);
            classes.CoverSession(session);
            printed.AddRange(Printed(session).Span);
            var straight = run.Scenario.RunStraight(table);
            Check.Equal(Text(straight.Console), Encoding.UTF8.GetString([.. printed]), "console of the saved and restored run");
            Check.Equal(straight with { Console = "" }, end with { Console = "" }, "the saved and restored run");
        }
        finally
        {
            session.Dispose();
        }
    }

    private static void CheckBytes(StoppedRun run, CaseClasses classes)
    {
        run.Scenario.Classify(classes);
        using var session = run.Scenario.Boot();
        StopLaws.RunWithStops(session, run.Stops.Take(ComparedSaves), session =>
        {
            WriteRepeatedPages(session);
            var snapshot = Save(session);
            using (var reader = Open(snapshot))
                Classify(SavedMoment.Of(reader), classes);
            Check.That(snapshot.AsSpan().SequenceEqual(Save(session)), "The same moment was saved twice with different bytes.");
            using var restored = Restore(snapshot);
            Check.That(snapshot.AsSpan().SequenceEqual(Save(restored)), "The restored machine's snapshot differs from the one that it came from.");
            MachineScenario.RunFor(restored, 1_000);
            using var again = Open(snapshot);
            again.Load(restored);
            Check.That(snapshot.AsSpan().SequenceEqual(Save(restored)), "A machine that ran on and loaded the snapshot gives another one.");
        }, classes);
        classes.CoverSession(session);
    }

    /// <summary>Writes pages of few different contents, side by side in an order of the moment's, where no guest has anything.</summary>
    private static void WriteRepeatedPages(Session session)
    {
        var random = Prng.FromSeed((ulong)session.Scheduler.TotalInstructions);
        var block = session.Machine.RamBlocks[0];
        var page = new byte[RamBlock.PageSize];
        for (var number = 0UL; number < 12; number++)
        {
            page.AsSpan().Fill((byte)random.Below(4));
            block.Write((block.PageCount / 2 + number) << RamBlock.PageShift, page);
        }
    }

    /// <summary>Goes back to checkpoints of a run, and on from them in other machines.</summary>
    internal static void CheckCheckpoints(StoppedRun run, CaseClasses classes)
    {
        run.Scenario.Classify(classes);
        using var session = run.Scenario.Boot();
        var taken = new List<(Checkpoint Checkpoint, UInt128 Digest)>();
        StopLaws.RunWithStops(session, run.Stops.Take(Saves), session =>
        {
            classes.Add(SavedMoment.InSlice, session.Scheduler.Turn >= 0);
            taken.Add((session.Checkpoint(), session.Digest()));
        }, classes, run.Scenario.Deadline);
        var end = run.Scenario.End(session) with { Console = "" };
        Check.Equal(run.Scenario.RunStraight() with { Console = "" }, end, "the run with checkpoints");
        classes.CoverSession(session);

        // Back from the end to the first, from there to the last, and in a machine of its own from each.
        foreach (var (checkpoint, digest) in taken.Concat(Enumerable.Reverse(taken)))
        {
            session.Restore(checkpoint);
            Check.Equal(digest, session.Digest(), "digest after going back");
            MachineScenario.RunFor(session, 1_000);
            using var other = Session.Open(checkpoint, new SessionOptions { Registry = run.Scenario.Own?.Types });
            Check.Equal(digest, other.Digest(), "digest of another machine");
            MachineScenario.RunFor(other, 1_000);
            Check.Equal(session.Digest(), other.Digest(), "digest after 1000 instructions in either machine");
        }

        if (session.Scheduler.ReachedTime < run.Scenario.Deadline)
            Check.Equal(end, run.Scenario.End(session) with { Console = "" }, "the run from the first checkpoint");
    }

    private static ReadOnlyMemory<byte> Printed(Session session) => session.Consoles.Count == 0 ? default : session.Console.Bytes;

    private static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    private static void Classify(IEnumerable<string> moments, CaseClasses classes)
    {
        foreach (var moment in moments)
            classes.Add(moment);
    }
}
