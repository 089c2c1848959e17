using System.Buffers;
using System.Globalization;
using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Qdev;
using static Sim.Engine.Qdev.Qdev;

namespace Sim.PropertyKit.Machines;

/// <summary>A real machine whose devices a <see cref="DeviceSequence"/> makes, wires, uses and takes away, beside the model.</summary>
internal sealed class DeviceWorkbench : IDisposable
{
    private const int MostObjects = 8;

    private readonly Session session;
    private readonly DeviceModel model;
    private readonly CaseClasses classes;
    private readonly IReadOnlyList<string> types;
    private readonly Dictionary<(QomObject Owner, string Section), string> powerOn = [];

    public DeviceWorkbench(string machine, TypeRegistry? registry, CaseClasses classes, IReadOnlyList<string>? types)
    {
        this.classes = classes;
        var isEmpty = machine == "none";
        session = Session.Boot(
            new MachineConfiguration { Machine = machine, Bios = isEmpty ? null : LawGuests.Demo, Memory = isEmpty ? 1 << 20 : null },
            new SessionOptions { Registry = registry });
        model = new DeviceModel(session.Machine.Root);
        this.types = types ?? TypeNames(session.Machine.Root.Registry);
        NotePowerOn();
    }

    private MachineState Machine => session.Machine;

    /// <summary>Every type by name, abstract ones too, but few of the many CPUs, which differ in numbers only.</summary>
    public static string[] TypeNames(TypeRegistry registry) =>
    [
        .. registry.Types.Where(static t => !t.Name.EndsWith(CpuModels.Suffix, StringComparison.Ordinal)).Select(static t => t.Name),
        "e500v2_v30-powerpc-cpu", "e500_v10-powerpc-cpu",
    ];

    /// <summary>Does the steps, compares after each, takes everything away again and compares with the beginning.</summary>
    public void Run(IReadOnlyList<DeviceOperation> operations)
    {
        model.Check();
        var before = Skeleton();
        foreach (var operation in operations)
        {
            Try(operation);
            model.Check();
        }

        foreach (var (line, target) in model.Drivers.ToList())
            model.Drop(line, target);
        foreach (var at in model.Objects.Reverse().ToList())
        {
            at.Object.Unparent();
            while (at.Held-- > 0)
                at.Object.Unref();
        }

        Check.Equal("", StructuralDump.Difference(before, Skeleton()), "what is left of the devices");
        classes.CoverSession(session);
    }

    public void Dispose() => session.Dispose();

    /// <summary>Does a step; when it is refused, everything must be as before.</summary>
    private void Try(DeviceOperation operation)
    {
        var structural = operation.Kind is not (DeviceOperationKind.Read or DeviceOperationKind.Write or DeviceOperationKind.Advance or DeviceOperationKind.Add);
        var before = structural ? Dump() : "";
        try
        {
            if (Do(operation))
                classes.CoverOperation(operation.Kind);
            classes.Add(operation.Kind.ToString());
        }
        catch (SimException error)
        {
            classes.Add("refused");
            classes.Add($"refused: {operation.Kind}");
            Check.Sentence(error.Message);
            if (structural)
                Check.Equal("", StructuralDump.Difference(before, Dump()), $"what a refused {operation.Kind} changed ({error.Message})");
        }
    }

    private string Dump() => StructuralDump.Of(Machine, true, [.. model.Objects.Select(static o => o.Object)]);

    /// <summary>Does a step; false when there is nothing that it could be done to.</summary>
    private bool Do(DeviceOperation operation)
    {
        switch (operation.Kind)
        {
            case DeviceOperationKind.New when model.Objects.Count < MostObjects:
                Make(types[operation.Object % types.Count]);
                return true;
            case DeviceOperationKind.Add when model.Objects.Count < MostObjects:
                Add(operation);
                return true;
            case DeviceOperationKind.Edge:
                return Drive(operation);
            case DeviceOperationKind.Read or DeviceOperationKind.Write:
                if (operation.Kind == DeviceOperationKind.Read)
                    Peek(Address(operation));
                return Access(operation, Address(operation), 1 << (operation.Object & 3));
            case DeviceOperationKind.ResetMachine:
                RaiseOutputs(operation.Value);
                Machine.Reset();
                CheckPowerOn();
                return true;
            case DeviceOperationKind.Advance:
                Advance((long)(operation.Value % 0x4000));
                return true;
            default:
                return model.Objects.Count > 0 && DoTo(Chosen(operation), operation);
        }
    }

