using System.Net;
using System.Net.Sockets;
using Sim.Cli.Gdb;
using Sim.Cli.Guests;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>Runs under a debugger: the real gdb, and a client that does everything wrong.</summary>
public sealed class GdbClientTests : IDisposable
{
    private static readonly string[] demo = ["--bios", "demo", "--smp", "2"];
    private static readonly string demoFile = Path.Combine(Repository.Root, "tools", "guests", "demo", "demo.elf");
    private static readonly Lazy<string> demoEnd = new(static () => SimUnderGdb.Undisturbed(demo));
    private static readonly LinuxGuest? linux = GuestCache.OfUser().FindLinux();

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Gdb_debugs_the_demo_and_the_run_ends_as_if_it_had_not()
    {
        HostTool.Require("gdb-multiarch", "gdb-multiarch");
        using var sim = new SimUnderGdb([.. demo, "-S"]);
        var text = sim.Gdb(demoFile, """
            printf "pc %x msr %x pvr %x\n", $pc, $msr, $pvr
            stepi
            printf "pc %x\n", $pc
            break *($pc + 8)
            continue
            info threads
            watch *(int *)0x103f40
            continue
            delete
            thread 2
            printf "pc %x held\n", $pc
            monitor cpus
            monitor info tlb
            monitor digest
            x/2i $pc
            info registers
            detach
            """);
        Assert.Contains("pc 100534 msr 0 pvr 80210030\n0x00100538 in ?? ()\npc 100538\n", text, StringComparison.Ordinal);
        Assert.Matches("Breakpoint 1, 0x00100540 in", text);
        Assert.Matches(@"\* 1 +Thread 1 \(CPU#0 \[running\]\)", text);
        Assert.Matches(@"  2 +Thread 2 \(CPU#1 \[held\]\)", text);
        // The first instruction of main, at 0x1018ec, stores the stack pointer there. The machine stops after it, and gdb steps one
        // further: it takes every PowerPC for one that stops before the access.
        Assert.Contains(
            "hit Hardware watchpoint 2: *(int *)0x103f40\n\nOld value = 0\nNew value = 1064864\n0x001018f4 in",
            text,
            StringComparison.Ordinal);
        Assert.Contains("pc fffffffc held\n", text, StringComparison.Ordinal);
        Assert.Contains("CPU #1 TLB1:", text, StringComparison.Ordinal);
        Assert.Contains("[Inferior 1 (Remote target) detached]", text, StringComparison.Ordinal);
        Assert.Equal(demoEnd.Value, sim.End());
    }

    [Fact]
    public void Gdb_follows_the_demo_to_its_end()
    {
        HostTool.Require("gdb-multiarch", "gdb-multiarch");
        using var sim = new SimUnderGdb([.. demo, "-S"]);
        Assert.Contains("[Inferior 1 (Remote target) exited normally]", sim.Gdb(demoFile, "continue"), StringComparison.Ordinal);
        Assert.Equal(demoEnd.Value, sim.End());
    }

    [Fact]
    public void What_gdb_writes_is_there_and_the_run_is_another()
    {
        HostTool.Require("gdb-multiarch", "gdb-multiarch");
        using var sim = new SimUnderGdb([.. demo, "-S"]);
        var text = sim.Gdb(demoFile, """
            set $r31 = 0x1234
            set $ev5h = 0x77
            set $sprg7 = 0x88
            set {int}0x2000000 = 0x01020304
            printf "%x %x %x %x\n", $r31, $ev5h, $sprg7, {int}0x2000000
            detach
            """);
        Assert.Contains("1234 77 88 1020304\n", text, StringComparison.Ordinal);
        Assert.NotEqual(demoEnd.Value, sim.End());
    }

