using System.Globalization;
using System.Text;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

/// <summary>Our own guest programs print what they print under QEMU 7.2; see Boards/data and tools/guests.</summary>
public sealed class GuestProgramTests
{
    [Theory]
    [InlineData(1, "round-robin")]
    [InlineData(2, "round-robin")]
    [InlineData(4, "round-robin")]
    [InlineData(8, "round-robin")]
    [InlineData(1, "random:1")]
    [InlineData(2, "random:2")]
    [InlineData(4, "random:3")]
    [InlineData(8, "random:4")]
    public void Demo_prints_what_it_does_under_qemu_and_powers_off(int smp, string schedule)
    {
        using var session = Session.Boot(TestGuests.DemoMachine(smp) with { Scheduler = new SchedulerOptions { Policy = SchedulePolicy.Parse(schedule) } });
        Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
        ConsoleText.AssertEqual(File.ReadAllBytes(TestGuests.Data(string.Create(CultureInfo.InvariantCulture, $"demo-smp{smp}.txt"))), session.Console.Bytes.Span);
    }

    [Theory]
    [InlineData("integer")]
    [InlineData("memory")]
    [InlineData("calls")]
    [InlineData("muldiv")]
    [InlineData("mmio")]
    [InlineData("exceptions")]
    public void Workload_prints_the_line_that_it_does_under_qemu(string workload)
    {
        using var session = Session.Boot(new MachineConfiguration { Bios = TestGuests.Workload(workload, repeat: 1) });
        Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
        var expected = File.ReadLines(TestGuests.Data("bench-lines.txt")).Single(line => line.StartsWith($"bench {workload} repeat=1 ", StringComparison.Ordinal));
        Assert.Equal(expected + "\r\n", Encoding.Latin1.GetString(session.Console.Bytes.Span));
    }
}
