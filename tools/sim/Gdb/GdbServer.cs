using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Sim.Engine.Base;

namespace Sim.Cli.Gdb;

/// <summary>
/// The port at which a debugger connects, one at a time. A thread of its own listens and reads; the machine's thread takes what has
/// arrived.
/// </summary>
internal sealed class GdbServer : IDisposable
{
    /// <summary>Milliseconds after which a client that does not read what is sent to it is let go.</summary>
    private const int SendTimeout = 10_000;

    private readonly BlockingCollection<(GdbConnection From, GdbInput Input)> inbox = new(1024);
    private readonly TcpListener listener;
    private readonly Action arrived;
    private GdbConnection? latest;

    /// <summary>Opens the port.</summary>
    /// <param name="address">Where; port 0 lets the host choose one.</param>
    /// <param name="arrived">Called, on the reading thread, when something has arrived: wakes a machine that waits.</param>
    /// <exception cref="SimException">The port is in use, or cannot be opened.</exception>
    public GdbServer(IPEndPoint address, Action arrived)
    {
        this.arrived = arrived;
        listener = new TcpListener(address);
        try
        {
            listener.Start(1);
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new SimException(
                error.SocketErrorCode == SocketError.AddressAlreadyInUse
                    ? $"--gdb {address}: the port is in use; another one can be given, or 0 to have one chosen."
                    : $"--gdb {address}: the port cannot be opened ({error.Message.TrimEnd('.')}).",
                error);
        }

        new Thread(Listen) { IsBackground = true, Name = "gdb" }.Start();
    }

    /// <summary>The address at which it listens.</summary>
    public EndPoint Address => listener.LocalEndpoint;

    /// <summary>True when something waits to be taken.</summary>
    public bool HasInput => inbox.Count > 0;

    /// <summary>Waits for what arrives next; null once the wait is cancelled.</summary>
    public (GdbConnection From, GdbInput Input)? Take(CancellationToken cancellation)
    {
        try
        {
            return inbox.Take(cancellation);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Closes the port and lets the client go.</summary>
    public void Dispose()
    {
        listener.Dispose();
        Volatile.Read(ref latest)?.Close();
    }

    private void Listen()
    {
        try
        {
            while (true)
            {
                var socket = listener.AcceptSocket();
                socket.NoDelay = true;
                socket.SendTimeout = SendTimeout;
                using var connection = new GdbConnection(socket);
                Volatile.Write(ref latest, connection);
                Put(connection, new GdbInput(GdbInputKind.Connected));
                connection.Read(input => Put(connection, input));
                Put(connection, new GdbInput(GdbInputKind.Disconnected));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The port was closed: the run is over.
        }
    }

    private void Put(GdbConnection connection, GdbInput input)
    {
        inbox.Add((connection, input));
        arrived();
    }
}