    /// <summary>
    /// Linux on four CPUs: its start, the timer tick, a function that every CPU runs, and how the CPUs stand; the digest is that of the run
    /// alone.
    /// </summary>
    [Fact]
    public void Gdb_debugs_Linux_on_four_cpus_and_the_run_ends_as_if_it_had_not()
    {
        HostTool.Require("gdb-multiarch", "gdb-multiarch");
        Assert.SkipWhen(linux is null, "The Linux guest is not installed: sim guests install linux");
        string[] run =
        [
            "-smp", "4", "-kernel", linux!.Kernel.Name, "-initrd", linux.Initrd.Name, "-append", "console=ttyS0",
            "--until-output", "Run /init as init process",
        ];
        using var sim = new SimUnderGdb([.. run, "-S"]);
        var text = sim.Gdb(linux.Symbols, """
            break start_kernel
            continue
            backtrace
            delete
            break kernel_init
            continue
            delete
            watch *(unsigned int *)&jiffies
            continue
            backtrace
            continue
            delete
            tbreak run_init_process
            hbreak *do_idle
            continue
            continue
            continue
            info threads
            thread 3
            stepi
            stepi
            thread 2
            backtrace
            delete
            monitor tlb
            detach
            """);
        Assert.Contains(
            "hit Breakpoint 1, 0xc06188b4 in start_kernel ()\n#0  0xc06188b4 in start_kernel ()\n#1 ", text, StringComparison.Ordinal);
        Assert.Matches("hit Breakpoint 2, 0x[0-9a-f]{8} in kernel_init ()", text);
        Assert.Matches(@"Old value = (\d+)\nNew value = (\d+)\n0x[0-9a-f]+ in do_timer \(\)\n#0 .* in do_timer \(\)\n#1 .* in tick_", text);
        Assert.Matches(@"Thread [1-4] hit Breakpoint \d, 0xc0078084 in do_idle \(\)", text);
        Assert.Matches(@"  4 +Thread 4 \(CPU#3 \[(running|idle)\]\) +0x", text);
        Assert.Contains("CPU #1 TLB1: 1 valid entries\n", text, StringComparison.Ordinal);
        Assert.Contains("[Inferior 1 (Remote target) detached]", text, StringComparison.Ordinal);
        Assert.Equal(SimUnderGdb.Undisturbed(run), sim.End());
    }

    [Fact]
    public void A_client_may_come_and_go_at_any_time()
    {
        using var sim = new SimUnderGdb([.. demo, "-S"]);
        using (var first = new RawGdbClient(sim.Address))
        {
            Assert.StartsWith("T05thread:01;", first.Ask("?"), StringComparison.Ordinal);
            Assert.Equal("OK", first.Ask("Z0,100540,4"));
            Assert.Contains("40:00100540;", first.Ask("c"), StringComparison.Ordinal);
        }

        Assert.Equal(demoEnd.Value, sim.End());
    }

    [Fact]
    public void A_running_machine_stops_for_an_interrupt()
    {
        using var sim = new SimUnderGdb("--bios", EndlessLoop());
        using (var client = new RawGdbClient(sim.Address))
        {
            // Without -S it runs; connecting stops it.
            Assert.Contains("40:00100000;", client.Ask("?"), StringComparison.Ordinal);
            client.Send(PacketReader.Frame("c"));
            client.Send([3]);
            Assert.StartsWith("T02thread:01;", client.Receive().Text, StringComparison.Ordinal);
            client.Send(PacketReader.Frame("c"));
        }

        // That one was lost while the machine ran; the next one finds it.
        using var next = new RawGdbClient(sim.Address);
        Assert.StartsWith("T05thread:01;", next.Ask("?"), StringComparison.Ordinal);
        next.Send(PacketReader.Frame("k"));
        Assert.StartsWith("end: reason=quit ", sim.End(), StringComparison.Ordinal);
    }

    [Fact]
    public void Power_off_is_told()
    {
        using var sim = new SimUnderGdb([.. demo, "-S"]);
        using var client = new RawGdbClient(sim.Address);
        Assert.Equal("W00", client.Ask("vCont;c"));
        Assert.Equal(demoEnd.Value, sim.End());
    }

    [Fact]
    public void Bad_packets_are_asked_for_again_and_lost_answers_sent_again()
    {
        using var sim = new SimUnderGdb([.. demo, "-S"]);
        using var client = new RawGdbClient(sim.Address);
        client.Send("garbage\u0003$qC#00"u8);
        client.Receive(GdbInputKind.Retransmit);
        Assert.Equal("QC01", client.Ask("qC"));
        client.Send("-"u8);
        Assert.Equal("QC01", client.Receive().Text);
        client.Send([.. "$"u8, .. new byte[100_000], .. "#00"u8]);
        Assert.Equal("", client.Receive().Text);
        Assert.Equal("", client.Ask("no such packet"));
        Assert.Equal("OK", client.Ask("QStartNoAckMode"));
        client.Send("+"u8);
        Assert.Equal("OK", client.Ask("D"));
        Assert.Equal("", client.ReadToEnd());
        Assert.Equal(demoEnd.Value, sim.End());
    }

