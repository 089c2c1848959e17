using System.Diagnostics;
using System.IO.Pipes;
using System.Text;
using System.Text.Json;
using Sim.Bench;
using Sim.Cli;
using Sim.Cli.Checking;
using Sim.PlantedLaws;
using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary><c>sim check</c> with planted laws, each tried in a real process.</summary>
public sealed class CheckCommandTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Laws_that_hold_are_exit_code_0_and_are_told_with_cases_and_rarest_class()
    {
        var result = Check("--law", "good", "--seed", "7");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Matches(@"^law +group +cases +seconds +cases/s +result +rarest class\n", result.Output);
        Assert.Matches(@"\nholds +good +100 .* held +even \d+\.\d %\n", result.Output);
        Assert.EndsWith("seed 7: 2 held\n", result.Output, StringComparison.Ordinal);
        Assert.Empty(directory.GetFiles());
    }

    [Fact]
    public void Bench_measures_cases_per_second_and_names_laws_that_cannot_be_tried()
    {
        var result = Invoke("bench", "check", "--quick", "--law", "good", "--law", "lacking");
        Assert.Equal((0, "sim: Law lacks is not run: plan9 is not installed: sudo apt-get install plan9\n"), (result.ExitCode, result.Error));
        Assert.Matches(@"^law holds +[0-9.]+ cases/s\nlaw holds-too +[0-9.]+ cases/s\n", result.Output);
        Assert.Matches(@"\nppce500 with 1 vCPU, .* machines/s\n.* 2 vCPUs, .* machines/s .*\n.* 8 vCPUs, .* machines/s\ndevice .* devices/s\n$", result.Output);
    }

    [Fact]
    public void Bench_gives_no_rate_for_a_law_that_is_broken()
    {
        var result = Invoke("bench", "check", "--seconds", "0.01", "--law", "fails");
        Assert.Equal((4, ""), (result.ExitCode, result.Output));
        Assert.Matches(@"^sim: bench check: law 'fails' is broken, .*'sim check --law fails --case \d+:\d+' tells more\.\n$", result.Error);
    }

    [Fact]
    public void Bench_measures_laws_that_boot_Linux_for_each_case_only_when_they_are_named() => Assert.Equal(
        ["linux-boot"], LawCatalogue.All.Where(static law => law.Sample.Runs < LawBenchmark.FewestCases).Select(static law => law.Name));

    [Fact]
    public void The_campaign_of_fresh_processes_counts_what_held_and_tells_what_did_not()
    {
        var good = Campaign("--law", "holds", "--law", "holds-too");
        Assert.Equal((0, "Seed 1.\n"), (good.ExitCode, good.Error));
        Assert.Matches(@"^law +cases  held\nholds +6 +6\nholds-too +6 +6\nseed 1: 2 laws, 12 processes, \d+ s, 0 cases not held\n$", good.Text);

        var bad = Campaign("--law", "fails", "--law", "throws", "--laws-per-process", "2");
        Assert.Equal(4, bad.ExitCode);
        Assert.Contains("\nagain: sim check --law fails --case ", bad.Text, StringComparison.Ordinal);
        Assert.Contains("Law 'throws' crashed. exit code 1: sim: InvalidOperationException: No such thing", bad.Text, StringComparison.Ordinal);
        Assert.Matches(@"\nfails +6 +[1-5]\nthrows +6 +0\nseed 1: 2 laws, 6 processes, ", bad.Text);
    }

    [Fact]
    public void A_fresh_seed_is_printed() => Assert.Matches(@"^sim: Seed \d+\.\n$", Check("--law", "holds", "--runs", "1").Error);

    [Fact]
    public void A_failure_is_shrunk_and_saved_and_its_command_brings_it_again()
    {
        var result = Check("--law", "fails", "--seed", "7");
        Assert.Equal(4, result.ExitCode);
        Assert.Contains("to:\n500\nCheckFailedException: It is not below 500.\n", result.Output, StringComparison.Ordinal);
        var again = Assert.Single(
            result.Output.Split('\n'), static line => line.StartsWith("again: sim check ", StringComparison.Ordinal))[7..];
        var file = Assert.Single(directory.GetFiles());
        var saved = File.ReadAllText(file.FullName);
        Assert.Contains($"again: {again}\n", saved, StringComparison.Ordinal);
        Assert.Contains("500\nCheckFailedException: It is not below 500.\n", saved, StringComparison.Ordinal);

        var repeated = Check(again.Split(' ')[2..]);
        Assert.Equal(4, repeated.ExitCode);
        Assert.Equal(result.Output.Split("again:")[0], repeated.Output.Split("again:")[0]);
        Assert.EndsWith($"case {again.Split(' ')[^1]}: 1 failed\n", repeated.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_run_of_a_failing_case_is_saved_and_replays()
    {
        var result = Check("--law", "run-fails", "--seed", "7");
        var journal = Assert.Single(directory.GetFiles("*.simrec")).FullName;
        Assert.Contains($"its run: {journal}\n", result.Output, StringComparison.Ordinal);
        var replayed = SimCommandLine.Invoke("replay", journal);
        Assert.True(replayed.ExitCode == 0, replayed.Error);
        Assert.StartsWith("end: reason=poweroff ", replayed.LastLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rare", "was not tried on enough of: negative", "rare +bad +500 .* failed +negative 0.0 %\n", "--seed 7")]
    [InlineData("fails-as-before", "725\nCheckFailedException: It is the past one.",
        "fails-as-before +past +0 .* failed\n", "--case 8722637202461243168:28")]
    [InlineData("throws", "exit code 1, after 0 cases or more.\nsim: InvalidOperationException: No such thing",
        "throws .* crashed\n", "--seed 7")]
    [InlineData("crashes", "cases or more.\nProcess terminated.\nThe planted crash.", "crashes .* crashed\n", "--seed 7")]
    public void Whatever_else_is_wrong_with_a_law_is_told_and_comes_again(string law, string message, string row, string options)
    {
        var result = Check("--law", law, "--seed", "7");
        Assert.Equal(4, result.ExitCode);
        Assert.Contains(message, result.Output, StringComparison.Ordinal);
        Assert.Contains($"again: sim check --law {law} {options}\n", result.Output, StringComparison.Ordinal);
        Assert.Matches(row, result.Output);
        Assert.Single(directory.GetFiles());
        Assert.Contains(message, Check(["--law", law, .. options.Split(' ')]).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Few_cases_do_not_fail_for_a_rare_class() => Assert.Equal(0, Check("--law", "rare", "--runs", "10", "--seed", "7").ExitCode);

    [Fact]
    public void A_law_that_lacks_something_is_not_run_and_says_what_provides_it()
    {
        var alone = Check("--law", "lacks", "--seed", "7");
        Assert.Equal(5, alone.ExitCode);
        Assert.Contains(
            "lacks is not run: plan9 is not installed: sudo apt-get install plan9\nseed 7: 1 not run\n", alone.Output, StringComparison.Ordinal);
        Assert.Equal(0, Check("--law", "lacks", "--law", "holds").ExitCode);
    }

    [Fact]
    public void Any_number_of_jobs_gives_the_same_for_the_same_seed()
    {
        string[] laws = ["--law", "good", "--law", "bad", "--law", "lacks", "--format", "json"];
        var one = Results(Check([.. laws, "--seed", "7", "--jobs", "1"]));
        Assert.Equal(5, one.Count);
        Assert.Equal(one, Results(Check([.. laws, "--seed", "0x7", "--jobs", "3"])));
        Assert.NotEqual(one, Results(Check([.. laws, "--seed", "8"])));
    }

    [Theory]
    [InlineData("json")]
    [InlineData("jsonl")]
    public void The_first_failure_can_end_the_campaign(string format)
    {
        string[] laws = ["--law", "holds", "--law", "fails", "--law", "rare", "--seed", "7", "--format", format];
        Assert.Equal(3, Ends(Check([.. laws, "--jobs", "1"]), format).Count(static r => r.Result is LawOutcome.Held or LawOutcome.Failed));
        var first = Ends(Check([.. laws, "--jobs", "1", "--first-failure"]), format);
        Assert.Equal([LawOutcome.Held, LawOutcome.Failed], first.Select(static r => r.Result).Where(static r => r != LawOutcome.Stopped));
    }

    [Fact]
    public void A_failing_case_can_be_kept_as_it_is_and_is_counted_among_those_tried()
    {
        var failed = Assert.Single(Ends(Check("--law", "fails", "--seed", "7", "--shrink", "0", "--format", "json"), "json"));
        Assert.Contains("shrunk 0 times to:", failed.Message, StringComparison.Ordinal);
        Assert.NotEqual("500", failed.Case);
        Assert.InRange(failed.Cases, 1, 100);
        var fewer = Check("--law", "fails", "--seed", "7", "--runs", FormattableString.Invariant($"{failed.Cases}"));
        Assert.Equal(4, fewer.ExitCode);
        if (failed.Cases > 1)
            Assert.Equal(0, Check("--law", "fails", "--seed", "7", "--runs", FormattableString.Invariant($"{failed.Cases - 1}")).ExitCode);
    }

    [Fact]
    public void Rounds_have_new_seeds_until_the_time_is_over()
    {
        var result = Check("--law", "holds", "--law", "fails", "--minutes", "0.1", "--seed", "7", "--format", "json");
        Assert.Equal(4, result.ExitCode);
        using var document = JsonDocument.Parse(result.Output);
        var laws = document.RootElement.GetProperty("laws").EnumerateArray().ToList();
        Assert.Equal(["held", "failed"], laws.Select(static law => law.GetProperty("result").GetString()));
        Assert.True(laws[0].GetProperty("of").GetInt32() > 100);
        Assert.Equal(100, laws[1].GetProperty("of").GetInt32());
    }

    [Fact]
    public void Laws_are_listed_with_what_they_lack()
    {
        var result = Check("--list", "--law", "holds", "--law", "lacking");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            "law    group    cases  what holds\nholds  good       100  Numbers are as law 'holds' wants them.\n"
            + "lacks  lacking    100  Numbers are as law 'lacks' wants them.\n"
            + "                       not here: plan9 is not installed: sudo apt-get install plan9\n",
            result.Output);
        using var document = JsonDocument.Parse(Check("--list", "--format", "json").Output);
        Assert.Equal(
            Planted.Laws.Select(static law => law.Name),
            document.RootElement.EnumerateArray().Select(static e => e.GetProperty("law").GetString()!));
    }

    [Theory]
    [InlineData("--law fials", "--law fials: no law and no group has that name. Did you mean 'fails'? See 'sim check --list'.")]
    [InlineData("--law good --case 1:2", "--case needs one law, and 2 are chosen: name it with --law.")]
    [InlineData("--law fails --case 1", "--case '1' is no case: expected SEED:SIZE, two whole numbers, as a failure names it.")]
    [InlineData("--law fails --case 1:2 --runs 3", "--case tries one case alone; leave out --runs.")]
    [InlineData("--minutes soon", "--minutes 'soon' is not possible: expected a number above 0, up to 10000.")]
    [InlineData("--runs 0", "--runs '0' is not possible: expected a whole number from 1 to 100000000.")]
    [InlineData("--shrink few", "--shrink 'few' is not possible: expected a whole number from 0 to 1000000.")]
    [InlineData("--jobs 257", "--jobs '257' is not possible: expected a whole number from 1 to 256.")]
    [InlineData("--format xml", "--format 'xml' is unknown: expected text or json or jsonl.")]
    public void Wrong_usage_is_one_sentence_and_exit_code_2(string line, string sentence)
    {
        var result = Check(line.Split(' '));
        Assert.Equal((2, "", $"sim: {sentence}\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void A_failure_that_cannot_be_saved_is_told()
    {
        var path = Path.Combine(directory.FullName, "file");
        File.WriteAllText(path, "");
        var result = Invoke(["check", "--law", "fails", "--seed", "7", "--failures", path]);
        Assert.StartsWith($"sim: --failures {path}: the failure of law 'fails' cannot be saved: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(2, result.ExitCode);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_a_campaign_in_order(string signal)
    {
        var token = TestContext.Current.CancellationToken;
        var name = $"sim-test-{Guid.NewGuid():N}";
        await using var pipe = new NamedPipeServerStream(name, PipeDirection.InOut);
        var start = new ProcessStartInfo("env", ["--default-signal", "dotnet", LawProgram, "check", "--law", "good", "--law", "endless", "--jobs", "1", "--seed", "7"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory.FullName,
        };
        start.Environment[Planted.PipeVariable] = name;
        using var process = Process.Start(start)!;
        using var deadline = new ProcessDeadline(process);
        await pipe.WaitForConnectionAsync(token);
        HostTool.Run("kill", [$"-{signal}", FormattableString.Invariant($"{process.Id}")]);
        var output = await process.StandardOutput.ReadToEndAsync(token);
        await process.WaitForExitAsync(token);
        Assert.Equal(130, process.ExitCode);
        Assert.Matches(@"\nendless +long +0 .* stopped\n", output);
        Assert.EndsWith("seed 7: 2 held, 1 stopped\n", output, StringComparison.Ordinal);
        Assert.Equal(0, await pipe.ReadAsync(new byte[1], token));   // Whoever tried the law is gone as well.
    }

    [Fact]
    public void The_process_that_tries_laws_tells_a_line_of_json_for_each()
    {
        var result = Invoke(["check", "--law", "holds", "--law", "fails", "--seed", "7", "--format", "jsonl"]);
        Assert.Equal(4, result.ExitCode);
        var ends = Ends(result, "jsonl");
        Assert.Equal([LawOutcome.Held, LawOutcome.Failed], ends.Select(static r => r.Result));
        Assert.Equal("500", ends[1].Case);
    }

    [Fact]
    public void Other_commands_do_not_load_the_property_kit()
    {
        var loaded = HostTool.Run("dotnet", [LawProgram, "assemblies", "run", "--machine", "none", "--memory", "64M"]).Text.Split('\n');
        Assert.Contains("Sim.Engine", loaded);
        Assert.DoesNotContain("Sim.PropertyKit", loaded);
        Assert.DoesNotContain("FsCheck", loaded);
        Assert.Contains("Sim.PropertyKit", HostTool.Run("dotnet", [LawProgram, "assemblies", "check", "--list"]).Text.Split('\n'));
    }

    [Fact]
    public void A_case_is_read_as_it_is_written()
    {
        var seed = new CaseSeed(ulong.MaxValue, 60);
        Assert.True(CaseSeed.TryParse(seed.ToString(), out var read));
        Assert.Equal(seed, read);
        Assert.All(["", "1", "1:", ":1", "1:2:3", "-1:2", "1:-2", "x:2"], static text => Assert.False(CaseSeed.TryParse(text, out _)));
    }

    private static HostTool.Result Campaign(params string[] options)
    {
        HostTool.Require("python3", "python3");
        var script = Path.Combine(Repository.Root, "tools", "campaigns", "fresh-processes.py");
        return HostTool.Run("python3", [script, "--rounds", "6", "--seed", "1", "--sim", LawProgram, .. options]);
    }

    private static string LawProgram => PlantedLaws.Program.Source.Program;

    /// <summary>How it stands with each law at the end.</summary>
    private static List<LawResult> Ends(SimCommandLine.Result result, string format)
    {
        if (format == "jsonl")
        {
            return [.. result.Output.TrimEnd('\n').Split('\n').Select(static line => JsonSerializer.Deserialize(line, LawResultJson.Default.LawResult)!)
                .Where(static r => r.Result != LawOutcome.Running)];
        }

        using var document = JsonDocument.Parse(result.Output);
        return [.. document.RootElement.GetProperty("laws").EnumerateArray().Select(static law => law.Deserialize(LawResultJson.Default.LawResult)!)];
    }

    /// <summary>What must be equal whatever the host does: everything but the time.</summary>
    private static List<string> Results(SimCommandLine.Result result)
    {
        using var document = JsonDocument.Parse(result.Output);
        return [.. document.RootElement.GetProperty("laws").EnumerateArray().Select(static law =>
            string.Join('\n', law.EnumerateObject().Where(static p => p.Name != "seconds").Select(static p => p.ToString())))];
    }

    private SimCommandLine.Result Check(params string[] options) => Invoke(["check", "--failures", directory.FullName, .. options]);

    private static SimCommandLine.Result Invoke(params string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var host = new CommandHost(static () => Stream.Null, output, error);
        var code = Cli.Program.Invoke(arguments, host, PlantedLaws.Program.Source);
        return new SimCommandLine.Result(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
