using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Scheduling;

/// <summary>Makes machines of scripted vCPUs, and moments at which to stop them.</summary>
public static class ScheduleGenerators
{
    /// <summary>Whole plans, with a shrinker.</summary>
    public static Arbitrary<SchedulePlan> Plans { get; } = Arb.From(PlanGenerator(), Shrink);

    /// <summary>Plans, each with the stops at which its run is interrupted.</summary>
    public static Arbitrary<StoppedPlan> StoppedPlans { get; } = Arb.From(
        from plan in PlanGenerator()
        from count in Gen.Choose(1, 6)
        from stops in StopGenerator(plan).ListOf(count)
        select new StoppedPlan(plan, [.. stops]),
        static stopped => Shrink(stopped.Plan).Select(plan => stopped with { Plan = plan })
            .Concat(Shrinking.List(stopped.Stops).Where(static stops => stops.Count > 0).Select(stops => stopped with { Stops = stops })));

    private static Gen<SchedulePlan> PlanGenerator() =>
        from shift in Gen.Choose(0, 3)
        from quanta in Gen.Choose(64, 400)
        let quantum = ((long)quanta << shift) + shift
        from random in Gen.Elements(true, false)
        from seed in Gen.Choose(0, 1_000_000)
        from vcpus in Gen.Frequency((1, Gen.Constant(0)), (10, Gen.Choose(1, 4)))
        from timers in Gen.Frequency((1, Gen.Constant(0)), (6, Gen.Choose(1, 4)))
        from programs in ProgramGenerator(quantum).ListOf(vcpus)
        from plans in TimerGenerator(quantum).ListOf(timers)
        from frames in Gen.Choose(2, 12)
        from inputs in Gen.Choose(0, (int)(quantum * frames)).ListOf()
        select new SchedulePlan
        {
            Options = new() { Shift = shift, Quantum = quantum, Policy = random ? SchedulePolicy.Random((ulong)seed) : SchedulePolicy.RoundRobin },
            Programs = [.. programs],
            Timers = [.. plans],
            Inputs = [.. inputs.Take(5).Select(static i => (long)i).Distinct().Order()],
            Horizon = quantum * frames,
        };

    private static Gen<IReadOnlyList<VcpuStep>> ProgramGenerator(long quantum) =>
        Gen.Frequency((3, AnyProgramGenerator(quantum)), (1, SleeperGenerator(quantum)));

    /// <summary>A vCPU that mostly sleeps, as in an idle operating system.</summary>
    private static Gen<IReadOnlyList<VcpuStep>> SleeperGenerator(long quantum) =>
        from sleep in Gen.Choose(1, (int)quantum * 3)
        from work in Gen.Choose(1, 50)
        select (IReadOnlyList<VcpuStep>)[new(VcpuStepKind.ArmOwn, 0, sleep), new(VcpuStepKind.Wait, 0, 0), new(VcpuStepKind.Observe, 0, 0), new(VcpuStepKind.Work, 0, work)];

    private static Gen<IReadOnlyList<VcpuStep>> AnyProgramGenerator(long quantum) =>
        from length in Gen.Choose(1, 8)
        from steps in StepGenerator(quantum).ListOf(length)
        select (IReadOnlyList<VcpuStep>)[.. steps];

    private static Gen<VcpuStep> StepGenerator(long quantum) =>
        from kind in Gen.Frequency(
            (6, Gen.Constant(VcpuStepKind.Work)), (4, Gen.Constant(VcpuStepKind.Observe)), (3, Gen.Constant(VcpuStepKind.ObserveDevice)),
            (4, Gen.Constant(VcpuStepKind.Arm)), (5, Gen.Constant(VcpuStepKind.ArmAligned)), (1, Gen.Constant(VcpuStepKind.Disarm)), (3, Gen.Constant(VcpuStepKind.ArmOwn)),
            (4, Gen.Constant(VcpuStepKind.Wait)), (6, Gen.Constant(VcpuStepKind.Wake)))
        from rare in Gen.Choose(0, 149)
        from target in Gen.Choose(0, 3)
        from value in kind == VcpuStepKind.Work ? Gen.Choose(1, 300) : Gen.Frequency((4, Gen.Choose(0, (int)quantum / 2)), (2, Gen.Choose(0, (int)quantum * 2)), (1, Gen.Choose(-100, 3)))
        select new VcpuStep(rare switch { 0 => VcpuStepKind.PowerOff, 1 or 2 => VcpuStepKind.Reset, _ => kind }, target, value);

    private static Gen<TimerPlan> TimerGenerator(long quantum) =>
        from priority in Gen.Choose(-1, 1)
        from wakes in Gen.Choose(-1, 3)
        from period in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(20, (int)quantum * 2)))
        from resets in Gen.Choose(0, 29)
        select new TimerPlan(priority, wakes, period, resets == 0);

    private static Gen<StopCondition> StopGenerator(SchedulePlan plan) =>
        from kind in Gen.Choose(0, 2)
        from vcpu in Gen.Choose(0, 3)
        from share in Gen.Choose(0, 10_000)
        let instructions = (plan.Horizon >> plan.Options.Shift) * share / 10_000
        select kind switch
        {
            0 => new StopCondition { Time = plan.Horizon * share / 10_000 },
            1 => new StopCondition { Instructions = instructions * Math.Max(1, plan.Programs.Count) },
            _ => new StopCondition { Vcpu = vcpu, VcpuInstructions = instructions },
        };

    private static IEnumerable<SchedulePlan> Shrink(SchedulePlan plan)
    {
        foreach (var programs in Shrinking.List(plan.Programs, static p => Shrinking.List(p, ShrinkStep).Where(static s => s.Count > 0)))
            yield return plan with { Programs = programs };
        foreach (var timers in Shrinking.List(plan.Timers))
            yield return plan with { Timers = timers };
        foreach (var inputs in Shrinking.List(plan.Inputs))
            yield return plan with { Inputs = inputs };
        if (plan.Options.Policy != SchedulePolicy.RoundRobin)
            yield return plan with { Options = plan.Options with { Policy = SchedulePolicy.RoundRobin } };
        foreach (var horizon in Shrinking.Number(plan.Horizon, 1))
            yield return plan with { Horizon = horizon };
        foreach (var quantum in Shrinking.Number(plan.Options.Quantum, 64L << plan.Options.Shift))
            yield return plan with { Options = plan.Options with { Quantum = quantum } };
    }

    private static IEnumerable<VcpuStep> ShrinkStep(VcpuStep step)
    {
        foreach (var value in Shrinking.Number(step.Value, step.Kind == VcpuStepKind.Work ? 1 : 0))
            yield return step with { Value = value };
        if (step.Target > 0)
            yield return step with { Target = 0 };
    }
}

/// <summary>A plan and the stops at which its run is interrupted.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Stops">The stops, in the order in which they are tried; one that is reached already stops at once.</param>
public sealed record StoppedPlan(SchedulePlan Plan, IReadOnlyList<StopCondition> Stops)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Plan}\n  stops: {string.Join("; ", Stops)}";
}
