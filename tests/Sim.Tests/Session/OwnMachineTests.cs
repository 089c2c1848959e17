using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qom;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>The laws that users try on machines and guests of their own.</summary>
public sealed class OwnMachineTests
{
    [Fact]
    public void A_guest_that_powers_off_keeps_all_laws() => Print(new MachineConfiguration { Bios = LawGuests.Demo, Smp = 2 });

    [Fact]
    public void A_guest_that_runs_on_keeps_all_laws() => Print(new MachineConfiguration { Bios = EchoGuest.Image });

    [Fact]
    public void A_machine_without_CPU_and_console_keeps_all_laws() => Print(new MachineConfiguration { Machine = "none", Memory = 1 << 20, Serials = 0 });

    [Theory]
    [InlineData("machine-twice")]
    [InlineData("machine-stops")]
    [InlineData("machine-replay")]
    public void A_machine_that_something_outside_reaches_into_breaks_them(string law)
    {
        var outside = 0UL;
        var types = PlantedDevice.Drawing(() => outside++);
        var machine = new MachineConfiguration { Bios = LawGuests.Demo, Devices = [new DeviceRequest(PlantedDevice.TypeName, [])] };
        var failure = Assert.Throws<LawFailedException>(() =>
            MachineLaws.For(machine, types: types).Single(l => l.Name == law).Holds(new LawOptions { Runs = 5, MaxShrinkAttempts = 3 }));
        Assert.StartsWith($"Law '{law}' is broken", failure.Message, StringComparison.Ordinal);
    }

    private static void Print(MachineConfiguration machine)
    {
        var options = new LawOptions { Runs = 4, Cancellation = TestContext.Current.CancellationToken };
        foreach (var (law, report) in MachineLaws.Check(machine, 2000 * VirtualTime.Microsecond, options: options))
            report.Print(law);
    }
}
