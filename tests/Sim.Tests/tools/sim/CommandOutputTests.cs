using System.Text.Json;
using System.Text.RegularExpressions;
using Sim.Bench;
using Sim.Cli.Checking;
using Sim.Cli.CommandLine;
using Sim.Cli.Commands;
using Sim.Cli.Guests;
using Xunit;

namespace Sim.Tests;

/// <summary>What commands print when all is well.</summary>
public sealed partial class CommandOutputTests
{
    [Fact]
    public void The_end_line_has_its_documented_form()
    {
        var result = SimCommandLine.Invoke("run", "--machine", "none", "--memory", "64M");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Matches(EndLine(), result.LastLine);
    }

    [Fact]
    public void Qemus_spellings_mean_the_same()
    {
        var ours = SimCommandLine.Invoke("run", "--machine", "none", "--memory", "64M", "--smp", "1", "--append", "x", "--serial", "null");
        var qemus = SimCommandLine.Invoke("run", "-machine", "none", "-m", "64", "-smp", "cpus=1", "-append", "x", "-serial", "null");
        Assert.Equal(0, qemus.ExitCode);
        Assert.Equal(ours.LastLine.Split("  ")[0], qemus.LastLine.Split("  ")[0]);
    }

    [Fact]
    public void Version_names_package_and_behaviour()
    {
        var result = SimCommandLine.Invoke("--version");
        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^sim \d+\.\d+\.\d+\nbehaviour version \d+\n$", result.Output);
    }

    [Fact]
    public void Every_command_has_help_with_examples_and_every_option_is_described()
    {
        foreach (var command in Commands())
        {
            var result = SimCommandLine.Invoke([.. command.FullName.Split(' ').Skip(1), "--help"]);
            Assert.Equal(0, result.ExitCode);
            Assert.Contains("\nExamples:\n  sim", result.Output, StringComparison.Ordinal);
            Assert.All(result.Output.Split('\n'), static line => Assert.True(line.Length <= 100, line));
            foreach (var option in command.AllOptions)
            {
                Assert.Contains(option.Name, result.Output, StringComparison.Ordinal);
                Assert.False(string.IsNullOrEmpty(option.Description), option.Name);
            }
        }
    }

    [Fact]
    public void Every_option_that_is_offered_stands_in_the_help_under_one_title()
    {
        foreach (var command in Commands())
        {
            var listed = command.Groups.SelectMany(static g => g.Options).ToList();
            Assert.Equal(listed.Count, listed.Distinct().Count());
            Assert.Empty(command.Options.Except(listed));
        }
    }

    [Fact]
    public void Types_are_listed_with_their_parents_and_marks()
    {
        var lines = SimCommandLine.Invoke("types").Output.Split('\n');
        Assert.Contains(lines, static line => Regex.IsMatch(line, "^device +object +abstract$"));
        Assert.Contains(lines, static line => Regex.IsMatch(line, "^ds1338 +i2c-slave +device"));
        Assert.Contains(lines, static line => Regex.IsMatch(line, "^none-machine +machine +empty machine$"));
        Assert.Equal(lines.Order(StringComparer.Ordinal).Where(static l => l.Length > 0), lines.Where(static l => l.Length > 0));
    }

    [Fact]
    public void Types_can_be_chosen_by_ancestor_and_by_part_of_the_name()
    {
        Assert.StartsWith("machine ", SimCommandLine.Invoke("types", "machine").Output, StringComparison.Ordinal);
        Assert.All(Names("machine"), static name => Assert.EndsWith("machine", name, StringComparison.Ordinal));
        Assert.Equal(["serial", "serial-mm"], Names("seria"));
    }

    [Theory]
    [InlineData("types")]
    [InlineData("tree / --properties -M none -m 64M")]
    [InlineData("qtree -M none")]
    [InlineData("mtree -M none -m 64M")]
    [InlineData("mtree -f -M none -m 64M")]
    [InlineData("trace serial-mm -M none")]
    [InlineData("guests list")]
    [InlineData("bench --quick")]
    [InlineData("bench objects objects --quick")]
    [InlineData("bench replay --quick")]
    [InlineData("bench check --quick --law scheduling")]
    public void Json_is_valid(string line)
    {
        var result = SimCommandLine.Invoke([.. line.Split(' '), "--format", "json"]);
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        using var document = JsonDocument.Parse(result.Output);
        Assert.True(document.RootElement.ValueKind is JsonValueKind.Array or JsonValueKind.Object);
    }

