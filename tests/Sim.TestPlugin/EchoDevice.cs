using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Devices.Char;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.TestPlugin;

/// <summary>What the echo has seen.</summary>
[MessagePackObject]
public sealed class EchoState
{
    /// <summary>Bytes received.</summary>
    [Key(0)] public int Received;
}

/// <summary>
/// A device that sends back what it receives, upper-case. A <c>!</c> powers the machine off. A machine with it can talk without any CPU.
/// </summary>
public sealed class EchoDevice : Device, ICharFrontend
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "test-echo";

    [Configuration("chardev")] private string chardevName = "";
    [Configuration("level")] private byte level;
    [Wiring] private Chardev? chardev;

    /// <summary>All that a snapshot keeps.</summary>
    public EchoState State = new();

    /// <inheritdoc/>
    public int Room => 1;

    [ModuleInitializer]
    internal static void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = Device.TypeName,
        New = static () => new EchoDevice(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Description = "echoes its console";
            dc.Properties =
            [
                Property.Text("chardev", static (EchoDevice d) => ref d.chardevName),
                Property.U8("level", static (EchoDevice d) => ref d.level, 1),
            ];
            dc.State = StateOf.Device(TypeName, version: 1, static (EchoDevice d) => ref d.State);
            dc.Realize = static d => ((EchoDevice)d).Realize();
        },
    }));

    /// <inheritdoc/>
    public void Receive(byte value)
    {
        State.Received++;
        if (value == '!')
            Machine.Scheduler.RequestPowerOff();
        else
            chardev!.Write((byte)char.ToUpperInvariant((char)value));
    }

    /// <inheritdoc/>
    public void ReceiveBreak() { }

    private void Realize()
    {
        chardev = Chardev.Find(this, chardevName);
        chardev.Attach(this);
    }
}
