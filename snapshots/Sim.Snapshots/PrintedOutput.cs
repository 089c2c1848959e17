using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>
/// What the serial ports of a session have printed, in short: a difference that reaches a console leaves no trace in the machine's state.
/// </summary>
internal sealed class PrintedOutput
{
    private readonly (int Count, ulong Hash, byte Last)[] ports;

    public PrintedOutput(Session session)
    {
        ports = new (int, ulong, byte)[session.Consoles.Count];
        foreach (var console in session.Consoles)
            console.Written += value => Add(ref ports[console.Index], value);
    }

    /// <summary>What was printed up to now, to go back to.</summary>
    public (int Count, ulong Hash, byte Last)[] Present
    {
        get => [.. ports];
        set => value.CopyTo(ports, 0);
    }

    /// <summary>True when both have printed the same.</summary>
    public bool Is(PrintedOutput other) => ports.AsSpan().SequenceEqual(other.ports);

    /// <summary>Ports, by index, that have not printed the same.</summary>
    public IEnumerable<SnapshotDifference> Differences(PrintedOutput other) =>
        Enumerable.Range(0, Math.Max(ports.Length, other.ports.Length)).Where(i => At(i) != other.At(i))
            .Select(i => new SnapshotDifference(FormattableString.Invariant($"serial {i}"), "output", Text(At(i)), Text(other.At(i))));

    private static void Add(ref (int Count, ulong Hash, byte Last) port, byte value) =>
        port = (port.Count + 1, (port.Hash ^ value) * 0x100000001b3, value);   // FNV-1a.

    private static string Text((int Count, ulong Hash, byte Last) port) =>
        port.Count == 0 ? "nothing" : FormattableString.Invariant($"{port.Count} bytes, the last 0x{port.Last:x2}");

    private (int Count, ulong Hash, byte Last) At(int index) => index < ports.Length ? ports[index] : default;
}
