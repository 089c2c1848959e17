using System.Diagnostics.CodeAnalysis;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Cpu.PowerPc;

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
    private readonly MachineState machine;
    private readonly Queue<InputEvent> waiting = new();

    internal InputPort(MachineState machine, IReadOnlyList<SerialConsole> consoles)
    {
        this.machine = machine;
        this.consoles = consoles;
    }

    /// <summary>Raised when an input is about to enter the machine, with the virtual time (ns): a recorder writes its journal here.</summary>
    public event Action<long, InputEvent>? Entered;

    /// <summary>
    /// Raised when a debugger's write has taken effect, with the instructions that all CPUs had executed by then: a recorder writes its
    /// journal here.
    /// </summary>
    public event Action<long, DebuggerWrite>? Applied;

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

    /// <summary>Why debuggers may not write now, such as during a replay: a sentence for them; null when they may.</summary>
    public string? Refusal { get; set; }

    /// <summary>Lets a debugger's write take effect, at once. The machine must stand between two instructions.</summary>
    /// <exception cref="SimException">
    /// There is no such CPU or register, the register can only be read, some of the bytes are not mapped, or nobody may write now; nothing
    /// is changed then.
    /// </exception>
    public void Apply(DebuggerWrite write)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (Refusal is { } refusal)
            throw new SimException(refusal);
        if (machine.Scheduler.RunningVcpu >= 0)
            throw new InvalidOperationException("A debugger cannot write while a CPU executes.");
        var cpu = machine.Devices().OfType<PowerPcCpu>().FirstOrDefault(cpu => cpu.CpuIndex == write.Vcpu)
            ?? throw new SimException(FormattableString.Invariant($"There is no CPU {write.Vcpu}."));
        switch (write)
        {
            case MemoryWrite memory when !cpu.TryPoke(memory.Address, memory.Bytes.Span):
                throw new SimException(FormattableString.Invariant(
                    $"Not all of {memory.Bytes.Length} bytes at 0x{memory.Address:x8} are mapped on CPU {write.Vcpu}; nothing is written."));
            case RegisterWrite register:
                cpu.PokeRegister(register.Register, register.Value);
                break;
        }

        Applied?.Invoke(machine.Scheduler.TotalInstructions, write);
    }

    internal void Drain(long now)
    {
        TakeInbox();
        while (waiting.TryDequeue(out var input))
        {
            Entered?.Invoke(now, input);
            consoles[input.Serial].Chardev.Send(input.Bytes.Span);
        }
    }

    [SuppressMessage("Style", "IDE0011", Justification = "One statement.")]
    private void TakeInbox()
    {
        while (Inbox is not null && Inbox.TryTake(out var input))
            waiting.Enqueue(input);
    }
}
