using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>Class of a bus type. QEMU: BusClass.</summary>
public class BusClass : ObjectClass
{
    /// <summary>Refuses a device that does not fit (an address taken); throws <see cref="SimException"/>. QEMU: BusClass::check_address.</summary>
    public Action<Bus, Device>? CheckAddress { get; set; }

    /// <summary>Devices that fit at most; 0 for any number. QEMU: BusClass::max_dev.</summary>
    public int MaxDevices { get; set; }

    /// <inheritdoc/>
    public override void CopyFrom(ObjectClass parent)
    {
        base.CopyFrom(parent);
        if (parent is not BusClass source)
            return;
        CheckAddress = source.CheckAddress;
        MaxDevices = source.MaxDevices;
    }
}

/// <summary>What devices plug into. QEMU: BusState (hw/core/bus.c).</summary>
public class Bus : QomObject
{
    /// <summary>Name of the type. QEMU: TYPE_BUS.</summary>
    public new const string TypeName = "bus";

    private readonly List<(int Index, Device Device)> children = [];
    [Wiring] private int leastIndex;

    /// <summary>Name as the device tree prints it.</summary>
    [Wiring] public string Name { get; private set; } = "";

    /// <summary>The device that provides the bus; null for the main system bus.</summary>
    [Wiring] public Device? ParentDevice { get; private set; }

    /// <summary>True once the device that provides it lives.</summary>
    [Wiring] public bool Realized { get; internal set; }

    /// <summary>The object that plugs devices into this bus; null to leave that to the machine. QEMU: BusState::hotplug_handler.</summary>
    [Wiring] public QomObject? HotplugHandler { get; private set; }

