using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Qdev;

/// <summary>
/// The smallest machine that devices can live in: memory map, scheduler, system bus, and RAM where wanted. For tests of a device apart from any board.
/// </summary>
public sealed class TestMachine : QomObject, IMachine, IDisposable
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "test-machine";

    private readonly List<RamBlock> ramBlocks = [];

    private TestMachine() { }

    /// <inheritdoc/>
    public Scheduler Scheduler { get; private set; } = null!;

    /// <inheritdoc/>
    public MemoryRegion SystemMemory { get; private set; } = null!;

    /// <inheritdoc/>
    public AddressSpace Memory { get; private set; } = null!;

    /// <inheritdoc/>
    public SystemBus SystemBus { get; private set; } = null!;

    /// <inheritdoc/>
    public IReadOnlyList<RamBlock> RamBlocks => ramBlocks;

    /// <inheritdoc/>
    public long RtcBase { get; init; }

    /// <inheritdoc/>
    public GuestLog Log { get; } = new();

    /// <summary>True once devices count as hot-plugged; the test decides.</summary>
    public bool IsReady { get; set; }

    /// <summary>Plugs devices whose bus has no handler; null for nobody.</summary>
    public HotplugHandlerClass? HotplugHandler { get; set; }

    /// <summary>Makes a machine at <c>/machine</c> of a tree of its own.</summary>
    /// <param name="types">The types; null for those of <see cref="TestTypes.Registry"/>. They must include this machine's (<see cref="TestTypes.AddTo"/>).</param>
    /// <param name="options">The scheduler's configuration.</param>
    /// <param name="ramSize">RAM at address 0, bytes; 0 for none.</param>
    /// <param name="observer">Sees the instantiation flow.</param>
    /// <param name="globals">Values for every new object of a type.</param>
    public static TestMachine Create(
        TypeRegistry? types = null, SchedulerOptions? options = null, ulong ramSize = 0, IFlowObserver? observer = null, IEnumerable<GlobalProperty>? globals = null)
    {
        var root = new QomRoot(types ?? TestTypes.Registry, observer);
        foreach (var global in globals ?? [])
            root.Globals.Add(global);
        var machine = root.New<TestMachine>(TypeName);
        root.Object.AddChild("machine", machine);
        machine.Unref();
        machine.Configure(options ?? new(), ramSize);
        return machine;
    }

    /// <inheritdoc/>
    public HotplugHandlerClass? HotplugHandlerFor(Device device) => HotplugHandler;

    /// <summary>Frees the guest's RAM.</summary>
    public void Dispose()
    {
        foreach (var ram in ramBlocks)
            ram.Dispose();
        ramBlocks.Clear();
    }

    internal static TypeInfo Type { get; } = new() { Name = TypeName, Parent = QomObject.TypeName, New = static () => new TestMachine() };

    private void Configure(SchedulerOptions options, ulong ramSize)
    {
        Scheduler = new Scheduler(options, Root.Undo) { Observer = Root.Observer, Reset = () => Resettable.Reset([this]) };
        NewChild<Container>("peripheral", Container.TypeName);
        var unattached = NewChild<Container>("unattached", Container.TypeName);
        SystemMemory = MemoryRegion.NewContainer(unattached, "system", MemoryRegion.WholeSpace);
        Memory = new AddressSpace(SystemMemory, "memory");
        SystemBus = Bus.CreateMain(unattached);
        if (ramSize == 0)
            return;
        ramBlocks.Add(new RamBlock("ram", ramSize));
        SystemMemory.AddSubregion(0, MemoryRegion.NewRam(unattached, "ram", ramBlocks[0]));
    }
}
