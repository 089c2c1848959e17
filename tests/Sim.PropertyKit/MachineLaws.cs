using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qom;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;

namespace Sim.PropertyKit;

/// <summary>
/// Everything that must hold for a machine of one's own and the guest that it runs: <c>MachineLaws.Check(new MachineConfiguration { Machine = "my-board", ... })</c>.
/// It is run on random schedules; what it does there is its own, but it must do it again.
/// </summary>
public static class MachineLaws
{
    /// <summary>Tries all laws on a machine.</summary>
    /// <param name="machine">The machine with its guest. Its schedule is each case's own.</param>
    /// <param name="time">Virtual time to run it for where it does not end before, ns; 5 ms when left out.</param>
    /// <param name="types">The table that its types are in; the process-wide one when null.</param>
    /// <param name="options">How often and on what; null for the sample of each law.</param>
    /// <returns>What each law was tried on.</returns>
    /// <exception cref="LawFailedException">A law is broken.</exception>
    public static IReadOnlyDictionary<string, LawReport> Check(
        MachineConfiguration machine, long time = 5000 * VirtualTime.Microsecond, TypeRegistry? types = null, LawOptions? options = null) =>
        For(machine, time, types).ToDictionary(static law => law.Name, law => law.Holds(options));

    /// <summary>The laws for a machine, to be tried one by one.</summary>
    /// <param name="machine">The machine with its guest. Its schedule is each case's own.</param>
    /// <param name="time">Virtual time to run it for where it does not end before, ns.</param>
    /// <param name="types">The table that its types are in; the process-wide one when null.</param>
    public static IReadOnlyList<NamedLaw> For(MachineConfiguration machine, long time = 5000 * VirtualTime.Microsecond, TypeRegistry? types = null)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var scenarios = MachineScenario.Of(new OwnMachine(machine, time, types));
        var stopped = StoppedRun.Of(scenarios);
        var few = new LawOptions { Runs = 10 };
        return
        [
            NamedLaw.Of("machine-twice", "L1", "The machine runs alike every time, on any schedule.",
                scenarios, static (scenario, classes) => DeterminismLaws.RunTwice(scenario, null, classes), few),
            NamedLaw.Of("machine-stops", "L1", "A run that is stopped anywhere goes on as if it had not been.",
                stopped, static (run, classes) => StopLaws.CompareWithStraight(run, static _ => { }, classes), few),
            NamedLaw.Of("machine-observing", "L7", "Looking at everything, anywhere, changes nothing.",
                stopped, static (run, classes) => StopLaws.CompareWithStraight(run with { Stops = [.. run.Stops.Take(4)] }, session => Observation.LookAtEverything(session, classes), classes), few),
            NamedLaw.Of("machine-reset", "L5", "A second reset changes nothing, whenever it comes.",
                ResetMoment.Of(scenarios), static (moment, classes) => ResetLaws.CheckIdempotent(moment, null, classes), few),
            NamedLaw.Of("machine-snapshot", "L2", "A run that is saved anywhere and restored in another machine is the uninterrupted one.",
                stopped, static (run, classes) => SnapshotLaws.CheckAnywhere(run, null, classes), few),
            NamedLaw.Of("machine-checkpoints", "L2", "A machine that goes back to a checkpoint runs as it did the first time.",
                stopped, SnapshotLaws.CheckCheckpoints, few),
            NamedLaw.Of("machine-replay", "L4", "A recorded run replays with every digest equal.",
                RecordedRun.Of(scenarios), static (run, classes) => ReplayLaws.RecordAndReplay(run, null, classes), few),
        ];
    }
}
