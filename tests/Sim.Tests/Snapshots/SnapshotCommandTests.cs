using System.Text.Json;
using Xunit;

namespace Sim.Tests;

/// <summary>Saving, restoring and looking into snapshots from the command line.</summary>
public sealed class SnapshotCommandTests : IDisposable
{
    private static readonly string Demo = Path.Combine(Repository.Root, "tools", "guests", "demo", "demo.elf");

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-snapshot-");

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData("--until-icount", "123457")]
    [InlineData("--until-time", "600us")]
    [InlineData("--until-output", "cpu 1 ")]
    public void A_run_cut_anywhere_and_restored_in_another_process_ends_as_the_uncut_one(string limit, string value)
    {
        var uncut = SimCommandLine.Invoke("run", "--bios", Demo, "--smp", "3");
        var first = SimCommandLine.Invoke("run", "--bios", Demo, "--smp", "3", limit, value, "--save", At("a.simsnap"));
        Assert.Equal(0, first.ExitCode);
        var second = SimCommandLine.Start("", "restore", At("a.simsnap"));
        Assert.Equal(0, second.ExitCode);
        Assert.Equal(uncut.Output, first.Output + second.Output);
        Assert.Equal(Run(uncut), Run(second));
    }

    [Fact]
    public void A_script_cut_at_its_save_line_goes_on_where_it_stood()
    {
        TestGuests.UBoot();   // Skips the test where it is not installed.
        string[] machine = ["run", "--bios", TestGuests.UBootFile];
        const string Begin = "expect autoboot:\nsend\nexpect =>\\x20\nsend sleep .01; date\nexpect 20\n";
        const string Rest = "expect =>\\x20\nsend setenv a b; printenv a\nexpect a=b\nsend poweroff\n";
        var uncut = SimCommandLine.Invoke([.. machine, "--script", Script("uncut", Begin + Rest)]);
        var cut = SimCommandLine.Invoke([.. machine, "--script", Script("cut", Begin + $"save {At("cut.simsnap")}\n" + Rest)]);
        Assert.Equal((0, uncut.Output, Run(uncut)), (cut.ExitCode, cut.Output, Run(cut)));
        var restored = SimCommandLine.Start("", "restore", At("cut.simsnap"));
        Assert.Equal(0, restored.ExitCode);
        Assert.Equal(Run(uncut), Run(restored));
        Assert.EndsWith(restored.Output, uncut.Output, StringComparison.Ordinal);
        Assert.Contains("goes on at line 7", restored.Error, StringComparison.Ordinal);

        var left = SimCommandLine.Start("", "restore", At("cut.simsnap"), "--no-script", "--until-time", "1s");
        Assert.Contains("end: reason=until-time ", left.Error, StringComparison.Ordinal);
        var other = SimCommandLine.Start("", "restore", At("cut.simsnap"), "--script", Script("other", "expect =>\\x20\nsend poweroff\n"));
        Assert.Equal(0, other.ExitCode);
        Assert.DoesNotContain("printenv", other.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_restored_run_is_saved_again_with_the_same_bytes()
    {
        SimCommandLine.Invoke("run", "--bios", Demo, "--smp", "2", "--until-icount", "200001", "--save", At("a.simsnap"));
        var again = SimCommandLine.Start("", "restore", At("a.simsnap"), "--until-icount", "200001", "--save", At("b.simsnap"));
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(File.ReadAllBytes(At("a.simsnap")), File.ReadAllBytes(At("b.simsnap")));
        Assert.Contains("in order, digest ", SimCommandLine.Invoke("snapshot", "verify", At("b.simsnap")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_shows_sections_and_any_field()
    {
        SimCommandLine.Invoke("run", "--bios", Demo, "--smp", "2", "--until-icount", "200001", "--save", At("a.simsnap"));
        var text = SimCommandLine.Invoke("snapshot", "inspect", At("a.simsnap")).Output;
        Assert.Matches("(?m)^/machine/pic +openpic +v1 +[0-9]+ bytes$", text);
        Assert.Matches("(?m)^machine +ppce500, 2 x the default CPU$", text);
        var field = SimCommandLine.Invoke("snapshot", "inspect", At("a.simsnap"), "pic:SpuriousVector").Output;
        Assert.Matches("^/machine/pic \\(openpic v1\\)\n  SpuriousVector +0xffff\n$", field);
        using var json = JsonDocument.Parse(SimCommandLine.Invoke("snapshot", "inspect", At("a.simsnap"), "--format", "json").Output);
        Assert.True(json.RootElement.GetProperty("sections").GetArrayLength() > 10);
        using var state = JsonDocument.Parse(SimCommandLine.Invoke("snapshot", "inspect", At("a.simsnap"), "scheduler", "--format", "json").Output);
        Assert.Equal(2, state.RootElement[0].GetProperty("fields").EnumerateObject().Count(static f => f.Name.EndsWith(".Instructions", StringComparison.Ordinal)));
        var wrong = SimCommandLine.Invoke("snapshot", "inspect", At("a.simsnap"), "pic:SpuriousVectr");
        Assert.Equal(3, wrong.ExitCode);
        Assert.Contains("SpuriousVector", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Diff_names_devices_fields_and_ranges_of_RAM()
    {
        SimCommandLine.Invoke("run", "--bios", Demo, "--smp", "2", "--until-icount", "200001", "--save", At("a.simsnap"));
        SimCommandLine.Invoke("run", "--bios", Demo, "--smp", "2", "--until-icount", "500001", "--save", At("b.simsnap"));
        var same = SimCommandLine.Invoke("snapshot", "diff", At("a.simsnap"), At("a.simsnap"));
        Assert.Equal((0, ""), (same.ExitCode, same.Output));
        var diff = SimCommandLine.Invoke("snapshot", "diff", At("a.simsnap"), At("b.simsnap"), "--all");
        Assert.Equal(4, diff.ExitCode);
        Assert.Matches(@"(?m)^/scheduler\n(  .*\n)*  Clocks\[\d\]\.Instructions +\d+ -> \d+$", diff.Output);
        Assert.Matches(@"(?m)^/machine/unattached/device\[\d\]\n(  .*\n)*  Gpr\[\d+\] +0x[0-9a-f]+ -> 0x[0-9a-f]+$", diff.Output);
        Assert.Matches(@"(?m)^mpc8544ds\.ram\n  0x[0-9a-f]{9}-0x[0-9a-f]{9} \(\d+ bytes\)", diff.Output);
    }

    [Theory]
    [InlineData("snapshot", "verify")]
    [InlineData("snapshot", "inspect")]
    [InlineData("restore")]
    public void A_file_that_is_none_is_refused_in_a_sentence(params string[] command)
    {
        var missing = SimCommandLine.Invoke([.. command, At("none.simsnap")]);
        Assert.Equal((3, $"sim: {At("none.simsnap")}: this snapshot file does not exist.\n"), (missing.ExitCode, missing.Error));
        File.WriteAllText(At("text.simsnap"), "this is no snapshot at all");
        var text = SimCommandLine.Invoke([.. command, At("text.simsnap")]);
        Assert.NotEqual(0, text.ExitCode);
        Assert.Equal($"sim: {At("text.simsnap")}: this is no snapshot: it does not begin as one.\n", text.Error);
        SimCommandLine.Invoke("run", "--bios", Demo, "--smp", "2", "--until-icount", "1", "--save", At("torn.simsnap"));
        var whole = File.ReadAllBytes(At("torn.simsnap"));
        File.WriteAllBytes(At("torn.simsnap"), whole[..^5]);
        var torn = SimCommandLine.Invoke([.. command, At("torn.simsnap")]);
        Assert.NotEqual(0, torn.ExitCode);
        Assert.Contains("the file is torn", torn.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_is_killed_while_it_saves_leaves_the_old_file_whole()
    {
        SimCommandLine.Invoke("run", "--bios", Demo, "--smp", "2", "--until-icount", "200001", "--save", At("a.simsnap"));
        var before = File.ReadAllBytes(At("a.simsnap"));
        var path = At("a.simsnap");
        for (var delay = 0; delay < 5; delay++)
        {
            // Killed at whatever it is doing; the later ones while or after it saves.
            var killed = HostTool.Run("timeout",
                ["-s", "KILL", FormattableString.Invariant($"0.{2 + delay}"), "dotnet", Path.Combine(AppContext.BaseDirectory, "sim.dll"),
                    "run", "--bios", Demo, "--until-icount", "200000", "--save", path], []);
            Assert.Contains(killed.ExitCode, (int[])[137, 0]);
            var now = File.ReadAllBytes(path);
            Assert.True(now.AsSpan().SequenceEqual(before) || SimCommandLine.Invoke("snapshot", "verify", path).ExitCode == 0, "The file is neither the old nor the new one.");
        }
    }

    private static string Run(SimCommandLine.Result result) => result.LastLine[result.LastLine.IndexOf("time=", StringComparison.Ordinal)..].Split("  ")[0];

    private string Script(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    private string At(string name) => Path.Combine(directory.FullName, name);
}
