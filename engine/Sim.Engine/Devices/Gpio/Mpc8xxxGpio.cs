using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Gpio;

/// <summary>
/// All that a snapshot keeps of an <see cref="Mpc8xxxGpio"/>: the registers, 0 at power-on. Pin 0 is the most significant bit.
/// </summary>
[MessagePackObject]
public sealed class Mpc8xxxGpioState
{
    /// <summary>GPDIR: 1 for an output.</summary>
    [Key(0)] public uint Direction;

    /// <summary>GPODR: 1 for an open-drain output.</summary>
    [Key(1)] public uint OpenDrain;

    /// <summary>GPDAT: levels of the pins.</summary>
    [Key(2)] public uint Data;

    /// <summary>GPIER: events that came.</summary>
    [Key(3)] public uint Event;

    /// <summary>GPIMR: events that interrupt.</summary>
    [Key(4)] public uint Mask;

    /// <summary>GPICR: 1 for events on falling edges alone, 0 on any change.</summary>
    [Key(5)] public uint Control;
}

/// <summary>
/// The GPIO controller of the MPC8xxx and QorIQ families: 32 pins and one interrupt. MPC8569E Reference Manual, chapter 22. QEMU:
/// hw/gpio/mpc8xxx.c.
/// </summary>
public sealed class Mpc8xxxGpio : SysBusDevice
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "mpc8xxx_gpio";

    /// <summary>Number of pins.</summary>
    public const int PinCount = 32;

    private readonly IrqLine irq = new();
    private readonly IrqLine[] outputs = new IrqLine[PinCount];

    /// <summary>What a snapshot keeps.</summary>
    public Mpc8xxxGpioState State = new();

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new Mpc8xxxGpio(),
        InstanceInit = static o => ((Mpc8xxxGpio)o).Init(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.State = StateOf.Device(TypeName, version: 1, static (Mpc8xxxGpio d) => ref d.State);
            dc.ResetExit = static d => ((Mpc8xxxGpio)d).TakeInputs();
        },
    }));

    private static uint PinBit(int pin) => 0x8000_0000u >> pin;

    private void Init()
    {
        for (var pin = 0; pin < PinCount; pin++)
            outputs[pin] = new IrqLine();
        var ops = new MemoryRegionOps
        {
            Read = (offset, size, _) => Read(offset, size),
            Write = (offset, value, size, _) => Write(offset, (uint)value, size),
            Peek = (offset, size, _) => Read(offset, size),
        };
        InitMmio(MemoryRegion.NewIo(this, ops, TypeName, 0x1000));
        InitIrq(irq);
        InitGpioIn(OnInput, PinCount);
        InitGpioOut(outputs);
    }

    /// <summary>Registers answer to whole words alone.</summary>
    private ulong Read(ulong offset, int size) => (offset, size) switch
    {
        (0x00, 4) => State.Direction,
        (0x04, 4) => State.OpenDrain,
        (0x08, 4) => State.Data,
        (0x0C, 4) => State.Event,
        (0x10, 4) => State.Mask,
        (0x14, 4) => State.Control,
        _ => 0,
    };

    private void Write(ulong offset, uint value, int size)
    {
        switch (offset, size)
        {
            case (0x00, 4):
                State.Direction = value;
                DriveOutputs();
                break;
            case (0x04, 4):
                State.OpenDrain = value;
                break;
            case (0x08, 4):
                State.Data = value;
                DriveOutputs();
                break;
            case (0x0C, 4):
                State.Event &= ~value;
                break;
            case (0x10, 4):
                State.Mask = value;
                break;
            case (0x14, 4):
                State.Control = value;
                break;
        }

        UpdateIrq();
    }

    /// <summary>The level at a pin from outside has changed, which counts while the pin is an input.</summary>
    private void OnInput(int pin, bool level)
    {
        var bit = PinBit(pin);
        if ((State.Direction & bit) != 0)
            return;
        State.Data = level ? State.Data | bit : State.Data & ~bit;
        if (!level || (State.Control & bit) == 0)
            State.Event |= bit;
        UpdateIrq();
    }

    /// <summary>
    /// At reset every pin is an input and shows what drives it. Drivers that fell in the hold phase have left events behind, which no
    /// power-on has.
    /// </summary>
    private void TakeInputs()
    {
        State = new Mpc8xxxGpioState();
        for (var pin = 0; pin < PinCount; pin++)
        {
            if (GetGpioIn(pin).Level)
                State.Data |= PinBit(pin);
        }
    }

    /// <summary>
    /// A pin drives its data bit while it is an output, and low otherwise; QEMU drives it only when the data register changes.
    /// </summary>
    private void DriveOutputs()
    {
        for (var pin = 0; pin < PinCount; pin++)
            outputs[pin].Set((State.Direction & State.Data & PinBit(pin)) != 0);
    }

    private void UpdateIrq() => irq.Set((State.Event & State.Mask) != 0);
}
