using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Running;

/// <summary>Marks that the user sets with a key: asked for on the keyboard's thread, written between frames on the machine's.</summary>
internal sealed class KeyMarks
{
    private int requested;
    private int written;

    /// <summary>Asks for a mark at the next frame boundary.</summary>
    public void Request() => Interlocked.Increment(ref requested);

    /// <summary>Writes what is asked for to a recording at each frame's end; without one there is nothing to mark.</summary>
    public void Attach(Session session, Recording? recording)
    {
        if (recording is not null)
            session.Scheduler.FrameEnded += () => Write(recording);
    }

    /// <summary>Writes what is asked for: where no frame ends any more, at the present moment.</summary>
    public void Write(Recording recording)
    {
        while (written < Volatile.Read(ref requested))
            recording.Mark(FormattableString.Invariant($"key{++written}"));
    }
}
