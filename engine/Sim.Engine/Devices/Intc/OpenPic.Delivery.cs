using System.Numerics;
using Sim.Engine.Qdev;

namespace Sim.Engine.Devices.Intc;

/// <summary>From sources to CPUs: which requests wait where, which one wins, acknowledge and end of interrupt.</summary>
public sealed partial class OpenPic
{
    /// <summary>Vector/priority register: the source is disabled.</summary>
    internal const uint Mask = 0x8000_0000;

    /// <summary>Vector/priority register: 1 for active high or rising edge.</summary>
    internal const uint Polarity = 0x0080_0000;

    private const uint Activity = 0x4000_0000;
    private const uint Sense = 0x0040_0000;
    private const uint VectorField = 0xFFFF;
    private const int PriorityShift = 16;

    /// <summary>Outputs that sources drive: external, critical, machine check.</summary>
    private const int RoutedOutputs = 3;
    private const int WordsPerSet = (OpenPicState.SourceCount + 63) / 64;

    /// <summary>For each CPU and each of its routed outputs the set of sources that request it, one bit each.</summary>
    [Derived("State's sources, by Requests and Destinations")] private ulong[] waiting = [];

    /// <summary>
    /// True in external proxy mode (GCR mode 3, MPIC 4.2), in which a CPU that takes an external interrupt acknowledges it by that. QEMU:
    /// env->mpic_proxy.
    /// </summary>
    public bool IsExternalProxy => (State.GlobalConfiguration & GlobalMode) == GlobalMode;

    /// <summary>
    /// For a CPU that takes an external interrupt: in external proxy mode acknowledges it and returns the vector, for the CPU's EPR; null
    /// in the other modes, in which software acknowledges.
    /// </summary>
    /// <param name="cpu">Index of the CPU.</param>
    public uint? AcknowledgeByProxy(int cpu) => IsExternalProxy ? Acknowledge(cpu) : null;

    /// <summary>
    /// Reads a CPU's IACK: the most urgent request goes into service, and its vector is returned; the spurious vector when nothing that
    /// waits is above both the task priority and the priority in service. MPC8544E Reference Manual, chapter 10.
    /// </summary>
    /// <param name="cpu">Index of the CPU.</param>
    public uint Acknowledge(int cpu)
    {
        var source = MostUrgent(cpu, out var priority);
        if (priority <= Threshold(cpu))
            source = -1;
        Machine.Log.Observer?.InterruptAcknowledged(this, cpu, source);
        if (source < 0)
            return State.SpuriousVector;
        State.InService[cpu] |= (ushort)(1 << priority);
        if (!IsLevelSensitive(source))
        {
            State.Requested[source] &= ~(1u << cpu);
            if ((State.Requested[source] & Destinations(source)) == 0)
                State.Requested[source] = 0;
            UpdateSource(source);
        }

        UpdateOutputs(cpu);
        return State.VectorPriority[source] & VectorField;
    }

    /// <summary>What <see cref="Acknowledge"/> would return, without doing it.</summary>
    private uint PeekAcknowledge(int cpu)
    {
        var source = MostUrgent(cpu, out var priority);
        return source < 0 || priority <= Threshold(cpu) ? State.SpuriousVector : State.VectorPriority[source] & VectorField;
    }

    /// <summary>Writes a CPU's EOI: the most urgent interrupt in service has been dealt with.</summary>
    private void EndOfInterrupt(int cpu, uint offset)
    {
        var inService = State.InService[cpu];
        if (inService == 0)
        {
            LogGuestError("end of interrupt with none in service", offset);
            return;
        }

        State.InService[cpu] = (ushort)(inService & ~(1 << BitOperations.Log2(inService)));
        UpdateOutputs(cpu);
    }

    /// <summary>An input has changed.</summary>
    private void OnInput(int source, bool level)
    {
        State.Line[source] = level;
        if (level && source is < OpenPicState.FirstIpi or >= OpenPicState.FirstTimer)
            RequestEdge(source);
        UpdateSource(source);
    }

    /// <summary>
    /// An edge-sensitive source requests an interrupt at every destination. The outputs without an acknowledge know levels alone.
    /// </summary>
    private void RequestEdge(int source)
    {
        if (!IsLevelSensitive(source) && OutputOf(source) == OutputExternal)
            State.Requested[source] = uint.MaxValue;
    }

    /// <summary>Internal sources are levels always, external ones by their sense bit, interprocessor and timer sources never.</summary>
    private bool IsLevelSensitive(int source) => source switch
    {
        < OpenPicState.ExternalCount => (State.VectorPriority[source] & Sense) != 0,
        < OpenPicState.FirstIpi => true,
        _ => false,
    };

    /// <summary>True while a level-sensitive source is asserted, by its input or by unread messages.</summary>
    private bool IsAsserted(int source) =>
        State.Line[source] || (IsMessage(source) && State.Messages[source - OpenPicState.FirstMessage] != 0);

    private static bool IsMessage(int source) =>
        source is >= OpenPicState.FirstMessage and < OpenPicState.FirstMessage + OpenPicState.MessageCount;

