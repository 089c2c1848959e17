using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Machines;

/// <summary>What the planted device remembers.</summary>
[MessagePackObject]
public sealed class PlantedState
{
    /// <summary>Mixture of all that its source gave.</summary>
    [Key(0)] public ulong Value;

    /// <summary>Times that its register was peeked; a device that counts that breaks law L7.</summary>
    [Key(1)] public int Peeks;
}

/// <summary>
/// A device with a bug: from time to time its State takes in a number from outside the machine. A law that a machine with it does not break
/// cannot see such a bug.
/// </summary>
public sealed class PlantedDevice : Device
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "planted-bug";

    [Wiring] private VirtualTimer timer = null!;
    [Wiring] private Func<ulong> source = null!;
    [Wiring] private bool countsPeeks;
    [Wiring] private bool forgets;
    [Wiring] private ulong forgotten;

    /// <summary>What a snapshot keeps.</summary>
    public PlantedState State = new();

    /// <summary>A type table in which the device draws from <paramref name="source"/> every 10 µs.</summary>
    public static TypeRegistry Drawing(Func<ulong> source) => Table(source, countsPeeks: false);

    /// <summary>A type table in which the device counts its draws where no snapshot sees it.</summary>
    public static TypeRegistry Forgetting() => Table(static () => 0, countsPeeks: false, forgets: true);

    /// <summary>A type table in which the device counts the peeks at its register.</summary>
    public static TypeRegistry CountingPeeks() => Table(static () => 0, countsPeeks: true);

    private static TypeRegistry Table(Func<ulong> source, bool countsPeeks, bool forgets = false)
    {
        Module.CallInit(ModuleInit.Qom);
        var table = new TypeRegistry(TypeRegistry.Default);
        table.Add(new()
        {
            Name = TypeName,
            Parent = Device.TypeName,
            New = () => new PlantedDevice { source = source, countsPeeks = countsPeeks, forgets = forgets },
            ClassInit = static (klass, _) =>
            {
                var dc = (DeviceClass)klass;
                dc.State = StateOf.Device(TypeName, version: 1, static (PlantedDevice d) => ref d.State);
                dc.Realize = static d => ((PlantedDevice)d).Realize();
                dc.ResetHold = static d => ((PlantedDevice)d).Draw();
            },
        });
        return table;
    }

    private void Realize()
    {
        timer = CreateTimer("draw", Draw);
        var registers = new MemoryRegionOps { Read = static (_, _, _) => 0, Write = static (_, _, _, _) => { }, Peek = Peek };
        MemoryRegion.NewIo(this, registers, "planted", 4);
    }

    private void Draw()
    {
        State.Value = (State.Value * 31) + source() + (forgets ? ++forgotten : 0);
        timer.Arm(Machine.Scheduler.Now + (10 * VirtualTime.Microsecond));
    }

    private ulong Peek(ulong offset, int size, BusInitiator? initiator)
    {
        if (countsPeeks)
            State.Peeks++;
        return 0;
    }
}
