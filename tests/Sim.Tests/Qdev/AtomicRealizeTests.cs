using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit;
using Sim.PropertyKit.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L5: instantiation is atomic, over random devices that fail at any step of their realize.</summary>
public sealed class AtomicRealizeTests
{
    private static readonly LawOptions Options = new()
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

    [Fact]
    public void A_failed_realize_leaves_everything_as_before_and_can_be_tried_again() => Law.Holds("atomic realize", DeviceGenerators.Realizations, CheckFailure, Options);

    [Fact]
    public void Realize_and_unrealize_leave_no_residue() => Law.Holds("realize, unrealize", DeviceGenerators.Realizations, CheckUnrealize,
        Options with { Required = [("succeeded", 0.3), ("devices below", 0.1)], PastFailures = [.. Options.PastFailures, new CaseSeed(4521982490733501612, 2)] });

    [Fact]
    public void New_and_unref_leave_no_residue() => Law.Holds("new, unref", DeviceGenerators.Realizations, static (tried, _) =>
    {
        var machine = Build(tried);
        var before = StructuralDump.Of(machine);
        var device = Make(machine, tried.Type, tried.Plan);
        if (device is PlannedDevice planned)
            planned.SetProperty("peer", Hub(machine));
        device.AddAlias("text", Hub(machine), "text");
        device.Unref();
        Assert.True(device.IsFinalized);
        AssertSame(before, StructuralDump.Of(machine));
    }, new LawOptions { Runs = 100 });

    [Fact]
    public void A_device_that_leaves_something_behind_is_found()
    {
        var failure = Assert.Throws<LawFailedException>(() => Law.Holds("atomic realize", DeviceGenerators.Realizations, static (tried, classes) =>
            CheckFailure(tried with { Plan = new([new(PlanStepKind.Leak), .. tried.Plan.Steps]) }, classes)));
        Assert.Contains("leak", failure.Message, StringComparison.Ordinal);
        Assert.InRange(Assert.IsType<RealizeCase>(failure.Case).Plan.Steps.Count, 0, 1);
    }

    [Fact]
    public void A_second_realize_is_refused()
    {
        using var machine = TestMachine.Create();
        PlannedHub.Create(machine);
        var device = Make(machine, PlannedDevice.TypeName, new([]));
        Qdev.Realize(device);
        var before = StructuralDump.Of(machine);
        var error = Assert.Throws<SimException>(() => Qdev.Realize(device));
        Assert.Contains("'/machine/unattached/device[0]' of type 'planned-device' is realized already", error.Message, StringComparison.Ordinal);
        AssertSame(before, StructuralDump.Of(machine));
    }

    private static void CheckFailure(RealizeCase tried, CaseClasses classes)
    {
        using var machine = Build(tried);
        var device = Make(machine, tried.Type, tried.Plan);
        var before = StructuralDump.Of(machine, true, device);
        FailHandlerAt(machine, tried.FailingHandlerCall);
        var error = Record.Exception(() => Realize(machine, device));
        Classify(tried, error, classes);
        if (error is null)
            return;
        Assert.IsType<SimException>(error);
        AssertSame(before, StructuralDump.Of(machine, true, device));
        Assert.False(device.Realized);
        Assert.True(device is not PlannedDevice { Lives: not 0 }, "Unrealize was not called for a realize that had succeeded");

        // Mended, it comes to life as on a machine that has never seen it fail.
        machine.HotplugHandler = null;
        using var pristine = Build(tried);
        var twin = Make(pristine, tried.Type, tried.Plan.WithoutFailures());
        SetPlan(device, tried.Plan.WithoutFailures());
        var outcome = Record.Exception(() => Realize(machine, device));
        Assert.Equal(Record.Exception(() => Realize(pristine, twin))?.Message, outcome?.Message);
        AssertSame(StructuralDump.Of(pristine, true, twin), StructuralDump.Of(machine, true, device));
    }

    private static void CheckUnrealize(RealizeCase tried, CaseClasses classes)
    {
        using var machine = Build(tried);
        var device = Make(machine, tried.Type, tried.Plan.WithoutFailures());
        var before = StructuralDump.Of(machine, false, device);
        var hubDeadline = Hub(machine).Timer.Deadline;
        if (Record.Exception(() => Realize(machine, device)) is not null)
            return;
        classes.Add("succeeded");
        classes.Add("devices below", tried.Plan.Steps.Any(static s => s.Device is not null));
        var alive = StructuralDump.Of(machine, false, device);
        Qdev.Unrealize(device);

        // What time does is not structure: the hub's timer keeps the deadline that the realize gave it.
        Assert.True(hubDeadline == Hub(machine).Timer.Deadline || tried.Plan.AllSteps.Any(static s => s.Kind == PlanStepKind.ArmHubTimer));
        Hub(machine).Timer.Arm(hubDeadline);
        AssertSame(before, StructuralDump.Of(machine, false, device));
        Assert.True(device is not PlannedDevice { Lives: not 0 });
        Realize(machine, device);
        AssertSame(alive, StructuralDump.Of(machine, false, device));
        device.Unparent();
        device.Unref();
        Assert.True(device.IsFinalized);
    }

    private static TestMachine Build(RealizeCase tried)
    {
        var machine = TestMachine.Create(options: new() { Policy = Engine.Scheduling.SchedulePolicy.Random(7) });
        PlannedHub.Create(machine);
        foreach (var plan in tried.Earlier)
        {
            try
            {
                Qdev.RealizeAndUnref(Make(machine, PlannedSysBusDevice.TypeName, plan.WithoutFailures()), machine.SystemBus);
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

    private static void Realize(TestMachine machine, Device device) => Qdev.Realize(device, device switch
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

    private static void AssertSame(string before, string after)
    {
        if (StructuralDump.Difference(before, after) is { Length: > 0 } difference)
            Assert.Fail(difference);
    }

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
        classes.Add("failed after the hub changed", done.Overlaps([PlanStepKind.ChangeHubRegion, PlanStepKind.SetHubLink, PlanStepKind.SetHubText, PlanStepKind.ArmHubTimer]));
        classes.Add("failed by the hotplug handler", error.Message.Contains("handler", StringComparison.Ordinal));
    }
}