    /// <summary>The object that a step is about; every other unrealize is that of a device with others on its bus, where there is
    /// one.</summary>
    private ModelledObject Chosen(DeviceOperation operation)
    {
        var owner = operation is { Kind: DeviceOperationKind.Unrealize, Choice: var choice } && choice % 2 == 0
            ? model.Objects.FirstOrDefault(o => model.Objects.Any(on => on.Realized && ReferenceEquals(on.Bus?.ParentDevice, o.Object)))
            : null;
        return owner ?? model.Objects[operation.Object % model.Objects.Count];
    }

    private bool DoTo(ModelledObject at, DeviceOperation operation)
    {
        switch (operation.Kind)
        {
            case DeviceOperationKind.AddChild:
                Machine.FindChild("peripheral")!.AddChild("made[*]", at.Object);
                at.InTree = true;
                return true;
            case DeviceOperationKind.Unparent:
                at.Object.Unparent();
                model.Unparented(at);
                return true;
            case DeviceOperationKind.Unref when at.Held > 0:
                at.Object.Unref();
                at.Held--;
                return true;
            case DeviceOperationKind.Set:
                Set(at, operation);
                return true;
            default:
                return at.Device is { } device && DoToDevice(at, device, operation);
        }
    }

    private bool DoToDevice(ModelledObject at, Device device, DeviceOperation operation)
    {
        switch (operation.Kind)
        {
            case DeviceOperationKind.Plug:
                var bus = AnyBus(operation.Choice);
                bus.AddChild(device);
                at.Bus = bus;
                return true;
            case DeviceOperationKind.Realize:
                RealizeOn(at, operation.Choice % 3 == 0 ? null : operation.Choice % 3 == 1 ? BusFor(device) : AnyBus(operation.Choice));
                return true;
            case DeviceOperationKind.Unrealize:
                classes.Add("unrealized", device.Realized);
                classes.Add("unrealized with a device on its bus",
                    model.Objects.Any(o => o.Realized && o.Bus is not null && ReferenceEquals(o.Bus.ParentDevice, device)));
                Unrealize(device);
                if (at.Realized)
                    model.Unrealized(at);
                return true;
            case DeviceOperationKind.Unplug:
                Unplug(device);
                model.Unparented(at);
                return true;
            case DeviceOperationKind.Reset when device.Realized:
                device.Reset();
                return true;
            case DeviceOperationKind.Map when device is SysBusDevice sysbus:
                sysbus.MapMmio(operation.Choice % (sysbus.Regions.Count + 1), operation.Value & 0xF_FFFF_FFF0);
                return true;
            case DeviceOperationKind.Connect:
                Connect(device, operation);
                return true;
            default:
                return false;
        }
    }

    private void RealizeOn(ModelledObject at, Bus? bus)
    {
        Realize(at.Device!, bus);
        DeviceModel.Realized(at, bus);
        NotePowerOn();
        classes.CoverObject(at.Object);
        classes.Add("realized");
        classes.Add($"realized {at.Object.Class.Type.Name}");
        classes.Add("realized on a bus of a new device", model.Objects.Any(o => ReferenceEquals(o.Device, bus?.ParentDevice)));
    }

    private ModelledObject Make(string type)
    {
        var made = Machine.Root.New(type);
        classes.CoverObject(made);
        return model.Add(made);
    }

    private void Add(DeviceOperation operation)
    {
        var names = types.Where(name => Machine.Root.Registry.Find(name) is { IsAbstract: false } type
            && type.IsA(Device.TypeName)).ToArray();
        var at = Make(names[operation.Object % names.Length]);
        RealizeOn(at, BusFor(at.Device!));
        if (at.Device is not SysBusDevice sysbus)
            return;
        for (var region = 0; region < sysbus.Regions.Count; region++)
        {
            // Board code and realize functions map some regions themselves.
            if (sysbus.Regions[region].ContainingRegion is null)
                sysbus.MapMmio(region, 0x8_0000_0000 + (operation.Value & 0xFF_F000) + ((ulong)region << 24));
        }
    }

