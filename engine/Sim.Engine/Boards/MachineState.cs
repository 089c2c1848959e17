using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Boards;

/// <summary>
/// A machine: the object at <c>/machine</c>, below which everything else hangs, and what its devices reach through <see cref="IMachine"/>. QEMU: MachineState (hw/core/machine.c).
/// </summary>
public abstract class MachineState : QomObject, IMachine, IDisposable
{
    /// <summary>Name of the type. QEMU: TYPE_MACHINE.</summary>
    public new const string TypeName = "machine";

    /// <summary>Ending of every machine type's name. QEMU: TYPE_MACHINE_SUFFIX.</summary>
    public const string Suffix = "-machine";

    private readonly List<RamBlock> ramBlocks = [];

    /// <summary>What the machine was built from.</summary>
    public MachineConfiguration Configuration { get; private set; } = new();

    /// <inheritdoc/>
    public Scheduler Scheduler { get; private set; } = null!;

    /// <inheritdoc/>
    public MemoryRegion SystemMemory { get; private set; } = null!;

    /// <summary>Root of the port I/O space, which this architecture does not use. QEMU: get_system_io.</summary>
    public MemoryRegion SystemIo { get; private set; } = null!;

    /// <inheritdoc/>
    public AddressSpace Memory { get; private set; } = null!;

    /// <inheritdoc/>
    public SystemBus SystemBus { get; private set; } = null!;

    /// <inheritdoc/>
    public IReadOnlyList<RamBlock> RamBlocks => ramBlocks;

    /// <inheritdoc/>
    public long RtcBase => Configuration.RtcBase;

    /// <inheritdoc/>
    public GuestLog Log { get; } = new();

    /// <inheritdoc/>
    public bool IsReady { get; private set; }

    /// <summary>RAM in bytes.</summary>
    public ulong RamSize { get; private set; }

    /// <summary>Type of the CPUs; null for a machine without any.</summary>
    public string? CpuType { get; private set; }

    /// <summary>What the root of the device tree is compatible with; empty for the board's own. QEMU: -M dt-compatible.</summary>
    public string DtCompatible { get; internal set; } = "";

    /// <summary>First phandle of the device tree that is free for the board; 0 for the board's default. QEMU: -M phandle-start.</summary>
    public int PhandleStart { get; internal set; }

    /// <summary>The device tree blob that the guest is given; null for a machine without one.</summary>
    public virtual ReadOnlyMemory<byte>? DeviceTree => null;

    /// <summary>The object that provides the RAM; null for none.</summary>
    public MemoryBackendRam? MemoryBackend { get; internal set; }

