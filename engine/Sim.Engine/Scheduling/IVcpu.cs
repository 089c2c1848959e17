namespace Sim.Engine.Scheduling;

/// <summary>A logical CPU as the scheduler sees it. QEMU: the vCPU thread's loop (accel/tcg).</summary>
public interface IVcpu
{
    /// <summary>
    /// True when the vCPU waits: for an interrupt, or to be released from reset; and nothing deliverable is pending. It then
    /// executes nothing until <see cref="NextDeadline"/> or until it calls <see cref="VcpuClock.Wake"/>.
    /// </summary>
    bool IsIdle { get; }

    /// <summary>
    /// Local time (ns) of the next event of its own timers that would end its idleness; <see cref="Base.VirtualTime.Never"/> for none. It answers so while the
    /// vCPU is idle, and in <see cref="VcpuClock.Wake"/>, which just ended that; at other times nobody asks.
    /// </summary>
    long NextDeadline { get; }

    /// <summary>Address of the instruction under way, or of the next one between instructions; for traces and messages. Reading it changes nothing.</summary>
    ulong ProgramCounter { get; }

    /// <summary>
    /// Executes at most <paramref name="budget"/> instructions (at least 1) and returns how many it did. It returns early when it becomes idle and after
    /// the instruction during which <see cref="RequestExit"/> was called.
    /// </summary>
    long Run(long budget);

    /// <summary>Asks the <see cref="Run"/> under way to return after the current instruction; without one it does nothing.</summary>
    void RequestExit();

    /// <summary>The vCPU's slice is over: another may run before it does. Ends its reservation.</summary>
    void EndSlice();
}
