using System.Diagnostics;
using Sim.Engine.Base;

namespace Sim.Cli.Guests;

/// <summary>Runs programs of the host, found in a search path.</summary>
internal sealed class HostCommand(string? searchPath)
{
    /// <summary>True when the program is installed.</summary>
    public bool Exists(string program) => Find(program) is not null;

    /// <summary>Runs a program in a directory to its end and returns what it printed.</summary>
    /// <exception cref="SimException">It is not installed or fails; the message carries the last line of its complaint.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the program has been ended.</exception>
    public string Run(string program, IEnumerable<string> arguments, string directory, CancellationToken cancellation)
    {
        var path = Find(program) ?? throw new SimException($"The program '{program}' is not installed.", SimErrorKind.Guest);
        var start = new ProcessStartInfo(path, arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start) ?? throw new SimException($"The program '{program}' could not be started.", SimErrorKind.Guest);
        using var registration = cancellation.Register(() => process.Kill(entireProcessTree: true));
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode == 0)
            return output;
        var complaint = error.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        throw new SimException($"'{program} {string.Join(' ', arguments)}' failed: {(complaint ?? $"exit code {process.ExitCode}").TrimEnd('.')}.", SimErrorKind.Guest);
    }

    private string? Find(string program) => (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);
}
