using System.Diagnostics;
using Sim.Engine.Base;
using Sim.Engine.Session;

namespace Sim.Cli.Running;

/// <summary>
/// Holds virtual time back to the host's clock (when asked to keep pace), and lets an idle machine wait for the keyboard. A host that
/// cannot keep up is forgiven: virtual time never
/// runs faster than the clock to make up for it.
/// </summary>
internal sealed class HostPacer(bool keepPace, InputInbox inbox, Action beforeWaiting, CancellationToken cancellation) : IPacer
{
    /// <summary>Nanoseconds that virtual time may be ahead before it is worth to sleep.</summary>
    private const long Slack = 2_000_000;

    /// <summary>Nanoseconds behind the clock that are forgiven at once.</summary>
    private const long Patience = 100_000_000;

    private readonly long start = Stopwatch.GetTimestamp();

    /// <summary>Virtual time (ns) minus the clock's.</summary>
    private long offset;

    public void Pace(long virtualTime)
    {
        if (!keepPace)
            return;
        var ahead = virtualTime - Clock();
        if (ahead < -Patience)
            offset += ahead;
        else if (ahead > Slack)
            Wait(ahead);
    }

    public long AdvanceIdle(long now, long target, CancellationToken cancellation)
    {
        if (!keepPace)
            return target;
        Pace(now);
        while (!cancellation.IsCancellationRequested && Clock() is var clock && clock < target)
        {
            if (Wait(target - clock))
                return Math.Clamp(Clock(), now, target);
        }

        return cancellation.IsCancellationRequested ? now : target;
    }

    public bool WaitForInput(CancellationToken cancellation)
    {
        beforeWaiting();
        while (!cancellation.IsCancellationRequested)
        {
            if (inbox.Wait(Timeout.InfiniteTimeSpan, cancellation))
                return true;
            if (inbox.Ended)
                return false;
        }

        return false;
    }

    /// <summary>The host's clock, in virtual nanoseconds.</summary>
    private long Clock() => offset + (long)(Stopwatch.GetElapsedTime(start).TotalSeconds * VirtualTime.Second);

    private bool Wait(long nanoseconds)
    {
        beforeWaiting();
        var time = TimeSpan.FromMilliseconds(Math.Clamp(nanoseconds / 1_000_000, 1, 60_000));
        return inbox.Wait(time, cancellation);
    }
}
