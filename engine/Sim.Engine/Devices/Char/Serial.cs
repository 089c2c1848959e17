using System.Runtime.CompilerServices;
using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Devices.Char;

/// <summary>
/// UART chip with FIFOs, apart from how it is attached. A byte written is sent within the same instruction; received bytes come from the
/// <see cref="Chardev"/> as there is room.
/// Data sheet: National Semiconductor PC16550D. QEMU: hw/char/serial.c.
/// </summary>
public sealed partial class Serial : Device, ICharFrontend
{
    /// <summary>Name of the type. QEMU: TYPE_SERIAL.</summary>
    public new const string TypeName = "serial";

    /// <summary>Depth of the receive FIFO, bytes.</summary>
    public const int FifoLength = 16;

    [Configuration("baudbase")] private uint baudBase;
    [Configuration("chardev")] private string chardevName = "";
    [Configuration("wakeup")] private bool wakeup;
    [Wiring] private Chardev? chardev;
    [Wiring] private VirtualTimer timeout = null!;

    /// <summary>What a snapshot keeps.</summary>
    public SerialState State = new();

    /// <summary>The interrupt output; the attachment declares it as its own line.</summary>
    public IrqLine Irq { get; } = new();

    /// <inheritdoc/>
    public int Room => Is(State.Mcr, Mcr.Loop) ? 0 : FifosEnabled ? FifoLength - State.FifoCount : Is(State.Lsr, Lsr.DataReady) ? 0 : 1;

    private bool FifosEnabled => Is(State.Fcr, Fcr.Enable);

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = Device.TypeName,
        New = static () => new Serial(),
        ClassInit = ClassInit,
    }));

    /// <inheritdoc/>
    public void Receive(byte value)
    {
        if (FifosEnabled)
            Push(value);
        else
        {
            if (Is(State.Lsr, Lsr.DataReady))
                State.Lsr |= Lsr.Overrun;
            State.Rbr = value;
            State.Lsr |= Lsr.DataReady;
        }

        UpdateIrq();
    }

    /// <inheritdoc/>
    public void ReceiveBreak()
    {
        // A break reads as one zero byte, in the FIFO or the buffer register, with the break indicator set.
        State.Rbr = 0;
        if (FifosEnabled)
            Push(0);
        State.Lsr |= Lsr.Break | Lsr.DataReady;
        UpdateIrq();
    }

    private static void ClassInit(ObjectClass klass, object? data)
    {
        var dc = (DeviceClass)klass;
        dc.UserCreatable = false;
        dc.Properties =
        [
            Property.Text("chardev", static (Serial s) => ref s.chardevName, "ID of a chardev to use as a backend"),
            Property.U32("baudbase", static (Serial s) => ref s.baudBase, 115200),
            Property.Bool("wakeup", static (Serial s) => ref s.wakeup),
        ];
        dc.State = StateOf.Device(TypeName, version: 1, static (Serial s) => ref s.State);
        dc.Realize = static d => ((Serial)d).Realize();
        dc.ResetHold = static d => ((Serial)d).timeout.Disarm();
        dc.ResetExit = static d => ((Serial)d).chardev?.Deliver();
        dc.PostLoad = static d => LoadedState.Require(
            d, ((Serial)d).State is { Fifo.Length: FifoLength, FifoCount: >= 0 and <= FifoLength }, "the receive FIFO holds up to 16 bytes");
    }

    private void Realize()
    {
        if (baudBase == 0)
            throw new SimException("Property 'serial.baudbase' cannot be 0: expected the rate in baud at divisor 1.");
        timeout = CreateTimer("timeout", OnTimeout);
        if (chardevName.Length == 0)
            return;
        chardev = Chardev.Find(this, chardevName);
        Root.Undo.Add(() => chardev = null);
        chardev.Attach(this);
    }

    /// <summary>Puts a byte into the receive FIFO; without room it is lost, which only happens in loopback and by a break.</summary>
    private void Push(byte value)
    {
        if (State.FifoCount == FifoLength)
            State.Lsr |= Lsr.Overrun;
        else
            State.Fifo[State.FifoCount++] = value;
        State.Lsr |= Lsr.DataReady;
        ArmTimeout();
    }

    private void OnTimeout()
    {
        if (State.FifoCount == 0)
            return;
        State.TimeoutPending = true;
        UpdateIrq();
    }

    /// <summary>
    /// Received bytes that are left alone for four character times raise the timeout interrupt (PC16550D, section 8.4, FIFO interrupt
    /// mode).
    /// </summary>
    private void ArmTimeout() => timeout.Arm(Machine.Scheduler.Now + 4 * CharacterTime());

    /// <summary>
    /// Time that one character takes on the line, ns: start bit, data, parity and stop bits. A divisor of 0 counts as 65536.
    /// </summary>
    private long CharacterTime()
    {
        var bits = 1 + 5 + (State.Lcr & Lcr.WordLength) + (Is(State.Lcr, Lcr.Parity) ? 1 : 0) + (Is(State.Lcr, Lcr.TwoStopBits) ? 2 : 1);
        var divisor = State.Divisor == 0 ? 1L << 16 : State.Divisor;
        return VirtualTime.FromTicks(bits * divisor, baudBase);
    }

    /// <summary>
    /// The interrupt with the highest priority, as the low bits of the identification register show it (PC16550D, table V).
    /// </summary>
    private byte PendingInterrupt()
    {
        if (Is(State.Ier, Ier.LineStatus) && Is(State.Lsr, Lsr.AnyError))
            return Iir.LineStatus;
        if (Is(State.Ier, Ier.DataAvailable))
        {
            if (State.TimeoutPending)
                return Iir.Timeout;
            if (Is(State.Lsr, Lsr.DataReady) && (!FifosEnabled || State.FifoCount >= TriggerLevel()))
                return Iir.DataAvailable;
        }

        if (Is(State.Ier, Ier.TransmitterEmpty) && State.TransmitterEmptyPending)
            return Iir.TransmitterEmpty;
        return Is(State.Ier, Ier.ModemStatus) && Is(State.Msr, Msr.AnyDelta) ? Iir.ModemStatus : Iir.None;
    }

    private int TriggerLevel() => (State.Fcr >> 6) switch { 0 => 1, 1 => 4, 2 => 8, _ => 14 };

    private void UpdateIrq() => Irq.Set(PendingInterrupt() != Iir.None);
}
