using System.Buffers;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Tests;

/// <summary>
/// A workbench for devices: the empty machine, with register access as a CPU makes it, time that moves on demand, and a way to save and
/// load everything on it.
/// </summary>
internal sealed class DeviceBench : IDisposable
{
    private readonly List<bool> levels = [];
    private readonly VirtualTimer alarm;

    public DeviceBench(TypeRegistry? types = null)
    {
        Root = new QomRoot(types);
        Machine = MachineState.Create(Root, new MachineConfiguration { Machine = "none", Serials = 0, Memory = 1 << 20 });
        Machine.RunBoardInit();
        alarm = Machine.Scheduler.CreateTimer("bench", static () => { });
    }

    public QomRoot Root { get; }

    public MachineState Machine { get; }

    /// <summary>Every level that a line made by <see cref="Watch"/> has taken, in order.</summary>
    public IReadOnlyList<bool> Levels => levels;

    /// <summary>Makes a device without realizing it.</summary>
    public T New<T>(string type) where T : Device => Root.New<T>(type);

    /// <summary>Realizes a device on the system bus and maps its first region.</summary>
    public T Add<T>(string type, ulong address, params ReadOnlySpan<(string Name, object Value)> properties) where T : SysBusDevice
    {
        var device = New<T>(type);
        foreach (var (name, value) in properties)
            device.SetProperty(name, value);
        Qdev.RealizeAndUnref(device, Machine.SystemBus);
        device.MapMmio(0, address);
        return device;
    }

    /// <summary>An input line that records its levels.</summary>
    public Irq Watch(string name = "watch") => Irq.Create(Root.GetContainer("/bench"), name, (_, level) => levels.Add(level), 0);

    public byte ReadByte(ulong address) => (byte)Machine.Memory.Read(address, 1, null);

    public uint ReadWord(ulong address) => (uint)Machine.Memory.Read(address, 4, null);

    public void WriteByte(ulong address, byte value) => Machine.Memory.Write(address, value, 1, null);

    public void WriteWord(ulong address, uint value) => Machine.Memory.Write(address, value, 4, null);

    /// <summary>Lets virtual time pass; timers fire on the way.</summary>
    public void Advance(long nanoseconds)
    {
        var until = Machine.Scheduler.GlobalTime + nanoseconds;
        alarm.Arm(until);
        Machine.Scheduler.Run(new StopCondition { Time = until });
        alarm.Disarm();
    }

    /// <summary>All sections, keyed by path and name.</summary>
    public SortedDictionary<string, byte[]> Save()
    {
        var sections = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var (key, owner, state) in Sections())
        {
            var writer = new ArrayBufferWriter<byte>();
            state.Write(owner, writer);
            sections.Add(key, writer.WrittenSpan.ToArray());
        }

        return sections;
    }

    /// <summary>Puts back what another bench of the same devices has saved.</summary>
    public void Load(SortedDictionary<string, byte[]> sections, SchedulerState scheduler)
    {
        // In the order of StateSections.Load: what a device checks after a load may depend on its timers.
        Machine.Scheduler.Load(scheduler);
        foreach (var (key, owner, state) in Sections())
            state.Read(owner, sections[key]);
        foreach (var device in Walk(Root.Object).OfType<Device>())
            device.DeviceClass.PostLoad?.Invoke(device);
    }

    /// <summary>True when both benches hold the same state.</summary>
    public bool SameAs(DeviceBench other)
    {
        var mine = Save();
        var theirs = other.Save();
        return mine.Keys.SequenceEqual(theirs.Keys) && mine.All(pair => pair.Value.AsSpan().SequenceEqual(theirs[pair.Key]));
    }

    public void Dispose() => Machine.Dispose();

    private static IEnumerable<QomObject> Walk(QomObject at) => at.Children.SelectMany(static child => Walk(child).Prepend(child));

    private IEnumerable<(string Key, QomObject Owner, StateDescription State)> Sections()
    {
        foreach (var at in Walk(Root.Object))
        {
            var all = at switch { Device device => device.DeviceClass.AllState, IStateful stateful => stateful.StateDescriptions, _ => [] };
            foreach (var state in all)
                yield return ($"{at.CanonicalPath}:{state.Name}", at, state);
        }
    }
}
