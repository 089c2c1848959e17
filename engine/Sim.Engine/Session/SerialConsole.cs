using System.Text;
using Sim.Engine.Devices.Char;

namespace Sim.Engine.Session;

/// <summary>The far end of a serial port: what the guest has printed, and who listens.</summary>
public sealed class SerialConsole
{
    private readonly List<byte> output = [];

    internal SerialConsole(Chardev chardev, int index)
    {
        Chardev = chardev;
        Index = index;
        chardev.Output += OnOutput;
    }

    /// <summary>Raised with each byte that the guest writes, during the instruction that writes it.</summary>
    public event Action<byte>? Written;

    /// <summary>The machine's end.</summary>
    public Chardev Chardev { get; }

    /// <summary>Index among the serial ports.</summary>
    public int Index { get; }

    /// <summary>Bytes printed since power-on or the last restore.</summary>
    public int Length => output.Count;

    /// <summary>Everything printed since power-on or the last restore, as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString([.. output]);

    /// <summary>What was printed from byte <paramref name="start"/> on, as UTF-8.</summary>
    public string TextFrom(int start) => Encoding.UTF8.GetString([.. output[start..]]);

    /// <summary>All bytes printed since power-on or the last restore.</summary>
    public ReadOnlyMemory<byte> Bytes => output.ToArray();

    /// <summary>The last lines printed, joined by " | ", for messages.</summary>
    public string Tail(int lines)
    {
        var tail = TextFrom(Math.Max(0, output.Count - 4096)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return tail.Length == 0 ? "(nothing printed)" : string.Join(" | ", tail.TakeLast(lines));
    }

    /// <summary>Forgets what was printed: the session goes on from another moment.</summary>
    internal void Clear() => output.Clear();

    private void OnOutput(byte value)
    {
        output.Add(value);
        Written?.Invoke(value);
    }
}
