using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L5, reset: whenever it comes, every device has its power-on State afterwards, and a second reset changes nothing.</summary>
public sealed class ResetTests
{
    [Fact]
    public void A_second_reset_changes_nothing() => ResetLaws.Idempotent.Sampled();

    [Fact]
    public void A_device_that_a_reset_leaves_as_it_was_breaks_the_law()
    {
        var resets = 0UL;
        var table = PlantedDevice.Drawing(() => resets++);
        Assert.Throws<LawFailedException>(() => Law.Holds(
            "reset is idempotent",
            ResetMoment.Any,
            (moment, classes) => ResetLaws.CheckIdempotent(moment, table, classes),
            new LawOptions { Runs = 3, MaxShrinkAttempts = 3 }));
    }

    [Fact]
    public void A_reset_gives_every_device_its_power_on_State_and_writes_the_images_again() => ResetLaws.PowerOn.Sampled();

    [Fact]
    public void The_guest_runs_after_a_reset_as_after_power_on()
    {
        using var session = new MachineScenario("demo", 4).Boot();
        MachineScenario.RunFor(session, 400_000);
        session.Scheduler.RequestReset();
        var start = session.Console.Length;
        Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
        ConsoleText.AssertEqual(File.ReadAllBytes(TestGuests.Data("demo-smp4.txt")), session.Console.Bytes.Span[start..]);
    }
}
