using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace MyDevices;

/// <summary>All that a snapshot keeps. Initial values are the power-on values: a reset makes a new State.</summary>
[MessagePackObject]
public sealed class MyDeviceState
{
    [Key(0)] public uint Delay;      // Ticks, as written last.
    [Key(1)] public bool Expired;    // And not acknowledged yet.
}

/// <summary>A timer with an interrupt. Registers, 32 bits each: 0 delay in ticks, a write starts it; 4 expired, a write acknowledges.</summary>
public sealed class MyDevice : SysBusDevice
{
    public new const string TypeName = "my-device";
    public const ulong Delay = 0, Expired = 4;

    // Every field says what it is; the law 'device-state' finds one that does not.
    [Configuration("frequency")] private uint frequency;    // The value of a property: fixed once the device lives.
    [Wiring] private VirtualTimer timer = null!;            // Connects the device to others; made when it is realized.
    private readonly IrqLine irq = new();                   // Its level is saved with the device.
    public MyDeviceState State = new();

    [ModuleInitializer]    // Runs when the assembly is loaded: by --plugin, or by DeviceLaws.Check<MyDevice>().
    internal static void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new MyDevice(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.UserCreatable = true;
            dc.Properties = [Property.U32("frequency", static (MyDevice d) => ref d.frequency, 1_000_000, "Ticks per second.")];
            dc.State = StateOf.Device(TypeName, version: 1, static (MyDevice d) => ref d.State);
            dc.Realize = static d => ((MyDevice)d).Realize();
            dc.ResetHold = static d => ((MyDevice)d).timer.Disarm();    // State and lines are reset already; a timer is not.
        },
    }));

    private void Realize()    // What it does is taken back when it throws, and when the device is unrealized.
    {
        if (frequency is 0 or > 1_000_000_000)
            throw new SimException($"Property '{TypeName}.frequency' cannot be {frequency}: expected 1 to 1000000000.");
        InitMmio(MemoryRegion.NewIo(this, new() { Read = Read, Peek = Read, Write = Write, MinImplementedSize = 4 }, TypeName, 8));
        InitIrq(irq);
        timer = CreateTimer("expire", () => irq.Set(State.Expired = true));
    }

    // Debuggers read by it, too, as Peek: it must change nothing then.
    private ulong Read(ulong offset, int size, BusInitiator? initiator) => offset == Delay ? State.Delay : State.Expired ? 1u : 0;

    private void Write(ulong offset, ulong value, int size, BusInitiator? initiator)
    {
        if (offset == Expired)
        {
            irq.Set(State.Expired = false);
            return;
        }

        State.Delay = (uint)value;
        timer.Arm(Machine.Scheduler.Now + (VirtualTime.Second / frequency * State.Delay));
    }
}
