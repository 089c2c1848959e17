using System.Globalization;
using System.Text;

namespace Sim.Cli.Gdb;

/// <summary>What a client sends.</summary>
internal enum GdbInputKind
{
    /// <summary>A client is there.</summary>
    Connected,

    /// <summary>The client has gone.</summary>
    Disconnected,

    /// <summary>A packet, whole and with the right checksum.</summary>
    Packet,

    /// <summary>A packet with a wrong checksum.</summary>
    BadPacket,

    /// <summary>The byte 0x03: stop the machine.</summary>
    Interrupt,

    /// <summary>The latest packet has arrived there.</summary>
    Acknowledge,

    /// <summary>The latest packet is to be sent again.</summary>
    Retransmit,
}

/// <summary>One thing that a client sends.</summary>
/// <param name="Kind">What.</param>
/// <param name="Text">Content of a packet, a character for each byte, escapes resolved.</param>
internal readonly record struct GdbInput(GdbInputKind Kind, string Text = "");

/// <summary>
/// Takes apart the bytes of gdb's remote serial protocol (gdb manual, appendix E.1): <c>$content#checksum</c>, <c>+</c>, <c>-</c>, 0x03.
/// Anything else between packets is skipped.
/// </summary>
internal sealed class PacketReader
{
    /// <summary>Bytes of a packet's content at most, as qSupported announces it.</summary>
    public const int MaximumLength = 0x4000;

    private const char EscapeByte = '}';
    private const int EscapeBit = 0x20;

    private readonly StringBuilder content = new();
    private State state;
    private int length;
    private byte sum;
    private int expected;

    private enum State
    {
        Between,
        Content,
        Escaped,
        FirstDigit,
        SecondDigit,
    }

    /// <summary>Takes the next byte; gives what it completes, or null.</summary>
    public GdbInput? Take(byte value)
    {
        switch (state)
        {
            case State.Between:
                return TakeBetween(value);
            case State.FirstDigit:
                expected = Digit(value) << 4;
                state = State.SecondDigit;
                return null;
            case State.SecondDigit:
                state = State.Between;
                return Finish(Digit(value));
            default:
                TakeContent(value);
                return null;
        }
    }

    private GdbInput? TakeBetween(byte value)
    {
        switch (value)
        {
            case (byte)'$':
                Begin();
                return null;
            case (byte)'+':
                return new GdbInput(GdbInputKind.Acknowledge);
            case (byte)'-':
                return new GdbInput(GdbInputKind.Retransmit);
            case 3:
                return new GdbInput(GdbInputKind.Interrupt);
            default:
                return null;
        }
    }

    private void Begin()
    {
        content.Clear();
        (state, length, sum) = (State.Content, 0, 0);
    }

    private void TakeContent(byte value)
    {
        if (value == '#')
        {
            state = State.FirstDigit;
            return;
        }

        if (value == '$')
        {
            Begin();   // The end of the packet before was lost.
            return;
        }

        sum += value;
        if (state == State.Content && value == EscapeByte)
        {
            state = State.Escaped;
            return;
        }

        if (length++ < MaximumLength)
            content.Append((char)(state == State.Escaped ? value ^ EscapeBit : value));
        state = State.Content;
    }

    /// <summary>A packet longer than announced is taken for one that nobody knows: empty.</summary>
    private GdbInput Finish(int digit) => expected < 0 || digit < 0 || (expected | digit) != sum
        ? new GdbInput(GdbInputKind.BadPacket)
        : new GdbInput(GdbInputKind.Packet, length > MaximumLength ? "" : content.ToString());

    private static int Digit(byte value) =>
        int.TryParse([(char)value], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var digit) ? digit : -1;

    /// <summary>The bytes of a packet: escapes, checksum, frame.</summary>
    public static byte[] Frame(string content)
    {
        var bytes = new List<byte>(content.Length + 4) { (byte)'$' };
        foreach (var character in content)
        {
            if (character is '#' or '$' or '}' or '*')
            {
                bytes.Add((byte)EscapeByte);
                bytes.Add((byte)(character ^ EscapeBit));
            }
            else
                bytes.Add((byte)character);
        }

        var sum = bytes.Skip(1).Aggregate((byte)0, static (total, value) => (byte)(total + value));
        bytes.AddRange(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#{sum:x2}")));
        return [.. bytes];
    }
}
