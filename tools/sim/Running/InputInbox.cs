using System.Diagnostics;
using Sim.Engine.Session;

namespace Sim.Cli.Running;

/// <summary>Inputs from the keyboard's thread on their way to the machine's; a waiting machine is woken.</summary>
internal sealed class InputInbox : IInputInbox
{
    private readonly object gate = new();
    private readonly Queue<InputEvent> inputs = new();
    private bool ended;
    private bool woken;

    /// <summary>True once no more inputs can come.</summary>
    public bool Ended
    {
        get
        {
            lock (gate)
                return ended;
        }
    }

    public void Add(InputEvent input)
    {
        lock (gate)
        {
            inputs.Enqueue(input);
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Says that no more inputs can come.</summary>
    public void End()
    {
        lock (gate)
        {
            ended = true;
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>Ends a wait, the one under way or the next: something else than an input has come for the machine.</summary>
    public void WakeUp()
    {
        lock (gate)
        {
            woken = true;
            Monitor.PulseAll(gate);
        }
    }

    public bool TryTake(out InputEvent input)
    {
        lock (gate)
            return inputs.TryDequeue(out input);
    }

    /// <summary>
    /// Waits until an input is there or the machine is woken (true), or the time has passed, no input can come any more without a time, or the wait is cancelled
    /// (false).
    /// </summary>
    public bool Wait(TimeSpan time, CancellationToken cancellation)
    {
        using var registration = cancellation.Register(Wake);
        var start = Stopwatch.GetTimestamp();
        lock (gate)
        {
            while (inputs.Count == 0 && !woken && !cancellation.IsCancellationRequested)
            {
                if (time == Timeout.InfiniteTimeSpan)
                {
                    if (ended)
                        return false;
                    Monitor.Wait(gate);
                }
                else if (time - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } left)
                    Monitor.Wait(gate, left);
                else
                    return false;
            }

            var come = inputs.Count > 0 || woken;
            woken = false;
            return come;
        }
    }

    private void Wake()
    {
        lock (gate)
            Monitor.PulseAll(gate);
    }
}
