using Sim.Engine.Base;
using Sim.Engine.Session;

namespace Sim.Cli.Running;

/// <summary>The host's ends of the serial ports, as <c>--serial</c> names them.</summary>
internal sealed class SerialBackends : IDisposable
{
    private readonly List<ConsoleOutput?> outputs = [];

    /// <summary>Opens them.</summary>
    /// <exception cref="SimException">A name is unknown, stdio is named twice, or a file cannot be created.</exception>
    public SerialBackends(IReadOnlyList<string> names, CommandHost host)
    {
        try
        {
            foreach (var name in names)
                outputs.Add(Open(name, host));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Index of the port that leads to stdin and stdout; -1 for none.</summary>
    public int StdioIndex { get; private set; } = -1;

    /// <summary>The output on stdout; null for none.</summary>
    public ConsoleOutput? Stdio => StdioIndex < 0 ? null : outputs[StdioIndex];

    /// <summary>Connects a session's consoles.</summary>
    public void Connect(Session session)
    {
        for (var index = 0; index < outputs.Count; index++)
        {
            if (outputs[index] is { } output)
                session.Consoles[index].Written += output.Write;
        }

        session.Scheduler.FrameBoundary += () =>
        {
            foreach (var output in outputs)
                output?.FlushIfDue();
        };
    }

    /// <summary>Shows everything that was printed so far.</summary>
    public void Flush()
    {
        foreach (var output in outputs)
            output?.Flush();
    }

    public void Dispose()
    {
        foreach (var output in outputs)
            output?.Dispose();
    }

    private ConsoleOutput? Open(string name, CommandHost host)
    {
        switch (name)
        {
            case "null":
                return null;
            case "stdio" when StdioIndex >= 0:
                throw new SimException("--serial stdio is given twice; one port alone can have it.");
            case "stdio":
                StdioIndex = outputs.Count;
                return new ConsoleOutput(host.Output, ownsStream: false);
            case var _ when name.StartsWith("file:", StringComparison.Ordinal) && name.Length > 5:
                return new ConsoleOutput(HostFile.Create("--serial", name[5..]), ownsStream: true);
            default:
                throw new SimException(
                    $"--serial '{name}' is unknown: expected stdio, null or file:PATH.{Nearest.Hint(name, ["stdio", "null"])}");
        }
    }
}

/// <summary>Files that options name.</summary>
internal static class HostFile
{
    /// <summary>Creates a file to write to; an old one of that name is replaced.</summary>
    /// <exception cref="SimException">It cannot be created.</exception>
    public static FileStream Create(string option, string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SimException($"{option} {path}: the file cannot be written ({error.Message.TrimEnd('.')}).", error);
        }
    }
}
