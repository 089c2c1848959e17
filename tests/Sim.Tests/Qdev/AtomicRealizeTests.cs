using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.PropertyKit;
using Sim.PropertyKit.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L5: instantiation is atomic, over random devices that fail at any step of their realize.</summary>
public sealed class AtomicRealizeTests
{
    [Fact]
    public void A_failed_realize_leaves_everything_as_before_and_can_be_tried_again() => RealizeLaws.Atomic.Sampled();

    [Fact]
    public void Realize_and_unrealize_leave_no_residue() => RealizeLaws.Unrealized.Sampled();

    [Fact]
    public void New_and_unref_leave_no_residue() => RealizeLaws.Unreferenced.Sampled();

    [Fact]
    public void A_device_that_leaves_something_behind_is_found()
    {
        var failure = Assert.Throws<LawFailedException>(() => Law.Holds("atomic realize", DeviceGenerators.Realizations, static (tried, classes) =>
            RealizeLaws.CheckFailure(tried with { Plan = new([new(PlanStepKind.Leak), .. tried.Plan.Steps]) }, classes)));
        Assert.Contains("leak", failure.Message, StringComparison.Ordinal);
        Assert.InRange(Assert.IsType<RealizeCase>(failure.Case).Plan.Steps.Count, 0, 1);
    }

    [Fact]
    public void A_second_realize_is_refused()
    {
        using var machine = TestMachine.Create();
        PlannedHub.Create(machine);
        var device = machine.Root.New<Device>(PlannedDevice.TypeName);
        Qdev.Realize(device);
        var before = StructuralDump.Of(machine);
        var error = Assert.Throws<SimException>(() => Qdev.Realize(device));
        Assert.Contains("'/machine/unattached/device[0]' of type 'planned-device' is realized already", error.Message, StringComparison.Ordinal);
        Assert.Equal("", StructuralDump.Difference(before, StructuralDump.Of(machine)));
    }
}
