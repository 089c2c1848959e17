using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;

namespace Sim.PropertyKit.Guests;

/// <summary>Law L4 with whole guests.</summary>
public static class ReplayGuestLaws
{
    /// <summary>A recorded Linux replays from its beginning and from the middle.</summary>
    public static NamedLaw Linux { get; } = NamedLaw.Of(
        "replay-guests", "guests",
        "A recorded boot of Linux under any schedule on 1 to 8 vCPUs, typed at or through its workload, replays with every digest equal, "
        + "from power-on and from a snapshot of its middle.",
        LinuxBoot.Cases, CheckReplay, new LawOptions
        {
            Runs = 2,
            MaxShrinkAttempts = 10,
            Required = [("shell", 0.05), ("several digests", 0.5), ("from a snapshot", 0.2)],
        }).Needing(LinuxGuest.Missing);

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Linux];

    private static void CheckReplay(LinuxBoot boot, CaseClasses classes)
    {
        boot.Classify(classes);
        using var file = new TemporaryJournal();
        var options = new RecordingOptions
        {
            DigestInterval = 20_000 * VirtualTime.Microsecond,
            SnapshotInterval = 300_000 * VirtualTime.Microsecond,
        };
        var outcome = LinuxGuest.Run(boot, classes, session => Recording.Start(session, file.Path, options));
        using var journal = JournalReader.Open(file.Path);
        Check.Equal(null, journal.Problem, "problem of the journal");
        classes.Add("several digests", journal.Digests.Count > 2);
        classes.Add("from a snapshot", journal.Snapshots.Count > 0);
        using (var replayer = new Replayer(journal, null, LinuxGuest.FindImage))
        {
            Finish(replayer, outcome);
            Check.Equal(outcome.Console, replayer.Session.Console.Text, "console of the replay");
        }

        using var later = Replayer.Near(journal, StopCondition.None, null, LinuxGuest.FindImage);
        Finish(later, outcome);
    }

    private static void Finish(Replayer replayer, GuestOutcome outcome)
    {
        var result = replayer.Run();
        Check.That(result.Divergence is null, $"The replay diverged: {result.Divergence?.Text}.");
        Check.Equal(EndReason.Replayed, result.Reason, "end of the replay");
        Check.Equal(outcome.Digest, replayer.Session.Digest(), "digest of the replay");
    }
}