    [Fact]
    public void Machines_are_built_beside_QEMUs()
    {
        HostTool.Require(QemuReference.Program, QemuReference.Program);
        var result = SimCommandLine.Invoke("bench", "machines", "--quick", "--against-qemu");
        Assert.Equal("", result.Error);
        Assert.Equal(3, Regex.Count(result.Output, @"^ppce500 with [128] vCPUs?, .* machines/s +QEMU +[0-9.]+ +[0-9.]+x", RegexOptions.Multiline));
    }

    [Fact]
    public void Bench_measures_snapshots()
    {
        var result = SimCommandLine.Invoke("bench", "snapshot", "--quick");
        Assert.Equal("", result.Error);
        Assert.Equal(10, result.Output.TrimEnd().Split('\n').Count(static line => Regex.IsMatch(line, "^(snapshot|checkpoint).* [0-9.]+ (ms|KiB|1/s)")));
    }

    [Fact]
    public void Snapshots_are_measured_beside_QEMUs()
    {
        HostTool.Require(QemuReference.Program, QemuReference.Program);
        var result = SimCommandLine.Invoke("bench", "snapshot", "--quick", "--against-qemu");
        Assert.Equal("", result.Error);
        const string Ratio = " +QEMU +[0-9.]+ +[0-9.]+x its";
        Assert.Matches($"^snapshot, saved to a file +[0-9.]+ ms{Ratio} time, below 1 is better", result.Output);
        Assert.Matches($"\nsnapshot, size of the file +[0-9.]+ KiB{Ratio} size, below 1 is better", result.Output);
        Assert.Matches($"\nsnapshot, loaded from a file into its machine +[0-9.]+ ms{Ratio} time", result.Output);
        Assert.Matches($"\nsnapshot, restored from a file in a new machine +[0-9.]+ ms{Ratio} time", result.Output);
    }

    [Fact]
    public void A_boot_is_measured_beside_QEMUs()
    {
        Assert.SkipWhen(GuestCache.OfUser().FindUBoot() is null, "U-Boot is not installed: sim guests install u-boot");
        HostTool.Require(QemuReference.Program, QemuReference.Program);
        var result = SimCommandLine.Invoke("bench", "boot", "--quick", "--against-qemu");
        Assert.Equal("", result.Error);
        Assert.Matches("^boot: start to U-Boot's prompt +[0-9.]+ s +QEMU +[0-9.]+ +[0-9.]+x its time, below 1 is better", result.Output);
        Assert.Matches("\nboot: guest instructions, start-up included +[0-9.]+ MIPS\n$", result.Output);
    }

    [Fact]
    public void Recording_and_replaying_are_measured_beside_QEMUs()
    {
        HostTool.Require(QemuReference.Program, QemuReference.Program);
        var result = SimCommandLine.Invoke("bench", "replay", "--quick", "--against-qemu");
        Assert.Equal("", result.Error);
        const string Ratio = " +QEMU +[0-9.]+ +[0-9.]+x its";
        Assert.Matches($"\nreplay: size of the journal +[0-9.]+ KiB{Ratio} size, below 1 is better", result.Output);
        Assert.Matches($"\nreplay: the boot, recorded, on one CPU +[0-9.]+ s{Ratio} time, below 1 is better\n", result.Output);
        Assert.Matches($"\nreplay: the boot, replayed +[0-9.]+ s{Ratio} time, below 1 is better\n$", result.Output);
    }

    [Fact]
    public void The_tree_is_printed_as_QEMUs_monitor_does() => Assert.Equal(
        "/machine (none-machine)\n  /peripheral (container)\n  /peripheral-anon (container)\n  /unattached (container)\n"
        + "    /io[0] (memory-region)\n    /sysbus (System)\n    /system[0] (memory-region)\n",
        SimCommandLine.Invoke("tree", "-M", "none").Output);

    [Fact]
    public void The_tree_shows_properties_with_values_and_types() => Assert.Contains(
        "/ram (memory-backend-ram)\n    size = 67108864 (int)\n    type = memory-backend-ram (string)\n",
        SimCommandLine.Invoke("tree", "/objects/ram", "--properties", "-M", "none", "-m", "64M").Output, StringComparison.Ordinal);

