using System.Runtime.CompilerServices;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Char;

/// <summary>
/// A <see cref="Serial"/> chip on the memory bus: its eight registers lie <c>1 &lt;&lt; regshift</c> bytes apart, and an access of any
/// size reaches the one
/// that it begins at. QEMU: serial-mm (hw/char/serial.c).
/// </summary>
public sealed class SerialMm : SysBusDevice
{
    /// <summary>Name of the type. QEMU: TYPE_SERIAL_MM.</summary>
    public new const string TypeName = "serial-mm";

    [Configuration("regshift")] private byte registerShift;
    [Configuration("endianness")] private byte endianness;

    /// <summary>The chip.</summary>
    [Wiring] public Serial Chip { get; private set; } = null!;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new SerialMm(),
        InstanceInit = static o => ((SerialMm)o).Init(),
        ClassInit = ClassInit,
    }));

    private static void ClassInit(ObjectClass klass, object? data)
    {
        var dc = (DeviceClass)klass;
        dc.Properties =
        [
            Property.U8("regshift", static (SerialMm s) => ref s.registerShift, 0),
            Property.U8("endianness", static (SerialMm s) => ref s.endianness, 0),
        ];
        dc.Stateless = true;
        dc.Realize = static d => ((SerialMm)d).Realize();
    }

    private void Init()
    {
        Chip = NewChild<Serial>("serial", Serial.TypeName);
        foreach (var name in (string[])["chardev", "baudbase", "wakeup"])
            AddAlias(name, Chip, name);
    }

    private void Realize()
    {
        if (registerShift > 8)
            throw new SimException($"Property 'serial-mm.regshift' cannot be {registerShift}: expected 0 to 8.");
        if (endianness > 2)
            throw new SimException($"Property 'serial-mm.endianness' cannot be {endianness}: expected 0 (native), 1 (big) or 2 (little).");
        Qdev.Qdev.Realize(Chip);
        var ops = new MemoryRegionOps
        {
            Read = (offset, _, _) => Chip.Read((int)(offset >> registerShift)),
            Write = (offset, value, _, _) => Chip.Write((int)(offset >> registerShift), (byte)value),
            Peek = (offset, _, _) => Chip.Peek((int)(offset >> registerShift)),
            Endianness = endianness == 2 ? Endianness.Little : Endianness.Big,
            MaxValidSize = 8,
            MaxImplementedSize = 8,
        };
        InitMmio(MemoryRegion.NewIo(this, ops, "serial", (UInt128)8 << registerShift));
        InitIrq(Chip.Irq);
    }
}
