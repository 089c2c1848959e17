using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.PropertyKit;
using Sim.PropertyKit.Scheduling;
using Xunit;

namespace Sim.Tests;

/// <summary>Frames, slices, timers and wake-ups of the scheduler as laws over random machines of scripted vCPUs (DESIGN section 5).</summary>
public sealed class SchedulerLawTests
{
    private static readonly LawOptions Options = new()
    {
        Runs = 300,
        Required =
        [
            ("random policy", 0.25), ("round robin", 0.25), ("no vCPU", 0.02), ("several vCPUs", 0.4), ("timer fired", 0.12), ("vCPU woken", 0.1),
            ("own timer", 0.1), ("frame shortened", 0.15), ("reset", 0.03), ("power-off", 0.005), ("input", 0.2), ("idle to the end", 0.04),
        ],
    };

    [Fact]
    public void Equal_machines_run_alike() => Law.Holds("determinism", ScheduleGenerators.Plans, (plan, classes) =>
    {
        var first = new ScheduledMachine(plan);
        first.RunToHorizon();
        var second = new ScheduledMachine(plan);
        second.RunToHorizon();
        AssertSame(first, second);
        Classify(first, classes);
    }, Options);

    [Fact]
    public void A_vcpu_that_depends_on_something_outside_is_found_not_to_run_alike()
    {
        var outside = 0;
        var failure = Assert.Throws<LawFailedException>(() => Law.Holds("determinism", ScheduleGenerators.Plans, (plan, _) =>
        {
            var machines = new List<ScheduledMachine>();
            for (var i = 0; i < 2; i++)
            {
                outside = i;
                machines.Add(new ScheduledMachine(plan, (machine, index) => new ObservingVcpu(machine, index, clock => clock.Observe() + outside)));
                machines[i].RunToHorizon();
            }

            AssertSame(machines[0], machines[1]);
        }, new LawOptions { Runs = 300 }));
        var smallest = Assert.IsType<SchedulePlan>(failure.Case);
        Assert.Equal(VcpuStepKind.Observe, Assert.Single(smallest.Programs.SelectMany(static p => p)).Kind);
        Assert.Contains("Replay with seed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stopping_anywhere_and_running_on_is_as_not_stopping() => Law.Holds("stop anywhere", ScheduleGenerators.StoppedPlans, (stopped, classes) =>
    {
        var straight = new ScheduledMachine(stopped.Plan);
        straight.RunToHorizon();
        var halting = new ScheduledMachine(stopped.Plan);
        RunWithStops(halting, stopped, classes);
        AssertSame(straight, halting);
        Classify(straight, classes);
    }, Options with { Runs = 500, Required = [.. Options.Required, ("stopped inside a slice", 0.3), ("stopped between slices", 0.02), ("stopped while idle", 0.03)] });

    [Fact]
    public void A_vcpu_that_runs_beyond_its_budget_is_found_by_stopping() => AssertBroken(ScheduleGenerators.StoppedPlans, static stopped =>
    {
        var straight = new ScheduledMachine(stopped.Plan, static (machine, index) => new OverrunningVcpu(machine, index));
        straight.RunToHorizon();
        var halting = new ScheduledMachine(stopped.Plan, static (machine, index) => new OverrunningVcpu(machine, index));
        RunWithStops(halting, stopped, new CaseClasses());
        AssertSame(straight, halting);
    });

    [Fact]
    public void A_saved_state_has_the_same_future() => Law.Holds("save anywhere", ScheduleGenerators.StoppedPlans, (stopped, classes) =>
    {
        var straight = new ScheduledMachine(stopped.Plan);
        straight.RunToHorizon();
        AssertSameEvents(straight.Events, RunThroughSaves(stopped, static saved => saved, classes));
        Classify(straight, classes);
    }, Options with { Runs = 500, Required = [.. Options.Required, ("saved inside a slice", 0.3), ("saved with a timer armed", 0.1)] });

    [Theory]
    [InlineData("SliceEnd")]
    [InlineData("FrameEnd")]
    [InlineData("LatestObserved")]
    [InlineData("Prng")]
    [InlineData("Timers")]
    [InlineData("IdleTime")]
    public void A_field_left_out_of_the_saved_state_is_found(string field) => AssertBroken(ScheduleGenerators.StoppedPlans, stopped =>
    {
        var straight = new ScheduledMachine(stopped.Plan);
        straight.RunToHorizon();
        AssertSameEvents(straight.Events, RunThroughSaves(stopped, saved => Forget(saved, field), new CaseClasses()));
    });

    [Fact]
    public void A_timer_fires_at_its_deadline_or_where_time_stood_when_it_was_armed() =>
        Law.Holds("timer deadlines", ScheduleGenerators.Plans, static (plan, classes) => CheckTimers(plan, static deadline => deadline, classes), Options);

    [Fact]
    public void A_timer_that_fires_late_is_found() =>
        AssertBroken(ScheduleGenerators.Plans, static plan => CheckTimers(plan, static deadline => deadline - 1, new CaseClasses()));

    [Fact]
    public void Due_timers_fire_in_order_of_deadline_priority_and_arming() =>
        Law.Holds("timer order", ScheduleGenerators.Plans, static (plan, classes) => CheckTimerOrder(plan, 1, classes),
            Options with { Runs = 600, Required = [.. Options.Required, ("two timers due together", 0.002)] });

    [Fact]
    public void A_timer_out_of_order_is_found() => AssertBroken(ScheduleGenerators.Plans, static plan => CheckTimerOrder(plan, -1, new CaseClasses()), runs: 2000);

    [Fact]
    public void Observed_time_never_runs_backwards() =>
        Law.Holds("observed time", ScheduleGenerators.Plans, static (plan, classes) => CheckObservedTime(new ScheduledMachine(plan), classes),
            Options with { Required = [.. Options.Required, ("later than local time", 0.05)] });

    [Fact]
    public void A_vcpu_that_reads_its_local_time_is_found_to_see_time_run_backwards() => AssertBroken(ScheduleGenerators.Plans, static plan => CheckObservedTime(
        new ScheduledMachine(plan, static (machine, index) => new ObservingVcpu(machine, index, static clock => clock.LocalTime)), new CaseClasses()));

    [Fact]
    public void A_woken_vcpu_resumes_at_the_right_time() =>
        Law.Holds("wake-ups", ScheduleGenerators.Plans, static (plan, classes) => CheckWakeUps(plan, 0, classes),
            Options with { Runs = 400, Required = [.. Options.Required, ("resumed in the same frame", 0.04), ("resumed at the next frame", 0.01), ("resumed by its own timer", 0.1)] });

    [Fact]
    public void A_wake_up_at_a_wrong_time_is_found() => AssertBroken(ScheduleGenerators.Plans, static plan => CheckWakeUps(plan, 1, new CaseClasses()));

    [Fact]
    public void Frames_keep_to_the_policys_lengths_and_everybody_runs_to_their_end() =>
        Law.Holds("frames", ScheduleGenerators.Plans, static (plan, classes) => CheckFrames(plan, classes), Options);

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
            var bytes = MessagePackSerializer.Serialize(saved.Scheduler, cancellationToken: TestContext.Current.CancellationToken);
            machine = new ScheduledMachine(stopped.Plan);
            machine.Load(keep(saved with { Scheduler = MessagePackSerializer.Deserialize<SchedulerState>(bytes, cancellationToken: TestContext.Current.CancellationToken) }));
        }

