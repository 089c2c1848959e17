using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.I2c;

/// <summary>All that a snapshot keeps of an <see cref="MpcI2c"/>. Initial values are the power-on values.</summary>
[MessagePackObject]
public sealed class MpcI2cState
{
    /// <summary>I2CADR: own address as a slave.</summary>
    [Key(0)] public byte Adr;

    /// <summary>I2CFDR: frequency divider.</summary>
    [Key(1)] public byte Fdr;

    /// <summary>I2CCR: control.</summary>
    [Key(2)] public byte Cr;

    /// <summary>I2CSR: status; complete, not acknowledged.</summary>
    [Key(3)] public byte Sr = 0x81;

    /// <summary>I2CDR: the byte sent or received last.</summary>
    [Key(4)] public byte Dr;

    /// <summary>True from a start condition until the address byte is written.</summary>
    [Key(5)] public bool AddressNext;
}

/// <summary>
/// The I2C controller of the MPC85xx family, as a master on its own bus; a transfer takes no virtual time. MPC8544E Reference Manual,
/// chapter 11. QEMU: hw/i2c/mpc_i2c.c.
/// </summary>
public sealed class MpcI2c : SysBusDevice
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "mpc-i2c";

    private readonly IrqLine irq = new();

    /// <summary>What a snapshot keeps.</summary>
    public MpcI2cState State = new();

    /// <summary>The bus.</summary>
    [Wiring] public I2cBus Bus { get; private set; } = null!;

    private bool IsMaster => (State.Cr & Cr.Master) != 0;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new MpcI2c(),
        ClassInit = ClassInit,
    }));

    private static void ClassInit(ObjectClass klass, object? data)
    {
        var dc = (DeviceClass)klass;
        dc.Description = "MPC I2C Controller";
        dc.State = StateOf.Device(TypeName, version: 1, static (MpcI2c d) => ref d.State);
        dc.Realize = static d => ((MpcI2c)d).Realize();
        dc.ResetEnter = static d => ((MpcI2c)d).Bus.Reset();
    }

    private void Realize()
    {
        InitIrq(irq);
        var ops = new MemoryRegionOps
        {
            Read = (offset, _, _) => Read(offset),
            Write = (offset, value, _, _) => Write(offset, (byte)value),
            Peek = (offset, _, _) => Peek(offset),
            MaxValidSize = 1,
        };
        InitMmio(MemoryRegion.NewIo(this, ops, "mpc-i2c", 0x14));
        Bus = Qdev.Bus.Create<I2cBus>(I2cBus.TypeName, this, "i2c");
    }

    private byte Peek(ulong offset) => offset switch
    {
        0x00 => State.Adr,
        0x04 => State.Fdr,
        0x08 => State.Cr,
        0x0C => State.Sr,
        0x10 => State.Dr,
        _ => 0,
    };

    private byte Read(ulong offset)
    {
        var value = Peek(offset);

        // Reading the data register as a receiving master starts the reception of the next byte.
        if (offset == 0x10 && IsMaster && (State.Cr & Cr.Transmit) == 0)
            ReceiveData();
        return value;
    }

    private void Write(ulong offset, byte value)
    {
        switch (offset)
        {
            case 0x00:
                State.Adr = (byte)(value & 0xFE);
                break;
            case 0x04:
                State.Fdr = (byte)(value & 0x3F);
                break;
            case 0x08:
                WriteControl(value);
                break;
            case 0x0C:
                WriteStatus(value);
                break;
            case 0x10:
                WriteData(value);
                break;
        }
    }

    private void WriteControl(byte value)
    {
        var before = State.Cr;
        State.Cr = (byte)(value & Cr.Writable);
        if ((value & Cr.Enable) == 0)
        {
            SoftReset();
            return;
        }

        if ((value & Cr.Master) == 0)
        {
            if ((before & Cr.Master) != 0)
                Stop();
        }
        else if ((before & Cr.Master) == 0 || (value & Cr.RepeatedStart) != 0)
        {
            State.AddressNext = true;
            State.Sr |= Sr.Busy;
        }

        UpdateIrq();
    }

    private void Stop()
    {
        Bus.End();
        State.AddressNext = false;
        State.Sr &= unchecked((byte)~Sr.Busy);
    }

    /// <summary>Disabling the module resets it, apart from address and divider.</summary>
    private void SoftReset()
    {
        if (Bus.Busy)
            Bus.End();
        State.AddressNext = false;
        State.Sr = 0x81;
        irq.Lower();
    }

    private void WriteStatus(byte value)
    {
        // Only the interrupt flag and the lost-arbitration flag can be cleared, by writing 0.
        State.Sr &= (byte)(value | ~(Sr.Interrupt | Sr.ArbitrationLost));
        UpdateIrq();
    }

    private void WriteData(byte value)
    {
        if ((State.Cr & Cr.Enable) == 0)
            return;
        State.Dr = value;
        if (!IsMaster)
            return;
        bool acknowledged;
        if (State.AddressNext)
        {
            State.AddressNext = false;
            acknowledged = Bus.Start(value >> 1, (value & 1) != 0);
        }
        else
            acknowledged = Bus.Send(value);

        State.Sr = (byte)(acknowledged ? State.Sr & ~Sr.NotAcknowledged : State.Sr | Sr.NotAcknowledged);
        Complete();
    }

    private void ReceiveData()
    {
        State.Dr = Bus.Receive();
        if ((State.Cr & Cr.TransmitNotAcknowledge) != 0)
            Bus.NotAcknowledge();
        Complete();
    }

    /// <summary>A byte has been transferred.</summary>
    private void Complete()
    {
        State.Sr |= Sr.Complete | Sr.Interrupt;
        UpdateIrq();
    }

    private void UpdateIrq() => irq.Set((State.Sr & Sr.Interrupt) != 0 && (State.Cr & Cr.InterruptEnable) != 0);

    private static class Cr
    {
        public const int Enable = 0x80, InterruptEnable = 0x40, Master = 0x20, Transmit = 0x10, TransmitNotAcknowledge = 0x08, RepeatedStart = 0x04;
        public const int Writable = 0xF9;
    }

    private static class Sr
    {
        public const int Complete = 0x80, Busy = 0x20, ArbitrationLost = 0x10, Interrupt = 0x02, NotAcknowledged = 0x01;
    }
}
