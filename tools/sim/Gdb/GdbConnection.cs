using System.Net.Sockets;

namespace Sim.Cli.Gdb;

/// <summary>
/// A connected client. A thread of its own reads, acknowledges and sends again; what the machine must answer goes to its inbox.
/// </summary>
internal sealed class GdbConnection(Socket socket) : IDisposable
{
    private readonly object gate = new();
    private byte[] latest = [];
    private volatile bool acknowledges = true;

    /// <summary>From now on nothing is acknowledged by either side (QStartNoAckMode).</summary>
    public void StopAcknowledging() => acknowledges = false;

    /// <summary>Sends a packet. A client that has gone, or does not read, is let go: the reading thread finds out.</summary>
    public void Send(string content)
    {
        lock (gate)
        {
            latest = PacketReader.Frame(content);
            Write(latest);
        }
    }

    /// <summary>Reads until the client has gone.</summary>
    /// <param name="take">Called with what the machine must answer.</param>
    public void Read(Action<GdbInput> take)
    {
        var reader = new PacketReader();
        var buffer = new byte[4096];
        try
        {
            while (socket.Receive(buffer) is > 0 and var count)
            {
                foreach (var value in buffer.AsSpan(0, count))
                {
                    if (reader.Take(value) is { } input)
                        Take(input, take);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Lost: as if it had closed.
        }
    }

    /// <summary>Ends the connection once what was sent has gone out.</summary>
    public void Close()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It has gone already.
        }
    }

    public void Dispose() => socket.Dispose();

    private void Take(GdbInput input, Action<GdbInput> take)
    {
        switch (input.Kind)
        {
            case GdbInputKind.Packet:
                Answer('+');
                take(input);
                break;
            case GdbInputKind.BadPacket:
                Answer('-');
                break;
            case GdbInputKind.Retransmit when acknowledges:
                lock (gate)
                    Write(latest);
                break;
            case GdbInputKind.Interrupt:
                take(input);
                break;
        }
    }

    private void Answer(char sign)
    {
        if (!acknowledges)
            return;
        lock (gate)
            Write([(byte)sign]);
    }

    private void Write(byte[] bytes)
    {
        try
        {
            for (var sent = 0; sent < bytes.Length;)
                sent += socket.Send(bytes.AsSpan(sent));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
        }
    }
}
