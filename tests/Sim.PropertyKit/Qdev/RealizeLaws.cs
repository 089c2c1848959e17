using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using static Sim.Engine.Qdev.Qdev;

namespace Sim.PropertyKit.Qdev;

/// <summary>Law L5: instantiation is atomic, over random devices that fail at any step of their realize.</summary>
public static class RealizeLaws
{
    private static readonly LawOptions Sample = new()
    {
        Runs = 400,
        PastFailures = [new(8722637202461243168, 28)],
        EndSize = 30,
        Required =
        [
            ("failed", 0.3), ("succeeded", 0.15), ("failed in a device below", 0.05), ("failed after a timer", 0.05), ("failed after a region", 0.05),
            ("failed after a line", 0.05), ("failed after a vCPU", 0.03), ("failed after a plug", 0.05), ("failed after the hub changed", 0.1),
            ("failed by the hotplug handler", 0.02), ("a failure was caught inside", 0.02), ("hotplugged", 0.2),
        ],
    };

    /// <summary>A failed realize leaves everything as before and can be tried again.</summary>
    public static NamedLaw Atomic { get; } = NamedLaw.Of(
        "atomic-realize", "L5", "A failed realize leaves everything as before, and can be tried again.", DeviceGenerators.Realizations, CheckFailure, Sample);

    /// <summary>Realize and unrealize leave no residue.</summary>
    public static NamedLaw Unrealized { get; } = NamedLaw.Of(
        "unrealize", "L5", "Realize and unrealize leave no residue.", DeviceGenerators.Realizations, CheckUnrealize,
        Sample with
        {
            Required = [("succeeded", 0.3), ("devices below", 0.1)],
            PastFailures = [.. Sample.PastFailures, new CaseSeed(4521982490733501612, 2)],
        });

