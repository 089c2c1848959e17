using System.Globalization;
using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Devices.Char;
using Sim.Engine.Devices.I2c;
using Sim.Engine.Devices.Pci;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;

namespace Sim.PropertyKit.Devices;

/// <summary>
/// A machine with one device and nothing else, to try the device in a test: a test reads and writes its registers, drives its lines, lets time pass, resets and saves
/// it. It has 1 MiB of RAM at address 0 for devices that reach into memory, and a console for those that have a property <c>chardev</c>. Laws print their cases as
/// calls of this class.
/// </summary>
public sealed class DeviceBench : IDisposable
{
    /// <summary>Firings of timers after which <see cref="Advance"/> lets it be.</summary>
    private const int MostFirings = 1000;

    /// <summary>Instructions that CPUs execute in one <see cref="Advance"/> at most.</summary>
    private const int MostInstructions = 3000;

    private readonly TypeRegistry table;
    private readonly StringBuilder printed = new();

    /// <summary>Builds a machine with a device of a type.</summary>
    /// <param name="type">Name of the type.</param>
    /// <param name="properties">Names and values of its properties, as on the command line.</param>
    /// <exception cref="SimException">The device refuses.</exception>
    public DeviceBench(string type, params IEnumerable<(string Name, string Value)> properties)
        : this(DeviceTypes.Request(type, properties))
    {
    }

    /// <summary>Builds a machine with a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="types">The table that its type is in; the process-wide one when null.</param>
    /// <exception cref="SimException">The device refuses.</exception>
    public DeviceBench(DeviceRequest device, TypeRegistry? types = null) : this(BenchMachine.NewTable(device, DeviceTypes.Sealed(types)))
    {
    }

    private DeviceBench(TypeRegistry table)
    {
        this.table = table;
        Session = Session.Boot(new MachineConfiguration { Machine = BenchMachine.Machine }, new SessionOptions { Registry = table });
        Begin();
        Board.TakeEdges();
    }

    /// <summary>The machine and its run; another one after <see cref="SaveAndRestore"/>.</summary>
    public Session Session { get; private set; }

    /// <summary>The device; another object after <see cref="SaveAndRestore"/>.</summary>
    public Device Device => Board.Device;

    /// <summary>Registers that the memory map shows, the device's own first: start and size of each region, bytes.</summary>
    public IReadOnlyList<(ulong Start, ulong Size)> Regions { get; private set; } = [];

    /// <summary>Number of the device's input lines.</summary>
    public int InputCount => Board.Driver.InputLines.Count;

    /// <summary>Levels of all output lines of the device, and of what it is plugged into where that has some.</summary>
    public IReadOnlyList<bool> Outputs => [.. Board.Outputs.Select(static line => line.Level)];

    private BenchMachine Board => (BenchMachine)Session.Machine;

    /// <summary>Builds a machine with a device of a type of one's own.</summary>
    /// <exception cref="SimException">The device refuses, or the class registers no type, or several.</exception>
    public static DeviceBench Of<TDevice>(params IEnumerable<(string Name, string Value)> properties) where TDevice : Device =>
        new(DeviceTypes.NameOf(typeof(TDevice)), properties);

    /// <summary>Reads registers as a CPU does.</summary>
    /// <param name="offset">Offset in the region, bytes.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="region">Index in <see cref="Regions"/>.</param>
    public ulong Read(ulong offset, int size = 4, int region = 0) => Board.Memory.Read(Regions[region].Start + offset, size, null);

    /// <summary>Writes registers as a CPU does.</summary>
    /// <param name="offset">Offset in the region, bytes.</param>
    /// <param name="value">The value.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="region">Index in <see cref="Regions"/>.</param>
    public void Write(ulong offset, ulong value, int size = 4, int region = 0) => Board.Memory.Write(Regions[region].Start + offset, value, size, null);

    /// <summary>Reads registers as a debugger does, without side effects; null where they cannot be seen.</summary>
    public ulong? Peek(ulong offset, int size = 4, int region = 0)
    {
        var bytes = new byte[size];
        return Board.Memory.TryPeek(Regions[region].Start + offset, bytes) ? bytes.Aggregate(0UL, static (value, octet) => value << 8 | octet) : null;
    }

    /// <summary>Writes configuration space of a PCI device, as a guest does through the host bridge.</summary>
    /// <param name="offset">Offset in the space, bytes.</param>
    /// <param name="value">The value.</param>
    /// <param name="size">1, 2 or 4 bytes.</param>
    /// <param name="device">Index among the PCI devices of the machine, the device itself first where it is one.</param>
    public void Configure(int offset, uint value, int size = 4, int device = 0) => PciDevices[device].WriteConfiguration(offset, value, size);

    /// <summary>Sends bytes to the device over its I2C bus, then receives some from it.</summary>
    /// <param name="sent">Bytes to be sent.</param>
    /// <param name="received">Number of bytes to be received; with 0 the transfer is not turned round.</param>
    /// <param name="stop">False to leave the transfer under way.</param>
    /// <returns>The bytes received.</returns>
    public IReadOnlyList<byte> Transfer(ReadOnlySpan<byte> sent, int received = 0, bool stop = true)
    {
        var (slave, bus) = ((I2cSlave)Device, (I2cBus)Device.ParentBus!);
        if (sent.Length > 0)
            bus.Start(slave.Address, receive: false);
        foreach (var value in sent)
            bus.Send(value);
        if (received > 0)
            bus.Start(slave.Address, receive: true);
        var answer = new byte[received];
        for (var index = 0; index < received; index++)
            answer[index] = bus.Receive();
        if (stop)
            bus.End();
        return answer;
    }

