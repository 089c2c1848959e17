using System.Globalization;
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
    public void Linux_boots_under_any_schedule() => GuestLaws.LinuxBoot.Sampled();

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
