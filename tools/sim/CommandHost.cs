using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sim.Cli;

/// <summary>Standard output was closed by whoever reads it (<c>sim types | head</c>): the command ends quietly.</summary>
internal sealed class OutputClosedException(IOException cause) : Exception(cause.Message, cause);

/// <summary>
/// What the command line sees of the process around it: streams, whether they are terminals, signals. A test makes its own.
/// </summary>
internal sealed class CommandHost(Func<Stream> input, Stream output, TextWriter error) : IDisposable
{
    private readonly CancellationTokenSource interruption = new();
    private readonly List<PosixSignalRegistration> signals = [];

    private readonly Lazy<Stream> input = new(input);

    /// <summary>Standard input.</summary>
    public Stream Input => input.Value;

    /// <summary>Standard output: the guest's console, or what a command prints; nothing else.</summary>
    public Stream Output { get; } = output;

    /// <summary>Standard error: everything that the command says about itself.</summary>
    public TextWriter Error { get; } = error;

    public bool InputIsTerminal { get; init; }

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>True when both outputs go to the same place, where a message must not follow the guest's text in the same line.</summary>
    public bool OutputsMeet { get; init; }

    /// <summary>Columns of the terminal; 100 without one. Asking starts the runtime's terminal handling, so only help does.</summary>
    public int Width => !OwnsProcess || !OutputIsTerminal || Console.WindowWidth < 40 ? 100 : Console.WindowWidth;

    /// <summary>True when the process is this command's own, so that signals are its to catch.</summary>
    public bool OwnsProcess { get; init; }

    /// <summary>Cancelled by Ctrl-C, SIGTERM and SIGHUP once <see cref="WatchSignals"/> was called.</summary>
    public CancellationToken Interrupted => interruption.Token;

    /// <summary>The streams of the process.</summary>
    public static CommandHost Standard() => new(
        OpenInput,
        Console.OpenStandardOutput(),
        new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false), 1024) { AutoFlush = true })
    {
        InputIsTerminal = !Console.IsInputRedirected,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        OutputsMeet = SameTarget(1, 2) ?? (!Console.IsOutputRedirected && !Console.IsErrorRedirected),
        OwnsProcess = true,
    };

    /// <summary>Lets Ctrl-C, SIGTERM and SIGHUP end a run in order; a second one ends the process at once.</summary>
    public void WatchSignals()
    {
        if (!OwnsProcess || signals.Count > 0)
            return;
        foreach (var signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
            signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
    }

    /// <summary>Says one sentence on standard error.</summary>
    public void Say(string sentence) => Error.Write($"sim: {PrintableText.Of(sentence.ReplaceLineEndings(" "))}\n");

    /// <summary>Prints text that a command was asked for, on standard output.</summary>
    public void Print(string text)
    {
        try
        {
            Output.Write(Encoding.UTF8.GetBytes(text));
            Output.Flush();
        }
        catch (IOException error)
        {
            throw new OutputClosedException(error);
        }
    }

    public void Dispose()
    {
        foreach (var signal in signals)
            signal.Dispose();
        interruption.Dispose();
    }

    /// <summary>Standard input as the system has it; the runtime's own stream would edit lines.</summary>
    private static Stream OpenInput()
    {
        if (OperatingSystem.IsWindows())
            return Console.OpenStandardInput();
        try
        {
            return new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Stream.Null;   // Closed, or nothing that can be read: there is no input.
        }
    }

    private static bool? SameTarget(int left, int right)
    {
        var first = new FileInfo($"/proc/self/fd/{left}").LinkTarget;
        return first is null ? null : first == new FileInfo($"/proc/self/fd/{right}").LinkTarget;
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = !interruption.IsCancellationRequested;
        interruption.Cancel();
    }
}
