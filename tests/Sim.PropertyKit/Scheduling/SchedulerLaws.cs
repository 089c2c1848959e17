using MessagePack;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Scheduling;

/// <summary>Runs, stops and saves of random machines of scripted vCPUs (DESIGN section 5).</summary>
public static class SchedulerLaws
{
    internal static readonly LawOptions Sample = new()
    {
        Runs = 300,
        Required =
        [
            ("random policy", 0.25), ("round robin", 0.25), ("no vCPU", 0.02), ("several vCPUs", 0.4), ("timer fired", 0.12), ("vCPU woken", 0.1),
            ("own timer", 0.1), ("frame shortened", 0.15), ("reset", 0.03), ("power-off", 0.005), ("input", 0.2), ("idle to the end", 0.04),
        ],
    };

    /// <summary>Equal machines run alike.</summary>
    public static NamedLaw Determinism { get; } = NamedLaw.Of(
        "schedule-determinism", "L1", "Two machines of the same vCPUs, timers, inputs and policy run alike, event by event.",
        ScheduleGenerators.Plans,
        static (plan, classes) => Classify(RunTwice(plan, static (plan, _) => new ScheduledMachine(plan)), classes), Sample);

    /// <summary>Stopping anywhere and running on is as not stopping.</summary>
    public static NamedLaw StopAnywhere { get; } = NamedLaw.Of(
        "stop-anywhere", "scheduling", "Stopping a schedule anywhere and running on is as not stopping.",
        ScheduleGenerators.StoppedPlans, static (stopped, classes) => CheckStops(stopped, null, classes),
        Sample with
        {
            Runs = 500,
            Required = [.. Sample.Required, ("stopped inside a slice", 0.3), ("stopped between slices", 0.02), ("stopped while idle", 0.03)],
        });

