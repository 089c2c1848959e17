using System.Globalization;
using System.Text;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Scheduling;

/// <summary>What one instruction of a scripted vCPU does.</summary>
public enum VcpuStepKind
{
    /// <summary>Executes <see cref="VcpuStep.Value"/> instructions that touch nothing.</summary>
    Work,

    /// <summary>Reads the timebase.</summary>
    Observe,

    /// <summary>Reads the time as a device callback does.</summary>
    ObserveDevice,

    /// <summary>Arms timer <see cref="VcpuStep.Target"/> at the observed time plus <see cref="VcpuStep.Value"/> ns, which may be negative.</summary>
    Arm,

    /// <summary>As <see cref="Arm"/>, at the next multiple of 512 ns, where several timers meet.</summary>
    ArmAligned,

    /// <summary>Disarms timer <see cref="VcpuStep.Target"/>.</summary>
    Disarm,

    /// <summary>Sets the vCPU's own timer <see cref="VcpuStep.Value"/> ns after its local time.</summary>
    ArmOwn,

    /// <summary>Waits until somebody or its own timer wakes the vCPU.</summary>
    Wait,

    /// <summary>Wakes vCPU <see cref="VcpuStep.Target"/>; one that does not wait stays awake the next time.</summary>
    Wake,

    /// <summary>Requests a reset, unless the machine has had two.</summary>
    Reset,

    /// <summary>Powers the machine off.</summary>
    PowerOff,
}

/// <summary>One instruction of a scripted vCPU, or several of <see cref="VcpuStepKind.Work"/>.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Target">Timer or vCPU, taken modulo their number.</param>
/// <param name="Value">Nanoseconds or instructions.</param>
public readonly record struct VcpuStep(VcpuStepKind Kind, int Target, long Value)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind}({Target},{Value})");
}

/// <summary>A timer of the planned machine.</summary>
/// <param name="Priority">Its priority.</param>
/// <param name="Wakes">The vCPU that it wakes when it fires, modulo their number; negative for none.</param>
/// <param name="Period">Nanoseconds after which it fires again, counted from its deadline; 0 for once.</param>
/// <param name="Resets">True when it requests a reset, as a watchdog does.</param>
public readonly record struct TimerPlan(int Priority, int Wakes, long Period, bool Resets);

/// <summary>A machine of scripted vCPUs and timers: everything that decides its run.</summary>
public sealed record SchedulePlan
{
    /// <summary>Policy, quantum and shift.</summary>
    public required SchedulerOptions Options { get; init; }

    /// <summary>The vCPUs' programs; each starts again at its end.</summary>
    public required IReadOnlyList<IReadOnlyList<VcpuStep>> Programs { get; init; }

    /// <summary>The timers.</summary>
    public required IReadOnlyList<TimerPlan> Timers { get; init; }

    /// <summary>Times at which an input enters, ns, rising; input N wakes vCPU N modulo their number.</summary>
    public IReadOnlyList<long> Inputs { get; init; } = [];

    /// <summary>Virtual time at which the run ends, ns.</summary>
    public required long Horizon { get; init; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture,
            $"schedule {Options.Policy}, quantum {Options.Quantum}, shift {Options.Shift}, horizon {Horizon}, inputs [{string.Join(' ', Inputs)}]");
        for (var i = 0; i < Programs.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $"\n  vcpu {i}: {string.Join(' ', Programs[i])}");
        for (var i = 0; i < Timers.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $"\n  timer {i}: {Timers[i]}");
        return text.ToString();
    }
}
