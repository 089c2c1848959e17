using System.Diagnostics;
using System.Text.RegularExpressions;
using Sim.Cli.Guests;
using Sim.Cli.Running;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Boards.DeviceTree;
using Xunit;

namespace Sim.Tests;

/// <summary>The command line with the board ppce500 and guest programs of our own.</summary>
public sealed partial class CommandBoardTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData("tree", "info-qom-tree.txt")]
    [InlineData("qtree", "info-qtree.txt")]
    public void Trees_equal_what_QEMUs_monitor_prints(string command, string reference)
    {
        var result = SimCommandLine.Invoke(command, "--smp", "2");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(Data(reference), result.Output);
    }

    [Fact]
    public void The_memory_map_equals_what_QEMUs_monitor_prints()
    {
        // QEMU has a port I/O space and a name for each CPU's view beside; the CPUs see the same memory.
        var reference = Data("info-mtree.txt")
            .Replace("address-space: I/O\n  0000000000000000-000000000000ffff (prio 0, i/o): io\n\n", "", StringComparison.Ordinal);
        Assert.Equal(CpuSpace().Replace(reference, ""), SimCommandLine.Invoke("mtree", "--smp", "2").Output);
    }

    [Theory]
    [InlineData]
    [InlineData("run")]
    public void Without_options_the_demo_runs_on_two_vCPUs_and_the_machine_is_seen_being_built(params string[] arguments)
    {
        var result = SimCommandLine.Invoke(arguments);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("All counts agree. Power off.", result.Output, StringComparison.Ordinal);
        Assert.StartsWith("Building ppce500 with 2 vCPUs:\n", result.Error, StringComparison.Ordinal);
        Assert.Contains("    vcpu 1\n", result.Error, StringComparison.Ordinal);
        Assert.Matches(@"\n  openpic +/machine/pic\n", result.Error);
        Assert.Matches(@"^end: reason=poweroff time=\d+ns icount=\d+,\d+ digest=[0-9a-f]{32}  host=\d+\.\d{3}s mips=\d+\.\d$",
            result.LastLine);
    }

    [Fact]
    public void Statistics_are_printed_before_the_end_line_which_they_do_not_change()
    {
        string[] run = ["run", "--bios", "demo", "--smp", "2"];
        var plain = SimCommandLine.Invoke(run);
        var counted = SimCommandLine.Invoke([.. run, "--stats"]);
        Assert.Equal(plain.LastLine.Split("  host")[0], counted.LastLine.Split("  host")[0]);
        Assert.Equal(Data("stats-demo.txt"), counted.Error[..counted.Error.IndexOf("end: ", StringComparison.Ordinal)]);
        Assert.Equal(plain.Output, counted.Output);
    }

    [Fact]
    public void Statistics_of_many_vCPUs_are_tables_of_eight()
    {
        var lines = SimCommandLine.Invoke("run", "--bios", "demo", "--smp", "10", "--stats").Error.Split('\n');
        Assert.Equal(2, lines.Count(static line => line.StartsWith("vCPUs: ", StringComparison.Ordinal)));
        Assert.Single(lines, static line => line.EndsWith(" cpu7", StringComparison.Ordinal));
        Assert.Single(lines, static line => Regex.IsMatch(line, "^vCPUs: +all +cpu8 +cpu9$"));
        Assert.All(lines, static line => Assert.True(line.Length < 180));
    }

    [Fact]
    public void Statistics_of_a_machine_without_vCPUs_are_those_of_its_registers()
    {
        var result = SimCommandLine.Invoke("run", "-M", "none", "--until-time", "1s", "--stats");
        Assert.Matches("^device registers: +accesses +reads +writes +share\n  all +0 +0 +0 +0.0 %\nend: ", result.Error);
    }

    [Theory]
    [InlineData("exec", "20000", @" cpu\d [0-9a-f]{8} exec: ")]
    [InlineData("int,mmio,tlb,unimp,guest_errors", "1000000", @" cpu\d [0-9a-f]{8} mmio: write serial\+0x0 size 1 ")]
    public void Tracing_changes_nothing(string categories, string limit, string expected)
    {
        var trace = Path.Combine(directory.FullName, "trace");
        string[] run = ["run", "--bios", "demo", "--smp", "2", "--until-icount", limit];
        var plain = SimCommandLine.Invoke(run);
        var traced = SimCommandLine.Invoke([.. run, "--log", categories, "--log-file", trace]);
        Assert.Equal(Stable(plain), Stable(traced));
        Assert.Equal(plain.Output, traced.Output);
        var lines = File.ReadAllLines(trace);
        Assert.All(lines,
            static line => Assert.Matches(@"^ *\d+ns (cpu\d [0-9a-f]{8}|-    -       ) (int|mmio|exec|tlb|unimp|guest_errors): .", line));
        Assert.Contains(lines, line => Regex.IsMatch(line, expected));
        if (categories == "exec")
            Assert.Equal(limit, $"{lines.Length}");
    }

    [Fact]
    public void The_trace_of_instructions_keeps_to_its_range()
    {
        var result = SimCommandLine.Invoke(
            "run", "--bios", "demo", "--until-icount", "20000", "--serial", "null", "--log", "exec", "--log-range", "100534-10053c");
        Assert.Equal(["            0ns cpu0 00100534 exec", "            2ns cpu0 00100538 exec", "            4ns cpu0 0010053c exec"],
            result.Error.Split('\n').Where(static l => l.Contains(" exec: ", StringComparison.Ordinal))
                .Select(static l => l.Split(':')[0]));
    }

    [Theory]
    [InlineData("1000", @"time=\d+ns icount=\d+,\d+ ", 1000)]
    [InlineData("0:1000", @"time=\d+ns icount=1000,\d+ ", -1)]
    public void A_run_stops_at_the_exact_instruction(string limit, string pattern, int total)
    {
        var result = SimCommandLine.Invoke("run", "--bios", "demo", "--smp", "2", "--until-icount", limit);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("reason=until-icount", result.LastLine, StringComparison.Ordinal);
        Assert.Matches(pattern, result.LastLine);
        if (total >= 0)
            Assert.Equal(total, Counts().Match(result.LastLine).Groups[1].Value.Split(',').Sum(int.Parse));
    }

    [Fact]
    public void A_run_stops_at_a_virtual_time() =>
        Assert.Contains("end: reason=until-time time=100000ns ",
            SimCommandLine.Invoke("run", "--bios", "demo", "--until-time", "100us").LastLine, StringComparison.Ordinal);

    [Fact]
    public void A_run_that_takes_too_long_for_the_host_is_exit_code_5()
    {
        var result = SimCommandLine.Invoke("run", "--bios", Endless(), "--host-timeout", "0.05");
        Assert.Equal(5, result.ExitCode);
        Assert.StartsWith("end: reason=host-timeout ", result.LastLine, StringComparison.Ordinal);
    }

    [Fact]
    public void Closed_standard_output_ends_a_run_and_a_listing_with_exit_code_5()
    {
        var run = SimCommandLine.InvokeWithClosedOutput("run", "--bios", "demo", "--pace", "max");
        Assert.Equal(5, run.ExitCode);
        var listing = SimCommandLine.InvokeWithClosedOutput("types");
        Assert.Equal((5, ""), (listing.ExitCode, listing.Error));
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public void A_signal_ends_the_run_in_order_with_exit_code_130(string signal)
    {
        HostTool.Require("kill", "procps");
        // Whoever runs the tests may ignore a signal (nohup does), and a child would then ignore it as well.
        string[] arguments = ["--default-signal", "dotnet", Path.Combine(AppContext.BaseDirectory, "sim.dll"), "run", "--bios", Endless(), "--log", "tlb"];
        using var process = Process.Start(new ProcessStartInfo("env", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var deadline = new ProcessDeadline(process);
        process.StandardInput.Close();
        Assert.Contains(" tlb: ", process.StandardError.ReadLine(), StringComparison.Ordinal);   // The machine runs.
        HostTool.Run("kill", [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        var rest = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Contains("end: reason=interrupted ", rest, StringComparison.Ordinal);
        Assert.Equal(130, process.ExitCode);
    }

    [Theory]
    [InlineData("--smp 0 --bios demo", "--smp 0 is out of range: machine 'ppce500' takes 1 to 32 CPUs.")]
    [InlineData("--smp 33 --bios demo", "--smp 33 is out of range: machine 'ppce500' takes 1 to 32 CPUs.")]
    [InlineData("--cpu e500v3 --bios demo", "Unknown CPU 'e500v3'. Did you mean 'e500v1'?")]
    [InlineData("-m 100 --bios demo", "--memory of 104857600 bytes is not possible: machine 'ppce500' takes 65536K to ")]
    [InlineData("--append x --bios demo", "--append is given without --kernel, whose command line it would be.")]
    [InlineData("--until-icount 1:5 --bios demo", "--until-icount names CPU 1; the machine has 1, counted from 0.")]
    public void Wrong_machines_are_refused(string options, string sentence)
    {
        var result = SimCommandLine.Invoke(["run", .. options.Split(' ')]);
        Assert.StartsWith($"sim: {sentence}", result.Error, StringComparison.Ordinal);
        Assert.Equal((2, ""), (result.ExitCode, result.Output));
    }

    [Fact]
    public void Wrong_images_are_refused_by_name_with_exit_code_3()
    {
        var demo = Firmware.DemoImage().Bytes.ToArray();
        CheckImage(demo[..100], "truncated.elf");
        CheckImage([1, 2, 3, 4], "neither.elf");
        CheckImage(TestImages.Elf(0x1000_0000, new TestImages.Segment(0x1000_0000, new byte[4], 4)), "beyond.elf");
        CheckImage(TestImages.Elf(0x10_0000, new TestImages.Segment(0x10_0000, new byte[4], 0x2000_0000)), "large.elf");
    }

    [Fact]
    public void Kernels_that_are_damaged_or_for_another_machine_are_refused_with_what_was_expected()
    {
        var code = new byte[256];
        var kernel = TestImages.UImage(code, 0, 0);
        var elf = TestImages.Elf(0x10_0000, new TestImages.Segment(0x10_0000, code, 256));
        CheckKernel("neither an ELF file nor a uImage", TestImages.With(kernel, 0, 0x28));
        CheckKernel("the uImage header has checksum 0x", TestImages.With(kernel, 20, 1));
        CheckKernel("the uImage data has checksum 0x", TestImages.With(kernel, 64, 77));
        CheckKernel("the uImage header announces 256 bytes of data, the file has 255", kernel[..^1]);
        CheckKernel("the uImage header has 64 bytes, the file has 40", kernel[..40]);
        CheckKernel("the uImage is for architecture 2, PowerPC (7) is expected", TestImages.UImage(code, 0, 0, architecture: 2));
        CheckKernel("the ELF file is for machine 62, PowerPC (20) is expected", TestImages.With(elf, 19, 62));
        CheckKernel("ELF class 2 with data encoding 2, a 32-bit (1) big-endian (2) file is expected", TestImages.With(elf, 4, 2));
        CheckKernel("ELF class 1 with data encoding 1, a 32-bit (1) big-endian (2) file is expected", TestImages.With(elf, 5, 1));
        CheckKernel("0x100 bytes at 0x10000000 do not fit into RAM, which ends at 0x10000000 (256 MiB)",
            TestImages.UImage(code, 0x1000_0000, 0x1000_0000));
    }

    [Fact]
    public void An_initial_RAM_disk_that_memory_has_no_room_for_is_refused()
    {
        var kernel = Path.Combine(directory.FullName, "kernel");
        File.WriteAllBytes(kernel, TestImages.UImage(new byte[256], 0, 0));
        var disk = Path.Combine(directory.FullName, "disk");
        File.WriteAllBytes(disk, new byte[4097]);
        CheckRefused($"{disk}: 0x1001 bytes at 0x4000000 do not fit into RAM, which ends at 0x4000000 (64 MiB).",
            "run", "--kernel", kernel, "--initrd", disk, "--memory", "64M");
    }

    [Fact]
    public void Without_firmware_the_installed_U_Boot_runs_and_where_there_is_none_the_command_that_installs_it_is_named()
    {
        var configuration = new MachineConfiguration();
        var cache = new GuestCache(directory.FullName, Path.Combine(directory.FullName, "root"));
        var error = Assert.Throws<SimException>(() => Firmware.Complete(configuration, () => cache));
        Assert.Equal("Machine 'ppce500' needs --bios FILE or --kernel FILE, or U-Boot, which 'sim guests install u-boot' installs.",
            error.Message);
        Assert.Equal(SimErrorKind.Guest, error.Kind);
        cache.StoreUBoot(Firmware.DemoImage().Bytes.ToArray(), "a test");
        Assert.EndsWith("u-boot.elf", Firmware.Complete(configuration, () => cache).Bios!.Name, StringComparison.Ordinal);
        Assert.Null(Firmware.Complete(new MachineConfiguration { Machine = "none" }, () => cache).Bios);
    }

    [Fact]
    public void The_device_tree_is_printed_and_written()
    {
        var path = Path.Combine(directory.FullName, "board.dtb");
        Assert.Equal(0, SimCommandLine.Invoke("fdt", "--smp", "3", "--output", path).ExitCode);
        var printed = SimCommandLine.Invoke("fdt", "--smp", "3").Output;
        Assert.Equal(DeviceTreeText.Print(DeviceTreeReader.Read(File.ReadAllBytes(path), path)), printed);
        Assert.Equal(3, Regex.Count(printed, "PowerPC,8544@"));
        Assert.Equal(2, SimCommandLine.Invoke("fdt", "-M", "none").ExitCode);
    }

    [Fact]
    public void The_trace_of_a_CPU_ends_in_the_schedule()
    {
        var result = SimCommandLine.Invoke("trace", "e500v2_v21-powerpc-cpu", "--smp", "3");
        var lines = result.Output.Split('\n');
        Assert.Equal(["class_init object", "class_init device", "class_init cpu", "class_init powerpc-cpu"], lines[..4]);
        Assert.Contains("    realize e500v2_v21-powerpc-cpu /machine/unattached/device[0]", lines);
        Assert.Equal("      AddVcpu vcpu 0", lines[^2]);
        Assert.Equal("sim: 2 more of type 'e500v2_v21-powerpc-cpu' went the same way.\n", result.Error);
    }

    private static string Data(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "tools", "sim", "data", name));

    /// <summary>The end line up to what depends on the host.</summary>
    private static string Stable(SimCommandLine.Result result) => result.LastLine.Split("  ")[0];

    private void CheckImage(byte[] bytes, string name)
    {
        var path = Path.Combine(directory.FullName, name);
        File.WriteAllBytes(path, bytes);
        CheckRefused(path, "run", "--bios", path);
    }

    private void CheckKernel(string sentence, byte[] bytes)
    {
        var path = Path.Combine(directory.FullName, "kernel");
        File.WriteAllBytes(path, bytes);
        CheckRefused($"{path}: {sentence}", "run", "--kernel", path);
    }

    private static void CheckRefused(string sentence, params string[] arguments)
    {
        var result = SimCommandLine.Invoke(arguments);
        Assert.StartsWith($"sim: {sentence}", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.Equal((3, ""), (result.ExitCode, result.Output));
    }

    /// <summary>A guest that never ends: a TLB write, which a trace shows, and a branch to itself.</summary>
    private string Endless()
    {
        var path = Path.Combine(directory.FullName, "endless.elf");
        File.WriteAllBytes(path,
            TestImages.Elf(0x10_0000, new TestImages.Segment(0x10_0000, [0x7C, 0x00, 0x07, 0xA4, 0x48, 0x00, 0x00, 0x00], 8)));
        return path;
    }

    [GeneratedRegex(@"address-space: cpu-memory-\d\n")]
    private static partial Regex CpuSpace();

    [GeneratedRegex(@"icount=([\d,]+) ")]
    private static partial Regex Counts();
}