    /// <summary>The devices plugged in, in order. QEMU: BusState::children.</summary>
    public IEnumerable<Device> Devices => children.Select(static c => c.Device);

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () =>
    {
        TypeRegistry.Register(new()
        {
            Name = TypeName,
            Parent = QomObject.TypeName,
            Abstract = true,
            NewClass = static () => new BusClass(),
            ClassInit = ClassInit,
        });
        TypeRegistry.Register(new() { Name = HotplugHandlerClass.TypeName, Parent = InterfaceClass.TypeName, Abstract = true, NewClass = static () => new HotplugHandlerClass() });
    });

    /// <summary>Makes a bus provided by a device, as its child. QEMU: qbus_new.</summary>
    public static T Create<T>(string typeName, Device parent, string name) where T : Bus
    {
        ArgumentNullException.ThrowIfNull(parent);
        var bus = parent.NewChild<T>(name, typeName);
        bus.Name = name;
        bus.ParentDevice = parent;
        parent.AddChildBus(bus);
        return bus;
    }

    /// <summary>Makes the bus of a machine's memory-mapped devices. QEMU: main_system_bus_create.</summary>
    public static SystemBus CreateMain(QomObject owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        var bus = owner.NewChild<SystemBus>("sysbus", SystemBus.TypeName);
        bus.Name = "main-system-bus";
        return bus;
    }

    /// <summary>Plugs a device in. QEMU: qdev_set_parent_bus.</summary>
    /// <exception cref="SimException">The device is for another kind of bus, the bus is full, or the address is taken.</exception>
    public void AddChild(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (ReferenceEquals(device.ParentBus, this))
            return;
        if (device.ParentBus is not null)
            throw new SimException($"Device '{device.CanonicalPath}' is plugged into bus '{device.ParentBus.Name}' already.");
        if (device.DeviceClass.BusType is not { } needed || !IsA(needed))
        {
            throw new SimException($"Device '{device.Class.Type.Name}' does not fit bus '{Name}' of type '{Class.Type.Name}': "
                + (device.DeviceClass.BusType is { } type ? $"it needs one of type '{type}'." : "it plugs into no bus."));
        }

        var klass = (BusClass)Class;
        if (klass.MaxDevices > 0 && children.Count >= klass.MaxDevices)
            throw new SimException(string.Create(CultureInfo.InvariantCulture, $"Bus '{Name}' is full: it takes {klass.MaxDevices} devices."));
        klass.CheckAddress?.Invoke(this, device);
        var index = children.Aggregate(leastIndex, static (least, child) => Math.Max(least, child.Index + 1));
        children.Add((index, device));
        device.ParentBus = this;
        AddProperty(Property.Link(ChildName(index), device.Class.Type.Name, _ => device, null));
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => RemoveChild(device));
    }

    /// <summary>Unplugs a device; does nothing when it is not plugged in here. QEMU: bus_remove_child.</summary>
    public void RemoveChild(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var at = children.FindIndex(child => ReferenceEquals(child.Device, device));
        if (at < 0)
            return;
        var child = children[at];
        children.RemoveAt(at);
        device.ParentBus = null;
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => PutBack(at, child));
        RemoveProperty(ChildName(child.Index));

        // As in QEMU a number is not used again, unless taking back a plug has freed it.
        if (!Root.Undo.IsRunning)
            leastIndex = Math.Max(leastIndex, child.Index + 1);
    }

    /// <summary>Names the object that plugs devices into this bus. QEMU: qbus_set_hotplug_handler.</summary>
    public void SetHotplugHandler(QomObject? handler) => SetProperty("hotplug-handler", handler);

    /// <summary>The devices on a bus go with it. QEMU: bus_unparent.</summary>
    protected override void OnLeaving()
    {
        foreach (var device in Devices.Reverse().ToList())
        {
            if (device.Realized)
                Qdev.Unrealize(device);
            RemoveChild(device);
            device.Unparent();
        }

        ParentDevice?.RemoveChildBus(this);
    }

    private void PutBack(int at, (int Index, Device Device) child)
    {
        if (child.Device.IsFinalized || child.Device.ParentBus is not null)
            return;
        children.Insert(Math.Min(at, children.Count), child);
        child.Device.ParentBus = this;
    }

    internal void Realize()
    {
        if (Realized)
            return;
        Realized = true;
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => Realized = false);
    }

    /// <summary>
    /// Unrealizes the devices that were plugged in later. Those that the bus's own device made in its realize follow in the reverse order of all that it did there.
    /// </summary>
    internal void Unrealize()
    {
        foreach (var device in Devices.Reverse().ToList())
        {
            if (device.Realized && !device.IsRealizedWithin(ParentDevice))
                Qdev.Unrealize(device);
        }

        Realized = false;
    }

    private static string ChildName(int index) => string.Create(CultureInfo.InvariantCulture, $"child[{index}]");

    private static void ClassInit(ObjectClass klass, object? data)
    {
        klass.AddProperty(Property.Link("hotplug-handler", HotplugHandlerClass.TypeName, static o => ((Bus)o).HotplugHandler, static (o, v) => ((Bus)o).HotplugHandler = v));
        klass.AddProperty(Property.Bool("realized", static o => ((Bus)o).Realized, null));
    }
}

/// <summary>Class of the interface of an object that plugs and unplugs devices. QEMU: HotplugHandlerClass.</summary>
public sealed class HotplugHandlerClass : InterfaceClass
{
    /// <summary>Name of the interface type. QEMU: TYPE_HOTPLUG_HANDLER.</summary>
    public new const string TypeName = "hotplug-handler";

    /// <summary>Before a device is realized; throws to refuse it.</summary>
    public Action<Device>? PrePlug { get; set; }

    /// <summary>After its realize function has run.</summary>
    public Action<Device>? Plug { get; set; }

    /// <summary>Before it is unrealized on request (<see cref="Qdev.Unplug"/>); throws to refuse.</summary>
    public Action<Device>? Unplug { get; set; }

    /// <inheritdoc/>
    public override void CopyFrom(ObjectClass parent)
    {
        base.CopyFrom(parent);
        if (parent is not HotplugHandlerClass source)
            return;
        PrePlug = source.PrePlug;
        Plug = source.Plug;
        Unplug = source.Unplug;
    }
}
