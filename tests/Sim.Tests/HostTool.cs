using System.Diagnostics;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Runs a program of the host that a test compares with. Where it is missing the test is skipped, naming the command that installs it.
/// </summary>
internal static class HostTool
{
    /// <summary>Exit code and outputs of a finished program.</summary>
    public sealed record Result(int ExitCode, byte[] Output, string Error)
    {
        public string Text => System.Text.Encoding.Latin1.GetString(Output);
    }

    /// <summary>True when the program is in the search path; the same as what <see cref="Require"/> asks.</summary>
    public static bool Exists(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, program)));

    /// <summary>Skips the calling test unless the program is installed.</summary>
    public static void Require(string program, string debianPackage) =>
        Assert.SkipUnless(Exists(program), $"{program} is not installed: sudo apt-get install {debianPackage}");

    /// <summary>Runs a program to its end with the given standard input and further environment variables.</summary>
    /// <exception cref="TimeoutException">It has not ended within so many seconds, and has been ended.</exception>
    public static Result Run(
        string program, IEnumerable<string> arguments, byte[]? input = null, IReadOnlyDictionary<string, string>? environment = null, int seconds = 300)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var deadline = new ProcessDeadline(process, seconds);
        using var output = new MemoryStream();
        var copying = process.StandardOutput.BaseStream.CopyToAsync(output);
        var error = process.StandardError.ReadToEndAsync();
        if (input is not null)
            process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        Task.WaitAll(copying, error);
        if (deadline.HasPassed)
            throw new TimeoutException($"{program} has not ended within {seconds} s; its standard error: {error.Result}");
        return new Result(process.ExitCode, output.ToArray(), error.Result);
    }
}
