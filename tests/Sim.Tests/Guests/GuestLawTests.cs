using System.Globalization;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Guests;
using Xunit;

namespace Sim.Tests;

/// <summary>A sample of the laws about whole guests; <c>sim check --group guests</c> tries them as often as wished.</summary>
public sealed class GuestLawTests
{
    [Fact]
    public void The_torture_guest_is_correct_under_any_schedule() => GuestLaws.Torture.Sampled();

    [Fact]
    public void Planted_races_are_found_by_some_schedules_and_again_by_the_same() => GuestLaws.TortureRaces.Sampled();

    [Fact]
    public void A_guest_with_a_race_breaks_the_law_of_the_torture_guest()
    {
        var error = Assert.Throws<LawFailedException>(static () => Law.Holds(
            "torture", TortureCase.Planted, GuestLaws.CheckTorture, new LawOptions { Runs = 20, MaxShrinkAttempts = 5 }));
        Assert.Contains("FAILED", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Linux_boots_under_any_schedule() => GuestLaws.LinuxBoot.Sampled();

    [Fact]
    public void Linux_goes_on_from_any_moment() => GuestLaws.LinuxMoments.Sampled();

    [Theory]
    [InlineData(EndReason.PowerOff, "smp: Brought up 1 node, 2 CPUs\r\nreboot: Power down\r\n", null)]
    [InlineData(EndReason.Time, "smp: Brought up 1 node, 2 CPUs\r\nsim: init\r\n", "hangs (until-time)")]
    [InlineData(EndReason.PowerOff, "smp: Brought up 1 node, 1 CPU\r\n", "2 CPU")]
    [InlineData(EndReason.PowerOff, "smp: Brought up 1 node, 2 CPUs\r\nrcu: INFO: rcu_sched detected stalls:\r\n", "detected stalls")]
    [InlineData(EndReason.PowerOff, "smp: Brought up 1 node, 2 CPUs\r\nWARNING: CPU: 1 PID: 0 at kernel/smp.c\r\n", "WARNING: CPU: 1")]
    [InlineData(EndReason.PowerOff, "smp: Brought up 1 node, 2 CPUs\r\nkernel warnings: 1\r\n", "kernel warnings: 1")]
    public void A_boot_that_hangs_stalls_or_warns_is_told(EndReason reason, string console, string? told)
    {
        var boot = new LinuxBoot(GuestSchedule.Default(2), Memory: 256, UBoot: false, Shell: true, Recorded: false);
        var error = Record.Exception(() => LinuxGuest.CheckConsole(boot, new GuestOutcome(reason, console, 0)));
        Assert.Equal(told is null, error is null);
        if (told is not null)
            Assert.Contains(told, Assert.IsType<CheckFailedException>(error).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Torture_prints_what_it_does_under_qemu(int vcpus)
    {
        var expected = File.ReadAllText(TestGuests.Data(string.Create(CultureInfo.InvariantCulture, $"torture-smp{vcpus}.txt")));
        Assert.Equal(expected.Split("\r\n"), TortureGuest.Run(GuestSchedule.Default(vcpus)).CommonLines);
    }
}
