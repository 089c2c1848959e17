using System.Globalization;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.PropertyKit.Machines;

/// <summary>What the model knows of an object that a sequence has made.</summary>
internal sealed class ModelledObject(QomObject made)
{
    public QomObject Object => made;

    public Device? Device => made as Device;

    /// <summary>References of its maker.</summary>
    public int Held { get; set; } = 1;

    public bool InTree { get; set; }

    public bool Realized { get; set; }

    public Bus? Bus { get; set; }

    /// <summary>True when the realize has given it its place, which the unrealize takes.</summary>
    public bool PlacedByRealize { get; set; }

    /// <summary>True when the realize has plugged it in, which the unrealize takes back.</summary>
    public bool PluggedByRealize { get; set; }

    public override string ToString() => $"{made.Class.Type.Name} at '{made.CanonicalPath}'";
}

/// <summary>
/// The naive model beside a machine's devices: for each object that was made its references, its place, its bus and whether it is
/// realized; and for the whole
/// machine that buses and devices know each other, and that an input line is high exactly while one of its drivers is.
/// </summary>
internal sealed class DeviceModel(QomRoot root)
{
    private readonly List<ModelledObject> objects = [];

    /// <summary>The objects that are still there.</summary>
    public IReadOnlyList<ModelledObject> Objects => objects;

    /// <summary>Lines from outside and the inputs that they drive.</summary>
    public List<(IrqLine Line, Irq Target)> Drivers { get; } = [];

    public ModelledObject Add(QomObject made)
    {
        objects.Add(new ModelledObject(made));
        return objects[^1];
    }

    public static void Realized(ModelledObject at, Bus? bus)
    {
        at.Realized = true;
        at.PlacedByRealize = !at.InTree;
        at.InTree = true;
        at.PluggedByRealize = bus is not null && at.Bus is null;
        at.Bus = bus ?? at.Bus;
    }

    public void Unrealized(ModelledObject at)
    {
        at.Realized = false;
        if (at.PluggedByRealize)
            at.Bus = null;
        if (at.PlacedByRealize)
            at.InTree = false;
        at.PluggedByRealize = at.PlacedByRealize = false;
        foreach (var below in objects.Where(o => o.Bus?.ParentDevice is { } owner && IsOrIsBelow(owner, at.Object)).ToList())
        {
            if (below.Realized)
                Unrealized(below);
        }
    }

    public void Unparented(ModelledObject at)
    {
        if (!at.InTree)
            return;
        if (at.Realized)
            Unrealized(at);
        at.InTree = false;
        at.Bus = null;
    }

    /// <summary>Takes note of what follows from a step, and compares everything with the machine.</summary>
    public void Check()
    {
        // A bus that has gone has taken its devices out of bus and tree.
        foreach (var at in objects.Where(static o => o.Bus is { IsFinalized: true } or { Parent: null }))
            (at.Bus, at.InTree, at.Realized) = (null, false, false);
        foreach (var (line, target) in Drivers.Where(static d => d.Target.Parent is null).ToList())
            Drop(line, target);
        var all = objects.Select(static o => o.Object).Where(static o => o.Parent is null).SelectMany(Tree)
            .Concat(Tree(root.Object)).ToList();
        foreach (var at in objects.ToList())
            CheckObject(at, all);
        CheckBuses(all);
        CheckLines(all, Drivers.Select(static d => d.Line));
    }

    /// <summary>Disconnects a line from outside.</summary>
    public void Drop(IrqLine line, Irq target)
    {
        line.Connect(null);
        Drivers.RemoveAll(d => ReferenceEquals(d.Line, line));
        target.Unref();
    }

    /// <summary>An object and all below it.</summary>
    public static IEnumerable<QomObject> Tree(QomObject at) => at.Children.SelectMany(Tree).Prepend(at);

    private void CheckObject(ModelledObject at, List<QomObject> all)
    {
        var links = all.Sum(owner => Links(owner, at.Object));
        var driven = Drivers.Count(d => ReferenceEquals(d.Target, at.Object));
        var expected = at.Held + (at.InTree ? 1 : 0) + links + driven;
        PropertyKit.Check.Equal(expected, at.Object.ReferenceCount, $"references of {at}");
        PropertyKit.Check.Equal(expected == 0, at.Object.IsFinalized, $"end of {at}");
        PropertyKit.Check.Equal(at.InTree, at.Object.Parent is not null, $"place in the tree of {at}");
        if (expected == 0)
            at.Bus = null;
        if (at.Device is { } device)
        {
            PropertyKit.Check.Equal(at.Realized, device.Realized, $"realized of {at}");
            PropertyKit.Check.Equal(at.Bus, device.ParentBus, $"bus of {at}");
        }

        if (expected == 0)
            objects.Remove(at);
    }

    private static int Links(QomObject owner, QomObject target) => owner.Properties.Count(property =>
        property.IsWritable && property.Type.StartsWith("link<", StringComparison.Ordinal) && ReferenceEquals(property.Get(owner), target));

    private static void CheckBuses(List<QomObject> all)
    {
        foreach (var bus in all.OfType<Bus>())
        {
            PropertyKit.Check.That(bus.Devices.All(d => !d.IsFinalized && ReferenceEquals(d.ParentBus, bus)),
                $"a device of bus '{bus.CanonicalPath}' is not on it");
            PropertyKit.Check.Equal(bus.Devices.Count(), bus.Devices.Distinct().Count(), $"devices of bus '{bus.CanonicalPath}'");
        }

        foreach (var device in all.OfType<Device>())
        {
            var bus = device.ParentBus;
            PropertyKit.Check.That(bus is null || bus.Devices.Contains(device),
                $"'{device.CanonicalPath}' is on a bus that does not know it");
            var needsBus = device.Realized && device.DeviceClass.BusType is not null;
            PropertyKit.Check.That(!needsBus || bus is { IsFinalized: false }, $"'{device.CanonicalPath}' is realized without a bus");
        }
    }

    /// <summary>An input line is high exactly while one of its drivers is.</summary>
    /// <param name="all">All objects.</param>
    /// <param name="others">Drivers that belong to no device.</param>
    public static void CheckLines(IReadOnlyList<QomObject> all, IEnumerable<IrqLine> others)
    {
        var high = all.OfType<Device>().SelectMany(static d => d.Outputs).Concat(others)
            .Where(static line => line.Level && line.Target is not null).Select(static line => line.Target!).ToHashSet();
        foreach (var irq in all.OfType<Irq>())
        {
            if (high.Contains(irq) != irq.Level)
                throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture,
                    $"level of '{irq.CanonicalPath}' is {irq.Level}, of its drivers {!irq.Level}"));
        }
    }

    private static bool IsOrIsBelow(QomObject at, QomObject above)
    {
        for (QomObject? level = at; level is not null; level = level.Parent)
        {
            if (ReferenceEquals(level, above))
                return true;
        }

        return false;
    }
}
