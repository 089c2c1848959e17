using System.Text;
using System.Text.RegularExpressions;
using Sim.Cli.Guests;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Linux, started by U-Boot, on any number of vCPUs and under any schedule. Its first process runs a workload whose lines are the same on every machine, but for those that begin with
/// "# "; QEMU with the same images on one CPU says what they are.
/// </summary>
public sealed partial class LinuxGuestTests
{
    private const string Qemu = "qemu-system-ppc";
    private const string Start = "sim: init";

    private static readonly LinuxGuest? Linux = GuestCache.OfUser().FindLinux();
    private static readonly GuestImage? UBoot = GuestCache.OfUser().FindUBoot();
    private static readonly Lazy<string> QemuConsole = new(RunQemu);

    [Fact]
    public void On_one_vcpu_the_whole_console_is_what_qemu_prints()
    {
        using var session = Boot(1, SchedulePolicy.RoundRobin);
        RunToPowerOff(session);
        Assert.Equal(Comparable(QemuConsole.Value), Comparable(session.Console.Text));
        AssertHealthy(session.Console.Text);
    }

    [Theory]
    [InlineData(2, -1)]
    [InlineData(4, 1)]
    [InlineData(8, -1)]
    public void On_several_vcpus_the_workload_prints_what_qemu_prints_on_one(int vcpus, long seed)
    {
        using var session = Boot(vcpus, seed < 0 ? SchedulePolicy.RoundRobin : SchedulePolicy.Random((ulong)seed));
        RunToPowerOff(session);
        var console = session.Console.Text;
        Assert.Equal(CommonLines(QemuConsole.Value), CommonLines(console));
        AssertHealthy(console);
        Assert.Contains($"\n# CPUs: {vcpus}\r", console, StringComparison.Ordinal);
        Assert.Contains("\n# inter-processor interrupts: on every CPU\r", console, StringComparison.Ordinal);
        Assert.Contains($"smp: Brought up 1 node, {vcpus} CPUs", console, StringComparison.Ordinal);
    }

    [Fact]
    public void The_workload_computes_what_the_host_computes()
    {
        var numbers = string.Concat(Enumerable.Range(1, 20000).Select(static i => FormattableString.Invariant($"{i}\n")));
        Assert.Contains($"sha256 of 20000 numbers: {GuestCache.Sha256(Encoding.ASCII.GetBytes(numbers))}", CommonLines(QemuConsole.Value));
        Assert.Contains($"sha256 of 1 MiB of zeros: {GuestCache.Sha256(new byte[1 << 20])}", CommonLines(QemuConsole.Value));
        var job = string.Concat(Enumerable.Range(8, 1493).Select(static i => FormattableString.Invariant($"{i}\n")));
        Assert.Contains($"job 8: {GuestCache.Sha256(Encoding.ASCII.GetBytes(job))}", CommonLines(QemuConsole.Value));
    }

    [Fact]
    public void A_configuration_boots_to_one_digest_and_another_seed_to_another()
    {
        UInt128 DigestAtInit(ulong seed)
        {
            using var session = Boot(4, SchedulePolicy.Random(seed));
            session.RunUntilOutput(Start, Limit, TestContext.Current.CancellationToken);
            return session.Digest();
        }

        var digest = DigestAtInit(5);
        Assert.Equal(digest, DigestAtInit(5));
        Assert.NotEqual(digest, DigestAtInit(6));
    }

    [Fact]
    public void The_shell_answers_and_a_reboot_comes_back_to_it()
    {
        const string Prompt = "sim# ";
        using var session = Boot(2, SchedulePolicy.RoundRobin, "");
        string Answer(string command, string until)
        {
            var start = session.Console.Length;
            session.Send(command + "\r");
            session.RunUntilOutput(until, Limit, TestContext.Current.CancellationToken);
            return session.Console.TextFrom(start);
        }

        session.RunUntilOutput(Prompt, Limit, TestContext.Current.CancellationToken);
        Assert.Equal("echo $((6 * 7)) $0; cat /proc/cmdline\r\n42 sh\r\nconsole=ttyS0 rdinit=/init \r\nsim# ", Answer("echo $((6 * 7)) $0; cat /proc/cmdline", Prompt));
        Assert.Contains("U-Boot 2", Answer("reboot -f", Prompt), StringComparison.Ordinal);
        session.Send("exit\r");
        RunToPowerOff(session);
        Assert.Contains("reboot: Power down", session.Console.Tail(2), StringComparison.Ordinal);
    }

    /// <summary>Far beyond what any of these takes: a guest that hangs ends here instead of never.</summary>
    private static StopCondition Limit => StopCondition.None with { Time = 60 * VirtualTime.Second };

    private static Session Boot(int vcpus, SchedulePolicy policy, string commands = "sim.workload sim.poweroff")
    {
        Assert.SkipWhen(Linux is null, "The Linux guest is not installed: sim guests install linux");
        Assert.SkipWhen(UBoot is null, "U-Boot is not installed: sim guests install u-boot");
        return Session.Boot(new MachineConfiguration
        {
            Smp = vcpus,
            Bios = UBoot,
            Kernel = Linux!.Kernel,
            Initrd = Linux.Initrd,
            Append = Append(commands),
            Scheduler = new SchedulerOptions { Policy = policy },
        });
    }

    private static string Append(string commands) => $"console=ttyS0 rdinit=/init {commands}";

    private static void RunToPowerOff(Session session)
    {
        var result = session.Run(new RunLimits { Stop = Limit }, TestContext.Current.CancellationToken);
        Assert.True(result.Reason == EndReason.PowerOff, $"The run ended with {result.Reason}; the console's last lines: {session.Console.Tail(20)}");
    }

    /// <summary>What must hold on every machine, QEMU's too: else a trouble that both have would pass.</summary>
    private static void AssertHealthy(string console)
    {
        var lines = CommonLines(console);
        foreach (var line in (string[])["find /proc: 0 errors", "timer interrupts: on every CPU", "UART interrupts: on one CPU",
            "kernel warnings: 0", "stalls, lockups, oopses: 0", "sim: workload done"])
            Assert.Contains(line, lines);
    }

    private static string RunQemu()
    {
        Assert.SkipWhen(Linux is null, "The Linux guest is not installed: sim guests install linux");
        Assert.SkipWhen(UBoot is null, "U-Boot is not installed: sim guests install u-boot");
        HostTool.Require(Qemu, "qemu-system-ppc");
        var result = HostTool.Run(Qemu, [
            "-M", "ppce500", "-cpu", "e500v2_v30", "-m", "256", "-nic", "none", "-display", "none", "-monitor", "none", "-serial", "stdio",
            "-icount", "shift=1,sleep=off", "-rtc", "base=2026-01-01T00:00:00", "-bios", UBoot!.Name, "-kernel", Linux!.Kernel.Name, "-initrd", Linux.Initrd.Name,
            "-append", Append("sim.workload sim.poweroff")], seconds: 600);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Text;
    }

    /// <summary>What the workload prints on every machine.</summary>
    private static string[] CommonLines(string console) =>
        [.. console[console.IndexOf(Start, StringComparison.Ordinal)..].Split("\r\n").Where(static line => !line.StartsWith("# ", StringComparison.Ordinal))];

    /// <summary>The console without lines that count time: QEMU's clock chip follows the host's clock.</summary>
    private static string[] Comparable(string console) =>
        [.. console.Split("\r\n").Where(static line => !TimedLine().IsMatch(line))];

    [GeneratedRegex("^(# (LOC|up|date|.*ttyS0|.*i2c-mpc)|rtc-ds1307 .* setting system clock)")]
    private static partial Regex TimedLine();
}
