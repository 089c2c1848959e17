using Sim.Engine.Base;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Scheduling;

/// <summary>Timers, observed time, wake-ups and frames of random machines of scripted vCPUs, beside naive models (DESIGN section 5).</summary>
public static class ScheduleTimeLaws
{
    private static readonly LawOptions Sample = SchedulerLaws.Sample;

    /// <summary>A timer fires at its deadline, or where time stood when it was armed.</summary>
    public static NamedLaw TimerDeadlines { get; } = NamedLaw.Of(
        "timer-deadlines", "scheduling", "A timer fires at its deadline, or at once where that has passed when it is armed.",
        ScheduleGenerators.Plans, static (plan, classes) => CheckTimers(plan, static deadline => deadline, classes), Sample);

    /// <summary>Due timers fire in order of deadline, priority and arming.</summary>
    public static NamedLaw TimerOrder { get; } = NamedLaw.Of(
        "timer-order", "scheduling", "Due timers fire in order of deadline, priority and arming.",
        ScheduleGenerators.Plans, static (plan, classes) => CheckTimerOrder(plan, 1, classes),
        Sample with { Runs = 600, Required = [.. Sample.Required, ("two timers due together", 0.002)] });

    /// <summary>Observed time never runs backwards.</summary>
    public static NamedLaw ObservedTime { get; } = NamedLaw.Of(
        "observed-time", "scheduling", "The time that vCPUs and devices observe never runs backwards.",
        ScheduleGenerators.Plans, static (plan, classes) => CheckObservedTime(new ScheduledMachine(plan), classes),
        Sample with { Required = [.. Sample.Required, ("later than local time", 0.05)] });

    /// <summary>A woken vCPU resumes at the right time.</summary>
    public static NamedLaw WakeUps { get; } = NamedLaw.Of(
        "wake-ups", "scheduling", "An idle vCPU resumes at the later of its local time and what wakes it first.",
        ScheduleGenerators.Plans, static (plan, classes) => CheckWakeUps(plan, 0, classes),
        Sample with
        {
            Runs = 400,
            PastFailures = [new(8982581831829244372, 38)],
            Required =
            [
                .. Sample.Required, ("resumed in the same frame", 0.04), ("resumed at the next frame", 0.01), ("resumed by its own timer", 0.1),
            ],
        });

    /// <summary>Frames keep to the policy's lengths, and everybody runs to their end.</summary>
    public static NamedLaw Frames { get; } = NamedLaw.Of(
        "frames", "scheduling", "Frames keep to the policy's lengths, every runnable vCPU runs to their end, and none before their start or beyond the next timer or input.",
        ScheduleGenerators.Plans, CheckFrames, Sample);

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [TimerDeadlines, TimerOrder, ObservedTime, WakeUps, Frames];

    /// <summary>Runs a machine; <paramref name="expected"/> says when a timer of a deadline is to fire, wrongly in a test of the law.</summary>
    public static void CheckTimers(SchedulePlan plan, Func<long, long> expected, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(expected);
        ArgumentNullException.ThrowIfNull(classes);
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
                    Check.Equal(Math.Max(latestReset, earliest), happened.Global, happened.ToString());
                    break;
                case "reset":
                    latestReset = happened.Global;
                    break;
                case "boundary":
                    CheckNoneOverdue(machine, happened);
                    break;
            }
        };
        machine.RunToHorizon();
        SchedulerLaws.Classify(machine, classes);
    }

    /// <summary>Beside the scheduler runs a naive model: a list of armed timers, of which the least fires; with a <paramref name="sign"/> of -1 the wrong one.</summary>
    public static void CheckTimerOrder(SchedulePlan plan, int sign, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(classes);
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
                    Check.Equal(first.Timer, happened.Who, happened.ToString());
                    armed.Remove(first);
                    break;
            }
        };
        machine.RunToHorizon();
        var stillArmed = machine.Timers.Index().Where(static t => t.Item.IsArmed).Select(static t => t.Index);
        Check.Same(armed.Select(static a => a.Timer).Order(), stillArmed, "timers armed at the end");
        SchedulerLaws.Classify(machine, classes);
    }

    /// <summary>Runs a machine and looks at every time that is observed.</summary>
    public static void CheckObservedTime(ScheduledMachine machine, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(classes);
        var latest = 0L;
        machine.OnEvent = happened =>
        {
            if (happened.What is not ("observe" or "fire" or "input"))
                return;
            Check.That(happened.Observed >= latest, $"{latest} was observed before {happened}");
            latest = happened.Observed;
            Check.That(happened.Observed >= happened.Local, $"less than local time: {happened}");
            classes.Add("later than local time", happened.What == "observe" && happened.Observed > happened.Local);
        };
        machine.RunToHorizon();
        SchedulerLaws.Classify(machine, classes);
    }

    /// <summary>Runs a machine and looks when vCPUs resume; the model is wrong by <paramref name="error"/> ns.</summary>
    public static void CheckWakeUps(SchedulePlan plan, long error, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(classes);
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
        SchedulerLaws.Classify(machine, classes);
    }

    private static void CheckFrames(SchedulePlan plan, CaseClasses classes)
    {
        var machine = new ScheduledMachine(plan);
        var longest = plan.Options.Policy.Kind == SchedulePolicyKind.Random ? 2 * plan.Options.Quantum : plan.Options.Quantum;
        var (before, frame) = (0L, 0L);
        machine.OnExecuted = (vcpu, first, last, end) =>
        {
            Check.That(first >= machine.Scheduler.GlobalTime, $"vCPU {vcpu.Index} begins an instruction at {first}, before its frame");
            Check.That(last < end, $"vCPU {vcpu.Index} begins an instruction at {last}, and the next timer or input is at {end}");
        };
        machine.OnEvent = happened =>
        {
            if (happened.What == "boundary")
            {
                if (happened.Frame != frame)
                    Check.That(happened.Global >= before && happened.Global - before <= longest, $"a frame from {before} on ends at {happened}");
                foreach (var vcpu in machine.Vcpus)
                {
                    var local = vcpu.Clock.LocalTime;
                    var isThere = vcpu.IsIdle || local >= happened.Global || vcpu.State.Woken;
                    Check.That(isThere, $"vCPU {vcpu.Index} stays behind at {happened}");
                    var inTime = local < before + longest + (1 << plan.Options.Shift) || local <= happened.Global;
                    Check.That(inTime, $"vCPU {vcpu.Index} runs ahead to {local} at {happened}");
                }
            }

            if (happened.What is "boundary" or "reset")
                (before, frame) = (happened.Global, happened.Frame);
        };
        machine.RunToHorizon();
        SchedulerLaws.Classify(machine, classes);
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

        Check.Equal(expected + error, resumed.Local, resumed.ToString());
    }

    private static void CheckNoneOverdue(ScheduledMachine machine, ScheduleEvent happened)
    {
        foreach (var timer in machine.Timers.Where(static t => t.IsArmed))
            Check.That(timer.Deadline > happened.Global, $"{timer.Name} is overdue at {happened}");
    }
}
