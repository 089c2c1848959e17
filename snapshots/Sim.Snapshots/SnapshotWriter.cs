using System.Buffers.Binary;
using System.Security.Cryptography;
using K4os.Compression.LZ4;
using MessagePack;
using Sim.Engine.Boards;
using Sim.Engine.Memory;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>How a snapshot is written.</summary>
public sealed record SnapshotOptions
{
    /// <summary>
    /// Keeps the images that the machine starts from in the file, so that it restores, and resets, with nothing but the file. Without them
    /// it keeps their checksums, and a restore needs the files.
    /// </summary>
    public bool EmbedImages { get; init; } = true;

    /// <summary>Told how many pages of content have been written, and of how many; null for nobody.</summary>
    public Action<long, long>? Progress { get; init; }
}

/// <summary>Writes a session's present moment as a snapshot. The same moment gives the same bytes.</summary>
public static class SnapshotWriter
{
    /// <summary>Writes a snapshot to a stream, RAM page by page, without a copy of it.</summary>
    /// <param name="session">The session, between two instructions.</param>
    /// <param name="stream">Where the bytes go.</param>
    /// <param name="options">How.</param>
    /// <exception cref="IOException">The stream cannot be written to.</exception>
    public static void Write(Session session, Stream stream, SnapshotOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(stream);
        options ??= new SnapshotOptions();
        var sections = StateSections.Collect(session.Machine);
        var index = new ContentIndex();
        var header = new SnapshotHeader
        {
            Configuration = ConfigurationCodec.ToRecord(session.Machine.Configuration),
            Time = session.Scheduler.ReachedTime,
            Instructions = [.. session.Scheduler.Clocks.Select(static c => c.Instructions)],
            Digest = new byte[16],
            Images =
            [
                .. ConfigurationCodec.Images(session.Machine.Configuration)
                    .Select(pair => ImageOf(pair.Role, pair.Image, index, options.EmbedImages)),
            ],
            Ram = [.. session.Machine.RamBlocks.Select(block => RamOf(block, index))],
            Sections = sections.Count,
            Contents = index.Count,
        };
        BinaryPrimitives.WriteUInt128BigEndian(header.Digest, session.Digest());

        var writer = new RecordWriter(stream);
        writer.WritePreamble(SnapshotFormat.Magic, SnapshotFormat.Version, Versions.Behaviour);
        writer.WriteRecord(SnapshotFormat.Header, MessagePackSerializer.Serialize(header));
        foreach (var section in sections)
        {
            writer.WriteRecord(SnapshotFormat.Section, MessagePackSerializer.Serialize(new SectionRecord
            {
                Path = section.Path,
                Type = section.Type,
                Version = section.Version,
                State = section.Bytes.ToArray(),
            }));
        }

        writer.WriteRecord(SnapshotFormat.Input, MessagePackSerializer.Serialize(InputCodec.ToRecord(session.PendingInput)));
        WriteContents(writer, index, options.Progress);
        writer.WriteEnd();
    }

    /// <summary>The images of a configuration by their checksums, without their contents.</summary>
    internal static ImageRecord[] Checksums(MachineConfiguration configuration)
    {
        var index = new ContentIndex();
        return [.. ConfigurationCodec.Images(configuration).Select(pair => ImageOf(pair.Role, pair.Image, index, embed: false))];
    }

    private static void WriteContents(RecordWriter writer, ContentIndex index, Action<long, long>? progress)
    {
        var plain = new byte[SnapshotFormat.PagesPerRecord * SnapshotFormat.PageSize];
        var packed = new byte[LZ4Codec.MaximumOutputSize(plain.Length)];
        for (var first = 0; first < index.Count; first += SnapshotFormat.PagesPerRecord)
        {
            var count = Math.Min(SnapshotFormat.PagesPerRecord, index.Count - first);
            for (var page = 0; page < count; page++)
                index[first + page].CopyTo(plain.AsSpan(page * SnapshotFormat.PageSize));
            var length = LZ4Codec.Encode(plain.AsSpan(0, count * SnapshotFormat.PageSize), packed);
            writer.WriteRecord(SnapshotFormat.Pages, packed.AsSpan(0, length));
            progress?.Invoke(first + count, index.Count);
        }
    }

    private static RamRecord RamOf(RamBlock block, ContentIndex index)
    {
        // A page that was never written is zero, and need not be looked at.
        var written = new List<ulong>();
        block.CollectWritten(1, written);
        return new RamRecord
        {
            Name = block.Name,
            Size = block.Size,
            Runs = index.Add(written.Select(static page => (long)page), page => block.Page((ulong)page)),
        };
    }

    private static ImageRecord ImageOf(string role, GuestImage image, ContentIndex index, bool embed)
    {
        if (image.Bytes.Length > SnapshotFormat.MaxImage)
            throw SnapshotError.In(image.Name, FormattableString.Invariant($"a snapshot keeps images of at most {SnapshotFormat.MaxImage} bytes"));
        var whole = image.Bytes.Length / SnapshotFormat.PageSize;
        var rest = new byte[SnapshotFormat.PageSize];
        image.Bytes.Span[(whole * SnapshotFormat.PageSize)..].CopyTo(rest);
        ReadOnlySpan<byte> Page(long page) =>
            page < whole ? image.Bytes.Span.Slice((int)page * SnapshotFormat.PageSize, SnapshotFormat.PageSize) : rest;
        return new ImageRecord
        {
            Role = role,
            Name = image.Name,
            Length = image.Bytes.Length,
            Sha256 = SHA256.HashData(image.Bytes.Span),
            Embedded = embed,
            Runs = embed ? index.Add(Enumerable.Range(0, whole + 1).Select(static page => (long)page), Page) : [],
        };
    }
}
