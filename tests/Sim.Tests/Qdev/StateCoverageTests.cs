using MessagePack;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L3: snapshots are complete by construction, for every registered type and shown on devices that break the law.</summary>
public sealed class StateCoverageTests
{
    [Fact]
    public void Everything_that_can_change_in_a_device_is_saved_or_says_why_not()
    {
        using var machine = TestMachine.Create();
        Assert.True(machine.Root.Registry.Find("chardev") is var chardev && StateCoverage.Concerns(chardev), "the law must find what is no device and has state");
        var report = StateCoverageLaws.Coverage.Holds();
        Assert.True(report.Runs > 10, "the law must find the devices that there are");
    }

    [Fact]
    public void A_device_that_breaks_the_law_is_found_field_by_field()
    {
        var registry = TestTypes.NewRegistry(new TypeInfo { Name = "leaky", Parent = Device.TypeName, New = static () => new LeakyDevice(), ClassInit = LeakyDevice.ClassInit });
        using var machine = TestMachine.Create(registry);
        var violations = StateCoverage.Violations(machine.Root, registry.Find("leaky"));
        string[] expected =
        [
            "LeakyDevice.counter can change",
            "LeakyDevice.Mode can change",
            "LeakyDevice.fifo is a Byte[] that can change inside",
            "LeakyDevice.queue is a Queue`1 that can change inside",
            "LeakyDevice.latch is marked [Wiring], but a Boolean is a value",
            "LeakyDevice.speed is marked [Configuration(\"speed\")], but setting that property does not change it",
            "LeakyDevice.size is marked [Configuration(\"no-such\")], and there is no such property",
            "LeakyDevice.excuse is marked [Derived] without a reason",
            "LeakyDevice.otherSpeed can change",
            "state section 'leaky': field LeakyState.hidden has no [Key]",
            "state section 'leaky': field LeakyState.Skipped has no [Key]",
            "state section 'leaky': field LeakyPart.inner has no [Key]",
        ];
        Assert.All(expected, e => Assert.Contains(violations, v => v.Contains(e, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, violations.Count);
    }

    [Fact]
    public void A_device_that_keeps_the_law_breaks_nothing()
    {
        using var machine = TestMachine.Create();
        Assert.Empty(StateCoverage.Violations(machine.Root, machine.Root.Registry.Find(PlannedDevice.TypeName)));
    }

#pragma warning disable CS0067, CS0169, CS0414, CS0649, CA1823, IDE0044, IDE0051, IDE0052, CA1802, CA1805, CA2227, CA1051
    private sealed class LeakyDevice : Device
    {
        private int counter;
        private readonly byte[] fifo = new byte[4];
        private readonly Queue<int> queue = new();
        [Wiring] private bool latch;
        [Configuration("speed")] private uint speed;
        [Configuration("no-such")] private uint size;
        [Derived("")] private uint excuse;
        [Configuration("good")] private byte good;
        private readonly IrqLine line = new();
        private uint otherSpeed;
        public LeakyState State = new();

        public event Action? Changed;

        public int Mode { get; set; }

        public static void ClassInit(ObjectClass klass, object? data)
        {
            var dc = (DeviceClass)klass;
            dc.Properties = [Property.U32("speed", static (LeakyDevice d) => ref d.otherSpeed, 3), Property.U8("good", static (LeakyDevice d) => ref d.good, 3)];
            dc.State = StateOf.Device("leaky", version: 1, static (LeakyDevice d) => ref d.State);
        }
    }
}

/// <summary>A State class that leaves out fields.</summary>
[MessagePackObject]
public sealed class LeakyState
{
    [Key(0)] public int Kept;
    [Key(1)] public LeakyPart Part = new();
    [IgnoreMember] public int Skipped;
    private int hidden;
}

/// <summary>A class inside of it that does, too.</summary>
[MessagePackObject]
public sealed class LeakyPart
{
    [Key(0)] public int Outer;
    private int inner;
}
