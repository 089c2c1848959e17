using System.Globalization;
using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Session;

namespace Sim.Cli.Gdb;

/// <summary>What is to happen after a packet.</summary>
internal enum GdbOutcome
{
    /// <summary>The machine stays stopped.</summary>
    Stay,

    /// <summary>The machine runs on; the client waits for the next stop.</summary>
    Resume,

    /// <summary>The machine runs on without the client.</summary>
    Detach,

    /// <summary>The run is to end.</summary>
    Kill,
}

/// <summary>
/// gdb's remote serial protocol (gdb manual, appendix E) over a session that is stopped. A thread is a CPU, with the number index + 1.
/// Everything is read through peeks; what is written goes through the session's input port.
/// </summary>
/// <param name="session">The session.</param>
/// <param name="send">Sends a packet to the client.</param>
internal sealed partial class GdbStub(Session session, Action<string> send)
{
    private const string Ok = "OK", NoMemory = "E14", Invalid = "E22", Unknown = "";

    private readonly Debugger debugger = session.Debugger;
    private readonly GdbPoints points = new(session.Debugger);
    private readonly GdbMonitor monitor = new(session);
    private DebugStop stop;
    private bool tellsBreakpoints;
    private int thread;
    private int resumedThread;

    /// <summary>Called once the client wants nothing acknowledged any more.</summary>
    public Action? StopAcknowledging { get; init; }

    /// <summary>A new client: nothing is left of the one before.</summary>
    public void Connect()
    {
        points.Clear();
        tellsBreakpoints = false;
    }

    /// <summary>The client has gone, or lets go: its points go with it.</summary>
    public void Detach() => points.Clear();

    /// <summary>Notes a stop.</summary>
    /// <param name="reached">The stop.</param>
    /// <param name="isAwaited">True when the client waits for it.</param>
    public void Stopped(DebugStop reached, bool isAwaited)
    {
        stop = reached;
        thread = resumedThread = reached.Vcpu;
        if (isAwaited)
            send(StopReply(reached.Kind == DebugStopKind.Requested ? 2 : 5));
    }

    /// <summary>Answers a packet.</summary>
    public GdbOutcome Handle(string packet)
    {
        if (packet.Length == 0)
        {
            send(Unknown);
            return GdbOutcome.Stay;
        }

        var rest = packet[1..];
        switch (packet[0])
        {
            case 'c' or 'C' or 's' or 'S':
                return Resume(packet[0] is 's' or 'S', packet[0] is 'c' or 's' ? rest : "");
            case 'v':
                return HandleVerbose(rest);
            case 'D':
                send(Ok);
                return GdbOutcome.Detach;
            case 'k':
                return GdbOutcome.Kill;
            case 'q' or 'Q':
                HandleQuery(packet);
                break;
            default:
                send(Answer(packet[0], rest));
                break;
        }

        return GdbOutcome.Stay;
    }

    private string Answer(char command, string rest) => command switch
    {
        '?' => StopReply(5),
        'g' => string.Concat(GdbRegisters.General.Select(number => GdbRegisters.Read(Cpu, number))),
        'G' => WriteRegisters(rest),
        'p' => TryHex(rest, out var number) && GdbRegisters.Size(number) > 0 ? GdbRegisters.Read(Cpu, (int)number) : Invalid,
        'P' => WriteRegister(rest),
        'm' => ReadMemory(rest),
        'M' => WriteMemory(rest, FromHex),
        'X' => WriteMemory(rest, static text => Encoding.Latin1.GetBytes(text)),
        'Z' or 'z' => ChangePoint(command == 'Z', rest),
        'H' => ChooseThread(rest),
        'T' => TryThread(rest, out var vcpu) && vcpu >= 0 ? Ok : Invalid,
        _ => Unknown,
    };

    private PowerPcCpu Cpu => debugger.Cpus[thread];

    /// <summary>The latest stop, with the registers that gdb asks for first.</summary>
    private string StopReply(int signal)
    {
        var cpu = debugger.Cpus[stop.Vcpu];
        var reason = stop.Kind switch
        {
            DebugStopKind.Watchpoint => string.Create(
                CultureInfo.InvariantCulture, $"{WatchName(stop.Watchpoint!.Value)}:{stop.Address:x8};"),
            DebugStopKind.Breakpoint when tellsBreakpoints => points.IsHardware(stop.Pc) ? "hwbreak:;" : "swbreak:;",
            _ => "",
        };
        return string.Create(
            CultureInfo.InvariantCulture, $"T{signal:x2}thread:{stop.Vcpu + 1:x2};01:{cpu.GetGpr(1):x8};40:{cpu.Pc:x8};{reason}");
    }

