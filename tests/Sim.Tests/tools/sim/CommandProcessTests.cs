using Sim.Cli.Running;
using Xunit;

namespace Sim.Tests;

/// <summary>Command lines in a process of their own, with a plugin's device that talks without a CPU.</summary>
public sealed class CommandProcessTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");

    public void Dispose() => directory.Delete(recursive: true);

    [Fact]
    public void Standard_input_is_typed_in_and_the_console_alone_is_on_standard_output()
    {
        var result = SimCommandLine.Start("hello\n!", SimCommandLine.Echo);
        Assert.Equal("HELLO\n", result.Output);
        Assert.StartsWith("end: reason=poweroff ", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void One_typed_character_changes_the_digest_and_nothing_else_does()
    {
        var first = SimCommandLine.Start("hello", SimCommandLine.Echo);
        // The echo counts bytes and keeps no text.
        Assert.Equal(Digest(first), Digest(SimCommandLine.Start("jello", SimCommandLine.Echo)));
        Assert.NotEqual(Digest(first), Digest(SimCommandLine.Start("hello ", SimCommandLine.Echo)));
    }

    [Fact]
    public void A_script_talks_to_the_console_and_quits()
    {
        var script = Script("send abc\nexpect ABC\\r\nsend def\nexpect EF\nquit\n");
        var result = SimCommandLine.Start("not read!", [.. SimCommandLine.Echo, "--script", script]);
        Assert.Equal("ABC\rDEF", result.Output.TrimEnd('\r'));
        Assert.StartsWith("end: reason=quit ", result.LastLine, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public void A_script_that_waits_in_vain_names_its_line_and_the_last_console_lines()
    {
        var path = Script("send abc\nexpect xyz\n");
        var result = SimCommandLine.Start("", [.. SimCommandLine.Echo, "--script", path]);
        Assert.StartsWith(
            $"sim: {path}:2: expect xyz: the text has not come when the run ended (reason=idle); the console's last lines: ABC\nend: ",
            result.Error, StringComparison.Ordinal);
        Assert.Equal(3, result.ExitCode);
    }

    [Fact]
    public void The_awaited_output_ends_the_run()
    {
        var result = SimCommandLine.Start("hello", [.. SimCommandLine.Echo, "--until-output", "\\x4cO"]);
        Assert.Equal(("HELLO", 0), (result.Output, result.ExitCode));
        Assert.StartsWith("end: reason=until-output ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_serial_port_can_lead_to_a_file_and_standard_input_is_then_left_alone()
    {
        var path = Path.Combine(directory.FullName, "out");
        var result = SimCommandLine.Start("x", [.. SimCommandLine.Echo, "--serial", $"file:{path}", "--script", Script("send hi\n")]);
        Assert.Equal("", result.Output);
        Assert.Equal("HI\r", File.ReadAllText(path));
    }

    [Fact]
    public void A_plugin_device_without_declared_state_is_refused_by_name()
    {
        var result = SimCommandLine.Start("", "run", "--machine", "none", "--plugin", SimCommandLine.Plugin, "--device", "test-forgetful");
        Assert.Equal(
            "sim: Device type 'test-forgetful' declares neither State nor Stateless in its class_init: "
            + "a snapshot would leave its state out silently.\n",
            result.Error);
        Assert.Equal(2, result.ExitCode);
    }

    [Theory]
    [InlineData("level=256", "sim: Property 'test-echo.level' cannot be '256': expected a number from 0 to 255.\n")]
    [InlineData("lever=1", "sim: Type 'test-echo' has no property 'lever'. Did you mean 'level'?\n")]
    [InlineData("chardev=serial7",
        "sim: Property 'test-echo.chardev' cannot be 'serial7': there is no such character device. Did you mean 'serial0'?\n")]
    public void A_devices_wrong_property_is_named(string property, string sentence)
    {
        var result =
            SimCommandLine.Start("", "run", "--machine", "none", "--plugin", SimCommandLine.Plugin, "--device", $"test-echo,{property}");
        Assert.Equal((sentence, 2), (result.Error, result.ExitCode));
    }

    [Theory]
    [InlineData("/no/such.dll", "sim: --plugin /no/such.dll: the file does not exist.")]
    [InlineData("sim.runtimeconfig.json", "it cannot be loaded as a .NET assembly")]
    [InlineData("MessagePack.dll", "the assembly registers no type")]
    public void A_plugin_that_is_none_is_refused(string path, string sentence)
    {
        var result = SimCommandLine.Start("", "types", "--plugin", Path.Combine(AppContext.BaseDirectory, path));
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.Equal(2, result.ExitCode);
    }

    [Fact]
    public void A_plugins_types_are_listed_and_traced()
    {
        Assert.Matches("^test-echo +device +device +echoes its console\n",
            SimCommandLine.Start("", "types", "test-echo", "--plugin", SimCommandLine.Plugin).Output);
        Assert.Contains("class_init test-echo\n",
            SimCommandLine.Start("", "trace", "test-echo", "-M", "none", "--plugin", SimCommandLine.Plugin).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Escape_keys_leave_help_and_send_themselves()
    {
        var keys = new EscapeKeys();
        Assert.Equal(
            [
                EscapeAction.Send, EscapeAction.Nothing, EscapeAction.Help, EscapeAction.Nothing, EscapeAction.Send, EscapeAction.Nothing,
                EscapeAction.Nothing, EscapeAction.Send, EscapeAction.Nothing, EscapeAction.Leave,
            ],
            "x\u0001h\u0001\u0001\u0001qq\u0001x".Select(c => keys.Type((byte)c)));
    }

    private static string Digest(SimCommandLine.Result result) => result.LastLine.Split("digest=")[1].Split(' ')[0];

    private string Script(string text)
    {
        var path = Path.Combine(directory.FullName, "script");
        File.WriteAllText(path, text);
        return path;
    }
}
