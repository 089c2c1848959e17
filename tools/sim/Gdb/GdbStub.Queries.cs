using System.Globalization;
using System.Text;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.Cli.Gdb;

/// <summary>The packets q and Q: what the stub can do, threads, the target description, monitor commands.</summary>
internal sealed partial class GdbStub
{
    private const string TargetDescription = "Xfer:features:read:", ExtraInfo = "ThreadExtraInfo,", Command = "Rcmd,";

    private void HandleQuery(string packet)
    {
        var query = packet[1..];
        if (packet == "QStartNoAckMode")
        {
            send(Ok);
            StopAcknowledging?.Invoke();
        }
        else if (packet[0] == 'q' && query.StartsWith(Command, StringComparison.Ordinal))
            RunCommand(query[Command.Length..]);
        else
            send(packet[0] == 'q' ? Query(query) : Unknown);
    }

    private string Query(string query)
    {
        if (query.StartsWith(TargetDescription, StringComparison.Ordinal))
            return Describe(query[TargetDescription.Length..]);
        if (query.StartsWith(ExtraInfo, StringComparison.Ordinal))
            return TryThread(query[ExtraInfo.Length..], out var vcpu) && vcpu >= 0 ? Hex(Describe(debugger.Cpus[vcpu])) : Invalid;
        if (query.StartsWith("Supported", StringComparison.Ordinal))
            return Support(query);
        return query switch
        {
            "C" => string.Create(CultureInfo.InvariantCulture, $"QC{thread + 1:x2}"),
            "fThreadInfo" => "m" + string.Join(
                ',', debugger.Cpus.Select(static cpu => (cpu.CpuIndex + 1).ToString("x2", CultureInfo.InvariantCulture))),
            "sThreadInfo" => "l",
            "Attached" => "1",
            _ => query.StartsWith("Symbol:", StringComparison.Ordinal) ? Ok : Unknown,
        };
    }

    private string Support(string query)
    {
        var features = query.Split(':', ';');
        tellsBreakpoints = features.Contains("swbreak+") && features.Contains("hwbreak+");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"PacketSize={PacketReader.MaximumLength:x};qXfer:features:read+;vContSupported+;swbreak+;hwbreak+;QStartNoAckMode+");
    }

    /// <summary>Part of the target description: <c>target.xml:offset,length</c>.</summary>
    private static string Describe(string rest)
    {
        const string Annex = "target.xml:";
        if (!rest.StartsWith(Annex, StringComparison.Ordinal))
            return "E00";
        if (!TryRange(rest[Annex.Length..], out var offset, out var length))
            return Invalid;
        var text = GdbRegisters.TargetXml;
        if (offset >= text.Length)
            return "l";
        var count = (int)Math.Min(Math.Min(length, PacketReader.MaximumLength - 1), text.Length - offset);
        return string.Concat(offset + count < text.Length ? "m" : "l", text.AsSpan((int)offset, count));
    }

    private static string Describe(PowerPcCpu cpu) =>
        string.Create(CultureInfo.InvariantCulture, $"CPU#{cpu.CpuIndex} [{RunState(cpu)}]");

    /// <summary>Whether a CPU is held, idle or running.</summary>
    public static string RunState(PowerPcCpu cpu) => cpu.IsHeld ? "held" : cpu.IsIdle ? "idle" : "running";

    /// <summary>Prints what a monitor command prints, in as many packets as it takes.</summary>
    private void RunCommand(string command)
    {
        if (FromHex(command) is not { } bytes)
        {
            send(Invalid);
            return;
        }

        foreach (var piece in monitor.Run(Encoding.UTF8.GetString(bytes), thread).Chunk(PacketReader.MaximumLength / 8))
            send("O" + Hex(new string(piece)));
        send(Ok);
    }

    private static string Hex(string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));
}
