using System.Globalization;
using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.I2c;

/// <summary>The transfer under way on an I2C bus.</summary>
[MessagePackObject]
public sealed class I2cBusState
{
    /// <summary>Address of the slave that acknowledged, 0 for all of them (general call), -1 between transfers.</summary>
    [Key(0)] public int Addressed = -1;
}

/// <summary>
/// An I2C bus: one master, slaves told apart by 7-bit addresses. A transfer takes no virtual time. QEMU: hw/i2c/core.c.
/// </summary>
public sealed class I2cBus : Bus, IStateful
{
    /// <summary>Name of the type. QEMU: TYPE_I2C_BUS.</summary>
    public new const string TypeName = "i2c-bus";

    /// <summary>The general call address, to which every slave listens.</summary>
    public const int Broadcast = 0;

    private static readonly StateDescription Saved = StateOf.Device<I2cBus, I2cBusState>(TypeName, version: 1, static bus => ref bus.State);

    /// <summary>What a snapshot keeps.</summary>
    public I2cBusState State = new();

    /// <inheritdoc/>
    public IReadOnlyList<StateDescription> StateDescriptions { get; } = [Saved];

    /// <summary>True while a slave is addressed. QEMU: i2c_bus_busy.</summary>
    public bool Busy => State.Addressed >= 0;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = Bus.TypeName,
        New = static () => new I2cBus(),
        ClassInit = static (klass, _) => ((BusClass)klass).CheckAddress = CheckAddress,
    }));

    /// <summary>Sends a start condition, repeated or not, and the address byte. QEMU: i2c_start_transfer.</summary>
    /// <param name="address">7-bit address; <see cref="Broadcast"/> for all slaves.</param>
    /// <param name="receive">True when the slave is to send.</param>
    /// <returns>True when a slave acknowledges.</returns>
    public bool Start(int address, bool receive)
    {
        // The slaves of the transfer before stay selected through a repeated start to the same address; others see their end.
        if (Busy && State.Addressed != address)
            End();
        State.Addressed = address;
        var acknowledged = false;
        foreach (var slave in Selected())
            acknowledged |= slave.Start(receive);
        if (!acknowledged)
            State.Addressed = -1;
        return acknowledged;
    }

    /// <summary>Sends a stop condition. QEMU: i2c_end_transfer.</summary>
    public void End()
    {
        foreach (var slave in Selected())
            slave.Finish();
        State.Addressed = -1;
    }

    /// <summary>Sends a byte to the slave. QEMU: i2c_send.</summary>
    /// <returns>True when every addressed slave acknowledges.</returns>
    public bool Send(byte value)
    {
        var acknowledged = Busy;
        foreach (var slave in Selected())
            acknowledged &= slave.Send(value);
        return acknowledged;
    }

    /// <summary>Receives a byte from the slave; with nobody there the pulled-up line reads as ones. QEMU: i2c_recv.</summary>
    public byte Receive()
    {
        foreach (var slave in Selected())
        {
            if (State.Addressed != Broadcast)
                return slave.Receive();
        }

        return 0xFF;
    }

    /// <summary>Leaves the byte just received without acknowledge: the slave is to send no more. QEMU: i2c_nack.</summary>
    public void NotAcknowledge()
    {
        foreach (var slave in Selected())
            slave.NotAcknowledged();
    }

    /// <summary>Gives the bus its power-on state; its master calls this when it is reset.</summary>
    internal void Reset() => State = new I2cBusState();

    private static void CheckAddress(Bus bus, Device device)
    {
        var address = ((I2cSlave)device).Address;
        var refused = string.Create(CultureInfo.InvariantCulture, $"Property '{device.Class.Type.Name}.address' cannot be {address}: ");
        if (address > 0x7F)
            throw new SimException(refused + "expected a 7-bit address, 0 to 127.");
        if (bus.Devices.OfType<I2cSlave>().FirstOrDefault(other => other.Address == address) is { } taken)
            throw new SimException(refused + $"'{taken.Class.Type.Name}' has that address on bus '{bus.Name}'.");
    }

    private IEnumerable<I2cSlave> Selected()
    {
        if (!Busy)
            yield break;
        foreach (var device in Devices)
        {
            if (device is I2cSlave { Realized: true } slave && (State.Addressed == Broadcast || slave.Address == State.Addressed))
                yield return slave;
        }
    }
}

/// <summary>A device on an I2C bus. QEMU: I2CSlave (hw/i2c/core.c).</summary>
public abstract class I2cSlave : Device
{
    /// <summary>Name of the type. QEMU: TYPE_I2C_SLAVE.</summary>
    public new const string TypeName = "i2c-slave";

    [Configuration("address")] private byte address;

    /// <summary>7-bit address.</summary>
    public int Address => address;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = Device.TypeName,
        Abstract = true,
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.BusType = I2cBus.TypeName;
            dc.Properties = [Property.U8("address", static (I2cSlave s) => ref s.address, 0)];
        },
    }));

    /// <summary>Makes a slave, plugs it in and realizes it. QEMU: i2c_slave_create_simple.</summary>
    /// <exception cref="SimException">Unknown type, an address that is no 7-bit one or is taken, or the slave refuses.</exception>
    public static I2cSlave Create(I2cBus bus, string typeName, int address)
    {
        ArgumentNullException.ThrowIfNull(bus);
        var slave = bus.Root.New<I2cSlave>(typeName);
        slave.SetProperty("address", address);
        Qdev.Qdev.RealizeAndUnref(slave, bus);
        return slave;
    }

    /// <summary>The slave is addressed; true to acknowledge. QEMU: I2C_START_RECV and I2C_START_SEND.</summary>
    protected internal abstract bool Start(bool receive);

    /// <summary>The master sends a byte; true to acknowledge. QEMU: I2CSlaveClass::send.</summary>
    protected internal abstract bool Send(byte value);

    /// <summary>The master receives a byte. QEMU: I2CSlaveClass::recv.</summary>
    protected internal abstract byte Receive();

    /// <summary>The master wants no more bytes. QEMU: I2C_NACK.</summary>
    protected internal virtual void NotAcknowledged() { }

    /// <summary>The transfer is over. QEMU: I2C_FINISH.</summary>
    protected internal virtual void Finish() { }
}