    /// <summary>The class. QEMU: MACHINE_GET_CLASS.</summary>
    public MachineClass MachineClass => (MachineClass)Class;

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = QomObject.TypeName,
        Abstract = true,
        NewClass = static () => new MachineClass(),
        Interfaces = [HotplugHandlerClass.TypeName],
        ClassInit = MachineProperties.ClassInit,
        InstanceInit = static o =>
        {
            o.NewChild<Container>("peripheral", Container.TypeName);
            o.NewChild<Container>("peripheral-anon", Container.TypeName);
        },
    }));

    /// <summary>
    /// Makes the machine object of a configuration at <c>/machine</c>, with memory, scheduler and system bus, ready for <see cref="RunBoardInit"/>. QEMU: qemu_create_machine.
    /// </summary>
    /// <exception cref="SimException">Unknown machine, or a value that it does not take.</exception>
    public static MachineState Create(QomRoot root, MachineConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(configuration);
        foreach (var global in configuration.Globals)
        {
            if (!root.Registry.TryFind(global.Driver, out _))
                throw new SimException($"--global {global.Driver}.{global.Property}={global.Value}: unknown type '{global.Driver}'.{Nearest.Hint(global.Driver, root.Registry.Types.Select(static t => t.Name))}");
            root.Globals.Add(global with { });
        }

        root.GetContainer("/backend");
        root.GetContainer("/objects");
        root.GetContainer("/chardevs");
        var machine = root.New<MachineState>(FindType(root.Registry, configuration.Machine).Name);
        root.Object.AddChild("machine", machine);
        machine.Unref();
        machine.Configure(configuration);
        return machine;
    }

    /// <summary>The machine type of that name.</summary>
    /// <exception cref="SimException">There is none.</exception>
    public static TypeImpl FindType(TypeRegistry registry, string name)
    {
        ArgumentNullException.ThrowIfNull(registry);
        var types = registry.Types.Where(static t => t.IsA(TypeName) && !t.IsAbstract).ToList();
        return types.Find(t => t.Name == name + Suffix)
            ?? throw new SimException($"Unknown machine '{name}'; known are {string.Join(", ", types.Select(static t => t.Name[..^Suffix.Length]))}.{Nearest.Hint(name, types.Select(static t => t.Name[..^Suffix.Length]))}");
    }

    /// <summary>Builds the board, adds the user's devices and resets everything to its power-on state. QEMU: machine_run_board_init, qemu_machine_creation_done.</summary>
    /// <exception cref="SimException">A device refuses, or an image is wrong.</exception>
    public void RunBoardInit()
    {
        Root.Observer.Step("machine_run_board_init", Class.Type.Name, "", () => MachineClass.Init?.Invoke(this));
        foreach (var request in Configuration.Devices)
            UserDevices.Create(this, request);
        if (Root.Globals.FirstOrDefault(static g => !g.Used) is { } unused)
            throw new SimException($"--global {unused.Driver}.{unused.Property}={unused.Value} had no effect: the machine has no object of type '{unused.Driver}'.");
        Reset();
        IsReady = true;
    }

    /// <summary>
    /// Gives every device its power-on State, then lets the board write images and boot registers. RAM keeps its contents otherwise. QEMU: qemu_system_reset.
    /// </summary>
    public void Reset()
    {
        Resettable.Reset([this]);
        MachineClass.Reset?.Invoke(this);
    }

    /// <inheritdoc/>
    public HotplugHandlerClass? HotplugHandlerFor(Device device) => device is SysBusDevice
        ? Class.DynamicCast<HotplugHandlerClass>(HotplugHandlerClass.TypeName)
        : null;

    /// <summary>Frees the guest's RAM and all else that is not managed. The machine cannot be used afterwards.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what is not managed.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        foreach (var disposable in Devices().OfType<IDisposable>())
            disposable.Dispose();
        foreach (var ram in ramBlocks)
            ram.Dispose();
        ramBlocks.Clear();
    }

    /// <summary>All devices of the machine, in tree order.</summary>
    public IEnumerable<Device> Devices() => Descendants(this).OfType<Device>();

    /// <summary>Adds a block of RAM to the machine. Its memory is freed with the machine.</summary>
    /// <exception cref="SimException">The host does not have the memory.</exception>
    protected internal RamBlock AddRam(string name, ulong size)
    {
        try
        {
            var ram = new RamBlock(name, size);
            ramBlocks.Add(ram);
            return ram;
        }
        catch (OutOfMemoryException error)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"--memory of {size >> 20}M is more than this host gives."), SimErrorKind.Guest, error);
        }
    }

    private static IEnumerable<QomObject> Descendants(QomObject at)
    {
        foreach (var child in at.Children)
        {
            if (child is Irq)
                continue;
            yield return child;
            foreach (var below in Descendants(child))
                yield return below;
        }
    }

    private void Configure(MachineConfiguration configuration)
    {
        Configuration = configuration;
        foreach (var (name, value) in configuration.MachineProperties)
            ParseProperty(name, value);
        Scheduler = new Scheduler(configuration.Scheduler, Root.Undo) { Observer = Root.Observer, Reset = Reset };
        var unattached = NewChild<Container>("unattached", Container.TypeName);
        SystemMemory = MemoryRegion.NewContainer(unattached, "system", MemoryRegion.WholeSpace);
        SystemIo = MemoryRegion.NewContainer(unattached, "io", 65536);
        Memory = new AddressSpace(SystemMemory, "memory");
        SystemBus = Bus.CreateMain(unattached);
        Log.Changed += TraceMemory;
        CheckSmp();
        CheckMemory();
        ChooseCpu();
    }

    /// <summary>Shows accesses to registers and to unassigned addresses to the guest's trace, while that wants them.</summary>
    private void TraceMemory()
    {
        Memory.RegisterAccessed = Log.Wants(LogCategories.Mmio) || Log.Observer is not null ? TraceRegisters : null;
        Memory.Unassigned = Log.Wants(LogCategories.Unimp)
            ? (address, size, isWrite) => Log.Write(LogCategories.Unimp, string.Create(CultureInfo.InvariantCulture,
                $"{(isWrite ? "write" : "read")} of {size} at unassigned physical address 0x{address:x9}"))
            : null;
    }

    private void TraceRegisters(MemoryRegion region, ulong offset, ulong value, int size, bool isWrite)
    {
        Log.Observer?.RegistersAccessed(region, isWrite);
        if (!Log.Wants(LogCategories.Mmio))
            return;
        Log.Write(LogCategories.Mmio, string.Create(CultureInfo.InvariantCulture,
            $"{(isWrite ? "write" : "read")} {region.Name}+0x{offset:x} size {size} value 0x{value:x}"));
    }

    private void CheckSmp()
    {
        var smp = Configuration.Smp;
        if (smp < 1 || smp > MachineClass.MaxCpus)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"--smp {smp} is out of range: machine '{Configuration.Machine}' takes 1 to {MachineClass.MaxCpus} CPUs."));
        }

        if (Configuration.Serials < 0 || Configuration.Serials > MachineClass.MaxSerials)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"--serial is given {Configuration.Serials} times: machine '{Configuration.Machine}' takes at most {MachineClass.MaxSerials}."));
        }
    }

    private void CheckMemory()
    {
        var mc = MachineClass;
        RamSize = Configuration.Memory ?? mc.DefaultRamSize;
        if (RamSize > mc.MaxRamSize || RamSize % mc.RamGranularity != 0 || (RamSize == 0 && mc.DefaultRamSize > 0))
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"--memory of {RamSize} bytes is not possible: machine '{Configuration.Machine}' takes {mc.RamGranularity >> 10}K to {mc.MaxRamSize >> 20}M in multiples of {mc.RamGranularity >> 10}K."));
        }
    }

    private void ChooseCpu()
    {
        var mc = MachineClass;
        if (mc.DefaultCpuType is null)
        {
            if (Configuration.Cpu is not null)
                throw new SimException($"--cpu {Configuration.Cpu}: machine '{Configuration.Machine}' has no CPU.");
            return;
        }

        CpuType = Configuration.Cpu is { } model ? CpuModels.Resolve(Root.Registry, model) : mc.DefaultCpuType;
        var type = Root.Registry.Find(CpuType);
        if (mc.ValidCpuFamilies.Count > 0 && !mc.ValidCpuFamilies.Any(type.IsA))
            throw new SimException($"--cpu {Configuration.Cpu}: machine '{Configuration.Machine}' takes CPUs of the types {string.Join(", ", mc.ValidCpuFamilies)} only.");
    }
}
