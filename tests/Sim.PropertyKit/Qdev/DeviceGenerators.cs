using FsCheck;
using FsCheck.Fluent;

namespace Sim.PropertyKit.Qdev;

/// <summary>A device to be realized in a machine that others live in already.</summary>
public sealed record RealizeCase
{
    /// <summary>Type of the device: one of the planned types.</summary>
    public required string Type { get; init; }

    /// <summary>What its realize does.</summary>
    public required DevicePlan Plan { get; init; }

    /// <summary>Devices realized before it.</summary>
    public IReadOnlyList<DevicePlan> Earlier { get; init; } = [];

    /// <summary>True when the machine runs already.</summary>
    public bool Hotplugged { get; init; }

    /// <summary>Which call of the hotplug handler fails, counted over its functions; -1 for none.</summary>
    public int FailingHandlerCall { get; init; } = -1;

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Type}{(Hotplugged ? " hotplugged" : "")}, handler fails at {FailingHandlerCall}\n  plan: {Plan}\n  after: {string.Join(' ', Earlier)}";
}

/// <summary>Makes devices whose realize does all kinds of things, and fails at any step.</summary>
public static class DeviceGenerators
{
    private static readonly PlanStepKind[] Leaves =
    [
        PlanStepKind.Timer, PlanStepKind.ArmHubTimer, PlanStepKind.DisarmHubTimer, PlanStepKind.MapRegion, PlanStepKind.MapAlias, PlanStepKind.ChangeHubRegion, PlanStepKind.AddressSpace,
        PlanStepKind.Inputs, PlanStepKind.ConnectToHub, PlanStepKind.ConnectFromHub, PlanStepKind.Vcpu, PlanStepKind.AddProperty, PlanStepKind.AddAlias,
        PlanStepKind.RemoveHubProperty, PlanStepKind.SetHubText, PlanStepKind.SetHubLink, PlanStepKind.Container, PlanStepKind.Temporary,
    ];

    private static readonly PlanStepKind[] Makers =
        [PlanStepKind.Child, PlanStepKind.Elsewhere, PlanStepKind.OwnBus, PlanStepKind.HubSlot, PlanStepKind.Optional];

    private static readonly PlanStepKind[] Failures = [.. Enum.GetValues<PlanStepKind>().Where(static k => new PlanStep(k).Fails)];

    /// <summary>Devices to be realized, two in three of which fail.</summary>
    public static Arbitrary<RealizeCase> Realizations { get; } = Arb.From(CaseGenerator(), Shrink);

    /// <summary>Device plans that succeed, as far as the machine has room.</summary>
    public static Arbitrary<DevicePlan> Plans { get; } = Arb.From(PlanGenerator(3), ShrinkPlan);

    private static Gen<RealizeCase> CaseGenerator() =>
        from type in Gen.Elements(PlannedDevice.TypeName, PlannedSysBusDevice.TypeName, PlannedDevice.SlotTypeName)
        from plan in PlanGenerator(3)
        from failing in Gen.Frequency((1, Gen.Constant(plan)), (2, InsertFailure(plan)))
        from count in Gen.Choose(0, 2)
        from earlier in PlanGenerator(1).ListOf(count)
        from hotplugged in Gen.Elements(true, false)
        from call in Gen.Frequency((3, Gen.Constant(-1)), (1, Gen.Choose(0, 5)))
        select new RealizeCase { Type = type, Plan = failing, Earlier = [.. earlier], Hotplugged = hotplugged, FailingHandlerCall = call };

    private static Gen<DevicePlan> PlanGenerator(int depth) =>
        from length in Gen.Choose(0, 6)
        from steps in StepGenerator(depth).ListOf(length)
        select new DevicePlan([.. steps]);

    private static Gen<PlanStep> StepGenerator(int depth)
    {
        var leaf = from kind in Gen.Elements(Leaves) from number in Gen.Choose(0, 40) select new PlanStep(kind, number);
        if (depth == 0)
            return leaf;
        var maker =
            from kind in Gen.Elements(Makers)
            from plan in PlanGenerator(depth - 1)
            from inner in kind == PlanStepKind.Optional ? InsertFailure(plan) : Gen.Constant(plan)
            select new PlanStep(kind, 0, inner);
        return Gen.Frequency((4, leaf), (1, maker));
    }

    /// <summary>Puts a failing step somewhere into a plan, or into one that it makes.</summary>
    private static Gen<DevicePlan> InsertFailure(DevicePlan plan) =>
        from position in Gen.Choose(0, plan.Steps.Count)
        from inside in Gen.Elements(true, false)
        from failure in Gen.Elements(Failures)
        let step = position < plan.Steps.Count ? plan.Steps[position] : null
        from changed in inside && step?.Device is not null
            ? InsertFailure(step.Device).Select(device => Replace(plan, position, 1, step with { Device = device }))
            : Gen.Constant(Replace(plan, position, 0, new PlanStep(failure)))
        select changed;

    private static DevicePlan Replace(DevicePlan plan, int position, int count, PlanStep step) =>
        new([.. plan.Steps.Take(position), step, .. plan.Steps.Skip(position + count)]);

    private static IEnumerable<RealizeCase> Shrink(RealizeCase tried)
    {
        foreach (var earlier in Shrinking.List(tried.Earlier, ShrinkPlan))
            yield return tried with { Earlier = earlier };
        foreach (var plan in ShrinkPlan(tried.Plan))
            yield return tried with { Plan = plan };
        if (tried.FailingHandlerCall >= 0)
            yield return tried with { FailingHandlerCall = -1 };
        if (tried.Hotplugged)
            yield return tried with { Hotplugged = false };
        if (tried.Type != PlannedDevice.TypeName)
            yield return tried with { Type = PlannedDevice.TypeName };
    }

    private static IEnumerable<DevicePlan> ShrinkPlan(DevicePlan plan) => Shrinking.List(plan.Steps, ShrinkStep).Select(static steps => new DevicePlan(steps));

    private static IEnumerable<PlanStep> ShrinkStep(PlanStep step)
    {
        if (step.Device is not null)
            return ShrinkPlan(step.Device).Select(device => step with { Device = device });
        return Shrinking.Number(step.Number).Select(number => step with { Number = (int)number });
    }
}
