using Sim.Engine.Base;
using Sim.Engine.Session;

namespace Sim.Cli.Gdb;

/// <summary>
/// A run with gdb: the machine's thread answers the client while the machine is stopped, and asks between frames whether it wants that.
/// A client that connects, and any byte that it sends, stops the machine; one that detaches or is lost lets it run on.
/// </summary>
internal sealed class GdbDebugger : IDebuggerClient
{
    private readonly GdbServer server;
    private readonly CancellationToken cancellation;
    private readonly GdbStub stub;
    private GdbConnection? client;
    private bool isAwaited;

    /// <summary>Lets gdb take part in the runs of a session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="server">The port.</param>
    /// <param name="cancellation">Ends waiting for the client.</param>
    /// <exception cref="SimException">The machine has no CPU.</exception>
    public GdbDebugger(Session session, GdbServer server, CancellationToken cancellation)
    {
        this.server = server;
        this.cancellation = cancellation;
        if (session.Debugger.Cpus.Count == 0)
            throw new SimException($"--gdb needs a machine with a CPU; '{session.Machine.Configuration.Machine}' has none.");
        stub = new GdbStub(session, Send) { StopAcknowledging = () => client?.StopAcknowledging() };
        session.Debugger.Client = this;
    }

    /// <summary>Called before the machine waits for the client: shows what the guest has printed.</summary>
    public Action? BeforeWaiting { get; init; }

    /// <summary>Called when the client ends the run.</summary>
    public Action? Killed { get; init; }

    /// <summary>True when something waits to be answered. A run that is to end answers nothing more: it would stop again and again.</summary>
    public bool WantsStop => server.HasInput && !cancellation.IsCancellationRequested;

    /// <inheritdoc/>
    public void Stopped(DebugStop stop)
    {
        BeforeWaiting?.Invoke();
        stub.Stopped(stop, isAwaited);
        isAwaited = false;
        while (server.Take(cancellation) is var (from, input))
        {
            if (RunsOnAfter(from, input))
                return;
        }
    }

    /// <inheritdoc/>
    public void MachineReset()
    {
        if (isAwaited)
            Send("O" + Convert.ToHexStringLower("The machine has been reset.\n"u8));
    }

    /// <summary>The run is over: tells the client, which waits.</summary>
    /// <param name="isInterrupted">True when it was ended from outside: a signal, a time limit.</param>
    public void Ended(bool isInterrupted)
    {
        if (isAwaited)
            Send(isInterrupted ? "X0f" : "W00");
    }

    private bool RunsOnAfter(GdbConnection from, GdbInput input)
    {
        switch (input.Kind)
        {
            case GdbInputKind.Connected:
                client = from;
                stub.Connect();
                return false;
            case GdbInputKind.Disconnected:
                if (from == client)
                    Release();
                return client is null;   // One that let go before has now closed, or this one is lost.
            case GdbInputKind.Packet when from == client:
                return RunsOnAfter(stub.Handle(input.Text));
            default:
                return client is null;   // An interrupt has done what it does: the machine is stopped.
        }
    }

    private bool RunsOnAfter(GdbOutcome outcome)
    {
        switch (outcome)
        {
            case GdbOutcome.Resume:
                isAwaited = true;
                break;
            case GdbOutcome.Detach:
                Release();
                break;
            case GdbOutcome.Kill:
                Release();
                Killed?.Invoke();
                break;
        }

        return outcome != GdbOutcome.Stay;
    }

    private void Release()
    {
        stub.Detach();
        client?.Close();
        client = null;
    }

    private void Send(string packet) => client?.Send(packet);
}
