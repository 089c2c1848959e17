using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Sim.PropertyKit.Machines;

/// <summary>Where a run stops.</summary>
public enum StopKind
{
    /// <summary>So many instructions further.</summary>
    Instructions,

    /// <summary>So many instructions of one CPU further.</summary>
    OwnInstructions,

    /// <summary>So many ns further.</summary>
    Time,

    /// <summary>The console prints the letter with that index among the printed ones.</summary>
    Output,
}

/// <summary>A stop: what is counted, and how far.</summary>
/// <param name="Kind">What is counted.</param>
/// <param name="Distance">How far.</param>
public readonly record struct RunStop(StopKind Kind, int Distance)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"new(StopKind.{Kind}, {Distance})");
}

/// <summary>A run and the stops at which it is interrupted; from the last one it goes on to its end.</summary>
/// <param name="Scenario">The machine.</param>
/// <param name="Stops">The stops.</param>
public sealed record StoppedRun(MachineScenario Scenario, IReadOnlyList<RunStop> Stops) : IRecordableCase
{
    /// <inheritdoc/>
    public void Record(string journal) => Scenario.Record(journal);

    /// <inheritdoc/>
    public override string ToString() => $"new StoppedRun({Scenario}, [{string.Join(", ", Stops)}])";

    /// <summary>Runs with up to 30 stops, with a shrinker.</summary>
    public static Arbitrary<StoppedRun> Any { get; } = Of(MachineScenario.Any);

    /// <summary>Runs of some machines with up to 30 stops, with a shrinker.</summary>
    public static Arbitrary<StoppedRun> Of(Arbitrary<MachineScenario> scenarios) => Arb.From(
        from scenario in scenarios.Generator
        from count in Gen.Choose(1, 30)
        from stops in StopGenerator().ListOf(count)
        select new StoppedRun(scenario, [.. stops]),
        run => scenarios.Shrinker(run.Scenario).Select(scenario => run with { Scenario = scenario })
            .Concat(Shrinking.List(run.Stops).Where(static stops => stops.Count > 0).Select(stops => run with { Stops = stops })));

    private static Gen<RunStop> StopGenerator() =>
        from kind in Gen.Elements(StopKind.Instructions, StopKind.OwnInstructions, StopKind.Time, StopKind.Output)
        from scale in Gen.Elements(3, 300, 30_000, 300_000)
        from distance in Gen.Choose(1, scale)
        select new RunStop(kind, distance);
}
