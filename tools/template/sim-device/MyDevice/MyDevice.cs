using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace MyDevices;

/// <summary>All that a snapshot keeps, each field with a key of its own. Initial values are the power-on values: a reset makes a new State.</summary>
[MessagePackObject]
public sealed class MyDeviceState
{
    [Key(0)] public uint Control;          // Bit 0: runs; bit 1: interrupts.
    [Key(1)] public uint Period = 1000;    // Ticks from one expiry to the next.
    [Key(2)] public uint Status;           // Bit 0: has expired; writing 1 clears it.
}

/// <summary>A periodic timer with an interrupt. Registers, 32 bits each: 0 control, 4 period, 8 ticks that are left, 12 status.</summary>
public sealed class MyDevice : SysBusDevice
{
    public new const string TypeName = "my-device";
    public const ulong Control = 0, Period = 4, Left = 8, Status = 12;

    // Every field says what it is; the law 'device-state' finds one that does not.
    [Configuration("frequency")] private uint frequency;    // The value of a property: fixed once the device lives.
    [Wiring] private VirtualTimer timer = null!;            // Connects the device to others; made when it is realized.
    private readonly IrqLine irq = new();                   // The level is saved with the device that drives it.
    public MyDeviceState State = new();

    // Runs when the assembly is loaded; --plugin does that, and so does DeviceLaws.Check<MyDevice>().
    [ModuleInitializer]
    internal static void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new MyDevice(),
        InstanceInit = static o => ((MyDevice)o).Init(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Description = "periodic timer";
            dc.UserCreatable = true;
            dc.Properties = [Property.U32("frequency", static (MyDevice d) => ref d.frequency, 1_000_000, "Ticks per second.")];
            dc.State = StateOf.Device(TypeName, version: 1, static (MyDevice d) => ref d.State);
            dc.Realize = static d => ((MyDevice)d).Realize();
            dc.ResetHold = static d => ((MyDevice)d).timer.Disarm();    // State and lines are reset already; a timer is not.
        },
    }));

    private long TickLength => VirtualTime.Second / frequency;

    private void Init()
    {
        InitMmio(MemoryRegion.NewIo(this, new MemoryRegionOps
        {
            Read = (offset, _, _) => Read(offset, Machine.Scheduler.Now),
            Peek = (offset, _, _) => Read(offset, Machine.Scheduler.PeekNow),    // What a debugger sees; it must change nothing.
            Write = (offset, value, _, _) => Write(offset, (uint)value),
            MinImplementedSize = 4,
        }, TypeName, 16));
        InitIrq(irq);
    }

    // Whatever this does to the machine is taken back when it throws, and when the device is unrealized.
    private void Realize()
    {
        if (frequency is 0 or > 1_000_000_000)
            throw new SimException($"Property '{TypeName}.frequency' cannot be {frequency}: expected 1 to 1000000000.");
        timer = CreateTimer("expire", Expire);
    }

    private ulong Read(ulong offset, long now) => offset switch
    {
        Control => State.Control,
        Period => State.Period,
        Left => timer.IsArmed ? (ulong)((timer.Deadline - now) / TickLength) : 0,
        Status => State.Status,
        _ => 0,
    };

    private void Write(ulong offset, uint value)
    {
        switch (offset)
        {
            case Control:
                State.Control = value & 3;
                Start();
                break;
            case Period:
                State.Period = Math.Max(value, 1);    // With 0 it would expire for ever at one moment.
                Start();
                break;
            case Status:
                State.Status &= ~value;
                break;
        }

        UpdateIrq();
    }

    private void Start()
    {
        if ((State.Control & 1) != 0)
            timer.Arm(Machine.Scheduler.Now + (TickLength * State.Period));
        else
            timer.Disarm();
    }

    private void Expire()
    {
        State.Status |= 1;
        Start();
        UpdateIrq();
    }

    private void UpdateIrq() => irq.Set((State.Control & 2) != 0 && (State.Status & 1) != 0);
}
