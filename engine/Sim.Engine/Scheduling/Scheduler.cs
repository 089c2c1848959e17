using Sim.Engine.Base;

namespace Sim.Engine.Scheduling;

/// <summary>
/// The game loop: deals virtual time to logical vCPUs in frames, one vCPU at a time on one thread, the same way every time. It
/// stands where QEMU has one thread per vCPU (accel/tcg/tcg-accel-ops-mttcg.c) and the timer lists (util/qemu-timer.c).
/// <para>
/// A frame is [now, end): end is now plus the frame's length, or the next timer or input if that is earlier. In a frame each runnable vCPU runs
/// until its local time is at least end. Then global time becomes end, due timers fire, and <see cref="FrameBoundary"/> is raised.
/// </para>
/// </summary>
public sealed class Scheduler
{
    private readonly List<VcpuClock> clocks = [];
    private readonly UndoLog undo;
    private SchedulerState state = new();
    private VcpuClock? running;
    private bool stopRequested;

    /// <summary>Makes a scheduler without vCPUs at virtual time 0.</summary>
    /// <param name="options">Policy, quantum and shift.</param>
    /// <param name="undo">Records what a realize adds; a log of its own when null.</param>
    public Scheduler(SchedulerOptions options, UndoLog? undo = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        Shift = options.Shift;
        this.undo = undo ?? new UndoLog();
        state.Prng = Prng.FromSeed(options.Policy.Seed);
        Timers = new TimerQueue { Armed = OnTimerArmed, Undo = this.undo };
    }

    /// <summary>Policy, quantum and shift.</summary>
    public SchedulerOptions Options { get; }

    /// <summary>log2 of the nanoseconds that one instruction takes.</summary>
    public int Shift { get; }

    /// <summary>All timers of the machine.</summary>
    public TimerQueue Timers { get; }

    /// <summary>The vCPUs' clocks, by index.</summary>
    public IReadOnlyList<VcpuClock> Clocks => clocks;

    /// <summary>Sees <see cref="AddVcpu"/>; null for none.</summary>
    public IFlowObserver? Observer { get; set; }

    /// <summary>
    /// Time as a device callback observes it, ns: the initiating vCPU's local time inside a slice, global time otherwise, and
    /// never less than anyone has observed before. QEMU: qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL).
    /// </summary>
    public long Now => Observe(running?.LocalTime ?? state.Now);

    /// <summary>What <see cref="Now"/> would give, without observing it: for peeks, ns.</summary>
    public long PeekNow => Math.Max(running?.LocalTime ?? state.Now, state.LatestObserved);

    /// <summary>Global time without observing it: nothing changes by reading it, ns.</summary>
    public long GlobalTime => state.Now;

    /// <summary>The furthest time that the machine has reached, ns: of the end line, and of anyone who looks from outside. Reading it changes nothing.</summary>
    public long ReachedTime
    {
        get
        {
            var latest = state.Now;
            foreach (var clock in clocks)
                latest = Math.Max(latest, clock.LocalTime);
            return latest;
        }
    }

    /// <summary>Instructions executed by all vCPUs since power-on.</summary>
    public long TotalInstructions
    {
        get
        {
            var total = 0L;
            foreach (var clock in clocks)
                total += clock.Instructions + clock.Executed;
            return total;
        }
    }

    /// <summary>Frames begun since power-on.</summary>
    public long Frame => state.Frame;

    /// <summary>True between frames, where inputs may enter.</summary>
    public bool AtFrameBoundary => !state.FrameOpen;

    /// <summary>Index of the vCPU whose turn it is; -1 between turns.</summary>
    public int Turn => state.SliceOpen ? state.Turn : -1;

    /// <summary>Index of the vCPU that is executing right now; -1 outside of one.</summary>
    public int RunningVcpu => running is null ? -1 : clocks.IndexOf(running);

    /// <summary>True from a frame's end until <see cref="FrameEnded"/>: what enters now does so before the end is recorded or compared.</summary>
    public bool IsEndingFrame { get; private set; }

    /// <summary>True once the guest has powered the machine off.</summary>
    public bool PoweredOff => state.PoweredOff;

    /// <summary>
    /// Time of the next input that is known beforehand, ns: a frame ends there, and the <see cref="FrameBoundary"/> that is then raised moves this on.
    /// <see cref="VirtualTime.Never"/> for none.
    /// </summary>
    public long NextInput { get; set; } = VirtualTime.Never;

    /// <summary>Raised between frames, after due timers have fired: the moment at which inputs enter.</summary>
    public event Action? FrameBoundary;

