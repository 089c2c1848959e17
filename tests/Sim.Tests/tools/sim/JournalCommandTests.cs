using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Cli.Gdb;
using Sim.Cli.Guests;
using Xunit;

namespace Sim.Tests;

/// <summary><c>sim record</c>, <c>sim replay</c> and <c>sim journal</c> at the command line.</summary>
public sealed class JournalCommandTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");

    private string Journal => InDirectory("run.simrec");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void A_recording_replays_to_the_same_console_and_the_same_end_and_recording_changes_nothing()
    {
        string[] machine = ["--bios", "demo", "--smp", "4", "--schedule", "random:7"];
        var plain = SimCommandLine.Invoke(["run", .. machine]);
        var recorded = SimCommandLine.Invoke(["record", Journal, .. machine, "--digest-every", "50us", "--mark", "middle@500us"]);
        var replayed = SimCommandLine.Invoke("replay", Journal);
        Assert.Equal((0, 0), (recorded.ExitCode, replayed.ExitCode));
        Assert.Equal((plain.Output, Stable(plain)), (recorded.Output, Stable(recorded)));
        Assert.Equal((plain.Output, Stable(plain)), (replayed.Output, Stable(replayed)));
        Assert.Contains(" digests compared, all equal.\n", replayed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_moment_can_be_gone_to_from_the_nearest_snapshot()
    {
        Record("--digest-every", "50us", "--snapshot-every", "200us", "--mark", "middle@500us", "--embed");
        var saved = InDirectory("middle.simsnap");
        foreach (var target in (string[])["mark:middle", "700us", "icount:300000", "icount:1:100000"])
        {
            var near = SimCommandLine.Invoke("replay", Journal, "--to", target, "--save", saved);
            Assert.Equal(0, near.ExitCode);
            Assert.Contains(near.LastLine.Split(' ')[1], (string[])["reason=mark", "reason=until-time", "reason=until-icount"]);
            Assert.Equal(0, SimCommandLine.Invoke("snapshot", "verify", saved).ExitCode);
            Directory.Move($"{Journal}.snapshots", InDirectory("aside"));
            Assert.Equal(Stable(near), Stable(SimCommandLine.Invoke("replay", Journal, "--to", target)));
            Directory.Move(InDirectory("aside"), $"{Journal}.snapshots");
        }
    }

    [Fact]
    public void A_broken_snapshot_beside_the_journal_makes_the_way_longer_and_nothing_else()
    {
        Record("--snapshot-every", "200us");
        var whole = SimCommandLine.Invoke("replay", Journal, "--to", "900us");
        Assert.Equal(0, SimCommandLine.Invoke("journal", "verify", Journal).ExitCode);
        foreach (var snapshot in Directory.GetFiles($"{Journal}.snapshots"))
            File.WriteAllBytes(snapshot, File.ReadAllBytes(snapshot)[..^9]);
        Assert.Equal(Stable(whole), Stable(SimCommandLine.Invoke("replay", Journal, "--to", "900us")));
        var verified = SimCommandLine.Invoke("journal", "verify", Journal);
        Assert.Equal(4, verified.ExitCode);
        Assert.Contains("torn", verified.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_journal_without_its_end_replays_as_a_prefix_and_says_so()
    {
        Record("--digest-every", "50us");
        var bytes = File.ReadAllBytes(Journal);
        File.WriteAllBytes(Journal, bytes[..(bytes.Length / 2)]);
        var result = SimCommandLine.Invoke("replay", Journal);
        Assert.Equal(4, result.ExitCode);
        Assert.StartsWith("end: reason=prefix ", result.LastLine, StringComparison.Ordinal);
        Assert.Contains($"it ends at byte {bytes.Length / 2}, ", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, SimCommandLine.Invoke("replay", Journal, "--allow-prefix").ExitCode);
        Assert.Equal(4, SimCommandLine.Invoke("journal", "verify", Journal).ExitCode);
    }

    [Theory]
    [InlineData("--to 1s", 3, "the recording in FILE ends before that, at ")]
    [InlineData("--to mark:midle", 2, "has no such mark. Did you mean 'middle'?")]
    [InlineData("--to icount:9:5", 2, "--to icount CPU '9' is not possible")]
    public void A_moment_that_the_recording_does_not_have_is_refused(string options, int code, string sentence)
    {
        Record("--mark", "middle@500us");
        var result = SimCommandLine.Invoke(["replay", Journal, .. options.Split(' ')]);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(sentence.Replace("FILE", Journal, StringComparison.Ordinal), result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_from_a_snapshot_refuses_moments_before_it_and_replays_alone()
    {
        var saved = InDirectory("early.simsnap");
        Assert.Equal(0, SimCommandLine.Invoke("run", "--bios", "demo", "--until-time", "300us", "--save", saved).ExitCode);
        Assert.Equal(0, SimCommandLine.Invoke("record", Journal, "--from", saved).ExitCode);
        File.Delete(saved);
        Assert.Equal(0, SimCommandLine.Invoke("replay", Journal).ExitCode);
        var early = SimCommandLine.Invoke("replay", Journal, "--to", "100us");
        Assert.Equal(2, early.ExitCode);
        Assert.Contains("begins after that", early.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_piece_that_is_cut_out_replays_alone_to_the_same_moment()
    {
        Record("--digest-every", "50us", "--mark", "middle@500us");
        var piece = InDirectory("piece.simrec");
        Assert.Equal(0, SimCommandLine.Invoke("journal", "cut", Journal, piece, "--from", "300us", "--to", "700us").ExitCode);
        var there = Stable(SimCommandLine.Invoke("replay", Journal, "--to", "700us"));
        File.Delete(Journal);
        var result = SimCommandLine.Invoke("replay", piece);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(there, Stable(result));
        Assert.Equal(0, SimCommandLine.Invoke("replay", piece, "--to", "mark:middle").ExitCode);
        Assert.Equal(2, SimCommandLine.Invoke("journal", "cut", piece, piece).ExitCode);
    }

    [Fact]
    public void What_was_typed_is_listed_and_exported_and_the_script_repeats_it()
    {
        var script = InDirectory("typed.script");
        File.WriteAllText(script, "send abc\nexpect ABC\\r\nsend de\\tf\nexpect F\nquit\n");
        string[] echo = [.. SimCommandLine.Echo.Skip(1)];
        var recorded = SimCommandLine.Start("", ["record", Journal, .. echo, "--script", script]);
        Assert.Equal(0, recorded.ExitCode);
        var replayed = SimCommandLine.Start("", "replay", Journal, "--plugin", SimCommandLine.Plugin);
        Assert.Equal((0, recorded.Output, Stable(recorded)), (replayed.ExitCode, replayed.Output, Stable(replayed)));
        Assert.Contains("serial 0 \"abc\\r\"", SimCommandLine.Invoke("journal", "inspect", Journal).Output, StringComparison.Ordinal);
        using var inspected = JsonDocument.Parse(SimCommandLine.Invoke("journal", "inspect", Journal, "--format", "json").Output);
        Assert.Equal("quit", inspected.RootElement.GetProperty("end").GetProperty("reason").GetString());
        using var exported = JsonDocument.Parse(SimCommandLine.Invoke("journal", "export", Journal).Output);
        Assert.Equal(["abc\\r", "de\\tf\\r"], exported.RootElement.GetProperty("inputs").EnumerateArray().Select(static i => i.GetProperty("text").GetString()));
        var again = SimCommandLine.Start("", "journal", "export", Journal, "--script", "--plugin", SimCommandLine.Plugin);
        Assert.Equal("# The inputs of run.simrec.\nsend abc\nexpect ABC\\r\nsend de\\tf\n", again.Output);
        File.WriteAllText(script, again.Output);
        Assert.Equal(recorded.Output.TrimEnd('\r'), SimCommandLine.Start("", [.. SimCommandLine.Echo, "--script", script]).Output.TrimEnd('\r'));
    }

    [Fact]
    public void Two_journals_are_compared_to_the_instruction_and_the_field()
    {
        Record("--digest-every", "50us");
        var other = InDirectory("other.simrec");
        SimCommandLine.Invoke("record", other, "--bios", "demo", "--smp", "2", "--schedule", "random:3", "--digest-every", "50us");
        Assert.Equal(0, SimCommandLine.Invoke("replay", Journal, "--compare", other).ExitCode);
        SimCommandLine.Invoke("record", other, "--bios", "demo", "--smp", "2", "--digest-every", "50us");
        var result = SimCommandLine.Invoke("replay", Journal, "--compare", other);
        Assert.Equal(4, result.ExitCode);
        Assert.Contains("configuration Schedule: random:3 -> round-robin\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_journal_that_goes_on_where_the_other_ends_is_another_run()
    {
        Record("--digest-every", "50us");
        var other = InDirectory("other.simrec");
        SimCommandLine.Invoke("record", other, "--bios", "demo", "--smp", "2", "--schedule", "random:3", "--digest-every", "50us", "--until-time", "600us");
        var result = SimCommandLine.Invoke("replay", Journal, "--compare", other);
        Assert.Equal(4, result.ExitCode);
        Assert.StartsWith("equal up to frame ", result.Output, StringComparison.Ordinal);
        Assert.Contains("\nthen the first ends (poweroff) at frame ", result.Output, StringComparison.Ordinal);
        Assert.Contains(" -> the second ends (until-time) at frame ", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("--schedule random:3 --memory 256M --quantum 20000 --bios demo")]
    public void Options_that_change_nothing_give_the_same_run(string options)
    {
        Record("--digest-every", "50us", "--embed");
        var result = SimCommandLine.Invoke(["replay", Journal, "--compare", .. Words(options)]);
        Assert.Equal((0, $"{Journal} and the run of the machine with these options are the same.\n"), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("--schedule random:9", "configuration Schedule: random:3 -> random:9", "  /scheduler Prng.S0: ", "  /scheduler FrameEnd: ")]
    [InlineData("--icount-shift 2", "configuration Shift: 1 -> 2", "equal up to frame 0, 0 ns, 0 instructions", "  /scheduler FrameEnd: ")]
    [InlineData("--memory 128M", "  mpc8544ds.ram size: 0x10000000 -> 0x8000000", "otherwise equal up to frame ", "  CPU 0 (/machine/unattached/device[0]) Gpr[10]: 0x10000000 -> 0x8000000")]
    [InlineData("--seed 5", "different from the beginning:", "  mpc8544ds.ram 0x", "which is the end of both")]
    [InlineData("--smp 3", "only the second machine has: ", "CPU 2 (/machine/unattached/device[2]) powerpc-cpu", "  CPU 0 (/machine/unattached/device[0]) Gpr[")]
    public void Other_options_differ_at_a_moment_in_a_device_and_a_field_with_both_values(string options, params string[] texts)
    {
        Record("--digest-every", "50us");
        var result = SimCommandLine.Invoke(["replay", Journal, "--compare", .. Words(options)]);
        Assert.Equal(4, result.ExitCode);
        Assert.All(texts, text => Assert.Contains(text, result.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void A_byte_of_an_image_makes_its_difference_where_the_CPU_loads_it()
    {
        Record("--digest-every", "50us");
        var bytes = Sim.Cli.Running.Firmware.DemoImage().Bytes.ToArray();
        var at = bytes.AsSpan().IndexOf("All counts agree"u8);
        bytes[at] = (byte)'a';
        var image = InDirectory("other.elf");
        File.WriteAllBytes(image, bytes);
        var result = SimCommandLine.Invoke("replay", Journal, "--compare", "--bios", image);
        Assert.Equal(4, result.ExitCode);
        var lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.StartsWith("configuration bios: ", lines[0], StringComparison.Ordinal);
        var equal = Assert.Single(lines, static l => l.StartsWith("otherwise equal up to frame ", StringComparison.Ordinal));
        Assert.InRange(long.Parse(equal.Split(' ')[^2], CultureInfo.InvariantCulture), 500_000, 2_000_000);
        Assert.Matches(@"^  CPU \d \(/machine/unattached/device\[\d\]\) Gpr\[\d+\]: 0x41 -> 0x61$", lines[^1]);
    }

    [Fact]
    public void Typed_input_goes_to_the_other_machine_at_its_virtual_time_and_a_clock_differs_where_it_is_read()
    {
        Assert.SkipWhen(GuestCache.OfUser().FindUBoot() is null, "U-Boot is not installed: sim guests install u-boot");
        var script = InDirectory("date.script");
        File.WriteAllText(script, "expect autoboot:\nsend\nexpect =>\\x20\nsend date\nexpect =>\\x20\nsend poweroff\n");
        var recorded = SimCommandLine.Invoke("record", Journal, "--machine", "ppce500", "--smp", "2", "--script", script, "--digest-every", "10ms");
        Assert.Equal(0, recorded.ExitCode);
        Assert.Equal(0, SimCommandLine.Invoke("replay", Journal, "--compare").ExitCode);
        var clock = SimCommandLine.Invoke("replay", Journal, "--compare", "--rtc-base", "2020-01-01");
        Assert.Equal(4, clock.ExitCode);
        Assert.Contains("\n  /machine/unattached/device[4] Registers: ", clock.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("different input", clock.Output, StringComparison.Ordinal);
        var schedule = SimCommandLine.Invoke("replay", Journal, "--compare", "--schedule", "random:1");
        Assert.Contains("first different input: at frame ", schedule.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--smp 4", 2, "--smp would change the recorded machine: that goes with --compare alone.")]
    [InlineData("--compare FILE --smp 4", 2, "--smp does not go with --compare FILE: each journal has its machine.")]
    [InlineData("--compare --pace max", 2, "--compare goes with machine options alone")]
    [InlineData("--compare --smp 40", 2, "--smp 40 is out of range")]
    public void What_cannot_be_compared_is_refused(string options, int code, string sentence)
    {
        Record();
        var result = SimCommandLine.Invoke(["replay", Journal, .. Words(options.Replace("FILE", Journal, StringComparison.Ordinal))]);
        Assert.True(result.ExitCode == code, $"{result.ExitCode}: {result.Error}");
        Assert.Contains(sentence.Replace("FILE", Journal, StringComparison.Ordinal), result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_from_the_middle_has_the_machine_of_its_snapshot()
    {
        var saved = InDirectory("early.simsnap");
        Assert.Equal(0, SimCommandLine.Invoke("run", "--bios", "demo", "--until-time", "300us", "--save", saved).ExitCode);
        Assert.Equal(0, SimCommandLine.Invoke("record", Journal, "--from", saved).ExitCode);
        var result = SimCommandLine.Invoke("replay", Journal, "--compare", "--smp", "2");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(", not at power-on: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recorder_that_is_killed_leaves_what_replays()
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "sim.dll"), "record", Journal, .. Endless, "--digest-every", "1ms"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var deadline = new ProcessDeadline(process);
        while (!File.Exists(Journal) || new FileInfo(Journal).Length < 40_000)
        {
            Assert.False(process.HasExited, "The recorder ended by itself.");
            Thread.Yield();
        }

        process.Kill();
        process.WaitForExit();
        var result = SimCommandLine.Invoke("replay", Journal, "--allow-prefix");
        Assert.StartsWith("end: reason=prefix ", result.LastLine, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void A_full_disk_ends_the_run_in_one_sentence_and_leaves_what_replays()
    {
        // The file size limit stands for the disk: the write fails in the middle of a record.
        HostTool.Require("bash", "bash");
        var command = string.Join(' ', (string[])
        [
            "trap '' XFSZ; ulimit -f 20; exec dotnet", Path.Combine(AppContext.BaseDirectory, "sim.dll"), "record", Journal, .. Endless, "--digest-every", "1ms",
        ]);
        var recorded = HostTool.Run("bash", ["-c", command], [], new Dictionary<string, string> { ["DOTNET_EnableDiagnostics"] = "0", ["DOTNET_EnableWriteXorExecute"] = "0" });
        Assert.Equal(3, recorded.ExitCode);
        Assert.Contains($"sim: {Journal}: the journal cannot be written (", recorded.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", recorded.Error, StringComparison.Ordinal);
        var result = SimCommandLine.Invoke("replay", Journal);
        Assert.StartsWith("end: reason=prefix ", result.LastLine, StringComparison.Ordinal);
        Assert.Equal(4, result.ExitCode);
    }

    [Theory]
    [InlineData("round-robin")]
    [InlineData("random:3")]
    public void A_script_that_resets_the_machine_saves_and_powers_off_replays_also_from_where_it_saved(string schedule)
    {
        Assert.SkipWhen(GuestCache.OfUser().FindUBoot() is null, "U-Boot is not installed: sim guests install u-boot");
        var (script, saved) = (InDirectory("reset.script"), InDirectory("saved.simsnap"));
        const string Prompt = "expect autoboot:\nsend\nexpect =>\\x20\n";
        File.WriteAllText(script, $"{Prompt}send reset\n{Prompt}save {saved}\nsend poweroff\n");
        CheckReplays(0, "--machine", "ppce500", "--smp", "2", "--schedule", schedule, "--script", script, "--digest-every", "10ms");
        CheckReplays(0, "--from", saved);
    }

    [Fact]
    public void A_run_that_the_hosts_clock_ends_replays_to_that_moment() =>
        CheckReplays(5, ["--machine", "ppce500", "--host-timeout", "0.5", .. Endless.Skip(2)]);

    /// <summary>Records a run, which ends with an exit code, and replays it to the same console and end.</summary>
    private void CheckReplays(int code, params string[] options)
    {
        var recorded = SimCommandLine.Start("", ["record", Journal, .. options]);
        Assert.True(recorded.ExitCode == code, recorded.Error);
        var replayed = SimCommandLine.Start("", "replay", Journal);
        Assert.True(replayed.ExitCode == 0, replayed.Error);
        Assert.Equal(recorded.LastLine.Split("  ")[0], replayed.LastLine.Split("  ")[0]);
        Assert.Equal(recorded.Output, replayed.Output);
    }

    [Fact]
    public void Gdb_looks_at_the_middle_of_a_replay_may_not_write_and_the_replay_goes_on()
    {
        Record("--mark", "middle@500us");
        var whole = SimCommandLine.Invoke("replay", Journal);
        var middle = SimCommandLine.Invoke("replay", Journal, "--to", "mark:middle");
        using var sim = new SimUnderGdb("replay", Journal, "--to", "mark:middle");
        using var gdb = new RawGdbClient(sim.Address);
        Assert.StartsWith("T", gdb.Ask("?"), StringComparison.Ordinal);
        gdb.Send(PacketReader.Frame("qRcmd," + Convert.ToHexStringLower("digest"u8)));
        var digest = Encoding.ASCII.GetString(Convert.FromHexString(gdb.Receive().Text.TrimStart('O')));
        Assert.Contains(digest.TrimEnd('\n')[^32..], middle.LastLine, StringComparison.Ordinal);
        Assert.Equal("OK", gdb.Receive().Text);
        Assert.StartsWith("E", gdb.Ask("M0,1:00"), StringComparison.Ordinal);
        Assert.StartsWith("W00", gdb.Ask("c"), StringComparison.Ordinal);
        Assert.Equal(whole.LastLine.Split("  ")[0], sim.End());
    }

    [Fact]
    public void Examples_in_the_readme_work()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        var section = readme[readme.IndexOf("## Record and replay", StringComparison.Ordinal)..];
        var lines = section[..section.IndexOf("\n## ", StringComparison.Ordinal)].Split('\n').Where(static l => l.StartsWith("    sim ", StringComparison.Ordinal)).ToList();
        Assert.Equal(5, lines.Count);
        foreach (var line in lines.Where(static l => !l.Contains(" -s ", StringComparison.Ordinal)))
        {
            var words = line.Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
                .Select(w => w.EndsWith(".simrec", StringComparison.Ordinal) || w.EndsWith(".simsnap", StringComparison.Ordinal) ? InDirectory(w) : w);
            var result = SimCommandLine.Invoke([.. words]);
            Assert.True(result.ExitCode == 0, line + result.Error);
        }
    }

    [Fact]
    public void A_session_at_a_terminal_replays_exactly()
    {
        Assert.SkipWhen(GuestCache.OfUser().FindUBoot() is null, "U-Boot is not installed: sim guests install u-boot");
        HostTool.Require("python3", "python3");
        var typist = Path.Combine(Repository.Root, "tests", "Sim.Tests", "tools", "sim", "data", "typist.py");
        var result = HostTool.Run("python3",
        [
            typist, "dotnet", Path.Combine(AppContext.BaseDirectory, "sim.dll"), "record", Journal, "--machine", "ppce500", "--smp", "2", "--pace", "max",
            "--digest-every", "5ms",
        ]);
        Assert.True(result.ExitCode == 0, result.Text + result.Error);
        var inspected = SimCommandLine.Invoke("journal", "inspect", Journal).Output;
        Assert.Contains("mark        key1, ", inspected, StringComparison.Ordinal);
        Assert.True(inspected.Split("\ninput ").Length > 5, inspected);
        var replayed = SimCommandLine.Start("", "replay", Journal);
        Assert.True(replayed.ExitCode == 0, replayed.Error);
        Assert.Contains("typed at random", replayed.Output, StringComparison.Ordinal);
        Assert.StartsWith("end: reason=quit ", replayed.LastLine, StringComparison.Ordinal);
    }

    [Fact]
    public void The_replay_campaign_goes_through()
    {
        Assert.SkipWhen(GuestCache.OfUser().FindUBoot() is null, "U-Boot is not installed: sim guests install u-boot");
        HostTool.Require("python3", "python3");
        string[] small = ["--guests", "u-boot", "--smp", "2", "--pace", "max", "--schedules", "random", "--commands", "2", "--replays", "1"];
        var sim = $"dotnet {Path.Combine(AppContext.BaseDirectory, "sim.dll")}";
        var result = HostTool.Run("python3", [Path.Combine(Repository.Root, "tools", "campaigns", "replay.py"), .. small, "--sim", sim]);
        Assert.True(result.ExitCode == 0, result.Text + result.Error);
        Assert.Contains("\n1 replays equal, 0 recordings not all right, ", result.Text, StringComparison.Ordinal);
    }

    /// <summary>U-Boot, which waits for somebody to type as long as it is let.</summary>
    private static string[] Endless
    {
        get
        {
            Assert.SkipWhen(GuestCache.OfUser().FindUBoot() is null, "U-Boot is not installed: sim guests install u-boot");
            return ["--machine", "ppce500", "--smp", "2", "--pace", "max", "--until-time", "1000s"];
        }
    }

    private void Record(params string[] options)
    {
        var result = SimCommandLine.Invoke(["record", Journal, "--bios", "demo", "--smp", "2", "--schedule", "random:3", .. options]);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    /// <summary>Of the end line, what depends on the machine's state alone.</summary>
    private static string Stable(SimCommandLine.Result result) => string.Join(
        ' ', result.LastLine.Split("  ")[0].Split(' ').Where(static word => !word.StartsWith("reason=", StringComparison.Ordinal)));

    private static string[] Words(string options) => options.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private string InDirectory(string name) => Path.Combine(directory.FullName, name);
}
