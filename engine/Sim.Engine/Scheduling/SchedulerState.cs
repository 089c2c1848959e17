using MessagePack;
using Sim.Engine.Base;

namespace Sim.Engine.Scheduling;

/// <summary>The scheduler's whole saved state.</summary>
[MessagePackObject]
public sealed class SchedulerState
{
    /// <summary>Global time, ns: start of the frame under way.</summary>
    [Key(0)] public long Now;

    /// <summary>Frames begun since power-on.</summary>
    [Key(1)] public long Frame;

    /// <summary>True inside a frame.</summary>
    [Key(2)] public bool FrameOpen;

    /// <summary>End of the frame under way, ns.</summary>
    [Key(3)] public long FrameEnd;

    /// <summary>Whose turn it is; -1 before the first turn of a frame.</summary>
    [Key(4)] public int Turn = -1;

    /// <summary>True inside a slice of <see cref="Turn"/>.</summary>
    [Key(5)] public bool SliceOpen;

    /// <summary>Own instruction count at which the slice ends.</summary>
    [Key(6)] public long SliceEnd;

    /// <summary>Latest time that any vCPU or device has observed, ns.</summary>
    [Key(7)] public long LatestObserved;

    /// <summary>Generator of the random policy.</summary>
    [Key(8)] public Prng Prng;

    /// <summary>Timers armed since power-on.</summary>
    [Key(9)] public long TimerSequence;

    /// <summary>The armed timers, by name.</summary>
    [Key(10)] public TimerRecord[] Timers = [];

    /// <summary>The vCPUs' clocks, by index.</summary>
    [Key(11)] public ClockRecord[] Clocks = [];

    /// <summary>True once the guest has powered the machine off.</summary>
    [Key(12)] public bool PoweredOff;
}

/// <summary>An armed timer in saved state.</summary>
[MessagePackObject]
public sealed class TimerRecord
{
    /// <summary>Its name.</summary>
    [Key(0)] public string Name = "";

    /// <summary>When it fires, ns.</summary>
    [Key(1)] public long Deadline;

    /// <summary>Its place among timers armed.</summary>
    [Key(2)] public long Sequence;
}

/// <summary>A vCPU's clock in saved state.</summary>
[MessagePackObject]
public sealed class ClockRecord
{
    /// <summary>Instructions executed.</summary>
    [Key(0)] public long Instructions;

    /// <summary>Idle nanoseconds.</summary>
    [Key(1)] public long IdleTime;
}
