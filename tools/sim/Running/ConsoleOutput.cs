namespace Sim.Cli.Running;

/// <summary>Where a serial port's bytes go: gathered, and written out before the host waits and every few milliseconds.</summary>
internal sealed class ConsoleOutput(Stream stream, bool ownsStream) : IDisposable
{
    /// <summary>Milliseconds of the host's clock after which gathered bytes are shown.</summary>
    private const long Delay = 10;

    private readonly byte[] buffer = new byte[4096];
    private int count;
    private long lastFlush;

    /// <summary>Called before bytes are written: something else may stand in the terminal's line.</summary>
    public Action? Writing { get; set; }

    /// <summary>Called once when the other end is closed; from then on bytes are dropped.</summary>
    public Action? Closed { get; set; }

    /// <summary>True at the start of a line.</summary>
    public bool AtLineStart { get; private set; } = true;

    /// <summary>True once the other end was closed.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Takes a byte.</summary>
    public void Write(byte value)
    {
        if (count == buffer.Length)
            Flush();
        buffer[count++] = value;
    }

    /// <summary>Writes gathered bytes out when they have waited long enough; called between frames.</summary>
    public void FlushIfDue()
    {
        if (count > 0 && Environment.TickCount64 - lastFlush >= Delay)
            Flush();
    }

    /// <summary>Writes gathered bytes out.</summary>
    public void Flush()
    {
        if (count == 0)
            return;
        var length = count;
        count = 0;
        if (IsClosed)
            return;
        try
        {
            Writing?.Invoke();
            stream.Write(buffer, 0, length);
            stream.Flush();
            AtLineStart = buffer[length - 1] == '\n';
            lastFlush = Environment.TickCount64;
        }
        catch (IOException)
        {
            IsClosed = true;
            Closed?.Invoke();
        }
    }

    public void Dispose()
    {
        Flush();
        if (ownsStream)
            stream.Dispose();
    }
}
