using System.Buffers.Binary;
using System.Security.Cryptography;
using K4os.Compression.LZ4;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qdev;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>
/// An open snapshot file. Opening it checks every record and the whole; contents of pages stay in the file until somebody asks for them.
/// </summary>
public sealed class SnapshotReader : IDisposable
{
    private const int CachedRecords = 16;

    /// <summary>Bytes of zero pages that an image may have for which memory is taken before it is hashed.</summary>
    private const long SparseImage = 1 << 20;

    private readonly Stream stream;
    private readonly RecordReader records;
    private readonly List<RecordPlace> pages;
    private readonly Dictionary<int, byte[]> cache = [];
    private readonly Queue<int> cached = new();

    private SnapshotReader(Stream stream, string name)
    {
        this.stream = stream;
        Name = name;
        records = new RecordReader(stream, name);
        BehaviourVersion = records.ReadPreamble(SnapshotFormat.Magic, SnapshotFormat.Version, "snapshot");
        if (BehaviourVersion > Versions.Behaviour)
        {
            throw SnapshotError.In(name, FormattableString.Invariant(
                $"it was saved by a newer program, of behaviour version {BehaviourVersion}; this one has {Versions.Behaviour} and would go on differently"));
        }

        var places = records.ReadAll();
        Header = Body<SnapshotHeader>(Single(places, SnapshotFormat.Header));
        CheckHeader();
        Sections = [.. places.Where(static p => p.Kind == SnapshotFormat.Section).Select(ReadSection)];
        Input = Named(() => InputCodec.ToInput(Body<InputRecord>(Single(places, SnapshotFormat.Input))));
        pages = [.. places.Where(static p => p.Kind == SnapshotFormat.Pages)];
        CheckOrder(places);
    }

    /// <summary>Name of the file, for messages.</summary>
    public string Name { get; }

    /// <summary>Version of the simulator's behaviour that the saved run had; see <see cref="Versions.Behaviour"/>.</summary>
    public int BehaviourVersion { get; }

    /// <summary>What was saved, when, and where each page belongs.</summary>
    public SnapshotHeader Header { get; }

    /// <summary>State of every object and of the scheduler.</summary>
    public IReadOnlyList<StateSection> Sections { get; }

    /// <summary>What waits to go into the machine.</summary>
    public PendingInput Input { get; }

    /// <summary>Digest of the saved machine.</summary>
    public UInt128 Digest => BinaryPrimitives.ReadUInt128BigEndian(Header.Digest);

    /// <summary>Size of the file in bytes.</summary>
    public long Length => stream.Length;

    /// <summary>Opens a snapshot file.</summary>
    /// <exception cref="SimException">It cannot be read, is no snapshot, of a newer version, torn or broken.</exception>
    public static SnapshotReader Open(string path) =>
        RecordFile.Open(path, "snapshot file", FileShare.Read, static (stream, name) => new SnapshotReader(stream, name));

    /// <summary>Reads a snapshot from a stream that can seek, and that the reader owns from now on.</summary>
    /// <exception cref="SimException">It is no snapshot, of a newer version, torn or broken.</exception>
    public static SnapshotReader Open(Stream stream, string name) =>
        RecordFile.Own(stream, name, static (owned, file) => new SnapshotReader(owned, file));

    /// <summary>A page of content by its number in <see cref="RamRecord.Runs"/>; later calls may use its buffer again.</summary>
    /// <exception cref="SimException">The record that holds it is broken.</exception>
    public ReadOnlySpan<byte> Content(long index)
    {
        var record = (int)(index / SnapshotFormat.PagesPerRecord);
        if (!cache.TryGetValue(record, out var contents))
        {
            if (cached.Count < CachedRecords || !cache.Remove(cached.Dequeue(), out contents))
                contents = new byte[SnapshotFormat.PagesPerRecord * SnapshotFormat.PageSize];
            Unpack(record, contents);
            cached.Enqueue(record);
            cache.Add(record, contents);
        }

        return contents.AsSpan((int)(index % SnapshotFormat.PagesPerRecord) * SnapshotFormat.PageSize, SnapshotFormat.PageSize);
    }