    [Fact]
    public void A_client_that_kills_ends_the_run()
    {
        using var sim = new SimUnderGdb([.. demo, "-S"]);
        using var client = new RawGdbClient(sim.Address);
        Assert.Equal("OK", client.Ask("vKill;1"));
        Assert.StartsWith("end: reason=quit ", sim.End(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_kill_ends_the_run_whatever_comes_behind_it()
    {
        using var sim = new SimUnderGdb([.. demo, "-S"]);
        using var client = new RawGdbClient(sim.Address);
        Assert.StartsWith("T05", client.Ask("?"), StringComparison.Ordinal);
        client.Send([.. PacketReader.Frame("k"), .. Enumerable.Repeat(PacketReader.Frame("?"), 50).SelectMany(static p => p)]);
        Assert.StartsWith("end: reason=quit ", sim.End(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("k", "quit")]
    [InlineData("vKill;1", "quit")]
    [InlineData("D", "poweroff")]
    [InlineData("c", "poweroff")]
    [InlineData("", "poweroff")]
    public void A_recording_is_whole_however_the_client_leaves(string last, string reason)
    {
        // Without a last packet the client is lost while the machine stands still, with 'c' while it runs.
        CheckRecording(reason, sim =>
        {
            using var client = new RawGdbClient(sim.Address);
            Assert.Equal("OK", client.Ask("Z0,100540,4"));
            Assert.Contains("40:00100540;", client.Ask("c"), StringComparison.Ordinal);
            Assert.Equal("OK", client.Ask("P14=00000007"));
            Assert.Equal("OK", client.Ask("z0,100540,4"));
            client.Send(PacketReader.Frame(last));
        });
    }

    [Theory]
    [InlineData("kill", "quit")]
    [InlineData("detach", "poweroff")]
    [InlineData("quit", "poweroff")]
    [InlineData("shell kill -9 $PPID", "poweroff")]
    public void A_recording_is_whole_however_gdb_leaves(string last, string reason) =>
        CheckRecording(reason, sim => sim.Gdb(null, $"set endian big\nbreak *0x100540\ncontinue\nset $r20 = 7\ndelete\n{last}"));

    /// <summary>Records the demo while a debugger writes to it and leaves, and replays that to the same end.</summary>
    private void CheckRecording(string reason, Action<SimUnderGdb> debug)
    {
        var journal = Path.Combine(directory.FullName, "gdb.simrec");
        using var sim = new SimUnderGdb(["record", journal, .. demo, "--digest-every", "50us", "-S"]);
        debug(sim);
        var end = sim.End();
        Assert.StartsWith($"end: reason={reason} ", end, StringComparison.Ordinal);
        using (var reader = JournalReader.Open(journal))
            Assert.Single(reader.Writes);
        var replayed = SimCommandLine.Invoke("replay", journal);
        Assert.True(replayed.ExitCode == 0, replayed.Error);
        Assert.Equal(end, replayed.LastLine.Split("  ")[0]);
    }

    [Fact]
    public void A_port_in_use_is_said_in_one_sentence()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var result = SimCommandLine.Invoke("run", "--bios", "demo", "--gdb", $"{other.LocalEndpoint}");
        Assert.Equal(
            $"sim: --gdb {other.LocalEndpoint}: the port is in use; another one can be given, or 0 to have one chosen.\n", result.Error);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("1234", "127.0.0.1:1234")]
    [InlineData("tcp::1234", "127.0.0.1:1234")]
    [InlineData("localhost:99", "127.0.0.1:99")]
    [InlineData("0.0.0.0:1234", "0.0.0.0:1234")]
    [InlineData("[::1]:1234", "[::1]:1234")]
    public void A_port_is_on_the_loopback_address_unless_told_otherwise(string text, string address) =>
        Assert.Equal(IPEndPoint.Parse(address), GdbSettings.Parse(text));

    /// <summary>A guest of one instruction, a branch to itself, as a file.</summary>
    private string EndlessLoop()
    {
        var path = Path.Combine(directory.FullName, "loop.elf");
        File.WriteAllBytes(path, TestImages.Elf(0x0010_0000, new TestImages.Segment(0x0010_0000, [0x48, 0, 0, 0], 4)));
        return path;
    }
}