    /// <summary>True while a source requests an interrupt somewhere: its activity bit.</summary>
    private bool Requests(int source)
    {
        // MPIC 2.0 has no way to mask a critical interrupt.
        var masked = (State.VectorPriority[source] & Mask) != 0 && (model == ModelMpic42 || OutputOf(source) == OutputExternal);
        if (masked)
            return false;
        return IsLevelSensitive(source) ? IsAsserted(source) : State.Requested[source] != 0;
    }

    /// <summary>The output that a source drives: ILR says it in MPIC 4.2, the critical bits of the destination register in 2.0.</summary>
    private int OutputOf(int source)
    {
        if (model == ModelMpic42)
            return State.InternalLevel[source];
        return (State.Destination[source] & CriticalDestinations) != 0 ? OutputCritical : OutputExternal;
    }

    /// <summary>
    /// The CPUs that a source goes to. In MPIC 2.0 critical destinations count from bit 30 downwards and exclude the others.
    /// </summary>
    private uint Destinations(int source)
    {
        if (source is >= OpenPicState.FirstIpi and < OpenPicState.FirstTimer)
            return AllCpus;
        var register = State.Destination[source];
        if (OutputOf(source) == OutputExternal || model == ModelMpic42)
            return register & AllCpus;
        var cpus = 0u;
        for (var cpu = 0; cpu < CpuCount; cpu++)
        {
            if ((register & CriticalBit(cpu)) != 0)
                cpus |= 1u << cpu;
        }

        return cpus;
    }

    private static uint CriticalBit(int cpu) => 0x4000_0000u >> cpu;

    /// <summary>The sources' sets anew, without driving an output.</summary>
    private void RebuildWaiting()
    {
        for (var source = 0; source < OpenPicState.SourceCount; source++)
            PlaceSource(source);
    }

    /// <summary>Brings the sets and the outputs in line with what a source has become.</summary>
    private void UpdateSource(int source)
    {
        for (var changed = PlaceSource(source); changed != 0; changed &= changed - 1)
            UpdateOutputs(BitOperations.TrailingZeroCount(changed));
    }

    /// <summary>
    /// Puts a source into the sets where it waits and takes it out of the others; returns the CPUs whose outputs may change by that.
    /// </summary>
    private uint PlaceSource(int source)
    {
        var output = OutputOf(source);
        var cpus = Requests(source) ? Destinations(source) : 0;
        if (!IsLevelSensitive(source))
            cpus &= State.Requested[source];
        var bit = 1UL << (source & 63);
        var affected = 0u;
        for (var cpu = 0; cpu < CpuCount; cpu++)
        {
            for (var at = 0; at < RoutedOutputs; at++)
            {
                ref var word = ref waiting[SetOf(cpu, at) + (source >> 6)];
                var before = word;
                word = at == output && (cpus >> cpu & 1) != 0 ? before | bit : before & ~bit;
                // One that waits already may wait with another priority now.
                if (((before | word) & bit) != 0)
                    affected |= 1u << cpu;
            }
        }

        return affected;
    }

    private static int SetOf(int cpu, int output) => (cpu * RoutedOutputs + output) * WordsPerSet;

    /// <summary>
    /// The waiting source of highest priority at a CPU's external output, the lowest-numbered of several; -1 when none waits.
    /// </summary>
    internal int MostUrgent(int cpu, out int priority)
    {
        var best = -1;
        priority = -1;
        for (var word = 0; word < WordsPerSet; word++)
        {
            for (var bits = waiting[SetOf(cpu, OutputExternal) + word]; bits != 0; bits &= bits - 1)
            {
                var source = word * 64 + BitOperations.TrailingZeroCount(bits);
                var own = (int)(State.VectorPriority[source] >> PriorityShift & 15);
                if (own <= priority)
                    continue;
                priority = own;
                best = source;
            }
        }

        return best;
    }

    /// <summary>The priority that an interrupt must exceed to reach a CPU: the higher of task priority and priority in service.</summary>
    private int Threshold(int cpu) => Math.Max(State.TaskPriority[cpu], BitOperations.Log2(State.InService[cpu]));

    private bool AnyWaiting(int cpu, int output) => waiting.AsSpan(SetOf(cpu, output), WordsPerSet).ContainsAnyExcept(0UL);

    private void UpdateAllOutputs()
    {
        for (var cpu = 0; cpu < CpuCount; cpu++)
            UpdateOutputs(cpu);
    }

    private void UpdateOutputs(int cpu)
    {
        MostUrgent(cpu, out var priority);
        OutputLine(cpu, OutputExternal).Set(priority > Threshold(cpu));
        OutputLine(cpu, OutputCritical).Set(AnyWaiting(cpu, OutputCritical));
        OutputLine(cpu, OutputMachineCheck).Set(AnyWaiting(cpu, OutputMachineCheck));
        OutputLine(cpu, OutputReset).Set((State.ProcessorReset >> cpu & 1) != 0);
    }

    private IrqLine OutputLine(int cpu, int output) => outputs[cpu * OutputsPerCpu + output];
}
