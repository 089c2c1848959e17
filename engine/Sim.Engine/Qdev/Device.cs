using System.Globalization;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Qdev;

/// <summary>Levels of a device's output lines, in order of <see cref="Device.Outputs"/>.</summary>
[MessagePackObject]
public sealed class OutputLevels
{
    /// <summary>One level per line.</summary>
    [Key(0)] public bool[] Levels = [];
}

/// <summary>
/// A device: made by type name, configured through properties, brought to life by setting <c>realized</c>. QEMU: DeviceState (hw/core/qdev.c).
/// </summary>
public class Device : QomObject
{
    /// <summary>Name of the type. QEMU: TYPE_DEVICE.</summary>
    public new const string TypeName = "device";

    private readonly List<Bus> childBuses = [];
    private readonly List<IrqLine> outputs = [];
    private readonly Dictionary<string, int> gpioCounts = new(StringComparer.Ordinal);
    [Derived("Undo actions of the realize that the properties decided.")] private IReadOnlyList<Action> realizeUndo = [];
    [Derived("Position in the tree.")] private IMachine? machine;
    [Wiring] private Device? realizedBy;

    /// <summary>True once the device lives. Set through the property <c>realized</c>.</summary>
    [Wiring] public bool Realized { get; internal set; }

    /// <summary>True when the device came while the machine was running. QEMU: DeviceState::hotplugged.</summary>
    [Wiring] public bool Hotplugged { get; internal set; }

    /// <summary>Identifier given by the user; empty for none. QEMU: DeviceState::id.</summary>
    [Wiring] public string Id { get; set; } = "";

    /// <summary>The bus that the device is plugged into; null for none. QEMU: DeviceState::parent_bus.</summary>
    [Wiring] public Bus? ParentBus { get; internal set; }

    /// <summary>The class. QEMU: DEVICE_GET_CLASS.</summary>
    public DeviceClass DeviceClass => (DeviceClass)Class;

    /// <summary>Buses that the device provides. QEMU: DeviceState::child_bus.</summary>
    public IReadOnlyList<Bus> ChildBuses => childBuses;

    /// <summary>All output lines, in order of declaration; their levels are saved with the device.</summary>
    public IReadOnlyList<IrqLine> Outputs => outputs;

    /// <summary>The machine that the device is in.</summary>
    /// <exception cref="SimException">There is none in its tree.</exception>
    public IMachine Machine => machine ??= Root.Object.FindChild("machine") as IMachine
        ?? throw new SimException($"Device '{Class.Type.Name}' needs a machine, and its object tree has none.");

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = QomObject.TypeName,
        Abstract = true,
        NewClass = static () => new DeviceClass(),
        InstancePostInit = static o => GlobalProperties.Apply(o),