    private void Set(ModelledObject at, DeviceOperation operation)
    {
        var properties = at.Object.Properties.ToList();
        var property = properties[operation.Choice % properties.Count];
        var values = PropertyValues.Of(at.Object, property).ToList();
        var value = values[(int)(operation.Value % (ulong)values.Count)].Value;
        classes.CoverProperty(at.Object, property);
        if (property.Name == "realized" && at.Device is { } device && value is bool wanted)
        {
            if (wanted == device.Realized)
                return;
            device.SetProperty("realized", wanted);
            if (wanted)
            {
                DeviceModel.Realized(at, null);
                NotePowerOn();
            }
            else
                model.Unrealized(at);
            return;
        }

        at.Object.SetProperty(property.Name, value);
    }

    private void Connect(Device device, DeviceOperation operation)
    {
        var (name, count) = device.GpioCounts.Where(static g => g.Name.Contains("out", StringComparison.Ordinal)
            || g.Name == SysBusDevice.IrqName)
            .FirstOrDefault(("no-such", 1));
        var inputs = Irqs();
        var target = operation.Choice % 8 == 0 || inputs.Count == 0 ? null : inputs[operation.Choice % inputs.Count];
        device.ConnectGpioOut((int)(operation.Value % (ulong)(count + 1)), target, name);
        classes.Add("connected", target is not null);
    }

    private bool Drive(DeviceOperation operation)
    {
        var inputs = Irqs();
        if (inputs.Count == 0)
            return false;
        if (model.Drivers.Count > 4)
            model.Drop(model.Drivers[0].Line, model.Drivers[0].Target);

        // Mostly an input that has a driver already, and then mostly another one beside it.
        var target = model.Drivers.Count > 0 && operation.Object % 4 > 0
            ? model.Drivers[operation.Choice % model.Drivers.Count].Target
            : inputs[operation.Choice % inputs.Count];
        var lines = model.Drivers.Where(d => ReferenceEquals(d.Target, target)).Select(static d => d.Line).ToList();
        classes.Add("several drivers", lines.Count > 1);
        var line = lines.Count > 0 && operation.Object % 4 < 3 && lines.Count > operation.Object % 2 ? lines[operation.Choice % lines.Count] : null;
        if (line is null)
        {
            line = new IrqLine();
            target.Ref();
            line.Connect(target);
            model.Drivers.Add((line, target));
        }

        line.Set((operation.Value & 3) != 0);
        classes.Add("line raised", target.Level);
        return true;
    }

    private void Advance(long time)
    {
        var scheduler = session.Scheduler;
        session.Run(new RunLimits
        {
            Stop = new StopCondition
            {
                Time = scheduler.ReachedTime + time,
                Instructions = scheduler.TotalInstructions + 3000
            }
        });
        classes.Add("CPU executes", scheduler.TotalInstructions > 0);
    }

    /// <summary>Registers of a device that does not live are left alone: a board maps them before its realize, and no guest runs then.</summary>
    private bool Access(DeviceOperation operation, ulong address, int size)
    {
        for (var at = address; at != address + (ulong)size; at++)
        {
            if (Machine.Memory.View.TryFind(at, out var range) && OwnerOf(range.Region) is { Realized: false })
                return false;
        }

        if (operation.Kind == DeviceOperationKind.Read)
            Machine.Memory.Read(address, size, null);
        else
            Machine.Memory.Write(address, operation.Value, size, null);
        return true;
    }

    private static Device? OwnerOf(QomObject at)
    {
        for (var owner = at; owner is not null; owner = owner.Parent)
        {
            if (owner is Device device)
                return device;
        }

        return null;
    }

    /// <summary>Looks at the registers around an address, in which nothing may change by that.</summary>
    private void Peek(ulong address)
    {
        var before = States();
        Span<byte> bytes = stackalloc byte[64];
        Machine.Memory.TryPeek(address & ~63UL, bytes);
        foreach (var (owner, section, state) in before)
            Check.Equal(state, States(owner, section), $"state '{section}' of {owner} after a peek");
    }

    /// <summary>Keeps the State that devices have when they come to life, which is that of power-on.</summary>
    private void NotePowerOn()
    {
        foreach (var (owner, section, state) in States())
            powerOn.TryAdd((owner, section), state);
    }

