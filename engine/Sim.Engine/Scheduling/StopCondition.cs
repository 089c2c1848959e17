using Sim.Engine.Base;

namespace Sim.Engine.Scheduling;

/// <summary>Where a run ends at the latest. It never moves a frame or slice boundary: running on from there is as if it had not stopped.</summary>
public sealed record StopCondition
{
    /// <summary>No limit.</summary>
    public static StopCondition None { get; } = new();

    /// <summary>The first instruction boundary in schedule order at which local time (all idle: global time) is at least this, ns.</summary>
    public long Time { get; init; } = VirtualTime.Never;

    /// <summary>When the vCPUs together have executed this many instructions since power-on.</summary>
    public long Instructions { get; init; } = long.MaxValue;

    /// <summary>Which vCPU <see cref="VcpuInstructions"/> speaks of.</summary>
    public int Vcpu { get; init; } = -1;

    /// <summary>When <see cref="Vcpu"/> has executed this many instructions since power-on.</summary>
    public long VcpuInstructions { get; init; } = long.MaxValue;

    /// <summary>A point of the schedule, to the turn; null for none. A run that misses it stops where it would pass it.</summary>
    public SchedulePoint? Point { get; init; }
}

/// <summary>
/// A point of the schedule. Instructions alone do not name it: a frame or a turn that has just begun has executed none yet, and between
/// frames an idle machine's time passes without any.
/// </summary>
/// <param name="Instructions">Instructions executed by all vCPUs since power-on.</param>
/// <param name="Frame">Frames begun since power-on.</param>
/// <param name="Turn">Index of the vCPU whose turn it is; -1 between turns.</param>
/// <param name="Boundary">Global time, ns, of a point between frames; null for one inside a frame.</param>
public readonly record struct SchedulePoint(long Instructions, long Frame, int Turn, long? Boundary = null);

/// <summary>Why a run ended.</summary>
public enum StopReason
{
    /// <summary>A limit of the <see cref="StopCondition"/> was reached.</summary>
    Limit,

    /// <summary><see cref="Scheduler.RequestStop"/> was called.</summary>
    Requested,

    /// <summary>All vCPUs are idle and nothing is pending that could wake one.</summary>
    Idle,

    /// <summary>The guest powered the machine off.</summary>
    PowerOff,
}
