using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using static Sim.Engine.Qdev.Qdev;

namespace Sim.PropertyKit.Qdev;

/// <summary>Carries out the steps of a planned device's realize.</summary>
internal sealed class PlanRunner(Device device, DevicePlan plan)
{
    private readonly PlannedHub hub = (PlannedHub)((QomObject)device.Machine).FindChild("hub")!;
    private int made;

    public static MemoryRegionOps Ops { get; } = new() { Read = static (_, _, _) => 0, Write = static (_, _, _, _) => { }, Peek = static (_, _, _) => 0 };

    public void Run()
    {
        foreach (var step in plan.Steps)
        {
            if (step.Fails)
                hub.Done.Add(step.Kind);
            Do(step);
            hub.Done.Add(step.Kind);
        }
    }

    private string Fresh(string stem) => string.Create(CultureInfo.InvariantCulture, $"{stem}{made++}");

    private void Do(PlanStep step)
    {
        switch (step.Kind)
        {
            case PlanStepKind.Timer:
                device.CreateTimer(Fresh("timer"), static () => { }).Arm(1000 + step.Number);
                break;
            case PlanStepKind.ArmHubTimer:
                hub.Timer.Arm(5000 + step.Number);
                break;
            case PlanStepKind.DisarmHubTimer:
                hub.Timer.Disarm();
                break;
            case PlanStepKind.MapRegion:
                MapRegion(step);
                break;
            case PlanStepKind.MapAlias:
                var window = MemoryRegion.NewAlias(device, Fresh("window"), hub.Region, (ulong)(step.Number & 3) * 0x100, 0x400);
                device.Machine.SystemMemory.AddSubregion((ulong)step.Number * 0x200, window, step.Number & 1);
                break;
            case PlanStepKind.ChangeHubRegion:
                ChangeHubRegion(step.Number);
                break;
            case PlanStepKind.AddressSpace:
                _ = new AddressSpace(device.Machine.SystemMemory, "bus master");
                break;
            case PlanStepKind.Inputs:
                device.InitGpioIn(static (_, _) => { }, 1 + (step.Number & 3));
                break;
            case PlanStepKind.ConnectToHub:
                device.InitGpioOut("to-hub", new IrqLine());
                device.ConnectGpioOut(Count("to-hub") - 1, hub.GetGpioIn(step.Number & 3), "to-hub");
                break;
            case PlanStepKind.ConnectFromHub:
                device.InitGpioIn("from-hub", static (_, _) => { }, 1);
                hub.ConnectGpioOut(step.Number & 3, device.GetGpioIn(Count("from-hub") - 1, "from-hub"));
                break;
            case PlanStepKind.Vcpu:
                device.Machine.Scheduler.AddVcpu(new IdleVcpu());
                break;
            case PlanStepKind.Child or PlanStepKind.Elsewhere or PlanStepKind.OwnBus or PlanStepKind.HubSlot or PlanStepKind.Optional:
                MakeDevice(step);
                break;
            default:
                DoWithProperties(step);
                break;
        }
    }

    private int Count(string lines) => device.GpioCounts.First(pair => pair.Name == lines).Count;

    private void MapRegion(PlanStep step)
    {
        var region = MemoryRegion.NewIo(device, Ops, Fresh("region"), 0x100);
        if (device is not SysBusDevice sysbus)
        {
            device.Machine.SystemMemory.AddSubregion((ulong)step.Number * 0x80, region, step.Number & 1);
            return;
        }

        sysbus.InitMmio(region);
        sysbus.MapMmio(sysbus.Regions.Count - 1, (ulong)step.Number * 0x80);
        sysbus.InitIrq(new IrqLine());
        sysbus.ConnectIrq(sysbus.Irqs.Count - 1, hub.GetGpioIn(step.Number & 3));
    }

    private void ChangeHubRegion(int way)
    {
        switch (way % 6)
        {
            case 0: hub.Region.SetAddress((ulong)way * 0x1000); break;
            case 1: hub.Region.SetSize(0x900); break;
            case 2: hub.Window.SetEnabled(!hub.Window.Enabled); break;
            case 3: hub.Window.SetAliasOffset((ulong)way * 0x10); break;
            case 4: hub.Window.ContainingRegion?.RemoveSubregion(hub.Window); break;
            default: hub.Region.ContainingRegion?.RemoveSubregion(hub.Region); break;
        }
    }

