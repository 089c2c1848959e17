using Sim.Engine.Session;

namespace Sim.Cli.Running;

/// <summary>Reads an interactive terminal on a thread of its own and puts what is typed into the inbox.</summary>
internal sealed class Keyboard(CommandHost host, InputInbox inbox, int serial, Action leave, Action mark)
{
    private readonly EscapeKeys keys = new();

    /// <summary>Begins to read. The thread never keeps the process alive.</summary>
    public void Start() => new Thread(Read) { IsBackground = true, Name = "keyboard" }.Start();

    private void Read()
    {
        var buffer = new byte[256];
        try
        {
            while (host.Input.Read(buffer) is > 0 and var count)
                Take(buffer.AsSpan(0, count));
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The terminal has gone: no more input, as at its end.
        }

        inbox.End();
    }

    private void Take(ReadOnlySpan<byte> typed)
    {
        var forGuest = new List<byte>();
        foreach (var value in typed)
        {
            switch (keys.Type(value))
            {
                case EscapeAction.Send:
                    forGuest.Add(value);
                    break;
                case EscapeAction.Help:
                    host.Error.Write(EscapeKeys.Help);
                    break;
                case EscapeAction.Leave:
                    leave();
                    break;
                case EscapeAction.Mark:
                    mark();
                    break;
            }
        }

        if (forGuest.Count > 0)
            inbox.Add(new InputEvent(serial, forGuest.ToArray()));
    }
}
