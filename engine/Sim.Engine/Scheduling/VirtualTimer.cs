using Sim.Engine.Base;

namespace Sim.Engine.Scheduling;

/// <summary>A named timer in virtual time. QEMU: QEMUTimer.</summary>
public sealed class VirtualTimer
{
    private readonly TimerQueue queue;

    internal VirtualTimer(TimerQueue queue, string name, int priority, Action fire)
    {
        this.queue = queue;
        Name = name;
        Priority = priority;
        Fire = fire;
    }

    /// <summary>Unique name: the owner's path and the timer's own, such as <c>/machine/pic:timer0</c>. It is the timer's identity in files.</summary>
    public string Name { get; }

    /// <summary>Among timers due at the same time, smaller fires first.</summary>
    public int Priority { get; }

    /// <summary>When it fires, ns; <see cref="VirtualTime.Never"/> when it is not armed.</summary>
    public long Deadline { get; internal set; } = VirtualTime.Never;

    /// <summary>Order of arming, which breaks ties of deadline and priority.</summary>
    public long Sequence { get; internal set; }

    /// <summary>True while it will fire. QEMU: timer_pending.</summary>
    public bool IsArmed => Deadline != VirtualTime.Never;

    internal bool IsRemoved { get; set; }

    internal Action Fire { get; }

    /// <summary>Arms the timer, or moves it, to <paramref name="deadline"/> ns of virtual time. QEMU: timer_mod.</summary>
    public void Arm(long deadline) => queue.Arm(this, deadline);

    /// <summary>Disarms the timer. QEMU: timer_del.</summary>
    public void Disarm() => queue.Disarm(this);
}

/// <summary>All timers of a machine, the armed ones in the order (deadline, priority, sequence) in which they fire.</summary>
public sealed class TimerQueue
{
    private readonly SortedSet<VirtualTimer> armed = new(Comparer<VirtualTimer>.Create(static (a, b) =>
        (a.Deadline, a.Priority, a.Sequence).CompareTo((b.Deadline, b.Priority, b.Sequence))));

    private readonly SortedDictionary<string, VirtualTimer> timers = new(StringComparer.Ordinal);

    /// <summary>All timers, by name.</summary>
    public IEnumerable<VirtualTimer> Timers => timers.Values;

    /// <summary>Deadline of the timer that fires next; <see cref="VirtualTime.Never"/> when none is armed.</summary>
    public long NextDeadline { get; private set; } = VirtualTime.Never;

    /// <summary>Armings so far.</summary>
    public long Sequence { get; internal set; }

    /// <summary>Told the deadline whenever a timer is armed.</summary>
    internal Action<long>? Armed { get; set; }

    /// <summary>Takes arming and disarming back when a realize fails; null for nobody.</summary>
    internal UndoLog? Undo { get; init; }

    /// <summary>Makes a timer, not armed. QEMU: timer_new_ns.</summary>
    /// <exception cref="SimException">The name is taken.</exception>
    public VirtualTimer Create(string name, int priority, Action fire)
    {
        var timer = new VirtualTimer(this, name, priority, fire);
        if (!timers.TryAdd(name, timer))
            throw new SimException($"Timer '{name}' exists already.");
        return timer;
    }

    /// <summary>Forgets a timer. QEMU: timer_free.</summary>
    public void Remove(VirtualTimer timer)
    {
        ArgumentNullException.ThrowIfNull(timer);
        Disarm(timer);
        if (timers.Remove(timer.Name))
            timer.IsRemoved = true;
    }

    /// <summary>The timer of that name; null when there is none.</summary>
    public VirtualTimer? Find(string name) => timers.GetValueOrDefault(name);

    /// <summary>Fires every timer due at <paramref name="now"/>, also those that a firing arms for a time not later.</summary>
    internal void FireDue(long now)
    {
        while (NextDeadline <= now)
        {
            var timer = armed.Min!;
            Disarm(timer);
            timer.Fire();
        }
    }

    /// <summary>Puts a saved timer back as it was, sequence included.</summary>
    internal void Restore(VirtualTimer timer, long deadline, long sequence)
    {
        Disarm(timer);
        timer.Sequence = sequence;
        timer.Deadline = deadline;
        if (timer.IsArmed)
            armed.Add(timer);
        UpdateNextDeadline();
    }

    internal void Arm(VirtualTimer timer, long deadline)
    {
        if (timer.IsRemoved)
            throw new InvalidOperationException($"Timer '{timer.Name}' is armed after it was removed with its owner.");
        if (Undo is { IsOpen: true })
            Record(timer);
        if (timer.IsArmed)
            armed.Remove(timer);
        timer.Deadline = Math.Min(deadline, VirtualTime.Never - 1);
        timer.Sequence = ++Sequence;
        armed.Add(timer);
        UpdateNextDeadline();
        Armed?.Invoke(timer.Deadline);
    }

    internal void Disarm(VirtualTimer timer)
    {
        if (!timer.IsArmed)
            return;
        if (Undo is { IsOpen: true })
            Record(timer);
        armed.Remove(timer);
        timer.Deadline = VirtualTime.Never;
        UpdateNextDeadline();
    }

    private void Record(VirtualTimer timer)
    {
        var (deadline, sequence, count) = (timer.Deadline, timer.Sequence, Sequence);
        Undo!.AddForRollBack(() =>
        {
            if (!timer.IsRemoved)
                Restore(timer, deadline, sequence);
            Sequence = count;
        });
    }

    private void UpdateNextDeadline() => NextDeadline = armed.Count == 0 ? VirtualTime.Never : armed.Min!.Deadline;
}
