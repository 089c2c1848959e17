using System.Globalization;
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

    /// <summary>True when a reset has been requested and comes next: a timer or an input between frames can ask for one.</summary>
    [Key(13)] public bool ResetRequested;

    /// <summary>The latest time that is accepted, ns: 36 years. Sums of a few such stay within 64 bits.</summary>
    private const long MaxTime = 1L << 60;

    /// <summary>Refuses a state that no run of <paramref name="scheduler"/>'s machine can have: it comes from a file.</summary>
    internal void Check(Scheduler scheduler)
    {
        if (Timers is null || Clocks is null || Timers.Contains(null) || Clocks.Contains(null))
            throw Wrong("it is not complete");
        if (Clocks.Length != scheduler.Clocks.Count)
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"it has {Clocks.Length} vCPUs and the machine has {scheduler.Clocks.Count}"));
        if (Timers.FirstOrDefault(t => scheduler.Timers.Find(t.Name ?? "") is null) is { } unknown)
            throw Wrong($"it has a timer '{unknown.Name}' and the machine has none of that name");
        if (Timers.DistinctBy(static t => t.Name).Count() != Timers.Length || Timers.DistinctBy(static t => t.Sequence).Count() != Timers.Length)
            throw Wrong("it has a timer twice");
        CheckTimes(scheduler.Options);
        if (Turn < -1 || Turn >= Clocks.Length || (SliceOpen && (!FrameOpen || Turn < 0)) || (FrameOpen && FrameEnd < Now))
            throw Wrong("its frame is none that a run can be in");
        if (scheduler.Options.Policy.Kind == SchedulePolicyKind.Random && Prng == default)
            throw Wrong("its random generator has no state");
    }

    /// <summary>Times lie where a run can have brought them: nobody is further ahead of the frame's start than a frame is long.</summary>
    private void CheckTimes(SchedulerOptions options)
    {
        var instruction = 1L << options.Shift;
        var ahead = options.LongestFrame + instruction;
        if (Now is < 0 or > MaxTime || Frame < 0 || TimerSequence < 0 || SliceEnd is < 0 or > MaxTime || LatestObserved < 0
            || Clocks.Any(static c => c.IdleTime is < 0 or > MaxTime || c.Instructions is < 0 or > MaxTime)
            || Clocks.Sum(static c => (decimal)c.Instructions) > MaxTime)
            throw Wrong("it has a time or a count that is negative or too large");
        if (FrameEnd < 0 || FrameEnd - Now > options.LongestFrame || LatestObserved - Now > ahead
            || Clocks.Any(c => (c.Instructions * (decimal)instruction) + c.IdleTime - Now > ahead))
            throw Wrong("a time is further ahead of the others than a frame is long");
        if (Timers.Any(t => t.Deadline == VirtualTime.Never || t.Sequence <= 0 || t.Sequence > TimerSequence))
            throw Wrong("it has a timer that was never armed");
    }

    private static SimException Wrong(string what) => new($"Scheduler state cannot be loaded: {what}.", SimErrorKind.Guest);
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
