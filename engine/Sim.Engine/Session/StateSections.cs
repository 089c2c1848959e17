using System.Buffers;
using System.Globalization;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Session;

/// <summary>A section of machine state: what a snapshot stores and a divergence names.</summary>
/// <param name="Path">Canonical path of the object.</param>
/// <param name="Type">Name of the type level that declares it.</param>
/// <param name="Version">Version of the content.</param>
/// <param name="Bytes">The content, canonical MessagePack.</param>
public readonly record struct StateSection(string Path, string Type, int Version, ReadOnlyMemory<byte> Bytes);

/// <summary>
/// All that a machine remembers but RAM, as sections: one for each type level with state of each object, and one for the scheduler.
/// QEMU: qemu_savevm_state and qemu_loadvm_state (migration/savevm.c).
/// </summary>
public static class StateSections
{
    /// <summary>Path and type of the scheduler's section.</summary>
    public const string SchedulerPath = "/scheduler", SchedulerType = "scheduler";

    private const int SchedulerVersion = 1;

    /// <summary>All sections of a machine, in ordinal order of path and then type.</summary>
    public static IReadOnlyList<StateSection> Collect(MachineState machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var sections = new List<StateSection>();
        foreach (var (owner, description) in Owners(machine))
        {
            var writer = new ArrayBufferWriter<byte>();
            description.Write(owner, writer);
            sections.Add(new StateSection(owner.CanonicalPath, description.Name, description.Version, writer.WrittenMemory));
        }

        sections.Add(new StateSection(
            SchedulerPath, SchedulerType, SchedulerVersion, MessagePackSerializer.Serialize(machine.Scheduler.Save())));
        sections.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path) is not 0 and var order
            ? order : string.CompareOrdinal(a.Type, b.Type));
        return sections;
    }

    /// <summary>
    /// Every object of a machine that has state with what describes it, in the order of the object tree. A device without output lines has
    /// no section for their levels.
    /// </summary>
    public static IEnumerable<(QomObject Owner, StateDescription Description)> Owners(MachineState machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return OwnersBelow(machine.Root.Object);
    }

    /// <summary>
    /// Puts saved sections back. All are checked for their names before the first is read; the machine is not fit for use after a
    /// section's content was refused.
    /// </summary>
    /// <param name="machine">A machine built from the configuration of the one that was saved; its RAM has been put back.</param>
    /// <param name="sections">Its sections, in any order.</param>
    /// <exception cref="SimException">A section is missing, unknown, twice there, of a newer version, or says what no run can have made.</exception>
    public static void Load(MachineState machine, IEnumerable<StateSection> sections)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var saved = ByName(sections);
        if (!saved.Remove((SchedulerPath, SchedulerType), out var scheduler))
            throw Missing(SchedulerPath, SchedulerType);
        var owners = Owners(machine).ToList();
        var contents = owners.ConvertAll(pair => saved.Remove((pair.Owner.CanonicalPath, pair.Description.Name), out var section)
            ? pair.Description.Upgrade(section.Version, section.Bytes)
            : throw Missing(pair.Owner.CanonicalPath, pair.Description.Name));
        if (saved.Keys.Order().FirstOrDefault() is { Path: not null } unknown)
            throw Wrong($"it has state of '{unknown.Path}' ({unknown.Type}), and the machine has no such object");

        machine.Scheduler.Load(StateOf.Deserialize<SchedulerState>(SchedulerType, CheckVersion(scheduler).Bytes));
        foreach (var ((owner, description), content) in owners.Zip(contents))
            description.Read(owner, content);
        foreach (var device in machine.Devices())
            device.DeviceClass.PostLoad?.Invoke(device);
    }

    private static Dictionary<(string Path, string Type), StateSection> ByName(IEnumerable<StateSection> sections)
    {
        var named = new Dictionary<(string Path, string Type), StateSection>();
        foreach (var section in sections)
        {
            if (!named.TryAdd((section.Path, section.Type), section))
                throw Wrong($"it has the state of '{section.Path}' ({section.Type}) twice");
        }

        return named;
    }

    private static StateSection CheckVersion(StateSection section) => section.Version == SchedulerVersion ? section : throw Wrong(
        string.Create(CultureInfo.InvariantCulture, $"the scheduler's state has version {section.Version}; expected {SchedulerVersion}"));

    private static IEnumerable<(QomObject Owner, StateDescription Description)> OwnersBelow(QomObject at)
    {
        var descriptions = at switch
        {
            Device { Outputs.Count: 0 } device => device.DeviceClass.AllState.Where(static s => s.Name != Device.TypeName),
            Device device => device.DeviceClass.AllState,
            IStateful stateful => stateful.StateDescriptions,
            _ => [],
        };
        return descriptions.Select(description => (at, description))
            .Concat(at.Children.Where(static child => child is not (Irq or MemoryRegion)).SelectMany(OwnersBelow));
    }

    private static SimException Missing(string path, string type) =>
        Wrong($"it has no state of '{path}' ({type}), which the machine has");

    private static SimException Wrong(string what) => new($"Machine state cannot be loaded: {what}.", SimErrorKind.Guest);
}
