using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Sim.Snapshots;

/// <summary>
/// The frame of a file: a preamble, then records, each the MessagePack array <c>[kind, body, check]</c> with a short text, binary data and
/// the XXH3-64 of both as 8 binary bytes. The last record's body is the XXH3-128 of everything before it.
/// </summary>
/// <param name="stream">Where the bytes go.</param>
/// <param name="isChained">
/// Whether each record's check continues that of the one before it, so that none can be left out or exchanged in a file without an end.
/// </param>
internal sealed class RecordWriter(Stream stream, bool isChained = false)
{
    private readonly XxHash128 whole = new();
    private ulong chain;

    /// <summary>Writes the preamble <c>[magic, format version, behaviour version]</c>.</summary>
    public void WritePreamble(string magic, int version, int behaviour) =>
        Write([0x93, .. RecordFormat.Text(magic), .. RecordFormat.Number(version), .. RecordFormat.Number(behaviour)]);

    /// <summary>Writes a record.</summary>
    /// <exception cref="Engine.Base.SimException">The body is larger than any reader takes.</exception>
    public void WriteRecord(string kind, ReadOnlySpan<byte> body)
    {
        if (body.Length > SnapshotFormat.MaxBody)
        {
            throw new Engine.Base.SimException(FormattableString.Invariant(
                $"The state cannot be saved: a record '{kind}' of {body.Length} bytes is larger than the format's {SnapshotFormat.MaxBody}."));
        }

        Span<byte> head = stackalloc byte[5];
        head[0] = 0xC6;
        BinaryPrimitives.WriteUInt32BigEndian(head[1..], (uint)body.Length);
        Write([0x93, .. RecordFormat.Text(kind), .. head]);
        Write(body);
        Span<byte> check = stackalloc byte[10];
        check[0] = 0xC4;
        check[1] = 8;
        var hash = RecordFormat.Check(kind, body, chain);
        BinaryPrimitives.WriteUInt64BigEndian(check[2..], hash);
        Write(check);
        chain = isChained ? hash : 0;
    }

    /// <summary>Writes the last record.</summary>
    public void WriteEnd()
    {
        var hash = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(hash, whole.GetCurrentHashAsUInt128());
        WriteRecord(SnapshotFormat.End, hash);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        whole.Append(bytes);
        stream.Write(bytes);
    }
}

/// <summary>Where a record's body lies in a file.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Offset">Offset of the first byte.</param>
/// <param name="Length">Number of bytes.</param>
internal readonly record struct RecordPlace(string Kind, long Offset, int Length);

/// <summary>Reads what <see cref="RecordWriter"/> writes, and nothing else.</summary>
/// <param name="stream">A stream that can seek, at the beginning of the file.</param>
/// <param name="name">Name of the file, for messages.</param>
/// <param name="isChained">As for <see cref="RecordWriter"/>.</param>
internal sealed class RecordReader(Stream stream, string name, bool isChained = false)
{
    private readonly XxHash128 whole = new();
    private ulong chain;
    private readonly byte[] small = new byte[40];
    private byte[] buffer = [];

    /// <summary>Reads the preamble and returns the behaviour version.</summary>
    /// <exception cref="Engine.Base.SimException">It is another kind of file, or of a newer version.</exception>
    public int ReadPreamble(string magic, int version, string what)
    {
        var mark = 1 + 1 + magic.Length;
        byte[] expected = [0x93, .. RecordFormat.Text(magic)];
        if (stream.Length < mark || !Read(small.AsSpan(0, mark)).SequenceEqual(expected))
            throw SnapshotError.In(name, $"this is no {what}: it does not begin as one");
        var found = ReadNumber();
        if (found != version)
        {
            throw SnapshotError.In(name, FormattableString.Invariant(
                $"this {what} has format version {found}; this program reads version {version}{(found > version ? ", so a newer one made it" : "")}"));
        }

        return ReadNumber();
    }

    /// <summary>
    /// Reads all records to the end of the file, checks each and the whole, and returns where they are; the last one is left out.
    /// </summary>
    /// <exception cref="Engine.Base.SimException">The file is torn, or a byte of it is wrong.</exception>
    public List<RecordPlace> ReadAll()
    {
        var places = new List<RecordPlace>();
        while (true)
        {
            var hash = whole.GetCurrentHashAsUInt128();
            var place = Next(out var body);
            if (place.Kind != SnapshotFormat.End)
            {
                places.Add(place);
                continue;
            }

            if (body.Length != 16 || BinaryPrimitives.ReadUInt128BigEndian(body) != hash)
                throw SnapshotError.In(name, "the checksum of the whole file is wrong: records are missing or were exchanged");
            if (stream.Position != stream.Length)
                throw SnapshotError.In(name, FormattableString.Invariant($"{stream.Length - stream.Position} bytes follow the end"));
            return places;
        }
    }