        machine.RunToHorizon();
        events.AddRange(machine.Events);
        return events;
    }

    private static ScheduledMachineState Forget(ScheduledMachineState saved, string field)
    {
        var scheduler = saved.Scheduler;
        switch (field)
        {
            case "SliceEnd": scheduler.SliceEnd = long.MaxValue; break;
            case "FrameEnd" when scheduler.FrameOpen: scheduler.FrameEnd = scheduler.Now + 1; break;
            case "LatestObserved": scheduler.LatestObserved = 0; break;
            case "Prng": scheduler.Prng = Prng.FromSeed(1); break;
            case "Timers": scheduler.Timers = []; break;
            case "IdleTime": foreach (var clock in scheduler.Clocks) clock.IdleTime = 0; break;
        }

        return saved;
    }

    private static void CheckTimers(SchedulePlan plan, Func<long, long> expected, CaseClasses classes)
    {
        var machine = new ScheduledMachine(plan);
        var armedAt = new long[plan.Timers.Count];
        var deadlines = new long[plan.Timers.Count];
        var latestReset = 0L;
        machine.OnEvent = happened =>
        {
            switch (happened.What)
            {
                case "arm":
                    (armedAt[happened.Who], deadlines[happened.Who]) = (happened.Global, happened.Observed);
                    break;
                case "fire":
                    var earliest = Math.Max(expected(deadlines[happened.Who]), armedAt[happened.Who]);
                    Assert.Equal(latestReset > earliest ? latestReset : earliest, happened.Global);
                    break;
                case "reset":
                    latestReset = happened.Global;
                    break;
                case "boundary":
                    Assert.All(machine.Timers.Where(static t => t.IsArmed), t => Assert.True(t.Deadline > happened.Global, $"{t.Name} is overdue at {happened}"));
                    break;
            }
        };
        machine.RunToHorizon();
        Classify(machine, classes);
    }

    /// <summary>Beside the scheduler runs a naive model: a list of armed timers, of which the least fires.</summary>
    private static void CheckTimerOrder(SchedulePlan plan, int sign, CaseClasses classes)
    {
        var machine = new ScheduledMachine(plan);
        var armed = new List<(long Deadline, int Priority, int Sequence, int Timer)>();
        var sequence = 0;
        machine.OnEvent = happened =>
        {
            switch (happened.What)
            {
                case "arm":
                    armed.RemoveAll(a => a.Timer == happened.Who);
                    armed.Add((happened.Observed, sign * plan.Timers[happened.Who].Priority, ++sequence, happened.Who));
                    break;
                case "disarm":
                    armed.RemoveAll(a => a.Timer == happened.Who);
                    break;
                case "fire":
                    var first = armed.Min();
                    classes.Add("two timers due together", armed.Count(a => a.Deadline == first.Deadline) > 1);
                    Assert.Equal(first.Timer, happened.Who);
                    armed.Remove(first);
                    break;
            }
        };
        machine.RunToHorizon();
        Assert.Equal(armed.Select(static a => a.Timer).Order(), machine.Timers.Index().Where(static t => t.Item.IsArmed).Select(static t => t.Index));
        Classify(machine, classes);
    }

    private static void CheckObservedTime(ScheduledMachine machine, CaseClasses classes)
    {
        var latest = 0L;
        machine.OnEvent = happened =>
        {
            if (happened.What is not ("observe" or "fire" or "input"))
                return;
            Assert.True(happened.Observed >= latest, $"{latest} was observed before {happened}");
            latest = happened.Observed;
            Assert.True(happened.Observed >= happened.Local, $"less than local time: {happened}");
            classes.Add("later than local time", happened.What == "observe" && happened.Observed > happened.Local);
        };
        machine.RunToHorizon();
        Classify(machine, classes);
    }

    private static void CheckWakeUps(SchedulePlan plan, long error, CaseClasses classes)
    {
        var machine = new ScheduledMachine(plan);
        var wakes = new ScheduleEvent?[plan.Programs.Count];
        var waits = new ScheduleEvent[plan.Programs.Count];
        machine.OnEvent = happened =>
        {
            switch (happened.What)
            {
                case "wait":
                    (waits[happened.Who], wakes[happened.Who]) = (happened, null);
                    break;
                case "wait-in-vain":
                    (waits[happened.Who], wakes[happened.Who]) = (happened with { Observed = happened.Local }, null);
                    break;
                case "wake":
                    wakes[happened.Who] = happened;
                    break;
                case "reset":
                    Array.Clear(wakes);
                    break;
                case "resume":
                    CheckResume(happened, waits[happened.Who], wakes[happened.Who], error, classes);
                    break;
            }
        };
        machine.RunToHorizon();
        Classify(machine, classes);
    }

    /// <summary>A vCPU resumes at the later of its local time and the first wake-up, and no earlier than the start of the frame in which it does.</summary>
    private static void CheckResume(ScheduleEvent resumed, ScheduleEvent wait, ScheduleEvent? wake, long error, CaseClasses classes)
    {
        var wakeTime = Math.Min(wake?.Observed ?? VirtualTime.Never, wait.Observed);
        var expected = Math.Max(wait.Local, wakeTime);
        classes.Add("resumed by its own timer", wake is null);
        if (wake is { } known)
        {
            classes.Add("resumed in the same frame", known.Frame == resumed.Frame);
            classes.Add("resumed at the next frame", known.Frame != resumed.Frame && expected < resumed.Global);
            if (known.Frame != resumed.Frame)
                expected = Math.Max(expected, resumed.Global);
        }

        Assert.Equal(expected + error, resumed.Local);
    }

    private static void CheckFrames(SchedulePlan plan, CaseClasses classes)
    {
        var machine = new ScheduledMachine(plan);
        var longest = plan.Options.Policy.Kind == SchedulePolicyKind.Random ? 2 * plan.Options.Quantum : plan.Options.Quantum;
        var (before, frame) = (0L, 0L);
        machine.OnEvent = happened =>
        {
            if (happened.What == "boundary")
            {
                if (happened.Frame != frame)
                    Assert.InRange(happened.Global - before, 0, longest);
                Assert.All(machine.Vcpus.Where(static v => !v.IsIdle), v => Assert.True(v.Clock.LocalTime >= happened.Global || v.State.Woken, $"vCPU {v.Index} stays behind at {happened}"));
                Assert.All(machine.Vcpus, v => Assert.True(v.Clock.LocalTime < before + longest + (1 << plan.Options.Shift) || v.Clock.LocalTime <= happened.Global));
            }

            if (happened.What is "boundary" or "reset")
                (before, frame) = (happened.Global, happened.Frame);
        };
        machine.RunToHorizon();
        Classify(machine, classes);
    }

    private static void Classify(ScheduledMachine machine, CaseClasses classes)
    {
        var plan = machine.Plan;
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

    private static void AssertSame(ScheduledMachine left, ScheduledMachine right)
    {
        AssertSameEvents(left.Events, right.Events);
        Assert.Equal(left.Scheduler.PoweredOff, right.Scheduler.PoweredOff);
        Assert.Equal(left.Vcpus.Select(static v => (v.State, v.Clock.Instructions)), right.Vcpus.Select(static v => (v.State, v.Clock.Instructions)));
    }

    private static void AssertSameEvents(IReadOnlyList<ScheduleEvent> left, IReadOnlyList<ScheduleEvent> right)
    {
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (left[i] != right[i])
                Assert.Fail($"event {i}: {left[i]}\n  became {right[i]}");
        }

        Assert.Equal(left.Count, right.Count);
    }

    private static void AssertBroken<T>(FsCheck.Arbitrary<T> cases, Action<T> check, int runs = 1000) =>
        Assert.Throws<LawFailedException>(() => Law.Holds("a planted bug", cases, (tried, _) => check(tried), new LawOptions { Runs = runs, MaxShrinkAttempts = 0 }));

    private sealed class ObservingVcpu(ScheduledMachine machine, int index, Func<VcpuClock, long> observe) : ScriptedVcpu(machine, index)
    {
        protected override long ObserveTime() => observe(Clock);
    }

    private sealed class OverrunningVcpu(ScheduledMachine machine, int index) : ScriptedVcpu(machine, index)
    {
        public override long Run(long budget) => base.Run(budget == 1 ? 2 : budget);
    }
}