    /// <summary>New and unref leave no residue.</summary>
    public static NamedLaw Unreferenced { get; } = NamedLaw.Of(
        "new-unref", "L5", "A new device that is let go leaves no residue.", DeviceGenerators.Realizations, CheckUnref,
        new LawOptions { Runs = 100, Required = [("linked", 0.3)] });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Atomic, Unrealized, Unreferenced];

    /// <summary>Realizes a device; when that fails, compares with before, mends it and compares with a machine that never saw it fail.</summary>
    public static void CheckFailure(RealizeCase tried, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(tried);
        ArgumentNullException.ThrowIfNull(classes);
        using var machine = Build(tried);
        var device = Make(machine, tried.Type, tried.Plan);
        var before = StructuralDump.Of(machine, true, device);
        FailHandlerAt(machine, tried.FailingHandlerCall);
        var error = Check.Caught(() => RealizeIn(machine, device));
        Classify(tried, error, classes);
        Cover(machine, classes);
        if (error is null)
            return;
        Check.That(error is SimException, $"something else than a refusal: {error}");
        CheckSame(before, StructuralDump.Of(machine, true, device));
        Check.That(!device.Realized, "a device that failed is not realized");
        Check.That(device is not PlannedDevice { Lives: not 0 }, "Unrealize was not called for a realize that had succeeded");

        // Mended, it comes to life as on a machine that has never seen it fail.
        machine.HotplugHandler = null;
        using var pristine = Build(tried);
        var twin = Make(pristine, tried.Type, tried.Plan.WithoutFailures());
        SetPlan(device, tried.Plan.WithoutFailures());
        var outcome = Check.Caught(() => RealizeIn(machine, device));
        Check.Equal(Check.Caught(() => RealizeIn(pristine, twin))?.Message, outcome?.Message);
        CheckSame(StructuralDump.Of(pristine, true, twin), StructuralDump.Of(machine, true, device));
    }

    private static void CheckUnrealize(RealizeCase tried, CaseClasses classes)
    {
        using var machine = Build(tried);
        var device = Make(machine, tried.Type, tried.Plan.WithoutFailures());
        var before = StructuralDump.Of(machine, false, device);
        var hubDeadline = Hub(machine).Timer.Deadline;
        if (Check.Caught(() => RealizeIn(machine, device)) is not null)
            return;
        classes.Add("succeeded");
        Cover(machine, classes);
        classes.Add("devices below", tried.Plan.Steps.Any(static s => s.Device is not null));
        var alive = StructuralDump.Of(machine, false, device);
        Unrealize(device);

        // What time does is not structure: the hub's timer keeps the deadline that the realize gave it, or took.
        Check.That(
            hubDeadline == Hub(machine).Timer.Deadline || tried.Plan.AllSteps.Any(static s => s.Kind is PlanStepKind.ArmHubTimer or PlanStepKind.DisarmHubTimer),
            "an unrealize moved the hub's deadline");
        if (hubDeadline == VirtualTime.Never)
            Hub(machine).Timer.Disarm();
        else
            Hub(machine).Timer.Arm(hubDeadline);
        CheckSame(before, StructuralDump.Of(machine, false, device));
        Check.That(device is not PlannedDevice { Lives: not 0 }, "Unrealize was not called");
        RealizeIn(machine, device);
        CheckSame(alive, StructuralDump.Of(machine, false, device));
        device.Unparent();
        device.Unref();
        Check.That(device.IsFinalized, "nobody holds the device any more");
    }

    private static void CheckUnref(RealizeCase tried, CaseClasses classes)
    {
        using var machine = Build(tried);
        var before = StructuralDump.Of(machine);
        var device = Make(machine, tried.Type, tried.Plan);
        classes.Add("linked", device is PlannedDevice);
        if (device is PlannedDevice planned)
            planned.SetProperty("peer", Hub(machine));
        device.AddAlias("text", Hub(machine), "text");
        device.Unref();
        Check.That(device.IsFinalized, "nobody holds the device any more");
        CheckSame(before, StructuralDump.Of(machine));
    }

    private static TestMachine Build(RealizeCase tried)
    {
        var machine = TestMachine.Create(options: new() { Policy = SchedulePolicy.Random(7) });
        PlannedHub.Create(machine);
        foreach (var plan in tried.Earlier)
        {
            try
            {
                RealizeAndUnref(Make(machine, PlannedSysBusDevice.TypeName, plan.WithoutFailures()), machine.SystemBus);
            }
            catch (SimException error) when (error.Message.Contains("is full", StringComparison.Ordinal))
            {
                // The hub's bus takes two: those that came first have it.
            }
        }

        machine.IsReady = tried.Hotplugged;
        return machine;
    }

    private static PlannedHub Hub(TestMachine machine) => (PlannedHub)machine.FindChild("hub")!;

    private static void Cover(TestMachine machine, CaseClasses classes)
    {
        foreach (var kind in Hub(machine).Done)
            classes.CoverOperation(kind);
    }

    private static Device Make(TestMachine machine, string type, DevicePlan plan)
    {
        var device = machine.Root.New<Device>(type);
        SetPlan(device, plan);
        return device;
    }

    private static void SetPlan(Device device, DevicePlan plan)
    {
        if (device is PlannedDevice planned)
            planned.Plan = plan;
        else
            ((PlannedSysBusDevice)device).Plan = plan;
    }

    private static void RealizeIn(TestMachine machine, Device device) => Realize(device, device switch
    {
        PlannedSysBusDevice => machine.SystemBus,
        { DeviceClass.BusType: not null } => Hub(machine).Slots,
        _ => null,
    });

    private static void FailHandlerAt(TestMachine machine, int failing)
    {
        if (failing < 0)
            return;
        void Count(Device device)
        {
            if (failing-- == 0)
                throw new SimException("The handler refuses.");
        }

        machine.HotplugHandler = new HotplugHandlerClass { PrePlug = Count, Plug = Count };
    }

    internal static void CheckSame(string before, string after) =>
        Check.That(before == after, StructuralDump.Difference(before, after));

    private static void Classify(RealizeCase tried, Exception? error, CaseClasses classes)
    {
        classes.Add("hotplugged", tried.Hotplugged);
        classes.Add("succeeded", error is null);
        if (error is null)
        {
            classes.Add("a failure was caught inside", tried.Plan.AllSteps.Any(static s => s.Kind == PlanStepKind.Optional));
            return;
        }

        var done = tried.Plan.AllSteps.TakeWhile(static s => !s.Fails).Select(static s => s.Kind).ToHashSet();
        classes.Add("failed");
        classes.Add("failed in a device below", tried.Plan.Steps.Any(static s => s.Device?.Fails == true));
        classes.Add("failed after a timer", done.Contains(PlanStepKind.Timer));
        classes.Add("failed after a region", done.Contains(PlanStepKind.MapRegion));
        classes.Add("failed after a line", done.Overlaps([PlanStepKind.ConnectFromHub, PlanStepKind.ConnectToHub]));
        classes.Add("failed after a vCPU", done.Contains(PlanStepKind.Vcpu));
        classes.Add("failed after a plug", done.Overlaps([PlanStepKind.OwnBus, PlanStepKind.HubSlot, PlanStepKind.Elsewhere]));
        classes.Add("failed after the hub changed", done.Overlaps([PlanStepKind.ChangeHubRegion, PlanStepKind.SetHubLink, PlanStepKind.SetHubText, PlanStepKind.ArmHubTimer, PlanStepKind.DisarmHubTimer]));
        classes.Add("failed by the hotplug handler", error.Message.Contains("handler", StringComparison.Ordinal));
    }
}
