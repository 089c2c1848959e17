namespace Sim.Engine.Scheduling;

/// <summary>
/// The time of one vCPU: instructions executed and time spent idle. Made by <see cref="Scheduler.AddVcpu"/>.
/// </summary>
public sealed class VcpuClock
{
    private readonly Scheduler scheduler;

    internal VcpuClock(Scheduler scheduler, IVcpu vcpu)
    {
        this.scheduler = scheduler;
        Vcpu = vcpu;
    }

    /// <summary>Whose clock it is.</summary>
    public IVcpu Vcpu { get; }

    /// <summary>Instructions executed since power-on, up to the start of the <see cref="IVcpu.Run"/> under way.</summary>
    public long Instructions { get; internal set; }

    /// <summary>Nanoseconds of virtual time that passed without an instruction.</summary>
    public long IdleTime { get; internal set; }

    /// <summary>
    /// Instructions executed in the <see cref="IVcpu.Run"/> under way. The vCPU stores it before every call that leaves it (device access, time read,
    /// interrupt line), counting the instruction under way as not yet executed.
    /// </summary>
    public long Executed;

    /// <summary>Local time: instructions times 2^shift plus idle time, ns.</summary>
    public long LocalTime => ((Instructions + Executed) << scheduler.Shift) + IdleTime;

    /// <summary>log2 of the nanoseconds that one instruction takes.</summary>
    public int Shift => scheduler.Shift;

    /// <summary>
    /// The time that the vCPU observes now: its local time, or the latest that anyone observed if that is later, so that observed
    /// time never runs backwards between vCPUs. Remembered. A timebase read gives this.
    /// </summary>
    public long Observe() => scheduler.Observe(LocalTime);

    /// <summary>What anyone has observed so far: <see cref="Observe"/> gives no less.</summary>
    internal long LatestObserved => scheduler.LatestObserved;

    /// <summary>Notes that the vCPU has observed <paramref name="time"/>, for a vCPU that computes observed time itself during a run.</summary>
    internal void NoteObserved(long time) => scheduler.Observe(time);

    /// <summary>
    /// Something deliverable has come up while the vCPU was idle: it resumes at the later of its local time and the waker's observed time, or at its own
    /// next deadline where the waker has run past that (at once where local time has reached the deadline), in this frame if its turn is still to come, else
    /// at the next one's start. A vCPU that executes is not idle: nothing happens.
    /// </summary>
    public void Wake()
    {
        if (scheduler.IsRunning(this))
            return;
        AdvanceTo(Math.Min(scheduler.Now, Vcpu.NextDeadline));
    }

    /// <summary>Lets idle time pass until local time is <paramref name="time"/>; does nothing when that is past.</summary>
    internal void AdvanceTo(long time)
    {
        var local = LocalTime;
        if (time > local)
            IdleTime += time - local;
    }

    /// <summary>Instructions until local time is at least <paramref name="time"/>.</summary>
    internal long InstructionsUntil(long time)
    {
        var missing = time - LocalTime;
        if (missing <= 0)
            return 0;
        var quantum = 1L << scheduler.Shift;
        return (missing - 1) / quantum + 1;   // Rounded up without overflow.
    }
}
