using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Devices.Char;
using Sim.Engine.Devices.Pci;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using static Sim.Engine.Qdev.Qdev;

namespace Sim.PropertyKit.Devices;

/// <summary>
/// The board of a <see cref="DeviceBench"/>: RAM, the device, what provides a bus that it needs, a place in the memory map for its registers, and something at
/// the other end of each of its lines.
/// </summary>
internal sealed class BenchMachine : MachineState
{
    /// <summary>Name of the machine, as in its configuration.</summary>
    public const string Machine = "device-bench";

    /// <summary>Where registers are mapped that the device has not mapped itself; further regions follow in steps of <see cref="Step"/>.</summary>
    public const ulong Base = 0x1000_0000, Step = 0x0100_0000;

    private const string Lines = "device-bench-lines";

    private List<(int Line, bool Level)> edges = [];

    /// <summary>The device.</summary>
    public Device Device { get; private set; } = null!;

    /// <summary>Drives the device's input lines; its levels are saved with the machine, as those of any device.</summary>
    public LineDriver Driver { get; private set; } = null!;

    /// <summary>The output lines of all devices of the machine, in order; each ends at an input that does nothing.</summary>
    public IReadOnlyList<IrqLine> Outputs { get; private set; } = [];

    /// <summary>A sealed table with a machine type that builds this board for a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="types">The table that its type is in.</param>
    public static TypeRegistry NewTable(DeviceRequest device, TypeRegistry types)
    {
        var table = new TypeRegistry(types);
        table.Add(new() { Name = Lines, Parent = Engine.Qdev.Device.TypeName, New = static () => new LineDriver(), ClassInit = LineDriver.ClassInit });
        table.Add(new()
        {
            Name = Machine + Suffix,
            Parent = MachineState.TypeName,
            New = static () => new BenchMachine(),
            ClassInit = (klass, _) =>
            {
                var mc = (MachineClass)klass;
                mc.Description = "a device on its own, for laws";
                mc.Init = machine => ((BenchMachine)machine).Build(device);
                mc.DefaultRamSize = mc.MaxRamSize = 1 << 20;
                mc.MaxSerials = 1;
            },
        });
        table.Seal();
        return table;
    }

    /// <summary>The changes of output levels since the last call.</summary>
    public IReadOnlyList<(int Line, bool Level)> TakeEdges()
    {
        var taken = edges;
        edges = [];
        return taken;
    }

    private void Build(DeviceRequest request)
    {
        SystemMemory.AddSubregion(0, MemoryRegion.NewRam(this, "ram", AddRam("ram", RamSize)));
        Device = DevicePlace.Make(Root, request);
        FindChild("peripheral")!.AddChild("device", Device);
        Realize(Device, DevicePlace.FindBus(this, Device));
        Device.Unref();
        var region = 0UL;
        foreach (var sysbus in Devices().OfType<SysBusDevice>().OrderBy(d => ReferenceEquals(d, Device) ? 0 : 1))
        {
            for (var index = 0; index < sysbus.Regions.Count; index++)
            {
                if (sysbus.Regions[index].ContainingRegion is null)
                    sysbus.MapMmio(index, Base + (Step * region++));
            }
        }

        ConnectLines();
    }

    private void ConnectLines()
    {
        Outputs = [.. Devices().SelectMany(static d => d.Outputs)];
        for (var line = 0; line < Outputs.Count; line++)
        {
            if (Outputs[line].Target is null)
                Outputs[line].Connect(Irq.Create(this, $"probe[{line}]", (number, level) => edges.Add((number, level)), line));
        }

        var inputs = DevicePlace.Tree(Device).OfType<Irq>().ToList();
        Driver = NewChild<LineDriver>("lines", Lines);
        Driver.Make(inputs.Count);
        Realize(Driver);
        for (var line = 0; line < inputs.Count; line++)
            Driver.ConnectGpioOut(line, inputs[line]);
    }

    /// <summary>What drives input lines and lets time pass.</summary>
    public sealed class LineDriver : Device
    {
        [Wiring] private IrqLine[] lines = [];
        [Wiring] private VirtualTimer timer = null!;