    /// <summary>
    /// Raised when a frame has come to its end, after <see cref="FrameBoundary"/>. Unlike that it is not raised when idle time passes, which
    /// the host may let pass in any number of pieces: what a record of a run is compared by happens here.
    /// </summary>
    public event Action? FrameEnded;

    /// <summary>
    /// Asked before an idle machine jumps to a time (ns); returns how far it may, from the present to that time. Pacing waits here for the host. Null jumps at once.
    /// </summary>
    public Func<long, long>? IdleAdvance { get; set; }

    /// <summary>Resets the machine, between frames, after <see cref="RequestReset"/>.</summary>
    public Action? Reset { get; set; }

    /// <summary>Registers a vCPU: from now on it gets its turns. QEMU: qemu_init_vcpu, which starts the thread.</summary>
    public VcpuClock AddVcpu(IVcpu vcpu)
    {
        var clock = new VcpuClock(this, vcpu);
        Observer.Step("AddVcpu", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"vcpu {clocks.Count}"), "", () =>
        {
            clock.AdvanceTo(state.Now);
            clocks.Add(clock);
            undo.Add(() => RemoveVcpu(clock));
        });
        return clock;
    }

    /// <summary>Takes a vCPU out of the schedule. QEMU: cpu_remove_sync.</summary>
    public void RemoveVcpu(VcpuClock clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        var index = clocks.IndexOf(clock);
        if (index < 0)
            return;
        if (ReferenceEquals(clock, running))
            throw new InvalidOperationException("A vCPU cannot be removed while it executes.");
        clocks.RemoveAt(index);
        if (state.Turn == index)
            state.SliceOpen = false;
        if (state.Turn >= index)
            state.Turn--;
    }

    /// <summary>Makes a timer; a realize that fails takes it back. QEMU: timer_new_ns.</summary>
    public VirtualTimer CreateTimer(string name, Action fire, int priority = 0)
    {
        var timer = Timers.Create(name, priority, fire);
        undo.Add(() => Timers.Remove(timer));
        return timer;
    }

    /// <summary>Resets the machine after the current instruction, which ends the frame. QEMU: qemu_system_reset_request.</summary>
    public void RequestReset()
    {
        state.ResetRequested = true;
        running?.Vcpu.RequestExit();
    }

    /// <summary>Powers the machine off after the current instruction. QEMU: qemu_system_shutdown_request.</summary>
    public void RequestPowerOff()
    {
        state.PoweredOff = true;
        running?.Vcpu.RequestExit();
    }

    /// <summary>Ends the run after the current instruction (between frames: at once); the machine can be run on from there.</summary>
    public void RequestStop()
    {
        stopRequested = true;
        running?.Vcpu.RequestExit();
    }

    /// <summary>Runs the machine until it stops of itself or <paramref name="stop"/> is reached.</summary>
    public StopReason Run(StopCondition stop)
    {
        ArgumentNullException.ThrowIfNull(stop);
        while (true)
        {
            if (state.ResetRequested)
                PerformReset();
            if (state.PoweredOff)
            {
                EndFrameAtLatest();
                return StopReason.PowerOff;
            }

            if (stopRequested)
            {
                stopRequested = false;
                return StopReason.Requested;
            }

            if (IsReached(stop))
                return StopReason.Limit;
            if (!state.FrameOpen)
            {
                if (!BeginFrame(stop, out var reason))
                {
                    if (reason is { } known)
                        return known;
                    continue;
                }
            }

            if (!state.SliceOpen && !BeginSlice())
                EndFrame();
            else if (!IsReached(stop) && !RunSlice(stop))
                return StopReason.Limit;
        }
    }

    /// <summary>The saved state as it stands, between instructions. The result is a copy.</summary>
    public SchedulerState Save() => new()
    {
        Now = state.Now,
        Frame = state.Frame,
        FrameOpen = state.FrameOpen,
        FrameEnd = state.FrameEnd,
        Turn = state.Turn,
        SliceOpen = state.SliceOpen,
        SliceEnd = state.SliceEnd,
        LatestObserved = state.LatestObserved,
        Prng = state.Prng,
        PoweredOff = state.PoweredOff,
        ResetRequested = state.ResetRequested,
        TimerSequence = Timers.Sequence,
        Timers = [.. Timers.Timers.Where(static t => t.IsArmed).Select(static t => new TimerRecord { Name = t.Name, Deadline = t.Deadline, Sequence = t.Sequence })],
        Clocks = [.. clocks.Select(static c => new ClockRecord { Instructions = c.Instructions, IdleTime = c.IdleTime })],
    };

    /// <summary>Puts saved state back.</summary>
    /// <exception cref="SimException">The state names a timer that this machine lacks, has another number of vCPUs, or is none that a run can have.</exception>
    public void Load(SchedulerState saved)
    {
        ArgumentNullException.ThrowIfNull(saved);
        saved.Check(this);
        foreach (var timer in Timers.Timers)
            timer.Disarm();
        foreach (var record in saved.Timers)
            Timers.Restore(Timers.Find(record.Name)!, record.Deadline, record.Sequence);
        Timers.Sequence = saved.TimerSequence;
        for (var i = 0; i < clocks.Count; i++)
        {
            clocks[i].Instructions = saved.Clocks[i].Instructions;
            clocks[i].IdleTime = saved.Clocks[i].IdleTime;
        }

        state = new SchedulerState
        {
            Now = saved.Now,
            Frame = saved.Frame,
            FrameOpen = saved.FrameOpen,
            FrameEnd = saved.FrameEnd,
            Turn = saved.Turn,
            SliceOpen = saved.SliceOpen,
            SliceEnd = saved.SliceEnd,
            LatestObserved = saved.LatestObserved,
            Prng = saved.Prng,
            PoweredOff = saved.PoweredOff,
            ResetRequested = saved.ResetRequested,
        };
        stopRequested = false;
    }

    internal bool IsRunning(VcpuClock clock) => ReferenceEquals(running, clock);

    internal long LatestObserved => state.LatestObserved;

    internal long Observe(long time)
    {
        if (time > state.LatestObserved)
            state.LatestObserved = time;
        return state.LatestObserved;
    }

    private bool IsReached(StopCondition stop) =>
        TotalInstructions >= stop.Instructions
        || (stop.Vcpu >= 0 && stop.Vcpu < clocks.Count && clocks[stop.Vcpu].Instructions >= stop.VcpuInstructions)
        || (stop.Time != VirtualTime.Never && ReachedTime >= stop.Time)
        || (stop.Point is { } point && IsReached(point));

    private bool IsReached(SchedulePoint point) => state.Frame > point.Frame
        || (state.Frame == point.Frame && TotalInstructions >= point.Instructions
            && (point.Boundary is { } time ? !state.FrameOpen && state.Now >= time : state.FrameOpen && Turn == point.Turn));

    /// <summary>
    /// Opens a frame. With all vCPUs idle time jumps to the next deadline instead, and the caller looks again; without a deadline the run is over.
    /// </summary>
    private bool BeginFrame(StopCondition stop, out StopReason? reason)
    {
        reason = null;
        var next = NextDeadline();
        if (AllIdleBefore(state.Now))
        {
            if (next == VirtualTime.Never)
            {
                reason = StopReason.Idle;
                return false;
            }

            if (next > state.Now)
            {
                JumpTo(Math.Min(next, LatestIdle(stop)), next);
                return false;
            }
        }

        var length = Options.Policy.Kind == SchedulePolicyKind.RoundRobin
            ? Options.Quantum
            : (1 + state.Prng.Below(2 * Math.Max(1, Options.Quantum >> Shift))) << Shift;
        state.FrameEnd = Math.Max(state.Now, Math.Min(state.Now + length, Math.Min(Timers.NextDeadline, NextInput)));
        state.FrameOpen = true;
        state.SliceOpen = false;
        state.Turn = -1;
        state.Frame++;

        // Whoever was woken after its turn in the last frame resumes here, at the frame's start.
        foreach (var clock in clocks)
        {
            if (!clock.Vcpu.IsIdle)
                clock.AdvanceTo(state.Now);
        }

        return true;
    }

    /// <summary>Where idle time ends at the latest.</summary>
    private long LatestIdle(StopCondition stop) =>
        stop.Point?.Boundary is { } time && time > state.Now ? Math.Min(time, stop.Time) : stop.Time;

    /// <summary>Lets idle time pass; a stop short of the next event is no boundary, unless the host has input that enters there.</summary>
    private void JumpTo(long target, long next)
    {
        var reached = IdleAdvance?.Invoke(target) ?? target;
        state.Now = reached;
        if (reached == next || reached < target)
            CrossBoundary();
    }

    /// <summary>Next timer, input or own deadline of an idle vCPU.</summary>
    private long NextDeadline()
    {
        var next = Math.Min(Timers.NextDeadline, NextInput);
        foreach (var clock in clocks)
        {
            if (clock.Vcpu.IsIdle)
                next = Math.Min(next, clock.Vcpu.NextDeadline);
        }

        return next;
    }

    private bool AllIdleBefore(long time)
    {
        foreach (var clock in clocks)
        {
            if (!clock.Vcpu.IsIdle || clock.Vcpu.NextDeadline <= time)
                return false;
        }

        return true;
    }

    /// <summary>Finds who runs next in this frame and opens its slice; false when all have reached the frame's end.</summary>
    private bool BeginSlice()
    {
        var index = Options.Policy.Kind == SchedulePolicyKind.RoundRobin ? NextInOrder() : NextAtRandom();
        if (index < 0)
            return false;
        var clock = clocks[index];
        if (clock.Vcpu.IsIdle)
            clock.AdvanceTo(clock.Vcpu.NextDeadline);
        var remainder = clock.InstructionsUntil(state.FrameEnd);
        var length = Options.Policy.Kind == SchedulePolicyKind.RoundRobin ? remainder : 1 + state.Prng.Below(remainder);
        state.Turn = index;
        state.SliceEnd = clock.Instructions + length;
        state.SliceOpen = true;
        return true;
    }

    private int NextInOrder()
    {
        for (var index = Math.Max(state.Turn, 0); index < clocks.Count; index++)
        {
            if (CanRun(clocks[index]))
                return index;
        }

        return -1;
    }

    private int NextAtRandom()
    {
        var count = 0;
        foreach (var clock in clocks)
            count += CanRun(clock) ? 1 : 0;
        if (count == 0)
            return -1;
        var draw = state.Prng.Below(count);
        for (var index = 0; ; index++)
        {
            if (CanRun(clocks[index]) && draw-- == 0)
                return index;
        }
    }

    private bool CanRun(VcpuClock clock) =>
        clock.LocalTime < state.FrameEnd && (!clock.Vcpu.IsIdle || clock.Vcpu.NextDeadline < state.FrameEnd);

    /// <summary>
    /// Runs the open slice to its end, or to where the run must stop, which leaves it open; false when not a single instruction may be executed.
    /// </summary>
    private bool RunSlice(StopCondition stop)
    {
        var clock = clocks[state.Turn];
        var remainder = Math.Min(state.SliceEnd - clock.Instructions, clock.InstructionsUntil(state.FrameEnd));
        if (remainder > 0)
        {
            var budget = Math.Min(remainder, stop.Instructions - TotalInstructions);
            if (stop.Vcpu == state.Turn)
                budget = Math.Min(budget, stop.VcpuInstructions - clock.Instructions);
            if (stop.Time != VirtualTime.Never)
                budget = Math.Min(budget, clock.InstructionsUntil(stop.Time));
            if (stop.Point is { } point)
                budget = Math.Min(budget, point.Instructions - TotalInstructions);
            if (budget <= 0)
                return false;
            clock.Instructions += Execute(clock, budget);
            remainder = Math.Min(state.SliceEnd - clock.Instructions, clock.InstructionsUntil(state.FrameEnd));
        }

        if (remainder <= 0 || clock.Vcpu.IsIdle)
            EndSlice();
        return true;
    }

    private long Execute(VcpuClock clock, long budget)
    {
        running = clock;
        try
        {
            return clock.Vcpu.Run(budget);
        }
        finally
        {
            clock.Executed = 0;
            running = null;
        }
    }

    private void EndSlice()
    {
        state.SliceOpen = false;
        clocks[state.Turn].Vcpu.EndSlice();
    }

    private void EndFrame()
    {
        state.FrameOpen = false;
        state.Turn = -1;
        state.Now = state.FrameEnd;
        IsEndingFrame = true;
        try
        {
            CrossBoundary();
        }
        finally
        {
            IsEndingFrame = false;
        }

        FrameEnded?.Invoke();
    }

    private void CrossBoundary()
    {
        Timers.FireDue(state.Now);
        FrameBoundary?.Invoke();
    }

    /// <summary>Ends the frame where it stands: all vCPUs go on from the latest local time.</summary>
    private void EndFrameAtLatest()
    {
        if (state.SliceOpen)
            EndSlice();
        state.FrameOpen = false;
        state.Turn = -1;
        state.Now = ReachedTime;
        foreach (var clock in clocks)
            clock.AdvanceTo(state.Now);
    }

    private void PerformReset()
    {
        state.ResetRequested = false;
        EndFrameAtLatest();
        Reset?.Invoke();
    }

    private void OnTimerArmed(long deadline)
    {
        if (!state.FrameOpen || deadline >= state.FrameEnd)
            return;
        state.FrameEnd = Math.Max(deadline, state.Now);
        running?.Vcpu.RequestExit();
    }
}