    /// <summary>A saved state has the same future.</summary>
    public static NamedLaw SaveAnywhere { get; } = NamedLaw.Of(
        "save-anywhere", "scheduling", "A schedule saved anywhere and loaded into a new machine goes on as the one that it was saved from.",
        ScheduleGenerators.StoppedPlans, static (stopped, classes) => CheckSaves(stopped, static saved => saved, classes),
        Sample with { Runs = 500, Required = [.. Sample.Required, ("saved inside a slice", 0.3), ("saved with a timer armed", 0.1)] });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Determinism, StopAnywhere, SaveAnywhere];

    /// <summary>Runs two machines of a plan and compares all that happened; returns the first.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="make">Makes the first (0) and the second (1) machine; a test plants a bug here.</param>
    public static ScheduledMachine RunTwice(SchedulePlan plan, Func<SchedulePlan, int, ScheduledMachine> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        var first = make(plan, 0);
        first.RunToHorizon();
        var second = make(plan, 1);
        second.RunToHorizon();
        CheckSame(first, second);
        return first;
    }

    /// <summary>Runs a machine straight and another one with stops, and compares.</summary>
    /// <param name="stopped">The machine and the stops.</param>
    /// <param name="makeVcpu">Makes vCPUs; a test plants a bug here.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void CheckStops(StoppedPlan stopped, Func<ScheduledMachine, int, ScriptedVcpu>? makeVcpu, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(stopped);
        ArgumentNullException.ThrowIfNull(classes);
        var straight = new ScheduledMachine(stopped.Plan, makeVcpu);
        straight.RunToHorizon();
        var halting = new ScheduledMachine(stopped.Plan, makeVcpu);
        RunWithStops(halting, stopped, classes);
        CheckSame(straight, halting);
        Classify(straight, classes);
    }

    /// <summary>Runs a machine straight and, stop by stop, through machines that each load what the one before saved.</summary>
    /// <param name="stopped">The machine and the stops.</param>
    /// <param name="keep">What is loaded of the saved; a test forgets something here.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void CheckSaves(StoppedPlan stopped, Func<ScheduledMachineState, ScheduledMachineState> keep, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(stopped);
        ArgumentNullException.ThrowIfNull(keep);
        ArgumentNullException.ThrowIfNull(classes);
        var straight = new ScheduledMachine(stopped.Plan);
        straight.RunToHorizon();
        CheckSameEvents(straight.Events, RunThroughSaves(stopped, keep, classes));
        Classify(straight, classes);
    }

    internal static void Classify(ScheduledMachine machine, CaseClasses classes)
    {
        var plan = machine.Plan;
        foreach (var kind in machine.Done)
            classes.CoverOperation(kind);
        classes.Add("random policy", plan.Options.Policy.Kind == SchedulePolicyKind.Random);
        classes.Add("round robin", plan.Options.Policy.Kind == SchedulePolicyKind.RoundRobin);
        classes.Add("no vCPU", plan.Programs.Count == 0);
        classes.Add("several vCPUs", plan.Programs.Count > 1);
        foreach (var happened in machine.Events)
        {
            classes.Add("timer fired", happened.What == "fire");
            classes.Add("vCPU woken", happened.What == "wake");
            classes.Add("own timer", happened.What == "own-timer");
            classes.Add("frame shortened", happened is { What: "arm", Local: >= 0 } && happened.Observed < happened.Global + plan.Options.Quantum);
            classes.Add("reset", happened.What == "reset");
            classes.Add("power-off", happened.What == "power-off");
            classes.Add("input", happened.What == "input");
        }

        classes.Add("idle to the end", !machine.Scheduler.PoweredOff && machine.Scheduler.ReachedTime < plan.Horizon);
    }

    private static void RunWithStops(ScheduledMachine machine, StoppedPlan stopped, CaseClasses classes)
    {
        foreach (var stop in stopped.Stops)
        {
            machine.Scheduler.Run(stop with { Time = Math.Min(stop.Time, machine.Plan.Horizon) });
            classes.Add("stopped inside a slice", machine.Scheduler.Turn >= 0);
            classes.Add("stopped between slices", machine.Scheduler is { Turn: < 0, AtFrameBoundary: false });
            classes.Add("stopped while idle", machine.Vcpus.Count > 0 && machine.Vcpus.All(static v => v.IsIdle) && machine.Scheduler.GlobalTime < machine.Plan.Horizon);
        }

        machine.RunToHorizon();
    }

    private static List<ScheduleEvent> RunThroughSaves(StoppedPlan stopped, Func<ScheduledMachineState, ScheduledMachineState> keep, CaseClasses classes)
    {
        var machine = new ScheduledMachine(stopped.Plan);
        var events = new List<ScheduleEvent>();
        foreach (var stop in stopped.Stops)
        {
            machine.Scheduler.Run(stop with { Time = Math.Min(stop.Time, machine.Plan.Horizon) });
            classes.Add("saved inside a slice", machine.Scheduler.Turn >= 0);
            classes.Add("saved with a timer armed", machine.Timers.Any(static t => t.IsArmed));
            var saved = machine.Save();
            events.AddRange(machine.Events);
            var bytes = MessagePackSerializer.Serialize(saved.Scheduler);
            machine = new ScheduledMachine(stopped.Plan);
            machine.Load(keep(saved with { Scheduler = MessagePackSerializer.Deserialize<SchedulerState>(bytes) }));
        }

        machine.RunToHorizon();
        events.AddRange(machine.Events);
        return events;
    }

    private static void CheckSame(ScheduledMachine left, ScheduledMachine right)
    {
        CheckSameEvents(left.Events, right.Events);
        Check.Equal(left.Scheduler.PoweredOff, right.Scheduler.PoweredOff);
        var expected = left.Vcpus.Select(static v => (v.State, v.Clock.Instructions));
        Check.Same(expected, right.Vcpus.Select(static v => (v.State, v.Clock.Instructions)), "vCPUs");
    }

    private static void CheckSameEvents(IReadOnlyList<ScheduleEvent> left, IReadOnlyList<ScheduleEvent> right)
    {
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (left[i] != right[i])
                throw new CheckFailedException($"event {i}: {left[i]}\n  became {right[i]}");
        }

        Check.Equal(left.Count, right.Count, "number of events");
    }
}