        /// <summary>The lines.</summary>
        public IReadOnlyList<IrqLine> InputLines => lines;

        /// <summary>Something that virtual time can go on to in a machine where nothing else happens.</summary>
        public VirtualTimer Clock => timer;

        public void Make(int count) => lines = [.. Enumerable.Range(0, count).Select(static _ => new IrqLine())];

        public static void ClassInit(ObjectClass klass, object? data)
        {
            var dc = (DeviceClass)klass;
            dc.Stateless = true;
            dc.Realize = static d => ((LineDriver)d).Realize();
            dc.ResetHold = static d => ((LineDriver)d).timer.Disarm();
        }

        private void Realize()
        {
            InitGpioOut(lines);
            timer = CreateTimer("clock", static () => { });
        }
    }
}

/// <summary>Makes devices, and finds or makes the bus that they need.</summary>
internal static class DevicePlace
{
    /// <summary>Makes a device and sets its properties.</summary>
    public static Device Make(QomRoot root, DeviceRequest request)
    {
        var device = root.New<Device>(request.Type);
        try
        {
            Configure(device, request);
            return device;
        }
        catch
        {
            device.Unref();
            throw;
        }
    }

    /// <summary>
    /// Sets a device's properties. A property <c>chardev</c> that is not given becomes <c>serial0</c>, the console of the machines that laws use.
    /// </summary>
    public static void Configure(Device device, DeviceRequest request)
    {
        foreach (var (name, value) in request.Properties)
            device.ParseProperty(name, value);
        if (device.FindProperty("chardev") is not { Type: "str", IsWritable: true } chardev || chardev.Get(device) is not "")
            return;
        if (device.Root.GetContainer("/chardevs").FindChild("serial0") is null)
            Chardev.Create(device.Root, "serial0");
        device.SetProperty("chardev", "serial0");
    }

    /// <summary>A bus for a device: one that the machine has, else that of the first type of device that provides one; null for a device without.</summary>
    /// <exception cref="SimException">No type provides such a bus.</exception>
    public static Bus? FindBus(IMachine machine, Device device)
    {
        if (device.DeviceClass.BusType is not { } needed)
            return null;
        var top = (QomObject)machine;
        if (needed == PciBus.TypeName || device is PciHostBridge)
            MakeRegisterSpace(machine, top);
        return Bus(top, needed) ?? (MakeProvider(machine, needed) ? Bus(top, needed) : null)
            ?? throw new SimException($"Device '{device.Class.Type.Name}' needs a bus of type '{needed}', and there is no device that provides one.");
    }

    /// <summary>An object and all below it.</summary>
    public static IEnumerable<QomObject> Tree(QomObject at) => at.Children.SelectMany(Tree).Prepend(at);

    private static Bus? Bus(QomObject at, string type) => Tree(at).OfType<Bus>().FirstOrDefault(bus => bus.IsA(type));

    /// <summary>The register space of the board, which a host bridge shows to the devices on its bus.</summary>
    private static void MakeRegisterSpace(IMachine machine, QomObject top)
    {
        if (top.FindChild(E500Ccsr.TypeName) is null)
            Realize(top.NewChild<Device>(E500Ccsr.TypeName, E500Ccsr.TypeName), machine.SystemBus);
    }

    private static bool MakeProvider(IMachine machine, string needed)
    {
        var root = ((QomObject)machine).Root;
        foreach (var type in root.Registry.Types.Where(static t => t.IsA(Device.TypeName) && !t.IsAbstract && !t.Name.EndsWith(CpuModels.Suffix, StringComparison.Ordinal)))
        {
            var candidate = root.New<Device>(type.Name);
            var refusal = Check.Caught(() => Realize(candidate, candidate.DeviceClass.BusType == SystemBus.TypeName ? machine.SystemBus : null));
            var provides = refusal is null && candidate.ChildBuses.Any(bus => bus.IsA(needed));
            if (!provides && refusal is null)
                candidate.Unparent();
            candidate.Unref();
            if (provides)
                return true;
        }

        return false;
    }
}