        // A device that was plugged in and let go without ever being realized leaves its bus.
        InstanceFinalize = static o => ((Device)o).ParentBus?.RemoveChild((Device)o),
        ClassInit = ClassInit,
    }));

    /// <summary>Adds unnamed input lines, numbered on from those there are. QEMU: qdev_init_gpio_in.</summary>
    public void InitGpioIn(IrqHandler handler, int count) => InitGpioIn("unnamed-gpio-in", handler, count);

    /// <summary>Adds input lines <c>name[N]</c>. QEMU: qdev_init_gpio_in_named.</summary>
    public void InitGpioIn(string name, IrqHandler handler, int count)
    {
        var first = Count(name, count);
        for (var line = first; line < first + count; line++)
            Irq.Create(this, Indexed(name, line), handler, line);
    }

    /// <summary>Adds unnamed output lines. QEMU: qdev_init_gpio_out.</summary>
    public void InitGpioOut(params ReadOnlySpan<IrqLine> lines) => InitGpioOut("unnamed-gpio-out", lines);

    /// <summary>Adds output lines <c>name[N]</c>. QEMU: qdev_init_gpio_out_named.</summary>
    public void InitGpioOut(string name, params ReadOnlySpan<IrqLine> lines)
    {
        var index = Count(name, lines.Length);
        foreach (var line in lines)
        {
            outputs.Add(line);
            AddProperty(Property.Link(Indexed(name, index++), Irq.TypeName, _ => line.Target, (_, target) => line.Connect((Irq?)target)));
            if (Root.Undo.IsOpen)
                Root.Undo.Add(() => outputs.Remove(line));
        }
    }

    /// <summary>Lines of each name, for <c>sim qtree</c>: name and count, in order of name.</summary>
    public IEnumerable<(string Name, int Count)> GpioCounts => gpioCounts.OrderBy(static p => p.Key, StringComparer.Ordinal).Select(static p => (p.Key, p.Value));

    /// <summary>An input line by number. QEMU: qdev_get_gpio_in.</summary>
    /// <exception cref="SimException">There is none.</exception>
    public Irq GetGpioIn(int line, string name = "unnamed-gpio-in") => FindChild(Indexed(name, line)) as Irq
        ?? throw new SimException($"Device '{CanonicalPath}' of type '{Class.Type.Name}' has no input line '{Indexed(name, line)}'.");

    /// <summary>Connects an output line to an input line, or disconnects it with null. QEMU: qdev_connect_gpio_out.</summary>
    /// <exception cref="SimException">There is no such output.</exception>
    public void ConnectGpioOut(int line, Irq? target, string name = "unnamed-gpio-out") => SetProperty(Indexed(name, line), target);

    /// <summary>Makes a timer named after the device's path. Call it from realize. QEMU: timer_new_ns.</summary>
    public VirtualTimer CreateTimer(string name, Action fire, int priority = 0) => Machine.Scheduler.CreateTimer($"{CanonicalPath}:{name}", fire, priority);

    /// <summary>Resets the device and everything below it, as at power-on, in three phases. QEMU: device_cold_reset.</summary>
    public void Reset() => Resettable.Reset([this]);

    /// <inheritdoc/>
    protected override void CheckPropertySet(Property property)
    {
        ArgumentNullException.ThrowIfNull(property);
        if (property.FixedAfterRealize && Realized)
        {
            throw new SimException(
                $"Property '{Class.Type.Name}.{property.Name}' cannot be set: device '{CanonicalPath}' is realized, which fixes its configuration.");
        }
    }

    /// <inheritdoc/>
    protected override void OnLeaving()
    {
        if (Realized)
            Qdev.Unrealize(this);

        // A place in the tree that is taken back takes no plug along that was there before it: each plug has an undo action of its own.
        if (!Root.Undo.IsRunning)
            ParentBus?.RemoveChild(this);
    }

    internal void AddChildBus(Bus bus)
    {
        childBuses.Add(bus);
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => childBuses.Remove(bus));
    }

    internal void RemoveChildBus(Bus bus) => childBuses.Remove(bus);

    /// <summary>Notes in whose realize this one's realize took place; null for nobody's.</summary>
    internal void SetRealizedBy(Device? device) => realizedBy = device;

    /// <summary>True when this device was realized in the course of <paramref name="other"/>'s realize, whose undo log will unrealize it at its place.</summary>
    internal bool IsRealizedWithin(Device? other)
    {
        for (var by = realizedBy; by is not null; by = by.realizedBy)
        {
            if (ReferenceEquals(by, other))
                return true;
        }

        return false;
    }

    internal void KeepRealizeUndo(IReadOnlyList<Action> actions) => realizeUndo = [.. realizeUndo, .. actions];

    internal IReadOnlyList<Action> TakeRealizeUndo()
    {
        var actions = realizeUndo;
        realizeUndo = [];
        return actions;
    }

    private static string Indexed(string name, int index) => string.Create(CultureInfo.InvariantCulture, $"{name}[{index}]");

    private int Count(string name, int more)
    {
        var before = gpioCounts.GetValueOrDefault(name);
        gpioCounts[name] = before + more;
        if (Root.Undo.IsOpen)
        {
            Root.Undo.Add(() =>
            {
                gpioCounts[name] -= more;
                if (gpioCounts[name] == 0)
                    gpioCounts.Remove(name);
            });
        }

        return before;
    }

    /// <summary>A device on a bus can come and go when somebody handles that. QEMU: device_get_hotpluggable.</summary>
    internal static bool IsHotpluggable(Device device) => device.DeviceClass.Hotpluggable
        && (device.ParentBus is null || device.ParentBus.HotplugHandler is not null);

    private static void ClassInit(ObjectClass klass, object? data)
    {
        klass.AddProperty(Property.Bool("realized", static o => ((Device)o).Realized, static (o, value) => Qdev.DeviceSetRealized((Device)o, value)));
        klass.AddProperty(Property.Bool("hotpluggable", static o => IsHotpluggable((Device)o), null));
        klass.AddProperty(Property.Bool("hotplugged", static o => ((Device)o).Hotplugged, null));
        klass.AddProperty(Property.Link("parent_bus", Bus.TypeName, static o => ((Device)o).ParentBus, null));
        ((DeviceClass)klass).State = StateOf.Converted<Device, OutputLevels>(
            TypeName,
            version: 1,
            static d => new OutputLevels { Levels = [.. d.outputs.Select(static line => line.Level)] },
            static (d, levels) => d.RestoreOutputs(levels),
            static _ => { });
    }

    private void RestoreOutputs(OutputLevels saved)
    {
        if (saved.Levels?.Length != outputs.Count)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"State of '{CanonicalPath}' has {saved.Levels?.Length ?? 0} output levels; the device has {outputs.Count} lines."), SimErrorKind.Guest);
        }

        for (var i = 0; i < outputs.Count; i++)
            outputs[i].Restore(saved.Levels[i]);
    }
}
