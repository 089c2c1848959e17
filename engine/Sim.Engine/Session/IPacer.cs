namespace Sim.Engine.Session;

/// <summary>
/// Ties virtual time to the host's clock, for interactive use. It lives outside the engine, which reads no clock, and can only delay: what it does is no part of the run,
/// except that an idle machine woken by host input resumes at the time that it names, which is journalled with the input.
/// </summary>
public interface IPacer
{
    /// <summary>Called between frames: may sleep until the host's clock has caught up with virtual time (ns).</summary>
    void Pace(long virtualTime);

    /// <summary>
    /// All vCPUs are idle until <paramref name="target"/>: sleeps until the host's clock shows it or host input has come, and returns the virtual time (ns) to go on at, from <paramref name="now"/> to <paramref name="target"/>.
    /// </summary>
    long AdvanceIdle(long now, long target, CancellationToken cancellation);

    /// <summary>Nothing in the machine is pending: waits for host input; false when none can come any more.</summary>
    bool WaitForInput(CancellationToken cancellation);
}

/// <summary>Hands in inputs from another thread; drained between frames.</summary>
public interface IInputInbox
{
    /// <summary>Takes the next input, in order of arrival.</summary>
    bool TryTake(out InputEvent input);
}
