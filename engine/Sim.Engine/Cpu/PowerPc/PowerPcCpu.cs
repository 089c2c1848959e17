using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Class of PowerPC CPU types. QEMU: PowerPCCPUClass (target/ppc/cpu-qom.h).</summary>
public sealed class PowerPcCpuClass : DeviceClass
{
    /// <summary>The model; null for abstract types.</summary>
    public PowerPcCpuModel? Model { get; set; }

    /// <summary>The realize that this class's own calls at its end. QEMU: PowerPCCPUClass::parent_realize.</summary>
    public Action<Device>? ParentRealize { get; set; }

    /// <inheritdoc/>
    public override void CopyFrom(ObjectClass parent)
    {
        base.CopyFrom(parent);
        if (parent is not PowerPcCpuClass source)
            return;
        Model = source.Model;
        ParentRealize = source.ParentRealize;
    }
}

/// <summary>
/// A PowerPC e500 core as a device. QEMU: PowerPCCPU, TYPE_POWERPC_CPU (target/ppc/cpu_init.c, helper_regs.c).
/// <para>
/// Input lines (unnamed): 0 core reset, 1 machine check, 3 critical input, 4 external input, 6 debug event; QEMU: PPCE500_INPUT_*.
/// </para>
/// </summary>
public sealed partial class PowerPcCpu : CpuDevice, IDisposable
{
    /// <summary>Name of the type. QEMU: TYPE_POWERPC_CPU.</summary>
    public new const string TypeName = "powerpc-cpu";

    /// <summary>End of the name of every model's type. QEMU: POWERPC_CPU_TYPE_SUFFIX.</summary>
    public const string TypeSuffix = "-powerpc-cpu";

    [Derived("Machinery around the register file, which is this type's State.")] private readonly PowerPcCore core = new();
    [Configuration("pre-2.8-migration")] private bool pre28Migration;
    [Configuration("pre-2.10-migration")] private bool pre210Migration;
    [Configuration("pre-3.0-migration")] private bool pre30Migration;

    /// <summary>The kinds of interrupts, named by the EREF's headings: IVOR0 to IVOR15, then IVOR32 to IVOR35.</summary>
    public static IReadOnlyList<string> ExceptionKinds { get; } = Enum.GetNames<Vector>();

    /// <summary>Those of <see cref="ExceptionKinds"/> that never occur: the e500v2 has no unit that raises them, or Sim models none.</summary>
    public static IReadOnlyList<string> ExceptionKindsWithoutSource { get; } =
        [nameof(Vector.FloatUnavailable), nameof(Vector.AuxiliaryUnavailable), nameof(Vector.PerformanceMonitor)];

    /// <summary>Index of the CPU in the machine, from 0; -1 before realize. QEMU: CPUState::cpu_index.</summary>
    [Derived("Order of realize.")] public int CpuIndex { get; private set; } = -1;

    /// <summary>The model.</summary>
    public PowerPcCpuModel Model => ((PowerPcCpuClass)Class).Model!;

    /// <summary>Time and instructions of the CPU in the schedule; null before realize.</summary>
    public VcpuClock? Clock => core.Clock;

    internal PowerPcCore Core => core;

    /// <summary>
    /// External proxy: acknowledges the external interrupt that the CPU takes and returns its vector, which goes to EPR, or null when the
    /// interrupt controller is not in that mode. The board wires it. QEMU: CPUPPCState::mpic_iack, mpic_proxy.
    /// </summary>
    [Wiring]
    public Func<uint?>? ExternalAcknowledge
    {
        get => core.ExternalAcknowledge;
        set => core.ExternalAcknowledge = value;
    }