    [Fact]
    public void The_memory_map_is_printed_as_QEMUs_monitor_does() => Assert.Equal(
        "address-space: memory\n  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n"
        + "    0000000000000000-0000000003ffffff (prio 0, ram): ram\n\n",
        SimCommandLine.Invoke("mtree", "-M", "none", "-m", "64M").Output);

    [Fact]
    public void The_flat_view_is_printed_as_QEMUs_monitor_does() => Assert.Equal(
        "FlatView #0\n AS \"memory\", root: system\n Root memory region: system\n"
        + "  0000000000000000-0000000003ffffff (prio 0, ram): ram\n\n",
        SimCommandLine.Invoke("mtree", "--flat", "-M", "none", "-m", "64M").Output);

    [Fact]
    public void A_trace_shows_the_flow_nested_as_the_calls_are() => Assert.Equal(
        """
        class_init object
        class_init device
        class_init sys-bus-device
        class_init serial-mm
        object_new serial-mm
          instance_init serial-mm
            class_init serial
            object_new serial
              instance_post_init device
          instance_post_init device
        property_set serial-mm regshift=2
        property_set serial-mm realized=true
          device_set_realized serial-mm
            realize serial-mm /machine/unattached/device[0]
              property_set /machine/unattached/device[0]/serial realized=true
                device_set_realized serial
                  realize serial /machine/unattached/device[0]/serial
              object_new memory-region

        """,
        SimCommandLine.Invoke("trace", "serial-mm,regshift=2", "-M", "none").Output);

    [Fact]
    public void A_trace_that_fails_shows_where()
    {
        var result = SimCommandLine.Invoke("trace", "serial-mm,regshift=9", "-M", "none");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("failed: realize serial-mm\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("sim: Property 'serial-mm.regshift' cannot be 9: expected 0 to 8.\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machines_trace_shows_its_board_being_built()
    {
        var lines = SimCommandLine.Invoke("trace", "none-machine").Output.Split('\n');
        Assert.Contains("class_init none-machine", lines);
        Assert.Contains("object_new none-machine", lines);
        Assert.Contains("machine_run_board_init none-machine", lines);
    }

    [Fact]
    public void An_abstract_type_has_a_class_and_no_instances()
    {
        var result = SimCommandLine.Invoke("trace", "device", "-M", "none");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("class_init object\nclass_init device\n", result.Output);
        Assert.Equal("sim: Type 'device' is abstract: it has a class and no instances.\n", result.Error);
    }

    /// <summary>
    /// The examples of the help, apart from those that need the shell, the network, U-Boot, gdb, an hour or a file of an earlier run.
    /// </summary>
    public static TheoryData<string> Examples()
    {
        string[] elsewhere = ["<", "install", "--output", "--help", "--against-qemu", "--minutes", " -S", ".simsnap", ".simrec"];
        return [.. Commands().SelectMany(static c => c.Examples)
            .Where(e => !elsewhere.Any(word => e.Contains(word, StringComparison.Ordinal))).Distinct()];
    }

    [Theory, MemberData(nameof(Examples))]
    public void Examples_of_the_help_work(string example) =>
        Assert.Equal(0, SimCommandLine.Invoke([.. example.Split(' ').Skip(1)]).ExitCode);

    private static List<string> Names(string filter)
    {
        using var document = JsonDocument.Parse(SimCommandLine.Invoke("types", filter, "--format", "json").Output);
        return [.. document.RootElement.EnumerateArray().Select(static t => t.GetProperty("name").GetString()!)];
    }

    private static IEnumerable<SimCommand> Commands()
    {
        using var host = new Cli.CommandHost(static () => Stream.Null, Stream.Null, TextWriter.Null);
        return Below(new CommandTree(host, LawSource.Catalogue).Root);
    }

    private static IEnumerable<SimCommand> Below(SimCommand command) =>
        command.Subcommands.OfType<SimCommand>().SelectMany(Below).Prepend(command);

    [GeneratedRegex(@"^end: reason=idle time=0ns icount= digest=[0-9a-f]{32}  host=\d+\.\d{3}s mips=\d+\.\d$")]
    private static partial Regex EndLine();
}
