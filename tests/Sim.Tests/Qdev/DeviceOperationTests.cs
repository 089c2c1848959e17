using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>Operations on devices of every type in real machines, beside a naive model, and assignments of all their properties.</summary>
public sealed class DeviceOperationTests
{
    [Fact]
    public void Devices_of_every_type_come_and_go_as_the_model_says() => DeviceOperationLaws.Operations.Sampled();

    [Fact]
    public void A_device_whose_realize_throws_a_defect_is_found_and_shrunk() =>
        AssertShrinksToOne(Planted(static _ => throw new InvalidOperationException("A defect.")), 1);

    [Fact]
    public void A_device_that_leaves_a_timer_behind_is_found_and_shrunk() =>
        AssertShrinksToOne(Planted(static d => d.Machine.Scheduler.Timers.Create("left", 0, static () => { })), 1);

    [Fact]
    public void A_device_that_takes_a_reference_too_many_is_found_and_shrunk() => AssertShrinksToOne(Planted(static d => d.Ref()), 1);

    [Fact]
    public void Properties_of_every_type_take_what_fits_and_refuse_the_rest() => PropertyLaws.Assignments.Sampled();

    [Fact]
    public void A_property_that_keeps_something_else_is_found()
    {
        uint kept = 0;
        var types = TestTypes.NewRegistry(Device(static _ => { }, dc => dc.AddProperty(
            Property.Integer("number", "uint32", 0, uint.MaxValue, _ => kept, (_, value) => kept = (uint)value & 0x7FFF_FFFF))));
        var failure = Assert.Throws<LawFailedException>(() => Law.Holds(
            "a planted bug", PropertyCase.Of(types), (tried, classes) => PropertyLaws.Assign(tried, types, classes),
                new LawOptions { Runs = 20_000 }));
        Assert.Equal("planted", Assert.IsType<PropertyCase>(failure.Case).Type);
        Assert.Contains("planted.number", failure.Message, StringComparison.Ordinal);
    }

    private static void AssertShrinksToOne(TypeRegistry types, int operations)
    {
        var failure = Assert.Throws<LawFailedException>(() => Law.Holds(
            "a planted bug", DeviceSequence.Any, (sequence, classes) =>
                DeviceOperationLaws.RunSequence(sequence with { Machine = "none" }, types, classes), new LawOptions { Runs = 300 }));
        Assert.InRange(Assert.IsType<DeviceSequence>(failure.Case).Operations.Count, 1, operations);
    }

    private static TypeRegistry Planted(Action<Device> realize) => TestTypes.NewRegistry(Device(realize, static _ => { }));

    private static TypeInfo Device(Action<Device> realize, Action<DeviceClass> classInit) => new()
    {
        Name = "planted",
        Parent = Engine.Qdev.Device.TypeName,
        New = static () => new PlainDevice(),
        ClassInit = (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Stateless = true;
            dc.Realize = realize;
            classInit(dc);
        },
    };

    private sealed class PlainDevice : Device;
}