    /// <summary>
    /// Builds the machine through the object model from the saved configuration and gives it the saved state: its run goes on as if it had
    /// never been interrupted.
    /// </summary>
    /// <param name="options">What the session is given besides; none of it changes the run.</param>
    /// <param name="findImage">Gives the content of an image that is not embedded; by default its file is looked for, see <see cref="ImageFiles"/>.</param>
    /// <exception cref="SimException">The machine cannot be built, an image is missing, or the state is none of that machine.</exception>
    public Session Restore(SessionOptions? options = null, Func<ImageRecord, ReadOnlyMemory<byte>>? findImage = null)
    {
        findImage ??= image => ImageFiles.Find(image, Name);
        var images = Header.Images.ToDictionary(static i => i.Role, i => new GuestImage(i.Name, i.Embedded ? ReadImage(i) : findImage(i)));
        var session = Named(() => Session.Boot(ConfigurationCodec.ToConfiguration(Header.Configuration, images), options));
        try
        {
            Put(session);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes a session to the saved moment in the machine that it has, which costs less than another machine. The consoles' texts begin
    /// afresh. The session is not fit for use after the state was refused. QEMU: loadvm.
    /// </summary>
    /// <param name="session">A session between two instructions, its machine built from the saved configuration and the same images.</param>
    /// <exception cref="SimException">The machine is another one, which is left alone, or the state is none of that machine.</exception>
    public void Load(Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        var configuration = session.Machine.Configuration;
        var saved = MessagePackSerializer.Serialize(Header.Configuration);
        if (!saved.AsSpan().SequenceEqual(MessagePackSerializer.Serialize(ConfigurationCodec.ToRecord(configuration)))
            || !Identities(Header.Images).SequenceEqual(Identities(SnapshotWriter.Checksums(configuration))))
            throw SnapshotError.In(Name, "it was saved by a machine of another configuration, or with other images, than that into which it is to be loaded");
        Put(session);

        static IEnumerable<(string, long, string)> Identities(ImageRecord[] images) =>
            images.Select(static i => (i.Role, i.Length, Convert.ToHexString(i.Sha256)));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => stream.Dispose();

    private void Put(Session session)
    {
        RestoreRam(session.Machine);
        Named(() =>
        {
            session.Load(Sections, Input);
            return true;
        });
        CheckRestored(session);
    }

    private void RestoreRam(MachineState machine)
    {
        var blocks = machine.RamBlocks;
        if (!blocks.Select(static b => (b.Name, b.Size)).SequenceEqual(Header.Ram.Select(static r => (r.Name, r.Size))))
            throw SnapshotError.In(Name, "its RAM is not that of the machine that its configuration describes");
        foreach (var (block, saved) in blocks.Zip(Header.Ram))
        {
            // What the machine's reset or run has written there goes; pages that nobody has touched are zero already.
            var next = 0UL;
            foreach (var (first, count, content) in Runs(saved.Runs))
            {
                ClearWritten(block, next, (ulong)first);
                for (var i = 0; i < count; i++)
                    block.ReplacePage((ulong)(first + i), Content(content + i));
                next = (ulong)(first + count);
            }

            ClearWritten(block, next, block.PageCount);
        }
    }

    private static void ClearWritten(Engine.Memory.RamBlock block, ulong first, ulong end)
    {
        for (var page = first; page < end; page++)
        {
            if (block.Stamp(page) != 0)
                block.ReplacePage(page, default);
        }
    }

    private void CheckRestored(Session session)
    {
        if (!session.Scheduler.Clocks.Select(static c => c.Instructions).SequenceEqual(Header.Instructions)
            || session.Scheduler.ReachedTime != Header.Time)
            throw SnapshotError.In(Name, "the restored machine's time or instruction counts are not those of the header");
        if (session.Digest() is var digest && digest != Digest)
        {
            throw new SimException(
                $"{Name}: the restored machine has digest {StateHasher.Format(digest)}; expected {StateHasher.Format(Digest)}.", SimErrorKind.Divergence);
        }
    }

    /// <summary>
    /// An image that is mostly zero pages is hashed before memory is taken for it: what a small file claims may be none of an image.
    /// </summary>
    private byte[] ReadImage(ImageRecord image)
    {
        var given = Runs(image.Runs).Sum(static run => run.Count) * SnapshotFormat.PageSize;
        if (image.Length - given > SparseImage && !HashByPages(image).AsSpan().SequenceEqual(image.Sha256))
            throw WrongImage(image);
        var content = new byte[image.Length];
        foreach (var (first, count, index) in Runs(image.Runs))
        {
            for (var i = 0; i < count; i++)
            {
                var at = (first + i) * SnapshotFormat.PageSize;
                Content(index + i)[..(int)Math.Min(SnapshotFormat.PageSize, image.Length - at)].CopyTo(content.AsSpan((int)at));
            }
        }

        return SHA256.HashData(content).AsSpan().SequenceEqual(image.Sha256)
            ? content
            : throw WrongImage(image);
    }

    private byte[] HashByPages(ImageRecord image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var zero = new byte[SnapshotFormat.PageSize];
        var page = 0L;
        foreach (var (first, count, index) in Runs(image.Runs))
        {
            for (; page < first; page++)
                hash.AppendData(zero);
            for (; page < first + count; page++)
                hash.AppendData(Content(index + page - first)[..(int)Math.Min(SnapshotFormat.PageSize, image.Length - page * SnapshotFormat.PageSize)]);
        }

        for (var left = image.Length - page * SnapshotFormat.PageSize; left > 0; left -= zero.Length)
            hash.AppendData(zero, 0, (int)Math.Min(left, zero.Length));
        return hash.GetHashAndReset();
    }

    private SimException WrongImage(ImageRecord image) => SnapshotError.In(Name, $"the image '{image.Role}' has a wrong checksum");

    private void Unpack(int record, Span<byte> contents)
    {
        var count = (int)Math.Min(SnapshotFormat.PagesPerRecord, Header.Contents - (long)record * SnapshotFormat.PagesPerRecord);
        contents = contents[..(count * SnapshotFormat.PageSize)];
        if (LZ4Codec.Decode(records.ReadBodyOnce(pages[record]), contents) != contents.Length)
            throw SnapshotError.In(Name, FormattableString.Invariant($"the pages at offset {pages[record].Offset} do not unpack to {count} pages"));
    }

    private StateSection ReadSection(RecordPlace place)
    {
        var section = Body<SectionRecord>(place);
        return section is { Path: not null, Type: not null, State: not null }
            ? new StateSection(section.Path, section.Type, section.Version, section.State)
            : throw SnapshotError.In(Name, FormattableString.Invariant($"the section at offset {place.Offset} has no path, type or state"));
    }

    private RecordPlace Single(List<RecordPlace> places, string kind) => places.Where(p => p.Kind == kind).ToList() is [var only]
        ? only
        : throw SnapshotError.In(Name, $"it has no record '{kind}', or several");

    private T Body<T>(RecordPlace place) => Named(() => StateOf.Deserialize<T>(place.Kind, records.ReadBody(place)));

    /// <summary>Runs are in order, lie within their block, and name contents that the file has.</summary>
    private void CheckHeader()
    {
        var header = Header;
        var complete = header is { Configuration: not null, Instructions: not null, Digest.Length: 16, Images: not null, Ram: not null }
            && header.Images.All(static i => i is { Role: not null, Name: not null, Sha256.Length: 32, Runs: not null })
            && header.Ram.All(static r => r is { Name: not null, Runs: not null }) && header.Contents >= 0;
        if (!complete || header.Images!.DistinctBy(static i => i.Role).Count() != header.Images!.Length
            || header.Ram!.DistinctBy(static r => r.Name).Count() != header.Ram!.Length)
            throw SnapshotError.In(Name, "its header is not complete, or has an image or a block of RAM twice");
        foreach (var image in header.Images!)
        {
            if (image.Length is < 0 or > SnapshotFormat.MaxImage || (!image.Embedded && image.Runs.Length > 0) || image.Role is not ("bios" or "kernel" or "initrd" or "dtb"))
                throw SnapshotError.In(Name, $"the image '{image.Role}' has a length or a role that no image can have");
            CheckRuns(image.Runs, (image.Length + SnapshotFormat.PageSize - 1) / SnapshotFormat.PageSize, $"image '{image.Role}'");
        }

        foreach (var block in header.Ram!)
            CheckRuns(block.Runs, (long)(block.Size / SnapshotFormat.PageSize), $"RAM block '{block.Name}'");
    }

    private void CheckRuns(long[] runs, long pageCount, string what)
    {
        var next = 0L;
        foreach (var (first, count, content) in Runs(runs.Length % 3 == 0 ? runs : [-1, 0, 0]))
        {
            if (first < next || count < 1 || count > pageCount - first || content < 0 || content > Header.Contents - count)
                throw SnapshotError.In(Name, $"the {what} has pages that do not fit, or that the file does not have");
            next = first + count;
        }
    }

    private void CheckOrder(List<RecordPlace> places)
    {
        string[] expected =
        [
            SnapshotFormat.Header, .. Sections.Select(static _ => SnapshotFormat.Section), SnapshotFormat.Input,
            .. pages.Select(static _ => SnapshotFormat.Pages),
        ];
        var needed = (Header.Contents + SnapshotFormat.PagesPerRecord - 1) / SnapshotFormat.PagesPerRecord;
        if (Sections.DistinctBy(static s => (s.Path, s.Type)).Count() != Sections.Count)
            throw SnapshotError.In(Name, "it has the state of an object twice");
        if (Sections.Count != Header.Sections || pages.Count != needed || !places.Select(static p => p.Kind).SequenceEqual(expected))
            throw SnapshotError.In(Name, "its records are not those, or not in the order, that its header announces");
    }

    /// <summary>Says which file an error is about.</summary>
    private T Named<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SimException error) when (!error.Message.StartsWith(Name, StringComparison.Ordinal))
        {
            throw SnapshotError.In(Name, error);
        }
    }

    private static IEnumerable<(long First, long Count, long Content)> Runs(long[] runs)
    {
        for (var i = 0; i < runs.Length; i += 3)
            yield return (runs[i], runs[i + 1], runs[i + 2]);
    }
}
