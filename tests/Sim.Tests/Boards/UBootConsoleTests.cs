using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>The distribution's U-Boot prints, command for command, what it prints under QEMU 7.2.</summary>
public sealed class UBootConsoleTests
{
    private const long Millisecond = 1000 * VirtualTime.Microsecond;

    /// <summary>2026-11-22 13:36:00 UTC, the minute in which the reference session was recorded.</summary>
    private const long RecordedMinute = 1_795_354_560;

    private const string SetClock =
        "QEMU's DS1338 keeps the day of the week as the distance to the date's own, taken when it is written, which is before the date is; "
        + "the chip counts it from what was written.";

    private const string MachineCheckEnable = "QEMU's e500v2 has no MSR[ME]; the core's manual has (table 2-5), and U-Boot sets it.";

    private const string FetchAddress =
        "QEMU sets DEAR when an instruction is not mapped; by the core's manual (5.7.14) only data accesses do.";

    /// <summary>
    /// Ends with the poweroff that the last command is, so every byte counts; a reset of the board is among the commands.
    /// </summary>
    [Fact]
    public void Console_of_241_commands_equals_that_of_qemu()
    {
        using var console = new UBootConsole(TestGuests.UBootMachine());
        var commands = File.ReadAllLines(TestGuests.Data("uboot-console-commands.txt"));
        foreach (var command in commands[..^1])
            console.Command(command);
        Assert.Equal(EndReason.PowerOff, console.FinalCommand(commands[^1]).Reason);
        ConsoleText.AssertEqual(
            File.ReadAllBytes(TestGuests.Data("uboot-console-expected.txt")),
            console.Session.Console.Bytes.Span,
            new("Date: 2026-01-02 (Saturday)    Time:  3:04:SS", "Date: 2026-01-02 (Friday)    Time:  3:04:SS", SetClock),
            new("Date: 2027-12-29 (Tuesday)    Time: 23:30:SS", "Date: 2027-12-29 (Wednesday)    Time: 23:30:SS", SetClock));
        GoldenDigests.Check("u-boot console of 241 commands", RunOutcome.Of(console.Session).Digest);
    }

    /// <summary>A shorter session, recorded on another day; its <c>sleep 1</c> is measured.</summary>
    [Fact]
    public void Reference_session_equals_that_of_qemu_and_sleep_1_takes_one_second_of_virtual_time()
    {
        var recorded = File.ReadAllBytes(TestGuests.Data("reference/uboot-console.txt"));
        var commands = Encoding.Latin1.GetString(recorded).Split('\n')
            .Where(static line => line.StartsWith("=> ", StringComparison.Ordinal)).Select(static line => line[3..]).ToArray();
        using var console = new UBootConsole(TestGuests.UBootMachine() with { RtcBase = RecordedMinute });
        var cpu = console.Session.Machine.Devices().OfType<PowerPcCpu>().Single();
        foreach (var command in commands[..^1])
        {
            var (time, ticks) = (console.Session.Scheduler.ReachedTime, cpu.Timebase);
            console.Command(command);
            if (command != "sleep 1")
                continue;
            // U-Boot measures in milliseconds, and echo and prompt come on top.
            time = console.Session.Scheduler.ReachedTime - time;
            Assert.InRange(time, VirtualTime.Second - Millisecond, VirtualTime.Second + 2 * Millisecond);
            Assert.InRange(cpu.Timebase - ticks, 399_600_000UL, 400_800_000UL);
        }

        Assert.Contains("sleep 1", commands);
        Assert.Equal("poweroff", commands[^1]);
        Assert.Equal(EndReason.PowerOff, console.FinalCommand(commands[^1]).Reason);
        ConsoleText.AssertEqual(recorded, [.. console.Session.Console.Bytes.ToArray().Where(static b => b != (byte)'\r')]);
    }

    [Fact]
    public void Trap_of_a_load_prints_what_it_does_under_qemu() => CompareTrap(
        "uboot-trap-load",
        new("Bad trap at PC: ffcf690, SR: 28200, vector=d00", "Bad trap at PC: ffcf690, SR: 29200, vector=d00", MachineCheckEnable),
        MachineCheck);

    [Fact]
    public void Trap_of_a_fetch_prints_what_it_does_under_qemu() => CompareTrap(
        "uboot-trap-fetch",
        new("Bad trap at PC: d0000000, SR: 28200, vector=e00", "Bad trap at PC: d0000000, SR: 29200, vector=e00", MachineCheckEnable),
        MachineCheck,
        new(
            "NIP: D0000000 XER: 20000000 LR: 0FF9B1F4 REGS: 0fa8db60 TRAP: 0e00 DAR: D0000000",
            "NIP: D0000000 XER: 20000000 LR: 0FF9B1F4 REGS: 0fa8db60 TRAP: 0e00 DAR: 00000000",
            FetchAddress));

    [Fact]
    public void Trap_of_a_system_call_prints_what_it_does_under_qemu() => CompareTrap(
        "uboot-trap-system-call",
        new("Bad trap at PC: 100004, SR: 28200, vector=900", "Bad trap at PC: 100004, SR: 29200, vector=900", MachineCheckEnable),
        MachineCheck);

    private static ConsoleDeparture MachineCheck { get; } = new(
        "MSR: 00028200 EE: 1 PR: 0 FP: 0 ME: 0 IR/DR: 00", "MSR: 00029200 EE: 1 PR: 0 FP: 0 ME: 1 IR/DR: 00", MachineCheckEnable);

    [Fact]
    public void Autoboot_counts_down_one_second()
    {
        using var console = new UBootConsole(TestGuests.UBootMachine(), countDown: true);
        Assert.InRange(console.Session.Scheduler.ReachedTime, VirtualTime.Second, VirtualTime.Second + 50 * Millisecond);
    }

    private static void CompareTrap(string session, params ReadOnlySpan<ConsoleDeparture> departures)
    {
        using var console = new UBootConsole(TestGuests.UBootMachine());
        var commands = File.ReadAllLines(TestGuests.Data(session + "-commands.txt"));
        foreach (var command in commands[..^1])
            console.Command(command);
        console.LastCommand(commands[^1], "Please RESET the board ###\r\n");
        var expected = File.ReadAllBytes(TestGuests.Data(session + "-expected.txt"));
        ConsoleText.AssertEqual(expected, console.Session.Console.Bytes.Span, departures);
    }
}