    /// <summary>Drives an input line of the device.</summary>
    public void Input(int line, bool level) => Board.Driver.InputLines[line].Set(level);

    /// <summary>Sends text to the device's console.</summary>
    public void Type(string text)
    {
        Session.Send(text);
        MachineScenario.RunFor(Session, 0);
    }

    /// <summary>Sets a property of the device, as a monitor does in a running machine.</summary>
    /// <exception cref="SimException">The device refuses.</exception>
    public void Set(string property, object? value) => Device.SetProperty(property, value);

    /// <summary>Lets virtual time pass, ns: less where timers fire more than a thousand times, or a CPU executes 3000 instructions before.</summary>
    public void Advance(long time)
    {
        var scheduler = Session.Scheduler;
        var end = scheduler.ReachedTime + time;
        var instructions = scheduler.TotalInstructions + MostInstructions;
        for (var firing = 0; firing < MostFirings && scheduler.ReachedTime < end && scheduler.TotalInstructions < instructions && !scheduler.PoweredOff; firing++)
        {
            var next = Math.Clamp(scheduler.Timers.NextDeadline, scheduler.ReachedTime + 1, end);
            Board.Driver.Clock.Arm(next);
            Session.Run(new RunLimits { Stop = new() { Time = next, Instructions = instructions } });
        }

        Board.Driver.Clock.Disarm();
    }

    /// <summary>Resets the machine, as a guest or a user does.</summary>
    public void Reset()
    {
        Session.Scheduler.RequestReset();
        MachineScenario.RunFor(Session, 0);
    }

    /// <summary>Saves the machine and goes on in another one that was built anew and took the snapshot in.</summary>
    public void SaveAndRestore()
    {
        var snapshot = SnapshotLaws.Save(Session);
        Session.Dispose();
        Session = Session.Boot(new MachineConfiguration { Machine = BenchMachine.Machine }, new SessionOptions { Registry = table });
        Board.TakeEdges();
        Load(snapshot);
        Begin();
    }

    /// <summary>Saves the machine, uses it for something else, and loads what was saved into it again.</summary>
    public void Detour()
    {
        var snapshot = SnapshotLaws.Save(Session);
        foreach (var (index, (_, size)) in Regions.Index())
        {
            for (var offset = 0UL; offset < Math.Min(size, 64); offset += 4)
                Write(offset, uint.MaxValue, region: index);
        }

        for (var line = 0; line < Math.Min(InputCount, 64); line++)
            Input(line, !Board.Driver.InputLines[line].Level);
        Advance(1000);
        TakeEvents();
        Load(snapshot);
    }

    /// <summary>Looks at everything that debugger, monitor and hasher look at.</summary>
    public void Observe() => Observation.LookAtEverything(Session);

    /// <inheritdoc/>
    public void Dispose() => Session.Dispose();

    /// <summary>The PCI devices of the machine, the device itself first where it is one.</summary>
    internal IReadOnlyList<PciDevice> PciDevices => [.. Board.Devices().OfType<PciDevice>().OrderBy(d => ReferenceEquals(d, Device) ? 0 : 1)];

    /// <summary>True while text waits outside of the device for room in it: it enters whatever a reset does.</summary>
    internal bool HasWaitingText => Board.Root.GetContainer("/chardevs").Children.OfType<Chardev>().Any(static c => c.Waiting > 0);

    /// <summary>What the lines and the console did since the last call, as text.</summary>
    internal string TakeEvents()
    {
        var text = string.Join(' ', Board.TakeEdges().Select(static edge => string.Create(CultureInfo.InvariantCulture, $"line {edge.Line} {(edge.Level ? "rises" : "falls")}")));
        if (printed.Length > 0)
            text += $" prints {printed}";
        printed.Clear();
        return text.Trim();
    }

    /// <summary>True when a read of that size is one access of the device, as its peek is.</summary>
    internal bool PeeksAsItReads(ulong offset, int size, int region) => Board.Memory.View.TryFind(Regions[region].Start + offset, out var range)
        && range.Region.Ops is { } ops && offset + (ulong)size <= Regions[region].Size && ops.Accepts(range.Offset + offset, size)
        && size >= ops.MinImplementedSize && size <= ops.MaxImplementedSize;

    /// <summary>Another machine of the same kind at power-on.</summary>
    internal DeviceBench Fresh() => new(table);

    private void Load(byte[] snapshot)
    {
        using var reader = SnapshotLaws.Open(snapshot);
        try
        {
            reader.Load(Session);
        }
        catch (SimException refusal)
        {
            var differences = DeviceRun.Differences(reader.Sections, StateSections.Collect(Session.Machine), table);
            throw new CheckFailedException(differences.Length > 0 ? $"What was saved and what is loaded differ:{differences}" : refusal.Message, refusal);
        }
    }

    private void Begin()
    {
        foreach (var console in Session.Consoles)
            console.Written += value => printed.Append(value.ToString("x2", CultureInfo.InvariantCulture));
        var own = DevicePlace.Tree(Device).ToHashSet<QomObject>(ReferenceEqualityComparer.Instance);
        Regions = [.. Board.Memory.View.Ranges.Where(static r => r.Region.Kind == MemoryRegionKind.Io)
            .OrderBy(r => own.Contains(r.Region) ? 0 : 1)
            .Select(static r => (r.Start, r.Last - r.Start + 1))];
    }
}
