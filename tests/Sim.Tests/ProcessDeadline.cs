using System.Diagnostics;

namespace Sim.Tests;

/// <summary>Ends a program that a test has started, and whatever that has started, when it runs much longer than it ever should: a hang is a failure, not a wait.</summary>
internal sealed class ProcessDeadline : IDisposable
{
    private readonly Process process;
    private readonly Timer timer;
    private volatile bool passed;

    /// <param name="process">The program.</param>
    /// <param name="seconds">How long it may run.</param>
    public ProcessDeadline(Process process, int seconds = 300)
    {
        this.process = process;
        timer = new Timer(_ => End(), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when the program was ended for being late.</summary>
    public bool HasPassed => passed;

    public void Dispose() => timer.Dispose();

    private void End()
    {
        passed = true;
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }
}
