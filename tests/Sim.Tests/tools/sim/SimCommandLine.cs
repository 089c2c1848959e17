using System.Text;
using Sim.Cli;

namespace Sim.Tests;

/// <summary>
/// Runs command lines of <c>sim</c>: in this process, or in one of their own where plugins, signals or the process itself are the point.
/// </summary>
internal static class SimCommandLine
{
    /// <summary>What a command line left.</summary>
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        /// <summary>The last line on standard error.</summary>
        public string LastLine => Error.TrimEnd('\n').Split('\n')[^1];
    }

    /// <summary>The plugin assembly of the tests.</summary>
    public static string Plugin => Path.Combine(AppContext.BaseDirectory, "Sim.TestPlugin.dll");

    /// <summary>A machine that talks without a CPU: its console echoes in upper case, and powers off at an exclamation mark.</summary>
    public static string[] Echo => ["run", "--machine", "none", "--plugin", Plugin, "--device", "test-echo,chardev=serial0"];

    /// <summary>Runs a command line in this process.</summary>
    public static Result Invoke(params string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var host = new CommandHost(static () => Stream.Null, output, error);
        var code = Program.Invoke(arguments, host);
        return new Result(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    /// <summary>Runs a command line in this process, its standard output closed by the reader.</summary>
    public static Result InvokeWithClosedOutput(params string[] arguments)
    {
        using var error = new StringWriter();
        using var host = new CommandHost(static () => Stream.Null, new ClosedStream(), error);
        var code = Program.Invoke(arguments, host);
        return new Result(code, "", error.ToString());
    }

    /// <summary>Runs a command line in a process of its own, with text on its standard input.</summary>
    public static Result Start(string input, params string[] arguments)
    {
        var result =
            HostTool.Run("dotnet", [Path.Combine(AppContext.BaseDirectory, "sim.dll"), .. arguments], Encoding.UTF8.GetBytes(input));
        return new Result(result.ExitCode, Encoding.UTF8.GetString(result.Output), result.Error);
    }

    private sealed class ClosedStream : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("Broken pipe");

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");
    }
}
