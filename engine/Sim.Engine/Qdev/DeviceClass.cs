using System.Diagnostics.CodeAnalysis;
using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>Class of a device type. QEMU: DeviceClass (hw/qdev-core.h).</summary>
public class DeviceClass : ObjectClass
{
    private readonly List<StateDescription> state = [];

    /// <summary>Brings a device to life once its properties are set; throws <see cref="SimException"/> to refuse. QEMU: dc->realize.</summary>
    public Action<Device>? Realize { get; set; }

    /// <summary>
    /// Undoes what <see cref="Realize"/> did outside of the machine's structure; object tree, buses, map, wiring, timers and vCPUs are taken back by the undo log. QEMU: dc->unrealize.
    /// </summary>
    public Action<Device>? Unrealize { get; set; }

    /// <summary>First phase of a reset, after State has its power-on values: no effect on other devices. QEMU: ResettablePhases::enter.</summary>
    public Action<Device>? ResetEnter { get; set; }

    /// <summary>Second phase, after all devices have entered: outputs take the levels that follow from State. QEMU: ResettablePhases::hold.</summary>
    public Action<Device>? ResetHold { get; set; }

    /// <summary>Third phase, after all devices have held: activity begins. QEMU: ResettablePhases::exit.</summary>
    public Action<Device>? ResetExit { get; set; }

    /// <summary>Called after a load, to compute what is derived: touches the device alone and drives no line. QEMU: VMStateDescription::post_load.</summary>
    public Action<Device>? PostLoad { get; set; }

    /// <summary>Type of the bus that the device plugs into; null for none. QEMU: dc->bus_type.</summary>
    public string? BusType { get; set; }

    /// <summary>True when users can make the device with <c>--device</c>. QEMU: dc->user_creatable.</summary>
    public bool UserCreatable { get; set; } = true;

    /// <summary>True when the device can come and go while the machine runs. QEMU: dc->hotpluggable.</summary>
    public bool Hotpluggable { get; set; } = true;

    /// <summary>One line for people. QEMU: dc->desc.</summary>
    public string? Description { get; set; }

    /// <summary>True when this level of the type adds no mutable state; a level that allocates its instances declares this or <see cref="State"/>.</summary>
    public bool Stateless { get; set; }

    /// <summary>Adds configuration properties, which are fixed once a device is realized. QEMU: device_class_set_props.</summary>
    [SuppressMessage("Design", "CA1044", Justification = "Reads as the assignment that QEMU's class_init makes; OwnProperties reads.")]
    public IReadOnlyList<Property> Properties
    {
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            foreach (var property in value)
                AddProperty(property);
        }
    }

    /// <summary>Adds the State of this level to the parent's. QEMU: dc->vmsd.</summary>
    [SuppressMessage("Design", "CA1044", Justification = "Reads as the assignment that QEMU's class_init makes; OwnState reads.")]
    public StateDescription State { set => state.Add(value); }

    /// <summary>State that this level adds.</summary>
    public IReadOnlyList<StateDescription> OwnState => state;

    /// <summary>All State of an instance, the root level's first.</summary>
    public IEnumerable<StateDescription> AllState => Parent is DeviceClass parent ? parent.AllState.Concat(state) : state;

    /// <summary>Installs a realize that keeps the parent's, to be called from it. QEMU: device_class_set_parent_realize.</summary>
    public void SetParentRealize(Action<Device> realize, out Action<Device>? parentRealize)
    {
        parentRealize = Realize;
        Realize = realize;
    }

    /// <summary>Installs an unrealize that keeps the parent's, to be called from it. QEMU: device_class_set_parent_unrealize.</summary>
    public void SetParentUnrealize(Action<Device> unrealize, out Action<Device>? parentUnrealize)
    {
        parentUnrealize = Unrealize;
        Unrealize = unrealize;
    }

    /// <inheritdoc/>
    public override void CopyFrom(ObjectClass parent)
    {
        base.CopyFrom(parent);
        if (parent is not DeviceClass source)
            return;
        Realize = source.Realize;
        Unrealize = source.Unrealize;
        ResetEnter = source.ResetEnter;
        ResetHold = source.ResetHold;
        ResetExit = source.ResetExit;
        PostLoad = source.PostLoad;
        BusType = source.BusType;
        UserCreatable = source.UserCreatable;
        Hotpluggable = source.Hotpluggable;
        Description = source.Description;
    }
}