    /// <summary>Reads the next record; null, with the reason, where the file ends or is broken.</summary>
    public RecordPlace? TryNext(out byte[] body, out string? problem)
    {
        (body, problem) = ([], null);
        if (stream.Position == stream.Length)
            return null;
        try
        {
            var place = Next(out var found);
            body = found.ToArray();
            return place;
        }
        catch (Engine.Base.SimException error)
        {
            problem = error.Message;
            return null;
        }
    }

    /// <summary>The body of a record that was found before.</summary>
    /// <exception cref="Engine.Base.SimException">The file has become shorter since.</exception>
    public byte[] ReadBody(RecordPlace place) => ReadBodyOnce(place).ToArray();

    /// <summary>As <see cref="ReadBody"/>, in a buffer that the next call of any method uses again.</summary>
    /// <exception cref="Engine.Base.SimException">The file has become shorter since.</exception>
    public ReadOnlySpan<byte> ReadBodyOnce(RecordPlace place)
    {
        stream.Position = place.Offset;
        var body = Buffer(place.Length);
        if (stream.ReadAtLeast(body, body.Length, throwOnEndOfStream: false) < body.Length)
            throw Torn();
        return body;
    }

    /// <summary>Reads and checks a record; the next call of any method uses its body's buffer again.</summary>
    private RecordPlace Next(out ReadOnlySpan<byte> body)
    {
        var at = stream.Position;
        var head = Read(small.AsSpan(0, 2));
        var length = head[1] - 0xA0;
        if (head[0] != 0x93 || length is < 1 or > 16)
            throw Broken(at);
        var kind = Encoding.ASCII.GetString(Read(small.AsSpan(0, length)));
        head = Read(small.AsSpan(0, 5));
        var size = BinaryPrimitives.ReadUInt32BigEndian(head[1..]);
        if (head[0] != 0xC6)
            throw Broken(at);
        if (size > SnapshotFormat.MaxBody)
        {
            throw SnapshotError.In(name, FormattableString.Invariant(
                $"the record at offset {at} claims {size} bytes; expected at most {SnapshotFormat.MaxBody}"));
        }

        if (size > stream.Length - stream.Position)
            throw Torn();
        var place = new RecordPlace(kind, stream.Position, (int)size);
        body = Read(Buffer((int)size));
        var check = Read(small.AsSpan(0, 10));
        var hash = RecordFormat.Check(kind, body, chain);
        chain = isChained ? hash : 0;
        if (check[0] != 0xC4 || check[1] != 8 || BinaryPrimitives.ReadUInt64BigEndian(check[2..]) != hash)
            throw SnapshotError.In(name, FormattableString.Invariant($"the record '{Printable(kind)}' at offset {at} has a wrong checksum"));
        return place;
    }

    private Span<byte> Buffer(int length)
    {
        if (buffer.Length < length)
            buffer = new byte[length];
        return buffer.AsSpan(0, length);
    }

    private int ReadNumber()
    {
        var first = Read(small.AsSpan(0, 1))[0];
        if (first < 0x80)
            return first;
        return first == 0xCE && Read(small.AsSpan(0, 4)) is var bytes && BinaryPrimitives.ReadUInt32BigEndian(bytes) <= int.MaxValue
            ? BinaryPrimitives.ReadInt32BigEndian(bytes)
            : throw Broken(stream.Position);
    }

    private Span<byte> Read(Span<byte> bytes)
    {
        try
        {
            stream.ReadExactly(bytes);
        }
        catch (EndOfStreamException)
        {
            throw Torn();
        }

        whole.Append(bytes);
        return bytes;
    }

    private static string Printable(string kind) => string.Concat(kind.Select(static c => char.IsAsciiLetterOrDigit(c) ? c : '?'));

    private Engine.Base.SimException Torn() => SnapshotError.In(name, FormattableString.Invariant(
        $"the file is torn: it ends at byte {stream.Length}, in the middle of a record or before the last one"));

    private Engine.Base.SimException Broken(long at) =>
        SnapshotError.In(name, FormattableString.Invariant($"there is no record at offset {at}, where one should begin"));
}

/// <summary>What writer and reader share.</summary>
internal static class RecordFormat
{
    public static byte[] Text(string text) => [(byte)(0xA0 | text.Length), .. Encoding.ASCII.GetBytes(text)];

    public static byte[] Number(int value)
    {
        if (value < 0x80)
            return [(byte)value];
        var bytes = new byte[5];
        bytes[0] = 0xCE;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), value);
        return bytes;
    }

    public static ulong Check(string kind, ReadOnlySpan<byte> body, ulong chain)
    {
        var hash = new XxHash3(unchecked((long)chain));
        hash.Append(Encoding.ASCII.GetBytes(kind));
        hash.Append(body);
        return hash.GetCurrentHashAsUInt64();
    }
}
