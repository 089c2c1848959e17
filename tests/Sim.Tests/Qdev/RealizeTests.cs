using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>The realize flow, hotplug, global defaults, and what a device type must declare.</summary>
public sealed class RealizeTests
{
    [Fact]
    public void A_device_type_that_declares_neither_State_nor_Stateless_is_refused_by_name()
    {
        var registry = TestTypes.NewRegistry(
            new TypeInfo { Name = "forgetful", Parent = Device.TypeName, New = static () => new ForgetfulDevice() },
            new TypeInfo { Name = "forgetful-child", Parent = PlannedDevice.TypeName, New = static () => new ForgetfulChild() });
        using var machine = TestMachine.Create(registry);
        PlannedHub.Create(machine);
        var before = StructuralDump.Of(machine);
        foreach (var type in (string[])["forgetful", "forgetful-child"])
        {
            var error = Assert.Throws<SimException>(() => Qdev.RealizeAndUnref(machine.Root.New<Device>(type)));
            Assert.Contains($"'{type}' declares neither State nor Stateless", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, StructuralDump.Of(machine));
    }

    [Fact]
    public void A_level_without_instances_of_its_own_needs_no_declaration()
    {
        using var machine = TestMachine.Create();
        var device = machine.Root.New<PlannedDevice>(PlannedDevice.SlotTypeName);
        Qdev.Realize(device, PlannedHub.Create(machine).Slots);
        Assert.True(device.Realized);
    }

    [Fact]
    public void A_device_that_was_plugged_in_before_stays_so_when_its_realize_is_taken_back()
    {
        using var machine = TestMachine.Create();
        var bus = PlannedHub.Create(machine).Slots;
        var device = machine.Root.New<PlannedDevice>(PlannedDevice.SlotTypeName);
        bus.AddChild(device);
        var before = StructuralDump.Of(machine, true, device);
        device.Plan = new([new(PlanStepKind.FailThrow)]);
        Assert.Throws<SimException>(() => Qdev.Realize(device));
        Assert.Equal(before, StructuralDump.Of(machine, true, device));
        device.Plan = new([]);
        Qdev.Realize(device);
        Qdev.Unrealize(device);
        Assert.Equal(before, StructuralDump.Of(machine, true, device));
    }

    [Fact]
    public void A_device_that_was_plugged_in_and_let_go_leaves_the_bus()
    {
        using var machine = TestMachine.Create();
        var bus = PlannedHub.Create(machine).Slots;
        var device = machine.Root.New<PlannedDevice>(PlannedDevice.SlotTypeName);
        bus.AddChild(device);
        device.Unref();
        Assert.True(device.IsFinalized);
        Assert.Empty(bus.Devices);
    }

    [Fact]
    public void Configuration_is_fixed_by_realize_and_free_again_after_unrealize()
    {
        using var machine = TestMachine.Create();
        PlannedHub.Create(machine);
        var device = machine.Root.New<PlannedDevice>(PlannedDevice.TypeName);
        device.ParseProperty("level", "7");
        Qdev.Realize(device);
        Assert.Contains("is realized, which fixes its configuration", Assert.Throws<SimException>(() => device.ParseProperty("level", "8")).Message, StringComparison.Ordinal);
        Qdev.Unrealize(device);
        device.ParseProperty("level", "8");
        Assert.Equal(8UL, device.GetProperty("level"));
    }

    [Fact]
    public void A_device_needs_its_kind_of_bus()
    {
        using var machine = TestMachine.Create();
        var hub = PlannedHub.Create(machine);
        AssertRefused("needs a bus of type 'planned-bus', and was given none", machine, PlannedDevice.SlotTypeName, null);
        AssertRefused("does not fit bus 'main-system-bus' of type 'System': it needs one of type 'planned-bus'", machine, PlannedDevice.SlotTypeName, machine.SystemBus);
        AssertRefused("it plugs into no bus", machine, PlannedDevice.TypeName, hub.Slots);
        for (var i = 0; i < 2; i++)
            Qdev.RealizeAndUnref(machine.Root.New<Device>(PlannedDevice.SlotTypeName), hub.Slots);
        AssertRefused("Bus 'slots' is full: it takes 2 devices", machine, PlannedDevice.SlotTypeName, hub.Slots);
    }

    [Fact]
    public void A_device_outside_of_the_tree_is_refused()
    {
        using var machine = TestMachine.Create();
        var parent = machine.Root.New<PlannedDevice>(PlannedDevice.TypeName);
        var child = parent.NewChild<PlannedDevice>("child", PlannedDevice.TypeName);
        Assert.Contains("is not in the object tree", Assert.Throws<SimException>(() => Qdev.Realize(child)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Global_defaults_reach_every_object_of_the_type_and_of_those_derived_the_last_one_winning()
    {
        GlobalProperty[] globals = [new(PlannedDevice.TypeName, "level", "9"), new(PlannedDevice.SlotTypeName, "level", "0x10"), new(PlannedSysBusDevice.TypeName, "no-such", "1")];
        using var machine = TestMachine.Create(globals: globals);
        Assert.Equal(9UL, machine.Root.New(PlannedDevice.TypeName).GetProperty("level"));
        Assert.Equal(16UL, machine.Root.New(PlannedDevice.SlotTypeName).GetProperty("level"));
        Assert.Equal([true, true, false], globals.Select(static g => g.Used));
        var error = Assert.Throws<SimException>(() => machine.Root.New(PlannedSysBusDevice.TypeName));
        Assert.Contains("--global planned-sysbus-device.no-such=1: ", error.Message, StringComparison.Ordinal);
        globals = [new(PlannedDevice.TypeName, "level", "256")];
        using var other = TestMachine.Create(globals: globals);
        Assert.Contains("'planned-device.level' cannot be '256'", Assert.Throws<SimException>(() => other.Root.New(PlannedDevice.TypeName)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_hotplug_handler_of_the_bus_comes_before_the_machines()
    {
        var calls = new List<string>();
        var registry = TestTypes.NewRegistry(new TypeInfo
        {
            Name = "bus-handler",
            Parent = QomObject.TypeName,
            Interfaces = [HotplugHandlerClass.TypeName],
            New = static () => new BusHandler(),
            ClassInit = (klass, _) =>
            {
                var handler = klass.DynamicCast<HotplugHandlerClass>(HotplugHandlerClass.TypeName)!;
                handler.PrePlug = d => calls.Add($"bus pre-plug {d.Realized}");
                handler.Plug = d => calls.Add($"bus plug {d.Realized}");
                handler.Unplug = d => calls.Add($"bus unplug {d.Realized}");
            },
        });
        using var machine = TestMachine.Create(registry);
        machine.HotplugHandler = new HotplugHandlerClass { PrePlug = _ => calls.Add("machine pre-plug"), Unplug = _ => calls.Add("machine unplug") };
        var hub = PlannedHub.Create(machine);
        hub.Slots.SetHotplugHandler(machine.NewChild<BusHandler>("handler", "bus-handler"));
        machine.IsReady = true;
        var device = machine.Root.New<PlannedDevice>(PlannedDevice.SlotTypeName);
        Qdev.Realize(device, hub.Slots);
        Assert.True(device.Hotplugged);
        Qdev.Unplug(device);
        device.Unref();
        Assert.True(device.IsFinalized);
        Assert.Empty(hub.Slots.Devices);
        Assert.Equal(["machine pre-plug", "bus pre-plug False", "bus plug True", "bus unplug True"], calls);
    }

    [Fact]
    public void Unplugging_is_refused_where_it_cannot_be()
    {
        using var machine = TestMachine.Create();
        PlannedHub.Create(machine);
        var device = machine.Root.New<PlannedSysBusDevice>(PlannedSysBusDevice.TypeName);
        Assert.Contains("not realized", Assert.Throws<SimException>(() => Qdev.Unplug(device)).Message, StringComparison.Ordinal);
        Qdev.Realize(device, machine.SystemBus);
        Assert.Contains("not hot-pluggable", Assert.Throws<SimException>(() => Qdev.Unplug(device)).Message, StringComparison.Ordinal);
        Assert.True(device.Realized);
    }

    [Fact]
    public void A_device_type_that_is_not_hotpluggable_comes_before_power_on_or_not_at_all()
    {
        var registry = TestTypes.NewRegistry(new TypeInfo
        {
            Name = "soldered",
            Parent = PlannedDevice.TypeName,
            ClassInit = static (klass, _) => ((DeviceClass)klass).Hotpluggable = false,
        });
        using var machine = TestMachine.Create(registry);
        PlannedHub.Create(machine);
        Qdev.RealizeAndUnref(machine.Root.New<Device>("soldered"));
        machine.IsReady = true;
        Assert.Contains("'soldered' cannot be plugged into a running machine",
            Assert.Throws<SimException>(() => Qdev.RealizeAndUnref(machine.Root.New<Device>("soldered"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bus_that_goes_takes_its_devices_along()
    {
        using var machine = TestMachine.Create();
        var hub = PlannedHub.Create(machine);
        var device = machine.Root.New<PlannedDevice>(PlannedDevice.SlotTypeName);
        Qdev.Realize(device, hub.Slots);
        hub.Unparent();
        Assert.False(device.Realized);
        Assert.Null(device.ParentBus);
        Assert.Null(device.Parent);
        Assert.Equal(1, device.ReferenceCount);
    }

    [Fact]
    public void A_realize_chain_runs_in_the_order_that_class_init_makes()
    {
        var calls = new List<string>();
        var registry = TestTypes.NewRegistry(Level("level0", Device.TypeName, calls), Level("level1", "level0", calls), Level("level2", "level1", calls));
        using var machine = TestMachine.Create(registry);
        var device = machine.Root.New<ForgetfulDevice>("level2");
        Qdev.Realize(device);
        Qdev.Unrealize(device);
        Assert.Equal(["realize level0", "realize level1", "realize level2", "unrealize level2", "unrealize level1", "unrealize level0"], calls);
    }

    [Fact]
    public void Reset_gives_power_on_state_in_three_phases_children_first_and_twice_is_as_once()
    {
        var calls = new List<string>();
        var registry = TestTypes.NewRegistry(new TypeInfo
        {
            Name = "resetting",
            Parent = PlannedDevice.TypeName,
            ClassInit = (klass, _) =>
            {
                var dc = (DeviceClass)klass;
                dc.ResetEnter = d => calls.Add($"enter {d.NameInParent} {((PlannedDevice)d).State.Register:x}");
                dc.ResetHold = d => calls.Add($"hold {d.NameInParent}");
                dc.ResetExit = d => calls.Add($"exit {d.NameInParent}");
            },
        });
        using var machine = TestMachine.Create(registry);
        PlannedHub.Create(machine);
        var outer = machine.NewChild<PlannedDevice>("outer", "resetting");
        var inner = outer.NewChild<PlannedDevice>("inner", "resetting");
        var line = new IrqLine();
        inner.InitGpioOut(line);
        foreach (var device in (PlannedDevice[])[outer, inner])
        {
            Qdev.Realize(device);
            device.State.Register = 0xBAD;
        }

        line.Raise();
        outer.Reset();
        Assert.Equal(["enter inner 1234", "enter outer 1234", "hold inner", "hold outer", "exit inner", "exit outer"], calls);
        Assert.False(line.Level);
        var once = StructuralDump.Of(machine);
        outer.Reset();
        Assert.Equal(once, StructuralDump.Of(machine));
    }

    [Fact]
    public void A_line_with_several_drivers_is_high_while_any_is()
    {
        using var machine = TestMachine.Create();
        var levels = new List<bool>();
        var sink = machine.NewChild<PlannedDevice>("sink", PlannedDevice.TypeName);
        sink.InitGpioIn((line, level) => levels.Add(level), 1);
        var source = machine.NewChild<PlannedDevice>("source", PlannedDevice.TypeName);
        IrqLine[] lines = [new(), new()];
        source.InitGpioOut(lines);
        for (var i = 0; i < 2; i++)
            source.ConnectGpioOut(i, sink.GetGpioIn(0));
        lines[0].Raise();
        lines[1].Raise();
        lines[0].Raise();
        lines[0].Lower();
        Assert.True(sink.GetGpioIn(0).Level);
        lines[1].Lower();
        lines[1].Pulse();
        Assert.Equal([true, false, true, false], levels);
        Assert.Equal(3, sink.GetGpioIn(0).ReferenceCount);
        source.ConnectGpioOut(0, null);
        Assert.Equal(2, sink.GetGpioIn(0).ReferenceCount);
        Assert.Contains("has no input line 'unnamed-gpio-in[1]'", Assert.Throws<SimException>(() => sink.GetGpioIn(1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loaded_line_level_counts_at_its_target_without_an_edge()
    {
        using var machine = TestMachine.Create();
        var edges = 0;
        var sink = machine.NewChild<PlannedDevice>("sink", PlannedDevice.TypeName);
        sink.InitGpioIn((_, _) => edges++, 1);
        var source = machine.NewChild<PlannedDevice>("source", PlannedDevice.TypeName);
        var line = new IrqLine();
        source.InitGpioOut(line);
        source.ConnectGpioOut(0, sink.GetGpioIn(0));
        var levels = source.DeviceClass.AllState.First();
        levels.Read(source, MessagePackSerializer.Serialize(new OutputLevels { Levels = [true] }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.True(sink.GetGpioIn(0).Level);
        Assert.Equal(0, edges);
        line.Lower();
        Assert.Equal(1, edges);
        var error = Assert.Throws<SimException>(() =>
            levels.Read(source, MessagePackSerializer.Serialize(new OutputLevels { Levels = [true, false] }, cancellationToken: TestContext.Current.CancellationToken)));
        Assert.Contains("'/machine/source' has 2 output levels; the device has 1 lines", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_State_section_that_is_not_exactly_what_the_type_writes_is_refused()
    {
        using var machine = TestMachine.Create();
        var device = machine.Root.New<PlannedDevice>(PlannedDevice.TypeName);
        var state = device.DeviceClass.AllState.Last();
        byte[] good = [0x91, 0xCD, 0x12, 0x35];
        state.Read(device, good);
        Assert.Equal(0x1235u, device.State.Register);
        foreach (var bad in (byte[][])[[], [0xC0], [0x90], [0x91], [0x91, 0xCD, 0x12], [0x92, 0x01, 0x02], [.. good, 0], [0x91, 0xCE, 0, 0, 0x12, 0x35], [0x91, 0xA1, 0x41], [0x91, 0xFF]])
        {
            var error = Assert.Throws<SimException>(() => state.Read(device, bad));
            Assert.Contains("'planned-device'", error.Message, StringComparison.Ordinal);
            Assert.Equal(SimErrorKind.Guest, error.Kind);
            Assert.Equal(0x1235u, device.State.Register);
        }
    }

    [Fact]
    public void A_mapped_region_is_reached_through_the_system_bus_device()
    {
        using var machine = TestMachine.Create();
        var device = machine.Root.New<PlannedSysBusDevice>(PlannedSysBusDevice.TypeName);
        PlannedHub.Create(machine);
        device.InitMmio(MemoryRegion.NewContainer(device, "window", 0x1000));
        Qdev.Realize(device, machine.SystemBus);
        device.MapMmio(0, 0x4000);
        Assert.Equal(0x4000UL, device.GetRegion(0).Address);
        Assert.Contains("is mapped already", Assert.Throws<SimException>(() => device.MapMmio(0, 0x5000)).Message, StringComparison.Ordinal);
        Assert.Contains("has 1 memory-mapped regions; there is no number 1", Assert.Throws<SimException>(() => device.MapMmio(1, 0)).Message, StringComparison.Ordinal);
    }

    private static TypeInfo Level(string name, string parent, List<string> calls) => new()
    {
        Name = name,
        Parent = parent,
        New = static () => new ForgetfulDevice(),
        ClassInit = (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Stateless = true;
            Action<Device>? parentRealize = null;
            Action<Device>? parentUnrealize = null;
            dc.SetParentRealize(d =>
            {
                parentRealize?.Invoke(d);
                calls.Add($"realize {name}");
            }, out parentRealize);
            dc.SetParentUnrealize(d =>
            {
                calls.Add($"unrealize {name}");
                parentUnrealize?.Invoke(d);
            }, out parentUnrealize);
        },
    };

    private static void AssertRefused(string expected, TestMachine machine, string type, Bus? bus)
    {
        var before = StructuralDump.Of(machine);
        Assert.Contains(expected, Assert.Throws<SimException>(() => Qdev.RealizeAndUnref(machine.Root.New<Device>(type), bus)).Message, StringComparison.Ordinal);
        Assert.Equal(before, StructuralDump.Of(machine));
    }

    private sealed class ForgetfulDevice : Device;

    private sealed class ForgetfulChild : PlannedDevice;

    private sealed class BusHandler : QomObject;
}