    /// <summary>Raises some output lines, as devices in the middle of their work have them.</summary>
    private void RaiseOutputs(ulong chosen)
    {
        var outputs = DeviceModel.Tree(Machine).OfType<Device>().Where(static d => d.Realized).SelectMany(static d => d.Outputs).ToList();
        foreach (var (index, line) in outputs.Index())
        {
            if ((chosen >> (index % 64) & 1) != 0)
                line.Raise();
        }
    }

    /// <summary>
    /// After a reset every device has its power-on State again, output levels included, as far as no input is driven from outside. What a
    /// CPU keeps goes by the time.
    /// </summary>
    private void CheckPowerOn()
    {
        if (model.Drivers.Any(static d => d.Line.Level))
            return;
        classes.Add("reset to power-on");
        foreach (var (owner, section, state) in States().Where(static s => s.Section != PowerPcCpu.TypeName && s.Owner is Device { Realized: true }))
            Check.Equal(powerOn[(owner, section)], state, $"state '{section}' of {owner} after a reset");
    }

    private List<(QomObject Owner, string Section, string State)> States() =>
        [.. StateSections.Owners(Machine).Select(static pair => (pair.Owner, pair.Description.Name, Bytes(pair.Owner, pair.Description)))];

    private static string States(QomObject owner, string section) => owner switch
    {
        Device device => Bytes(owner, device.DeviceClass.AllState.First(state => state.Name == section)),
        IStateful stateful => Bytes(owner, stateful.StateDescriptions.First(state => state.Name == section)),
        _ => "",
    };

    private static string Bytes(QomObject owner, StateDescription description)
    {
        var writer = new ArrayBufferWriter<byte>();
        description.Write(owner, writer);
        return Convert.ToHexString(writer.WrittenSpan);
    }

    private ulong Address(DeviceOperation operation)
    {
        var ranges = Machine.Memory.View.Ranges.Where(static r => r.Region.Kind == MemoryRegionKind.Io).ToList();
        if (operation.Choice % 5 == 0 || ranges.Count == 0)
            return operation.Value;
        var range = ranges[operation.Choice % ranges.Count];
        classes.Add("register access");

        // The value is what is written as well, so the offset must not go with it. Mostly the first registers, mostly aligned.
        var spread = (unchecked(operation.Value * 0x9E37_79B9_7F4A_7C15) >> 32) + (ulong)operation.Choice;
        var offset = spread % Math.Min(range.Last - range.Start + 1, operation.Choice % 4 > 0 ? 0x20UL : 0x1_0000);
        return range.Start + (operation.Choice % 8 > 1 ? offset & ~((1UL << (operation.Object & 3)) - 1) : offset);
    }

    private List<Irq> Irqs() => [.. DeviceModel.Tree(Machine).OfType<Irq>()];

    private List<Bus> Buses() => [.. DeviceModel.Tree(Machine).OfType<Bus>()];

    private Bus AnyBus(int choice) => Buses() is var buses ? buses[choice % buses.Count] : null!;

    private Bus? BusFor(Device device) => device.DeviceClass.BusType is { } needed ? Buses().FindLast(bus => bus.IsA(needed)) : null;

    /// <summary>The machine's structure without anything that time or guests change.</summary>
    private string Skeleton()
    {
        var text = new StringBuilder();
        foreach (var at in DeviceModel.Tree(Machine.Root.Object))
            text.Append(CultureInfo.InvariantCulture,
                $"{at.CanonicalPath} {at.Class.Type.Name} {at.ReferenceCount} {at.Properties.Count()}\n");
        foreach (var bus in Buses())
            text.Append(CultureInfo.InvariantCulture,
                $"{bus.CanonicalPath}: {string.Join(' ', bus.Devices.Select(static d => d.CanonicalPath))}\n");
        foreach (var range in Machine.Memory.View.Ranges.Where(static r => r.Region.Kind != MemoryRegionKind.Io))
            text.Append(CultureInfo.InvariantCulture, $"map {range.Start:x}-{range.Last:x} {range.Region.Name}\n");
        foreach (var timer in session.Scheduler.Timers.Timers)
            text.Append(CultureInfo.InvariantCulture, $"timer {timer.Name}\n");
        return text.Append(CultureInfo.InvariantCulture, $"vCPUs {session.Scheduler.Clocks.Count}").ToString();
    }
}