    /// <summary>
    /// Called when the watchdog's last timeout, DBCR0[RST] or the reset line asks for a reset: 1 core, 2 chip, 3 system. The board
    /// wires it.
    /// </summary>
    [Wiring]
    public Action<int>? ResetRequested
    {
        get => core.ResetRequested;
        set => core.ResetRequested = value;
    }

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = CpuDevice.TypeName,
        Abstract = true,
        New = static () => new PowerPcCpu(),
        NewClass = static () => new PowerPcCpuClass(),
        InstanceInit = static o => ((PowerPcCpu)o).InstanceInit(),
        InstanceFinalize = static o => ((PowerPcCpu)o).core.Dispose(),
        ClassInit = ClassInit,
    }));

    /// <summary>Frees the memory that is not managed. The CPU cannot be used afterwards.</summary>
    public void Dispose()
    {
        core.Code?.Dispose();
        core.Dispose();
        GC.SuppressFinalize(this);
    }

    private static void ClassInit(ObjectClass klass, object? data)
    {
        var pcc = (PowerPcCpuClass)klass;
        pcc.Properties =
        [
            Property.Bool("pre-2.8-migration", static (PowerPcCpu cpu) => ref cpu.pre28Migration, false),
            Property.Bool("pre-2.10-migration", static (PowerPcCpu cpu) => ref cpu.pre210Migration, false),
            Property.Bool("pre-3.0-migration", static (PowerPcCpu cpu) => ref cpu.pre30Migration, false),
        ];
        unsafe
        {
            pcc.State = StateOf.Converted<PowerPcCpu, PowerPcCpuState>(
                TypeName,
                version: 1,
                static cpu => PowerPcStateSection.Save(cpu.core.State),
                static (cpu, saved) => PowerPcStateSection.Load(cpu.core.State, saved),
                static cpu => cpu.PowerOn());
        }

        pcc.SetParentRealize(Realize, out var parentRealize);
        pcc.ParentRealize = parentRealize;
        pcc.ResetExit = static device => ((PowerPcCpu)device).SampleLines();
        pcc.PostLoad = static device => ((PowerPcCpu)device).PostLoad();
        pcc.Description = "PowerPC e500 core";
    }

    private void InstanceInit()
    {
        core.SetModel(Model);
    }

    /// <summary>QEMU: ppc_cpu_realize.</summary>
    private static void Realize(Device device)
    {
        var cpu = (PowerPcCpu)device;
        cpu.InitGpioIn(cpu.core.SetLine, InputLine.Count);
        IMachine machine = cpu.Machine;
        Scheduler scheduler = machine.Scheduler;
        var others = scheduler.Clocks.Select(static clock => clock.Vcpu).OfType<PowerPcCore>().ToList();
        cpu.CpuIndex = Enumerable.Range(0, others.Count + 1).First(index => others.TrueForAll(other => other.CpuIndex != index));
        AddressSpace memory = cpu.MemoryRegion is null || ReferenceEquals(cpu.MemoryRegion, machine.SystemMemory)
            ? machine.Memory
            : new AddressSpace(cpu.MemoryRegion, string.Create(CultureInfo.InvariantCulture, $"cpu-memory-{cpu.CpuIndex}"));
        cpu.core.Connect(cpu.CpuIndex, memory, others.Count > 0 ? others[0].Code : new CodeCache());
        cpu.core.SetLog(machine.Log);
        cpu.Root.Undo.Add(() =>
        {
            cpu.core.SetLog(null);
            cpu.core.Disconnect();
            cpu.CpuIndex = -1;
        });
        cpu.core.Start(scheduler.AddVcpu(cpu.core));
        ((PowerPcCpuClass)cpu.Class).ParentRealize?.Invoke(device);
    }

    /// <summary>Power-on state: everything 0, the TLBs empty, PC at the last word of the address space. QEMU: ppc_cpu_reset.</summary>
    private void PowerOn() => core.PowerOn(StartPoweredOff);

    private void PostLoad()
    {
        LoadedState.Require(this, core.TimersArePossible, "the timers' events lie between power-on and one full count from now");
        core.StateReplaced();
    }

    /// <summary>The input lines keep the level that their drivers hold once all devices have held: a driver that a reset lowers leaves nothing pending.</summary>
    private void SampleLines()
    {
        for (int line = 0; line < InputLine.Count; line++)
            if (GetGpioIn(line).Level)
                core.SetLine(line, true);
    }
}
