using Xunit;

namespace Sim.Tests;

/// <summary>Law L8 at the command line: one sentence, the right exit code, nothing on stdout, no stack trace.</summary>
public sealed class CommandErrorTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData("rnu", "Unknown command 'rnu'. Did you mean 'run'? See 'sim --help'.")]
    [InlineData("--smp 2", "'sim' has no option '--smp'. It belongs to 'sim run'")]
    [InlineData("run --quantm 5", "'sim run' has no option '--quantm'. Did you mean '--quantum'?")]
    [InlineData("run -smq 5", "'sim run' has no option '-smq'. Did you mean '-smp'?")]
    [InlineData("run --smp", "--smp needs a value: N.")]
    [InlineData("run --smp 1 --smp 2", "--smp is given 2 times; once is possible.")]
    [InlineData("run foo", "'foo' is one argument too many for 'sim run'; see 'sim run --help'.")]
    [InlineData("trace", "'sim trace' needs TYPE; see 'sim trace --help'.")]
    [InlineData("guests", "'sim guests' needs a command: install, list.")]
    [InlineData("guests install plan9", "Unknown guest 'plan9'; known are u-boot and linux.")]
    [InlineData("guests install linux --from x",
        "--from and --sha256 are for u-boot: linux is built from the distribution's source packages.")]
    [InlineData("run -M nome", "Unknown machine 'nome'; known are")]
    [InlineData("run -M none,frobnicate=1", "Type 'none-machine' has no property 'frobnicate'.")]
    [InlineData("run -M none,frobnicate", "--machine none,frobnicate: 'frobnicate' is not of the form prop=val.")]
    [InlineData("run -M none --smp 0", "--smp 0 is out of range: machine 'none' takes 1 to 1 CPUs.")]
    [InlineData("run -M none --smp 33", "--smp 33 is out of range: machine 'none' takes 1 to 1 CPUs.")]
    [InlineData("run -M none --smp two", "--smp 'two' is not a number of CPUs.")]
    [InlineData("run -M none --cpu e500v2", "--cpu e500v2: machine 'none' has no CPU.")]
    [InlineData("run -M none -m lots", "--memory 'lots' is not a size")]
    [InlineData("run -M none -m 65G", "machine 'none' takes 4K to 65536M in multiples of 4K.")]
    [InlineData("run -M none --device serial-mmm", "Unknown type 'serial-mmm'. Did you mean 'serial-mm'?")]
    [InlineData("run -M none --device sys-bus-device",
        "--device sys-bus-device: that type is abstract; name one of the types derived from it.")]
    [InlineData("run -M none --device serial-mm", "--device serial-mm: users cannot make devices of that type; it comes with a board.")]
    [InlineData("run -M none --device irq", "--device irq: that type is no device.")]
    [InlineData("run -M none --device ds1338", "--device ds1338: machine 'none' has no bus of type 'i2c-bus'.")]
    [InlineData("run -M none,phandle-start=2147483648",
        "Property 'none-machine.phandle-start' cannot be '2147483648': expected a number from 0 to 2147483647.")]
    [InlineData("run -M none --device =1", "--device =1: expected DRIVER,prop=val,… with a driver first.")]
    [InlineData("run -M none --global serial", "--global serial: expected TYPE.PROP=VAL.")]
    [InlineData("run -M none --global cereal.baudbase=1", "unknown type 'cereal'. Did you mean 'serial'?")]
    [InlineData("run -M none --global serial.baudbase=1", "--global serial.baudbase=1 had no effect")]
    [InlineData("run -M none --serial tty", "--serial 'tty' is unknown: expected stdio, null or file:PATH.")]
    [InlineData("run -M none --serial stdio --serial stdio", "--serial stdio is given twice; one port alone can have it.")]
    [InlineData("run -M none --serial stdio --serial null", "--serial is given 2 times: machine 'none' takes at most 1.")]
    [InlineData("run -M none --serial file:/no/such/directory/x", "--serial /no/such/directory/x: the file cannot be written")]
    [InlineData("run -M none --schedule fair", "Schedule 'fair' is unknown: expected round-robin or random:SEED")]
    [InlineData("run -M none --quantum 1", "--quantum 1 is out of range: expected 128 ns")]
    [InlineData("run -M none --icount-shift 11", "--icount-shift '11' is not possible: expected a whole number from 0 to 10.")]
    [InlineData("run -M none --seed -1", "--seed '-1' is not possible")]
    [InlineData("run -M none --rtc-base yesterday", "--rtc-base 'yesterday' is no date")]
    [InlineData("run -M none --until-time 2.5x", "--until-time: '2.5x' is not a time")]
    [InlineData("run -M none --until-icount many", "--until-icount 'many' is not possible")]
    [InlineData("run -M none --until-icount 1:5", "--until-icount names CPU 1; the machine has 0, counted from 0.")]
    [InlineData("run -M none --until-output \\q", "--until-output '\\q': '\\q' is no escape that C knows.")]
    [InlineData("run -M none --pace slow", "--pace 'slow' is unknown: expected real or max.")]
    [InlineData("run -M none --host-timeout 0", "--host-timeout '0' is not possible")]
    [InlineData("run -M none --log exek",
        "--log 'exek' is no category: expected int, mmio, exec, tlb, unimp, guest_errors. Did you mean 'exec'?")]
    [InlineData("run -M none --log exec --log-range 9-1", "--log-range '9-1' is no range")]
    [InlineData("run -M none --log-file x", "--log-file needs --log CATEGORIES.")]
    [InlineData("bench interger", "Unknown benchmark 'interger'; known are integer, memory, calls, muldiv, mmio, exceptions, machines, objects")]
    [InlineData("bench integer --law qom", "--law is about laws: 'sim bench check' measures them.")]
    [InlineData("bench check --law atomic-realise", "--law atomic-realise: no law and no group has that name. Did you mean 'atomic-realize'?")]
    [InlineData("bench check --seconds 0", "--seconds '0' is not possible: expected a number from 0.01 to 3600.")]
    [InlineData("run -M none -S", "-S waits for a debugger: it needs -s or --gdb PORT.")]
    [InlineData("run -M none --gdb many", "--gdb 'many' is no place to listen at: expected a port from 0 to 65535")]
    [InlineData("run -M none --gdb 65536", "--gdb '65536' is no place to listen at")]
    [InlineData("run -M none --gdb 0", "--gdb needs a machine with a CPU; 'none' has none.")]
    [InlineData("types nonesuch", "No type is a 'nonesuch' or has that in its name.")]
    [InlineData("types --format xml", "--format 'xml' is unknown: expected text or json.")]
    [InlineData("tree /machine/nobody -M none", "The machine has no object '/machine/nobody'; 'sim tree /' shows all.")]
    [InlineData("trace serial-mn -M none", "Unknown type 'serial-mn'. Did you mean 'serial-mm'?")]
    public void Wrong_usage_is_one_sentence_and_exit_code_2(string line, string sentence) => CheckRefused(2, sentence, line.Split(' '));

    [Theory]
    [InlineData("--bios", "firmware")]
    [InlineData("--kernel", "kernel")]
    [InlineData("--initrd", "initial RAM disk")]
    [InlineData("--dtb", "device tree")]
    public void A_missing_image_is_named_with_its_role_and_exit_code_3(string option, string role)
    {
        var path = Path.Combine(directory.FullName, "missing");
        CheckRefused(3, $"{path}: this {role} file does not exist.", "run", "-M", "none", option, path);
    }

    [Fact]
    public void A_missing_script_is_exit_code_3() =>
        CheckRefused(3, "--script /no/such/script: the file cannot be read", "run", "-M", "none", "--script", "/no/such/script");

    [Fact]
    public void A_wrong_script_line_is_named_with_file_and_line()
    {
        var path = Script("send x\nexpekt y\n");
        CheckRefused(
            3, $"{path}:2: 'expekt' is no script command; expected expect, send, save or quit.", "run", "-M", "none", "--script", path);
    }

    [Fact]
    public void A_text_that_never_comes_is_exit_code_3_and_the_end_line_still_comes()
    {
        var result = SimCommandLine.Invoke("run", "-M", "none", "--until-output", "hello");
        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith(
            "sim: --until-output hello: the text has not come when the run ended (reason=idle); "
            + "the console's last lines: (nothing printed)\n",
            result.Error, StringComparison.Ordinal);
        Assert.StartsWith("end: reason=idle ", result.LastLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_line_that_never_comes_is_exit_code_3_and_is_named()
    {
        var path = Script("# comment\nexpect hello\n");
        var result = SimCommandLine.Invoke("run", "-M", "none", "--script", path);
        Assert.Equal(3, result.ExitCode);
        Assert.StartsWith($"sim: {path}:2: expect hello: the text has not come", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_defect_is_one_sentence_without_a_stack_trace()
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var host = new Cli.CommandHost(static () => throw new InvalidOperationException("broken\non purpose."), output, error);
        Assert.Throws<InvalidOperationException>(() => host.Input);
        Assert.Equal(1, Cli.Program.Guarded(() => host.Input.ReadByte(), host));
        Assert.Equal(
            "sim: InvalidOperationException: broken on purpose; this is a defect of sim, please report it with the command line.\n",
            error.ToString());
    }

    private string Script(string text)
    {
        var path = Path.Combine(directory.FullName, "script");
        File.WriteAllText(path, text);
        return path;
    }

    private static void CheckRefused(int code, string sentence, params string[] arguments)
    {
        var result = SimCommandLine.Invoke(arguments);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.StartsWith("sim: ", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.Equal("", result.Output);
        Assert.Equal(code, result.ExitCode);
    }
}
