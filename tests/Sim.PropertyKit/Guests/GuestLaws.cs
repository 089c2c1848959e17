using System.Collections.Concurrent;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;

namespace Sim.PropertyKit.Guests;

/// <summary>A run of the torture guest.</summary>
/// <param name="Schedule">vCPUs and schedule.</param>
/// <param name="Race">The mistake that the guest makes.</param>
/// <param name="Again">Runs twice, and must come to the same digest.</param>
public sealed record TortureCase(GuestSchedule Schedule, PlantedRace Race, bool Again)
{
    /// <summary>The correct guest under any schedule.</summary>
    public static Arbitrary<TortureCase> Correct { get; } = Arb.From(
        from schedule in GuestSchedule.Generator()
        from again in Gen.Frequency((3, Gen.Constant(false)), (1, Gen.Constant(true)))
        select new TortureCase(schedule, PlantedRace.None, again), Shrink);

    /// <summary>A guest with a mistake under any random schedule of several vCPUs.</summary>
    public static Arbitrary<TortureCase> Planted { get; } = Arb.From(
        from schedule in GuestSchedule.Generator().Where(
            static s => s is { Vcpus: > 1, Options.Policy.Kind: SchedulePolicyKind.Random })
        from race in Gen.Elements(PlantedRace.Spinlock, PlantedRace.SequenceLock, PlantedRace.Interrupt)
        select new TortureCase(schedule, race, Again: true), Shrink);

    private static IEnumerable<TortureCase> Shrink(TortureCase tortured) =>
        tortured.Schedule.Shrink().Where(schedule => schedule.Vcpus > 1 || tortured.Race == PlantedRace.None)
            .Select(schedule => tortured with { Schedule = schedule });
}

/// <summary>Laws about whole guests under any schedule.</summary>
public static class GuestLaws
{
    private static readonly ConcurrentDictionary<int, GuestOutcome> TortureOutcomes = [];
    private static readonly ConcurrentDictionary<bool, IReadOnlyList<string>> LinuxLines = [];

    /// <summary>The torture guest is correct under every schedule, and a schedule decides its run.</summary>
    public static NamedLaw Torture { get; } = NamedLaw.Of(
        "torture", "guests",
        "A guest that tortures locks, interrupts, code and translations on all CPUs at once finds no mistake under any schedule.",
        TortureCase.Correct, CheckTorture, new LawOptions
        {
            Runs = 40,
            MaxShrinkAttempts = 50,
            Required =
            [
                ("1 vCPU", 0.02), ("2 to 4 vCPUs", 0.15), ("5 to 8 vCPUs", 0.2), ("random schedule", 0.4), ("round robin", 0.1),
                ("quantum under 512 instructions", 0.15), ("another shift than the default", 0.4), ("run twice", 0.05),
                ("another order of events", 0.5),
            ],
        });

    /// <summary>Planted races are found by some schedules, and a schedule that finds one always does.</summary>
    public static NamedLaw TortureRaces { get; } = NamedLaw.Of(
        "torture-races", "guests",
        "Some schedules find a race planted in the torture guest; each finds it again with one digest, and nothing without the race.",
        TortureCase.Planted, CheckRace, new LawOptions
        {
            Runs = 40,
            MaxShrinkAttempts = 50,
            Required = [("Spinlock found", 0.05), ("SequenceLock found", 0.03), ("Interrupt found", 0.05), ("not found", 0.05)],
        });

    /// <summary>Linux boots under every schedule and computes the same.</summary>
    public static NamedLaw LinuxBoot { get; } = NamedLaw.Of(
        "linux-boot", "guests",
        "Linux boots under any schedule on 1 to 8 vCPUs, prints what it prints on one, complains about nothing and switches off; recorded, it replays.",
        Guests.LinuxBoot.Cases, CheckLinux, new LawOptions
        {
            Runs = 4,
            MaxShrinkAttempts = 20,
            Required = [("2 to 4 vCPUs", 0.05), ("5 to 8 vCPUs", 0.05), ("random schedule", 0.2), ("recorded", 0.05), ("shell", 0.05)],
        }).Needing(LinuxGuest.Missing);

    /// <summary>Laws L1, L2 and L4 from any moment of Linux.</summary>
    public static NamedLaw LinuxMoments { get; } = NamedLaw.Of(
        "linux-moments", "guests",
        "From any moment of Linux, its boot and its work on 1 to 8 vCPUs: what is stopped, saved and restored, taken back, or recorded and replayed is the same run.",
        LinuxRun.Any, static (run, classes) => run.Check(classes), new LawOptions
        {
            Runs = 12,
            MaxShrinkAttempts = 50,
            Required =
            [
                ("several CPUs", 0.4), ("random schedule", 0.2), ("boot", 0.2), ("work", 0.15),
                ("stopped", 0.15), ("saved", 0.05), ("taken back", 0.05), ("recorded", 0.05), ("stopped inside a slice", 0.2),
            ],
        }).Needing(LinuxGuest.Missing);

