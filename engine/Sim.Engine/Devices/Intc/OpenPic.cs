using System.Globalization;
using System.Runtime.CompilerServices;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Intc;

/// <summary>
/// Freescale's multiprocessor interrupt controller (MPIC), which follows the OpenPIC architecture: MPIC 2.0 of the MPC8544E (its Reference
/// Manual, chapter 10) and 4.2 of the QorIQ family. QEMU: hw/intc/openpic.c.
/// <para>
/// Inputs 0 to 255 are the external and internal sources, as the manual numbers them by register; 256 to 259 are unused (interprocessor
/// interrupts have registers instead) and 260 to 263 request the timers' interrupts. A level means asserted, whatever the polarity bit
/// says: the board's wiring fits it, as in QEMU. Each CPU has <see cref="OutputsPerCpu"/> outputs.
/// </para>
/// <para>
/// As QEMU does, and not the manual: the activity bit shows what waits and not what is in service; of equal priorities the lowest source
/// number wins; timers count at 25 MHz, and a stopped one's count reads 0; interrupts are delivered in pass-through mode too; registers
/// that do not exist read all ones. As the manual says, and QEMU does not: an acknowledge without a request is spurious even if an
/// interrupt not above the one in service or the task priority waits, and loses none; an end of interrupt and a write of the task priority
/// let nothing through that is not above both; an edge or a timer with several destinations is delivered to each; a reset through GCR
/// forgets edges, keeps the levels at the inputs and lowers the outputs; outputs follow every change of a register at once; PIR reads back.
/// </para>
/// </summary>
public sealed partial class OpenPic : SysBusDevice, IInterruptController
{
    /// <summary>Name of the type. QEMU: TYPE_OPENPIC.</summary>
    public new const string TypeName = "openpic";

    /// <summary>Value of the property <c>model</c> for MPIC 2.0. QEMU: OPENPIC_MODEL_FSL_MPIC_20.</summary>
    public const uint ModelMpic20 = 1;

    /// <summary>Value of the property <c>model</c> for MPIC 4.2. QEMU: OPENPIC_MODEL_FSL_MPIC_42.</summary>
    public const uint ModelMpic42 = 2;

    /// <summary>Input lines.</summary>
    public const int InputCount = OpenPicState.SourceCount;

    /// <summary>
    /// Output lines of each CPU: that of CPU c with number n is the device's <c>sysbus-irq[c * 5 + n]</c>. QEMU: OPENPIC_OUTPUT_NB.
    /// </summary>
    public const int OutputsPerCpu = 5;

    /// <summary>Output to a CPU's external interrupt input. QEMU: OPENPIC_OUTPUT_INT.</summary>
    public const int OutputExternal = 0;

    /// <summary>Output to a CPU's critical interrupt input. QEMU: OPENPIC_OUTPUT_CINT.</summary>
    public const int OutputCritical = 1;

    /// <summary>Output to a CPU's machine check input. QEMU: OPENPIC_OUTPUT_MCK.</summary>
    public const int OutputMachineCheck = 2;

    /// <summary>Output that holds a CPU in reset, from PIR; number 3 (debug) is never driven. QEMU: OPENPIC_OUTPUT_RESET.</summary>
    public const int OutputReset = 4;

    private const uint MaxCpusOfMpic20 = 15;

    /// <summary>What a snapshot keeps.</summary>
    public OpenPicState State = new();

    [Configuration("model")] private uint model;
    [Configuration("nb_cpus")] private uint cpuCount;
    [Wiring] private MemoryRegion container = null!;
    [Wiring] private IrqLine[] outputs = [];

    /// <summary>CPUs that the controller serves.</summary>
    public int CpuCount => (int)cpuCount;

