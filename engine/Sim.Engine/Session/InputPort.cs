using System.Diagnostics.CodeAnalysis;

namespace Sim.Engine.Session;

/// <summary>An input from outside the machine. A run is decided by its configuration and the list of these with their times.</summary>
/// <param name="Serial">Index of the serial console at which the bytes arrive.</param>
/// <param name="Bytes">The bytes.</param>
public readonly record struct InputEvent(int Serial, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// The one door through which nondeterminism enters: inputs wait here and enter the machine between frames.
/// </summary>
public sealed class InputPort
{
    private readonly IReadOnlyList<SerialConsole> consoles;
    private readonly Queue<InputEvent> waiting = new();

    internal InputPort(IReadOnlyList<SerialConsole> consoles) => this.consoles = consoles;

    /// <summary>Raised when an input enters the machine, with the virtual time (ns): a recorder writes its journal here.</summary>
    public event Action<long, InputEvent>? Entered;

    /// <summary>Inputs from another thread; null for none.</summary>
    public IInputInbox? Inbox { get; set; }

    /// <summary>True when inputs wait to enter.</summary>
    public bool HasWaiting
    {
        get
        {
            TakeInbox();
            return waiting.Count > 0;
        }
    }

    /// <summary>The inputs that wait to enter, in order; those of <see cref="Inbox"/> are not among them yet.</summary>
    public IReadOnlyList<InputEvent> Waiting => [.. waiting];

    /// <summary>Hands in an input; it enters at the next frame boundary.</summary>
    public void Enqueue(InputEvent input) => waiting.Enqueue(input);

    /// <summary>Types text, as UTF-8, at a console.</summary>
    public void Type(SerialConsole console, string text)
    {
        ArgumentNullException.ThrowIfNull(console);
        Enqueue(new InputEvent(console.Index, System.Text.Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Puts other inputs in the place of those that wait.</summary>
    internal void ReplaceWaiting(IEnumerable<InputEvent> inputs)
    {
        waiting.Clear();
        foreach (var input in inputs)
            waiting.Enqueue(input);
    }

    internal void Drain(long now)
    {
        TakeInbox();
        while (waiting.TryDequeue(out var input))
        {
            consoles[input.Serial].Chardev.Send(input.Bytes.Span);
            Entered?.Invoke(now, input);
        }
    }

    [SuppressMessage("Style", "IDE0011", Justification = "One statement.")]
    private void TakeInbox()
    {
        while (Inbox is not null && Inbox.TryTake(out var input))
            waiting.Enqueue(input);
    }
}