    private static string WatchName(Watchpoint watchpoint) => watchpoint.Kind switch
    {
        WatchKind.Read => "rwatch",
        WatchKind.Access => "awatch",
        _ => "watch",
    };

    private string WriteRegisters(string rest)
    {
        var at = 0;
        var writes = new List<(int Number, string Text)>();
        foreach (var number in GdbRegisters.General)
        {
            var digits = 2 * GdbRegisters.Size((ulong)number);
            if (at + digits > rest.Length)
                return Invalid;
            writes.Add((number, rest.Substring(at, digits)));
            at += digits;
        }

        // What does not change is no input.
        writes.RemoveAll(write => write.Text == GdbRegisters.Read(Cpu, write.Number));
        return writes.TrueForAll(write => Write(write.Number, write.Text)) ? Ok : Invalid;
    }

    private string WriteRegister(string rest)
    {
        var equals = rest.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && TryHex(rest[..equals], out var number) && rest.Length - equals - 1 == 2 * GdbRegisters.Size(number)
            && rest.Length > equals + 1 && Write((int)number, rest[(equals + 1)..])
            ? Ok
            : Invalid;
    }

    private bool Write(int number, string text) =>
        TryHex(text, out var value) && TryApply(new RegisterWrite(thread, GdbRegisters.Name(number), value));

    private bool TryApply(DebuggerWrite write)
    {
        try
        {
            session.Input.Apply(write);
            return true;
        }
        catch (SimException)
        {
            return false;
        }
    }

    private string ReadMemory(string rest)
    {
        if (!TryRange(rest, out var address, out var length) || length > PacketReader.MaximumLength / 2)
            return Invalid;
        var bytes = new byte[length];
        return Cpu.TryPeek(address, bytes) ? Convert.ToHexStringLower(bytes) : NoMemory;
    }

    private string WriteMemory(string rest, Func<string, byte[]?> decode)
    {
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !TryRange(rest[..colon], out var address, out var length)
            || decode(rest[(colon + 1)..]) is not { } bytes || bytes.Length != length)
            return Invalid;
        return length == 0 || TryApply(new MemoryWrite(thread, address, bytes)) ? Ok : NoMemory;
    }

    private string ChangePoint(bool insert, string rest)
    {
        var fields = rest.Split(';')[0].Split(',', 2);
        return fields is [[>= '0' and <= '4' and var type], var range]
            ? TryRange(range, out var address, out var length) && points.Change(insert, type - '0', address, length) ? Ok : Invalid
            : Unknown;
    }

    private string ChooseThread(string rest)
    {
        if (rest.Length < 2 || !TryThread(rest[1..], out var vcpu))
            return Invalid;
        var chosen = vcpu < 0 ? stop.Vcpu : vcpu;
        if (rest[0] == 'g')
            thread = chosen;
        else if (rest[0] == 'c')
            resumedThread = chosen;
        else
            return Unknown;
        return Ok;
    }

    /// <summary>A thread as gdb writes it: a number in hexadecimal; 0 for any and -1 for all give -1.</summary>
    private bool TryThread(string text, out int vcpu)
    {
        vcpu = -1;
        if (text is "-1" or "0")
            return true;
        if (!TryHex(text, out var number) || number == 0 || number > (ulong)debugger.Cpus.Count)
            return false;
        vcpu = (int)number - 1;
        return true;
    }

    /// <summary>Reads <c>address,length</c>: an address of 32 bits and a length that fits.</summary>
    private static bool TryRange(string text, out uint address, out uint length)
    {
        (address, length) = (0, 0);
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || !TryHex(text[..comma], out var first) || !TryHex(text[(comma + 1)..], out var count)
            || first > uint.MaxValue || count > uint.MaxValue)
            return false;
        (address, length) = ((uint)first, (uint)count);
        return true;
    }

    private static bool TryHex(string text, out ulong value) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    private static byte[]? FromHex(string text)
    {
        var bytes = new byte[text.Length / 2];
        return Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : null;
    }
}