    /// <inheritdoc/>
    public string SourceName(int source)
    {
        var (name, first) = source switch
        {
            < OpenPicState.ExternalCount => ("external", 0),
            >= OpenPicState.FirstMessage and < OpenPicState.FirstMessage + OpenPicState.MessageCount =>
                ("shared message", OpenPicState.FirstMessage),
            < OpenPicState.FirstIpi => ("internal", OpenPicState.ExternalCount),
            < OpenPicState.FirstTimer => ("IPI", OpenPicState.FirstIpi),
            _ => ("timer", OpenPicState.FirstTimer),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{name} {source - first}");
    }

    /// <inheritdoc/>
    public Irq? SourceInput(int source) => source < OpenPicState.FirstIpi ? GetGpioIn(source) : null;

    private uint AllCpus => (uint)((1UL << CpuCount) - 1);

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new OpenPic(),
        InstanceInit = static o => ((OpenPic)o).container = MemoryRegion.NewContainer(o, TypeName, 0x40000),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.Properties =
            [
                Property.U32("model", static (OpenPic d) => ref d.model, ModelMpic20),
                Property.U32("nb_cpus", static (OpenPic d) => ref d.cpuCount, 1),
            ];
            dc.State = StateOf.Device(TypeName, version: 1, static (OpenPic d) => ref d.State);
            dc.Realize = static d => ((OpenPic)d).Realize();
            dc.ResetEnter = static d => ((OpenPic)d).RebuildWaiting();
            dc.ResetHold = static d => ((OpenPic)d).StopTimers();
            dc.ResetExit = static d => ((OpenPic)d).TakeInputs();
            dc.PostLoad = static d =>
            {
                var pic = (OpenPic)d;
                pic.State.CheckSizes(pic.CanonicalPath);
                pic.CheckTimers();
                pic.RebuildWaiting();
            };
        },
    }));

    private void Realize()
    {
        CheckProperties();
        AddRegion("glb", 0x0, 0x10F0, ReadGlobal, WriteGlobal);
        AddRegion("tmr", TimerBlock, 0x220, ReadTimer, (offset, value, _) => WriteTimer(offset, value));
        AddRegion("msi", 0x1600, 0x200, ReadMessage, (offset, value, _) => WriteMessage(offset, value));
        AddRegion("summary", 0x3800, 0x800, static (_, _, _) => 0, static (_, _, _) => { });
        AddRegion("src", 0x10000, 0x2000, ReadSource, (offset, value, _) => WriteSource(offset, value));
        AddRegion("cpu", 0x20000, 0x1F100, ReadPerCpu, (offset, value, _) => WritePerCpu(offset, value));
        InitMmio(container);

        outputs = new IrqLine[CpuCount * OutputsPerCpu];
        for (var output = 0; output < outputs.Length; output++)
            outputs[output] = new IrqLine();
        InitIrq(outputs);
        InitGpioIn(OnInput, InputCount);
        for (var timer = 0; timer < OpenPicState.TimerCount; timer++)
        {
            var number = timer;
            timers[timer] = CreateTimer(string.Create(CultureInfo.InvariantCulture, $"timer{timer}"), () => TimerExpired(number));
        }

        waiting = new ulong[CpuCount * RoutedOutputs * WordsPerSet];
        RebuildWaiting();
    }

    private void CheckProperties()
    {
        if (model is not (ModelMpic20 or ModelMpic42))
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"Property '{TypeName}.model' cannot be {model}: expected 1 (Freescale MPIC 2.0) or 2 (Freescale MPIC 4.2)."));
        }

        var most = model == ModelMpic20 ? MaxCpusOfMpic20 : OpenPicState.MaxCpus;
        if (cpuCount < 1 || cpuCount > most)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"Property '{TypeName}.nb_cpus' cannot be {cpuCount}: expected a number from 1 to {most} for model {model}."));
        }
    }

    /// <summary>
    /// Registers are 32 bits wide and answer by offset in their block.
    /// </summary>
    /// <param name="name">Name of the block.</param>
    /// <param name="offset">Where it lies in the controller.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="read">Reads a register; the last argument says whether the access may change anything.</param>
    /// <param name="write">Writes a register.</param>
    private void AddRegion(
        string name, ulong offset, uint size, Func<uint, BusInitiator?, bool, uint> read, Action<uint, uint, BusInitiator?> write)
    {
        var ops = new MemoryRegionOps
        {
            Read = (at, _, initiator) => read((uint)at, initiator, true),
            Write = (at, value, _, initiator) => write((uint)at, (uint)value, initiator),
            Peek = (at, _, initiator) => read((uint)at, initiator, false),
            MaxValidSize = 8,
            MinImplementedSize = 4,
        };
        container.AddSubregion(offset, MemoryRegion.NewIo(this, ops, name, size));
    }

    /// <summary>What still drives an input after everything was reset counts from the start.</summary>
    private void TakeInputs()
    {
        for (var source = 0; source < InputCount; source++)
            State.Line[source] = GetGpioIn(source).Level;
        RebuildWaiting();
        UpdateAllOutputs();
    }

    /// <summary>GCR[RST]: all registers as at power-on. The inputs are what they are.</summary>
    private void ResetRegisters()
    {
        State = new OpenPicState { Line = State.Line };
        StopTimers();
        RebuildWaiting();
        UpdateAllOutputs();
    }

    private void LogGuestError(string text, uint offset)
    {
        if (!Machine.Log.Wants(LogCategories.GuestErrors))
            return;
        var line = string.Create(CultureInfo.InvariantCulture, $"{CanonicalPath}: {text} (0x{offset:x})");
        Machine.Log.Write(LogCategories.GuestErrors, line);
    }
}
