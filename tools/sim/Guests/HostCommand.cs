using System.Diagnostics;
using Sim.Engine.Base;

namespace Sim.Cli.Guests;

/// <summary>Runs programs of the host, found in a search path.</summary>
/// <param name="searchPath">Directories, as in PATH.</param>
/// <param name="isHanded">Whether the programs get it as their own PATH, for those that run others.</param>
internal sealed class HostCommand(string? searchPath, bool isHanded = false)
{
    /// <summary>True when the program is installed.</summary>
    public bool Exists(string program) => Find(program) is not null;

    /// <summary>Runs a program in a directory to its end and returns what it printed.</summary>
    /// <exception cref="SimException">It is not installed or fails; the message carries the last line of its complaint.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the program has been ended.</exception>
    public string Run(string program, IEnumerable<string> arguments, string directory, CancellationToken cancellation) =>
        Run(program, arguments, directory, static output => output.ReadToEnd(), isSentence: false, cancellation);

    /// <summary>Runs a script in a directory to its end and tells each line that it prints when it comes.</summary>
    /// <exception cref="SimException">It fails: the message is the last line of its complaint, which is a sentence of its own; or the program is not installed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; the program and those that it started have been ended.</exception>
    public void RunScript(string program, IEnumerable<string> arguments, string directory, Action<string> line, CancellationToken cancellation) =>
        Run(
            program,
            arguments,
            directory,
            output =>
            {
                while (output.ReadLine() is { } text)
                    line(text);
                return "";
            },
            isSentence: true,
            cancellation);

    private string Run(string program, IEnumerable<string> arguments, string directory, Func<StreamReader, string> read, bool isSentence, CancellationToken cancellation)
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
        if (isHanded)
            start.Environment["PATH"] = searchPath;
        using var process = Process.Start(start) ?? throw new SimException($"The program '{program}' could not be started.", SimErrorKind.Guest);
        using var registration = cancellation.Register(() => process.Kill(entireProcessTree: true));
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = read(process.StandardOutput);
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode == 0)
            return output;
        var complaint = error.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        if (isSentence && complaint is not null)
            throw new SimException(complaint, SimErrorKind.Guest);
        throw new SimException($"'{program} {string.Join(' ', arguments)}' failed: {(complaint ?? $"exit code {process.ExitCode}").TrimEnd('.')}.", SimErrorKind.Guest);
    }

    private string? Find(string program) => (searchPath ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);
}