    private void MakeDevice(PlanStep step)
    {
        switch (step.Kind)
        {
            case PlanStepKind.Child:
                var child = device.NewChild<PlannedDevice>(Fresh("child"), PlannedDevice.TypeName);
                child.Plan = step.Device!;
                child.SetProperty("peer", hub);
                Realize(child);
                break;
            case PlanStepKind.OwnBus:
                var name = Fresh("bus");
                MakeOnBus(Bus.Create<PlannedBus>(PlannedBus.TypeName, device, name), step.Device!);
                break;
            case PlanStepKind.HubSlot:
                // The hub has few slots: a device that finds none gets a bus of its maker's.
                var full = hub.Slots.Devices.Count() >= PlannedBus.Capacity;
                MakeOnBus(full ? Bus.Create<PlannedBus>(PlannedBus.TypeName, device, Fresh("bus")) : hub.Slots, step.Device!);
                break;
            default:
                var made = device.Root.New<PlannedSysBusDevice>(PlannedSysBusDevice.TypeName);
                made.Plan = step.Device!;
                try
                {
                    RealizeAndUnref(made, device.Machine.SystemBus);
                }
                catch (SimException) when (step.Kind == PlanStepKind.Optional)
                {
                    // Goes on without it.
                }

                break;
        }
    }

    private void MakeOnBus(Bus bus, DevicePlan devicePlan)
    {
        var made = device.Root.New<PlannedDevice>(PlannedDevice.SlotTypeName);
        made.Plan = devicePlan;
        RealizeAndUnref(made, bus);
    }

    private void DoWithProperties(PlanStep step)
    {
        switch (step.Kind)
        {
            case PlanStepKind.AddProperty:
                device.AddProperty(Property.Bool(Fresh("own"), static _ => true, null));
                break;
            case PlanStepKind.AddAlias:
                device.AddAlias(Fresh("alias"), hub, "text");
                break;
            case PlanStepKind.RemoveHubProperty:
                if (hub.FindProperty("extra") is not null)
                    hub.RemoveProperty("extra");
                break;
            case PlanStepKind.SetHubText:
                hub.ParseProperty("text", string.Create(CultureInfo.InvariantCulture, $"text {step.Number}"));
                break;
            case PlanStepKind.SetHubLink:
                hub.SetProperty("link", step.Number % 3 == 0 ? null : device);
                break;
            case PlanStepKind.Container:
                device.Root.GetContainer(string.Create(CultureInfo.InvariantCulture, $"/machine/made/on/{step.Number & 1}"));
                break;
            case PlanStepKind.Temporary:
                var temporary = device.Root.New<PlannedDevice>(PlannedDevice.TypeName);
                temporary.SetProperty("peer", hub);
                temporary.AddAlias("text", hub, "text");
                temporary.NewChild<Container>("inside", Container.TypeName);
                temporary.Unref();
                break;
            case PlanStepKind.Leak:
                device.Machine.Scheduler.Timers.Create($"{device.CanonicalPath}:leak", 0, static () => { });
                break;
            default:
                Fail(step);
                break;
        }
    }

    private void Fail(PlanStep step)
    {
        switch (step.Kind)
        {
            case PlanStepKind.FailThrow:
                throw new SimException("The plan says so.");
            case PlanStepKind.FailNoProperty:
                hub.SetProperty("no-such", 1);
                break;
            case PlanStepKind.FailBadValue:
                var small = device.NewChild<PlannedDevice>(Fresh("small"), PlannedDevice.TypeName);
                small.ParseProperty("level", "256");
                break;
            case PlanStepKind.FailMissingLink:
                var lonely = device.NewChild<PlannedDevice>(Fresh("lonely"), PlannedDevice.TypeName);
                lonely.SetProperty("needs-peer", true);
                Realize(lonely);
                break;
            case PlanStepKind.FailTimerTwice:
                device.CreateTimer("twin", static () => { }).Arm(1);
                device.CreateTimer("twin", static () => { });
                break;
            case PlanStepKind.FailMappedTwice:
                var region = MemoryRegion.NewContainer(device, "twice", 0x10);
                device.Machine.SystemMemory.AddSubregion(0, region);
                device.Machine.SystemMemory.AddSubregion(0x100, region);
                break;
            case PlanStepKind.FailNoLine:
                hub.GetGpioIn(4);
                break;
            case PlanStepKind.FailNoType:
                device.Root.New("no-such-type");
                break;
            case PlanStepKind.FailWrongBus:
                RealizeAndUnref(device.Root.New<PlannedDevice>(PlannedDevice.SlotTypeName), device.Machine.SystemBus);
                break;
            case PlanStepKind.FailBusFull:
                var bus = Bus.Create<PlannedBus>(PlannedBus.TypeName, device, Fresh("full"));
                for (var i = 0; i < 3; i++)
                    MakeOnBus(bus, new DevicePlan([]));
                break;
            default:
                throw new InvalidOperationException($"Nobody does {step.Kind}.");
        }
    }

    /// <summary>A vCPU that never has anything to do.</summary>
    private sealed class IdleVcpu : IVcpu
    {
        public bool IsIdle => true;

        public long NextDeadline => VirtualTime.Never;

        public ulong ProgramCounter => 0;

        public long Run(long budget) => 0;

        public void RequestExit() { }

        public void EndSlice() { }
    }
}
