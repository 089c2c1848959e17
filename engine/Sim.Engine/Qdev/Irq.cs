using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>Called when an input line changes level.</summary>
/// <param name="line">Number of the line among those made together.</param>
/// <param name="level">The new level: the OR of all its drivers.</param>
public delegate void IrqHandler(int line, bool level);

/// <summary>An input line of a device. QEMU: IRQState, TYPE_IRQ (hw/core/irq.c).</summary>
public sealed class Irq : QomObject
{
    /// <summary>Name of the type. QEMU: TYPE_IRQ.</summary>
    public new const string TypeName = "irq";

    private IrqHandler? handler;
    private int highDrivers;

    /// <summary>Number of the line among those made together.</summary>
    public int Number { get; private set; }

    /// <summary>True while any driver holds the line high.</summary>
    public bool Level => highDrivers > 0;

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = QomObject.TypeName,
        New = static () => new Irq(),
    }));

    /// <summary>Makes an input line as a child of <paramref name="owner"/>. QEMU: qemu_allocate_irq.</summary>
    public static Irq Create(QomObject owner, string name, IrqHandler handler, int number)
    {
        ArgumentNullException.ThrowIfNull(owner);
        var irq = owner.NewChild<Irq>(name, TypeName);
        irq.handler = handler;
        irq.Number = number;
        return irq;
    }

    /// <summary>A driver's level has changed. An input whose device is gone, and which only its drivers still hold, counts it and tells nobody.</summary>
    internal void DriverChanged(bool level)
    {
        var before = Level;
        highDrivers += level ? 1 : -1;
        if (Level != before && Parent is not null)
            handler?.Invoke(Number, Level);
    }

    /// <summary>A driver with that level comes or goes without an edge: after a load, and when the wiring changes before power-on.</summary>
    internal void CountDriver(bool level, int change) => highDrivers += level ? change : 0;
}

/// <summary>
/// An output line of a device, which drives at most one <see cref="Irq"/>. Its level is saved with the device that drives it. QEMU: qemu_irq as a device's output.
/// </summary>
public sealed class IrqLine
{
    /// <summary>The input that it drives; null while unconnected.</summary>
    public Irq? Target { get; private set; }

    /// <summary>The level that the device drives.</summary>
    public bool Level { get; private set; }

    /// <summary>Drives a level; without a change nothing happens. QEMU: qemu_set_irq.</summary>
    public void Set(bool level)
    {
        if (Level == level)
            return;
        Level = level;
        Target?.DriverChanged(level);
    }

    /// <summary>Drives high. QEMU: qemu_irq_raise.</summary>
    public void Raise() => Set(true);

    /// <summary>Drives low. QEMU: qemu_irq_lower.</summary>
    public void Lower() => Set(false);

    /// <summary>Drives high, then low. QEMU: qemu_irq_pulse.</summary>
    public void Pulse()
    {
        Raise();
        Lower();
    }

    /// <summary>Connects the line, or disconnects it with null. The level in force counts at the new target, without an edge.</summary>
    internal void Connect(Irq? target)
    {
        Target?.CountDriver(Level, -1);
        Target = target;
        Target?.CountDriver(Level, +1);
    }

    /// <summary>Puts a saved level back without an edge: the receiver's state comes from its own section.</summary>
    internal void Restore(bool level)
    {
        Target?.CountDriver(Level, -1);
        Level = level;
        Target?.CountDriver(Level, +1);
    }
}
