using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sim.Cli.Gdb;
using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary>Packets out of bytes, whatever comes between them.</summary>
public sealed class PacketReaderTests
{
    /// <summary>Contents, with noise before each that holds no beginning of a packet, and a byte to damage.</summary>
    private static readonly Arbitrary<(string Content, byte[] Noise, int Damaged)[]> Streams = Arb.From(
        (from content in Bytes(40).Select(static bytes => Encoding.Latin1.GetString(bytes))
         from noise in Bytes(6).Select(static bytes => bytes.Where(static b => b != '$').ToArray())
         from damaged in Gen.Choose(-20, 60)
         select (content, noise, damaged)).ArrayOf(5));

    private static readonly LawOptions Options =
        new() { Required = [("damaged", 0.5), ("escapes", 0.3), ("noise", 0.5), ("empty packet", 0.03)] };

    [Fact]
    public void Whole_packets_arrive_and_damaged_ones_are_refused() => Law.Holds(
        "packets", Streams, static (stream, classes) => AssertRead(stream, PacketReader.Frame, classes), Options);

    [Fact]
    public void A_frame_without_escapes_breaks_the_law() => Assert.Throws<LawFailedException>(static () => Law.Holds(
        "packets",
        Streams,
        static (stream, classes) => AssertRead(stream, static content => Plain(Encoding.Latin1.GetBytes(content)), classes),
        Options));

    [Fact]
    public void No_bytes_are_too_strange() => Law.Holds(
        "any bytes",
        Arb.From(Bytes(300)),
        static (bytes, classes) =>
        {
            var reader = new PacketReader();
            foreach (var value in bytes)
                classes.Add((reader.Take(value)?.Kind ?? GdbInputKind.Connected).ToString());
            // Whatever came before, a packet begins at its dollar sign, unless two digits of a checksum are still to come.
            Assert.Contains(new GdbInput(GdbInputKind.Packet, "g"), Read(reader, [.. "00"u8, .. PacketReader.Frame("g")]));
        },
        new LawOptions { Required = [("BadPacket", 0.05), ("Interrupt", 0.2), ("Acknowledge", 0.2)] });

    [Fact]
    public void A_packet_longer_than_announced_is_taken_for_an_unknown_one()
    {
        var longest = new string('a', PacketReader.MaximumLength);
        Assert.Equal(
            [new GdbInput(GdbInputKind.Packet, longest), new GdbInput(GdbInputKind.Packet)],
            Read(new PacketReader(), [.. PacketReader.Frame(longest), .. PacketReader.Frame(longest + "a")]));
    }

    [Theory]
    [InlineData("$m0,4#fd", GdbInputKind.Packet)]
    [InlineData("$m0,4#FD", GdbInputKind.Packet)]
    [InlineData("$m0,4#fe", GdbInputKind.BadPacket)]
    [InlineData("$m0,4#xd", GdbInputKind.BadPacket)]
    [InlineData("$m0,4#f ", GdbInputKind.BadPacket)]
    [InlineData("+", GdbInputKind.Acknowledge)]
    [InlineData("-", GdbInputKind.Retransmit)]
    [InlineData("\u0003", GdbInputKind.Interrupt)]
    public void Each_kind_is_told_apart(string text, object kind) =>
        Assert.Equal((GdbInputKind)kind, Assert.Single(Read(new PacketReader(), Encoding.Latin1.GetBytes(text))).Kind);

    private static Gen<byte[]> Bytes(int length) =>
        from count in Gen.Choose(0, length)
        from bytes in Gen.Frequency(
            (3, Gen.Choose(0, 255)), (2, Gen.Elements<int>('$', '#', '}', '*', '+', '-', 3)), (2, Gen.Choose('0', '9'))).ArrayOf(count)
        select bytes.Select(static value => (byte)value).ToArray();

    private static void AssertRead(
        (string Content, byte[] Noise, int Damaged)[] stream, Func<string, byte[]> frame, CaseClasses classes)
    {
        foreach (var (content, noise, damaged) in stream)
        {
            var bytes = frame(content);
            var isDamaged = damaged > 0 && damaged < bytes.Length - 3 && bytes[damaged] is not ((byte)'}' or (byte)'#' or (byte)'$')
                && bytes[damaged - 1] != '}';
            if (isDamaged)
                bytes[damaged] = (byte)(bytes[damaged] == 'x' ? 'y' : 'x');
            classes.Add("damaged", isDamaged);
            classes.Add("escapes", content.AsSpan().ContainsAny("$#}*"));
            classes.Add("noise", noise.Length > 0);
            classes.Add("empty packet", content.Length == 0);
            var expected = isDamaged ? new GdbInput(GdbInputKind.BadPacket) : new GdbInput(GdbInputKind.Packet, content);
            Assert.Equal([expected], Read(new PacketReader(), [.. noise, .. bytes])
                .Where(static i => i.Kind is GdbInputKind.Packet or GdbInputKind.BadPacket));
        }
    }

    private static List<GdbInput> Read(PacketReader reader, byte[] bytes) => [.. bytes.Select(reader.Take).OfType<GdbInput>()];

    private static byte[] Plain(byte[] content) =>
        [(byte)'$', .. content, .. Encoding.ASCII.GetBytes(FormattableString.Invariant($"#{(byte)content.Sum(static b => b):x2}"))];
}