    /// <summary>The laws of this group.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Torture, TortureRaces, LinuxMoments, LinuxBoot];

    /// <summary>The guest finds no mistake, and prints what it does under the default schedule.</summary>
    /// <exception cref="CheckFailedException">It finds one, hangs, or a second run differs.</exception>
    public static void CheckTorture(TortureCase tortured, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(tortured);
        ArgumentNullException.ThrowIfNull(classes);
        var schedule = tortured.Schedule;
        schedule.Classify(classes);
        var outcome = TortureGuest.Run(schedule, tortured.Race, classes);
        var usual = TortureOutcomes.GetOrAdd(schedule.Vcpus, static vcpus => TortureGuest.Run(GuestSchedule.Default(vcpus)));
        Check.Same(usual.CommonLines, outcome.CommonLines, "lines");
        Check.That(outcome.Console.EndsWith(TortureGuest.Passed, StringComparison.Ordinal), "The guest has found a mistake.");
        classes.Add("another order of events", outcome.Console != usual.Console);
        classes.Add("run twice", tortured.Again);
        if (tortured.Again)
            Check.Equal(outcome, TortureGuest.Run(schedule, tortured.Race), "second run");
    }

    private static void CheckRace(TortureCase tortured, CaseClasses classes)
    {
        var outcome = TortureGuest.Run(tortured.Schedule, tortured.Race, classes);
        var found = !outcome.Console.EndsWith(TortureGuest.Passed, StringComparison.Ordinal);
        Check.Equal(found, outcome.Console.Contains("\n" + TortureGuest.Failed, StringComparison.Ordinal), "the guest says that it failed");
        classes.Add(found ? $"{tortured.Race} found" : "not found");
        if (!found)
            return;
        Check.Equal(outcome, TortureGuest.Run(tortured.Schedule, tortured.Race), "second run");
        Check.That(TortureGuest.Run(tortured.Schedule).Console.EndsWith(TortureGuest.Passed, StringComparison.Ordinal),
            "The correct guest fails under a schedule that finds the planted race.");
    }

    private static void CheckLinux(LinuxBoot boot, CaseClasses classes)
    {
        boot.Classify(classes);
        var outcome = boot.Recorded ? RecordAndReplay(boot, classes) : LinuxGuest.Run(boot, classes);
        if (boot.Shell)
            return;
        var usual = LinuxLines.GetOrAdd(boot.UBoot, static uboot => LinuxGuest.WorkloadLines(
            LinuxGuest.Run(new LinuxBoot(GuestSchedule.Default(1), Memory: 256, uboot, Shell: false, Recorded: false), new CaseClasses())));
        Check.Same(usual, LinuxGuest.WorkloadLines(outcome), "workload");
    }

    /// <summary>Records a boot, and replays it from power-on and from a snapshot of its middle.</summary>
    private static GuestOutcome RecordAndReplay(LinuxBoot boot, CaseClasses classes)
    {
        using var file = new TemporaryJournal();
        var options = new RecordingOptions
        {
            DigestInterval = 10_000 * VirtualTime.Microsecond << boot.Schedule.Options.Shift,
            SnapshotInterval = 80_000 * VirtualTime.Microsecond << boot.Schedule.Options.Shift,
        };
        var outcome = LinuxGuest.Run(boot, classes, session => Recording.Start(session, file.Path, options));
        using var journal = JournalReader.Open(file.Path);
        Check.Equal(null, journal.Problem, "problem of the journal");
        Check.That(journal.Digests.Count > 2 && journal.Snapshots.Count > 0, "The recording has few digests or no snapshot.");
        using (var replayer = new Replayer(journal, null, LinuxGuest.FindImage))
        {
            Finish(replayer, outcome);
            Check.Equal(outcome.Console, replayer.Session.Console.Text, "console of the replay");
        }

        using var later = Replayer.Near(journal, StopCondition.None, null, LinuxGuest.FindImage);
        Finish(later, outcome);
        return outcome;
    }

    private static void Finish(Replayer replayer, GuestOutcome outcome)
    {
        var result = replayer.Run();
        Check.That(result.Divergence is null, $"The replay diverged: {result.Divergence?.Text}.");
        Check.Equal(EndReason.Replayed, result.Reason, "end of the replay");
        Check.Equal(outcome.Digest, replayer.Session.Digest(), "digest of the replay");
    }
}
