using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Qdev;

/// <summary>The bus of planned devices; it takes two.</summary>
public sealed class PlannedBus : Bus
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "planned-bus";

    /// <summary>Devices that fit.</summary>
    public const int Capacity = 2;

    internal static TypeInfo Type { get; } = new()
    {
        Name = TypeName,
        Parent = Bus.TypeName,
        New = static () => new PlannedBus(),
        ClassInit = static (klass, _) => ((BusClass)klass).MaxDevices = Capacity,
    };
}

/// <summary>State of a <see cref="PlannedDevice"/>.</summary>
[MessagePackObject]
public sealed class PlannedState
{
    /// <summary>A register.</summary>
    [Key(0)] public uint Register = 0x1234;
}

/// <summary>A device whose realize does what a <see cref="DevicePlan"/> says. It plugs into no bus.</summary>
public class PlannedDevice : Device
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "planned-device";

    /// <summary>Name of the type that plugs into a <see cref="PlannedBus"/>.</summary>
    public const string SlotTypeName = "planned-slot-device";

    /// <summary>What a snapshot keeps.</summary>
    public PlannedState State = new();

    [Configuration("level")] private byte level;
    [Configuration("peer")] private PlannedHub? peer;
    [Configuration("needs-peer")] private bool needsPeer;

    /// <summary>What its realize does.</summary>
    [Wiring] public DevicePlan Plan { get; set; } = new([]);

    /// <summary>How often it has been realized and not unrealized.</summary>
    [Derived("Counts the calls of Realize and Unrealize.")] public int Lives { get; internal set; }

    internal static TypeInfo Type { get; } = new()
    {
        Name = TypeName,
        Parent = Device.TypeName,
        New = static () => new PlannedDevice(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Properties =
            [
                Property.U8("level", static (PlannedDevice d) => ref d.level, 3),
                Property.Bool("needs-peer", static (PlannedDevice d) => ref d.needsPeer),
                Property.Link("peer", PlannedHub.TypeName, static (PlannedDevice d) => ref d.peer),
            ];
            dc.State = StateOf.Device(TypeName, version: 1, static (PlannedDevice d) => ref d.State);
            dc.Realize = static d => ((PlannedDevice)d).Realize();
            dc.Unrealize = static d => ((PlannedDevice)d).Lives--;
        },
    };

    internal static TypeInfo SlotType { get; } = new() { Name = SlotTypeName, Parent = TypeName, ClassInit = static (klass, _) => ((DeviceClass)klass).BusType = PlannedBus.TypeName };

    private void Realize()
    {
        if (needsPeer && peer is null)
            throw new SimException($"Property '{TypeName}.peer' is not set: expected the path of a '{PlannedHub.TypeName}'.");
        new PlanRunner(this, Plan).Run();
        Lives++;
    }
}

/// <summary>A device on the system bus whose realize does what a <see cref="DevicePlan"/> says.</summary>
public sealed class PlannedSysBusDevice : SysBusDevice
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "planned-sysbus-device";

    /// <summary>What its realize does.</summary>
    [Wiring] public DevicePlan Plan { get; set; } = new([]);

    internal static TypeInfo Type { get; } = new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new PlannedSysBusDevice(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Stateless = true;
            dc.Realize = static d => new PlanRunner(d, ((PlannedSysBusDevice)d).Plan).Run();
        },
    };
}

/// <summary>A realized device with one of everything, which planned devices connect to and change.</summary>
public sealed class PlannedHub : Device
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "planned-hub";

    [Configuration("text")] private string text = "";
    [Configuration("link")] private QomObject? link;

    /// <summary>A timer that is armed.</summary>
    [Wiring] public VirtualTimer Timer { get; private set; } = null!;

    /// <summary>A region that is mapped.</summary>
    [Wiring] public MemoryRegion Region { get; private set; } = null!;

    /// <summary>A window on <see cref="Region"/> that is mapped.</summary>
    [Wiring] public MemoryRegion Window { get; private set; } = null!;

    /// <summary>A bus.</summary>
    [Wiring] public PlannedBus Slots { get; private set; } = null!;

    /// <summary>The kinds of steps that planned devices have done; a step that must fail is done when it begins.</summary>
    [Derived("Tells a law what it was tried on.")] public HashSet<PlanStepKind> Done { get; } = [];

    /// <summary>Four outputs.</summary>
    public IReadOnlyList<IrqLine> Lines { get; } = [new(), new(), new(), new()];

    internal static TypeInfo Type { get; } = new()
    {
        Name = TypeName,
        Parent = Device.TypeName,
        New = static () => new PlannedHub(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Stateless = true;
            dc.Realize = static d => ((PlannedHub)d).Realize();
            klass.AddProperty(Property.Text("text", "str", static o => ((PlannedHub)o).text, static (o, value) => ((PlannedHub)o).text = value));
            klass.AddProperty(Property.Link("link", QomObject.TypeName, static o => ((PlannedHub)o).link, static (o, value) => ((PlannedHub)o).link = value));
        },
    };

    /// <summary>Makes the hub of a machine.</summary>
    public static PlannedHub Create(TestMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var hub = machine.NewChild<PlannedHub>("hub", TypeName);
        Engine.Qdev.Qdev.Realize(hub);
        return hub;
    }

    private void Realize()
    {
        Timer = CreateTimer("beat", static () => { });
        Timer.Arm(1_000_000);
        Region = MemoryRegion.NewContainer(this, "hub", 0x1000);
        Region.AddSubregion(0, MemoryRegion.NewIo(this, PlanRunner.Ops, "registers", 0x800));
        Machine.SystemMemory.AddSubregion(0x10_0000, Region);
        Window = MemoryRegion.NewAlias(this, "window", Region, 0, 0x800);
        Machine.SystemMemory.AddSubregion(0x20_0000, Window, 1);
        Slots = Bus.Create<PlannedBus>(PlannedBus.TypeName, this, "slots");
        InitGpioIn(static (_, _) => { }, 4);
        InitGpioOut([.. Lines]);
        AddProperty(Property.Text("extra", "str", static _ => "extra", null));
    }
}

internal static class PlannedTypes
{
    public static IEnumerable<TypeInfo> All => [PlannedBus.Type, PlannedDevice.Type, PlannedDevice.SlotType, PlannedSysBusDevice.Type, PlannedHub.Type];
}
