using System.Buffers;
using System.Globalization;
using System.Reflection;
using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Qdev;

/// <summary>
/// Everything that law L5 speaks of, as text that can be compared: object tree with reference counts and properties, buses, memory map, wiring and line levels, State,
/// timers and scheduler.
/// </summary>
public static class StructuralDump
{
    /// <summary>Dumps a whole machine, and further objects that may stand outside its tree.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="withArmings">False to leave out how many timers were armed so far, which an unrealize does not take back.</param>
    /// <param name="others">Objects outside of the tree.</param>
    public static string Of(IMachine machine, bool withArmings = true, params IReadOnlyList<QomObject> others)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(others);
        var text = new StringBuilder();
        foreach (var root in others.Prepend(((QomObject)machine).Root.Object))
        {
            if (root.Parent is null)
                AddObject(text, root, 0);
        }

        foreach (var range in machine.Memory.View.Ranges)
            Line(text, 0, $"map {range.Start:x}-{range.Last:x} {range.Region.Name}+{range.Offset:x}");
        foreach (var timer in machine.Scheduler.Timers.Timers)
            Line(text, 0, $"timer {timer.Name} priority {timer.Priority} deadline {timer.Deadline} armed as {(withArmings ? timer.Sequence : 0)}");
        AddScheduler(text, machine.Scheduler, withArmings);
        return text.ToString();
    }

    /// <summary>All memory regions of a machine: what they show, and where they are mapped; one that is not keeps its last place, which shows nowhere.</summary>
    /// <param name="machine">The machine.</param>
    public static string MemoryMap(IMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var text = new StringBuilder();
        AddRegions(text, (QomObject)machine, "");
        return text.ToString();
    }

    /// <summary>The lines in which two dumps differ: those that went and those that came. Empty when they are equal.</summary>
    public static string Difference(string before, string after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        if (before == after)
            return "";
        var (old, now) = (before.Split('\n'), after.Split('\n'));
        var gone = old.Except(now).Select(static line => "- " + Shown(line.Trim()));
        var come = now.Except(old).Select(static line => "+ " + Shown(line.Trim()));
        var lines = gone.Concat(come).ToList();
        return lines.Count > 0 ? string.Join('\n', lines) : "the same lines in another order or number";
    }

    private static string Shown(string line) => line.Length <= 200 ? line : line[..200] + "…";

    private static void AddObject(StringBuilder text, QomObject at, int depth)
    {
        Line(text, depth, $"{(at.NameInParent.Length == 0 ? "/" : at.NameInParent)} {at.Class.Type.Name} references {at.ReferenceCount}");
        foreach (var property in at.Properties)
            Line(text, depth + 2, $".{property.Name} {property.Type} = {property.Print(at)}");
        switch (at)
        {
            case Device device:
                AddDevice(text, device, depth + 2);
                break;
            case Bus bus:
                Line(text, depth + 2, $"bus {bus.Name} of {Name(bus.ParentDevice)}: {string.Join(' ', bus.Devices.Select(Name))}");
                break;
            case Irq irq:
                Line(text, depth + 2, $"level {irq.Level}");
                break;
            case MemoryRegion region:
                AddRegion(text, region, depth + 2);
                break;
        }

        foreach (var child in at.Children)
            AddObject(text, child, depth + 4);
    }

    private static void AddDevice(StringBuilder text, Device device, int depth)
    {
        Line(text, depth, $"realized {device.Realized} hotplugged {device.Hotplugged} on {device.ParentBus?.Name} id '{device.Id}'");
        Line(text, depth, $"buses {string.Join(' ', device.ChildBuses.Select(static b => b.Name))}");
        Line(text, depth, $"lines {string.Join(' ', device.GpioCounts)} outputs {string.Join(' ', device.Outputs.Select(static o => $"{o.Level}>{Name(o.Target)}"))}");
        if (device is SysBusDevice sysbus)
            Line(text, depth, $"regions {string.Join(' ', sysbus.Regions.Select(static r => r.Name))} irqs {sysbus.Irqs.Count}");
        foreach (var state in device.DeviceClass.AllState)
        {
            var bytes = new ArrayBufferWriter<byte>();
            state.Write(device, bytes);
            Line(text, depth, $"state {state.Name} {Convert.ToHexString(bytes.WrittenSpan)}");
        }
    }

    private static void AddRegion(StringBuilder text, MemoryRegion region, int depth) => Line(text, depth,
        $"region {region.Kind} at {region.Address:x} size {region.Size} priority {region.Priority} enabled {region.Enabled} in {region.ContainingRegion?.Name} "
        + $"alias {region.AliasTarget?.Name}+{region.AliasOffset:x} holds {string.Join(' ', region.Subregions.Select(static r => r.Name))}");

    private static void AddRegions(StringBuilder text, QomObject at, string path)
    {
        if (at is MemoryRegion region)
        {
            text.Append(CultureInfo.InvariantCulture, $"{path} size {region.Size} enabled {region.Enabled} alias {region.AliasTarget?.Name}+{region.AliasOffset:x}");
            if (region.ContainingRegion is { } container)
                text.Append(CultureInfo.InvariantCulture, $" at {region.Address:x} priority {region.Priority} in {container.Name}");
            text.Append('\n');
        }

        foreach (var child in at.Children)
            AddRegions(text, child, $"{path}/{child.NameInParent}");
    }

    private static void AddScheduler(StringBuilder text, Scheduler scheduler, bool withArmings)
    {
        var state = scheduler.Save();
        foreach (var field in typeof(SchedulerState).GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            if (field.GetValue(state) is var value && value is not Array && (withArmings || field.Name != nameof(SchedulerState.TimerSequence)))
                Line(text, 0, $"scheduler {field.Name} {(value is Prng prng ? (prng.S0, prng.S1, prng.S2, prng.S3) : value)}");
        }

        for (var i = 0; i < state.Clocks.Length; i++)
            Line(text, 0, $"vcpu {i} instructions {state.Clocks[i].Instructions} idle {state.Clocks[i].IdleTime}");
    }

    private static string Name(QomObject? at) => at is null ? "-" : at.CanonicalPath.Length > 0 ? at.CanonicalPath : at.Class.Type.Name;

    private static void Line(StringBuilder text, int depth, FormattableString line) =>
        text.Append(' ', depth).Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static void Line(StringBuilder text, int depth, string line) => text.Append(' ', depth).Append(line).Append('\n');
}
