using System.Collections.Concurrent;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Scheduling;

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
        "Linux boots under any schedule on 1 to 8 vCPUs, prints what it prints on one, complains about nothing and switches off.",
        Guests.LinuxBoot.Cases, CheckLinux, new LawOptions
        {
            Runs = 4,
            MaxShrinkAttempts = 20,
            Required = [("2 to 4 vCPUs", 0.05), ("5 to 8 vCPUs", 0.05), ("random schedule", 0.2)],
        }).Needing(LinuxGuest.Missing);

    /// <summary>The laws of this group.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Torture, TortureRaces, LinuxBoot];

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
        var outcome = LinuxGuest.Run(boot, classes);
        if (!boot.Shell)
        {
            var usual = LinuxLines.GetOrAdd(boot.UBoot, static uboot => LinuxGuest.WorkloadLines(
                LinuxGuest.Run(new LinuxBoot(GuestSchedule.Default(1), Memory: 256, uboot, Shell: false, Again: false), new CaseClasses())));
            Check.Same(usual, LinuxGuest.WorkloadLines(outcome), "workload");
        }

        if (boot.Again)
            Check.Equal(outcome, LinuxGuest.Run(boot, classes), "second boot");
    }
}
