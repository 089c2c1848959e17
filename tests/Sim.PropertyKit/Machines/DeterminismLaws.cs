using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Qom;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>Machines in one process, and the order in which they get their turns: which one, and for how many instructions.</summary>
/// <param name="Machines">The machines.</param>
/// <param name="Turns">The turns.</param>
public sealed record InterleavedRun(IReadOnlyList<MachineScenario> Machines, IReadOnlyList<(int Machine, int Instructions)> Turns)
{
    /// <summary>Three machines with random programs or the demo, and forty turns.</summary>
    public static Arbitrary<InterleavedRun> Any { get; } = Arb.From(
        from machines in MachineScenario.Any.Generator.Select(static m => m.Guest == "u-boot" ? m with { Guest = "demo" } : m).ArrayOf(3)
        from turns in Gen.Choose(0, 2).SelectMany(static m => Gen.Choose(1, 60_000).Select(n => (m, n))).ArrayOf(40)
        select new InterleavedRun(machines, turns),
        static run => Shrinking.List(run.Turns).Select(turns => run with { Turns = turns }));

    /// <inheritdoc/>
    public override string ToString() => $"{string.Join("\n  ", Machines)}\n  turns: {string.Join(' ', Turns)}";
}

/// <summary>Law L1: configuration and inputs decide the run; it does not matter what else goes on in the process.</summary>
public static class DeterminismLaws
{
    /// <summary>Any run twice gives the same digest and console.</summary>
    public static NamedLaw Twice { get; } = NamedLaw.Of(
        "run-twice", "L1", "The same configuration and inputs give the same digest, console, time and instruction counts.",
        MachineScenario.Any,
        static (scenario, classes) =>
        {
            scenario.Classify(classes);
            RunTwice(scenario, null, classes);
        },
        new LawOptions { Runs = 20, Required = [("program", 0.4), ("demo", 0.15), ("several CPUs", 0.5), ("random schedule", 0.2), ("round robin", 0.2)] });

    /// <summary>Machines interleaved in one thread do not affect each other.</summary>
    public static NamedLaw Interleaved { get; } = NamedLaw.Of(
        "interleaved-machines", "L1", "Machines that take turns in one thread run as each does alone.",
        InterleavedRun.Any, static (run, classes) => RunInterleaved(run, null, null, classes),
        new LawOptions { Runs = 6, Required = [("different CPU counts", 0.3)] });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Twice, Interleaved];

    /// <summary>Runs a scenario twice and compares.</summary>
    /// <param name="scenario">The machine.</param>
    /// <param name="table">Types of a machine with a <see cref="PlantedDevice"/>; null for one without.</param>
    /// <param name="classes">Receives what the run covers; null for nobody.</param>
    public static void RunTwice(MachineScenario scenario, TypeRegistry? table = null, CaseClasses? classes = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        RunOutcome first;
        using (var session = scenario.Boot(table))
        {
            first = scenario.End(session);
            classes?.CoverSession(session);
        }

        Check.Equal(first, scenario.RunStraight(table), "the second run");
    }

    /// <summary>Runs machines in turns, then each alone, and compares.</summary>
    /// <param name="run">The machines and the turns.</param>
    /// <param name="table">Types of machines with a <see cref="PlantedDevice"/>; null for such without.</param>
    /// <param name="before">Called before the turns and before each machine runs alone.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void RunInterleaved(InterleavedRun run, TypeRegistry? table, Action? before, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(classes);
        classes.Add("different CPU counts", run.Machines.DistinctBy(static m => m.Smp).Count() > 1);
        var sessions = new List<Session>();
        try
        {
            before?.Invoke();
            sessions.AddRange(run.Machines.Select(m => m.Boot(table)));
            foreach (var (machine, instructions) in run.Turns)
                MachineScenario.RunFor(sessions[machine], instructions, run.Machines[machine].Deadline);

            var interleaved = run.Machines.Zip(sessions, static (machine, session) => machine.End(session)).ToList();
            sessions.ForEach(classes.CoverSession);
            foreach (var (index, machine) in run.Machines.Index())
            {
                before?.Invoke();
                Check.Equal(machine.RunStraight(table), interleaved[index], "interleaved");
            }
        }
        finally
        {
            sessions.ForEach(static s => s.Dispose());
        }
    }
}
