using System.Buffers.Binary;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qdev;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>
/// An open journal. A journal whose writer died, or that is broken somewhere, reads up to the last good record; see <see cref="Problem"/>.
/// </summary>
public sealed class JournalReader : IDisposable
{
    private readonly Stream stream;
    private readonly RecordReader records;
    private readonly List<RecordPlace> start = [];
    private readonly List<RecordPlace> frames = [];
    private readonly List<InputEntry> inputs = [];
    private readonly List<InputEntry> boundaryInputs = [];
    private readonly List<WriteEntry> writes = [];
    private readonly List<JournalStep> steps = [];
    private readonly List<DigestEntry> digests = [];
    private readonly List<MarkEntry> marks = [];
    private readonly List<SnapshotEntry> snapshots = [];
    private readonly List<JournalPlace> snapshotPlaces = [];

    private JournalReader(Stream stream, string name)
    {
        this.stream = stream;
        Name = name;
        records = new RecordReader(stream, name, isChained: true);
        BehaviourVersion = records.ReadPreamble(JournalFormat.Magic, JournalFormat.Version, "journal");
        Header = ReadHeader();
        Last = Header.Begin;
        ReadStart();
        ReadEntries();
    }

    /// <summary>Name of the file, for messages.</summary>
    public string Name { get; }

    /// <summary>Version of the simulator's behaviour that recorded the run; see <see cref="Versions.Behaviour"/>.</summary>
    public int BehaviourVersion { get; }

    /// <summary>What is run, and how it was recorded.</summary>
    public JournalHeader Header { get; }

    /// <summary>Inputs, in order.</summary>
    public IReadOnlyList<InputEntry> Inputs => inputs;

    /// <summary>What debuggers wrote, in order.</summary>
    public IReadOnlyList<WriteEntry> Writes => writes;

    /// <summary>Digests, in order.</summary>
    public IReadOnlyList<DigestEntry> Digests => digests;

    /// <summary>Marks, in order.</summary>
    public IReadOnlyList<MarkEntry> Marks => marks;

    /// <summary>Snapshots beside the journal, in order.</summary>
    public IReadOnlyList<SnapshotEntry> Snapshots => snapshots;

    /// <summary>What enters elsewhere than at a frame's end: late inputs, and writes, in order.</summary>
    internal IReadOnlyList<JournalStep> Steps => steps;

    /// <summary>Inputs that enter at a frame's end.</summary>
    internal IReadOnlyList<InputEntry> BoundaryInputs => boundaryInputs;

    /// <summary>What had been recorded when each of <see cref="Snapshots"/> was taken.</summary>
    internal IReadOnlyList<JournalPlace> SnapshotPlaces => snapshotPlaces;

    /// <summary>Number of frames recorded in detail.</summary>
    public int FrameCount => frames.Count;

    /// <summary>How the run ended; null when the journal ends before that.</summary>
    public EndEntry? End { get; private set; }

    /// <summary>Moment of the last record.</summary>
    public MomentRecord Last { get; private set; }

    /// <summary>Why the journal ends where it does, when it has no end of its own: one sentence; null otherwise.</summary>
    public string? Problem { get; private set; }

    /// <summary>Size of the file in bytes.</summary>
    public long Length => stream.Length;

    /// <summary>The folder of the snapshots that belong to a journal.</summary>
    public static string SnapshotFolder(string journal) => journal + ".snapshots";

    /// <summary>Opens a journal.</summary>
    /// <exception cref="SimException">It cannot be read, is no journal, of a newer version, or broken before its first entry.</exception>
    public static JournalReader Open(string path) =>
        RecordFile.Open(path, "journal", FileShare.ReadWrite, static (stream, name) => new JournalReader(stream, name));

    /// <summary>Reads a journal from a stream that can seek, and that the reader owns from now on.</summary>
    /// <exception cref="SimException">It is no journal, of a newer version, or broken before its first entry.</exception>
    public static JournalReader Open(Stream stream, string name) =>
        RecordFile.Own(stream, name, static (owned, file) => new JournalReader(owned, file));

    /// <summary>Builds the machine where the recording begins.</summary>
    /// <param name="options">What the session is given besides; none of it changes the run.</param>
    /// <param name="findImage">Gives the content of an image that the journal does not hold; by default its file is looked for, see <see cref="ImageFiles"/>.</param>
    /// <exception cref="SimException">The machine cannot be built, an image is missing, or the snapshot in the journal is refused.</exception>
    public Session Boot(SessionOptions? options = null, Func<ImageRecord, ReadOnlyMemory<byte>>? findImage = null)
    {
        findImage ??= image => ImageFiles.Find(image, Name);
        if (start.Count > 0)
        {
            using var snapshot = SnapshotReader.Open(Start(), Name);
            return CheckMachine(snapshot.Restore(Saving(options), findImage), Name);
        }

        try
        {
            var images = Header.Images.ToDictionary(static i => i.Role, i => new GuestImage(i.Name, findImage(i)));
            return CheckMachine(Session.Boot(ConfigurationCodec.ToConfiguration(Header.Configuration, images), options), Name);
        }
        catch (SimException error) when (!error.Message.StartsWith(Name, StringComparison.Ordinal))
        {
            throw SnapshotError.In(Name, error);
        }
    }

    /// <summary>The configuration of the machine, with the contents of its images.</summary>
    /// <param name="findImage">Gives the content of an image that the journal does not hold, see <see cref="Boot"/>.</param>
    /// <exception cref="SimException">An image is missing, or the configuration is none.</exception>
    public MachineConfiguration ReadConfiguration(Func<ImageRecord, ReadOnlyMemory<byte>>? findImage = null)
    {
        using var session = Boot(null, findImage);
        return session.Machine.Configuration;
    }

    /// <summary>Builds the machine at one of <see cref="Snapshots"/>; null when its file is missing, broken or of another run.</summary>
    internal Session? Restore(int snapshot, SessionOptions? options, Func<ImageRecord, ReadOnlyMemory<byte>>? findImage)
    {
        var path = Path.Combine(SnapshotFolder(Name), snapshots[snapshot].File);
        if (!File.Exists(path))
            return null;
        try
        {
            using var reader = SnapshotReader.Open(path);
            return reader.Digest == Digest(snapshots[snapshot].Digest)
                ? CheckMachine(reader.Restore(Saving(options), findImage ?? (image => ImageFiles.Find(image, Name))), path)
                : null;
        }
        catch (SimException)
        {
            return null;   // The replay takes the longer way.
        }
    }

    /// <summary>A frame recorded in detail, by its place among them.</summary>
    public FrameEntry Frame(int index) => Body<FrameEntry>(frames[index], records.ReadBody(frames[index]));

    /// <summary>Closes the file.</summary>
    public void Dispose() => stream.Dispose();

    /// <summary>A digest from the 16 bytes in which files keep it.</summary>
    public static UInt128 Digest(byte[] bytes) => BinaryPrimitives.ReadUInt128BigEndian(bytes);

    /// <summary>A script that was under way may want to save; in a replay it has no part.</summary>
    private static SessionOptions Saving(SessionOptions? options) =>
        (options ?? new SessionOptions()) is { Save: null } none ? none with { Save = static (_, _) => { } } : options!;

    private MemoryStream Start()
    {
        var snapshot = new MemoryStream();
        foreach (var place in start)
            snapshot.Write(records.ReadBody(place));
        snapshot.Position = 0;
        return snapshot;
    }

    /// <summary>A snapshot must be of the machine that the header describes.</summary>
    private Session CheckMachine(Session session, string file)
    {
        var recorded = MessagePackSerializer.Serialize(Header.Configuration);
        if (MessagePackSerializer.Serialize(ConfigurationCodec.ToRecord(session.Machine.Configuration)).AsSpan().SequenceEqual(recorded))
            return session;
        session.Dispose();
        throw SnapshotError.In(file, "the recording begins from a snapshot of another machine than its header describes");
    }

    private JournalHeader ReadHeader()
    {
        if (records.TryNext(out var body, out var problem) is not { Kind: JournalFormat.Header } place)
            throw problem is null ? SnapshotError.In(Name, "the journal has no header") : new SimException(problem, SimErrorKind.Guest);
        var header = Body<JournalHeader>(place, body);
        var complete = header is { Configuration: not null, Images: not null, Begin: not null, Parts: not null, BeginDigest.Length: 16 }
            && header is { StartLength: >= 0, DigestInterval: > 0 }
            && header.Images!.All(static i => i is { Role: "bios" or "kernel" or "initrd" or "dtb", Name: not null, Sha256.Length: 32 })
            && header.Parts!.All(static p => p is { Length: 2 } && p[0] is not null && p[1] is not null)
            && header.Begin is { Frame: >= 0, Time: >= 0, Instructions: >= 0 };
        return complete && header.Images!.DistinctBy(static i => i.Role).Count() == header.Images!.Length
            ? header
            : throw SnapshotError.In(Name, "its header is not complete, or has an image twice");
    }

    private void ReadStart()
    {
        for (var left = Header.StartLength; left > 0;)
        {
            if (records.TryNext(out var body, out var problem) is not { Kind: JournalFormat.Start } place || body.Length > left)
            {
                throw SnapshotError.In(
                    Name, "the snapshot that the recording begins from is not complete" + (problem is null ? "" : $" ({problem.TrimEnd('.')})"));
            }

            start.Add(place);
            left -= body.Length;
        }
    }

    private void ReadEntries()
    {
        string? why;
        while (records.TryNext(out var body, out why) is { } place)
        {
            if (End is not null)
                throw SnapshotError.In(Name, "records follow the end of the journal");
            Add(place, body);
        }

        if (End is null)
        {
            Problem = why ?? FormattableString.Invariant(
                $"{Name}: the journal has no end: whoever wrote it stopped after byte {stream.Length}, at {Last}.");
        }
        else if (why is not null)
            throw new SimException(why, SimErrorKind.Guest);
    }

    private void Add(RecordPlace place, byte[] body)
    {
        switch (place.Kind)
        {
            case JournalFormat.Input:
                var input = Body<InputEntry>(place, body);
                Require(place, input.Bytes is not null && input.Serial >= 0 && input.Serial < Header.Configuration.Serials);
                Follow(place, input.Moment);
                Require(place, input.Moment.IsBoundary);
                inputs.Add(input);
                if (input.IsLate)
                    steps.Add(new JournalStep(input.Moment, input, null));
                else
                    boundaryInputs.Add(input);
                break;
            case JournalFormat.Write:
                var write = Body<WriteEntry>(place, body);
                Require(place, write.Bytes is not null && write.Vcpu >= 0 && (write.Register is not null || write.Value <= uint.MaxValue));
                Follow(place, write.Moment);
                writes.Add(write);
                steps.Add(new JournalStep(write.Moment, null, write));
                break;
            case JournalFormat.Digest:
                var digest = Body<DigestEntry>(place, body);
                Require(place, digest is { Digest.Length: 16, Parts: not null });
                Follow(place, digest.Moment);
                digests.Add(digest);
                break;
            case JournalFormat.Mark:
                var mark = Body<MarkEntry>(place, body);
                Require(place, JournalFormat.IsName(mark.Name));
                Follow(place, mark.Moment);
                marks.Add(mark);
                break;
            case JournalFormat.Snapshot:
                var snapshot = Body<SnapshotEntry>(place, body);
                Require(place, snapshot is { Digest.Length: 16, File: not null } && Path.GetFileName(snapshot.File) == snapshot.File);
                Follow(place, snapshot.Moment);
                snapshots.Add(snapshot);
                snapshotPlaces.Add(new JournalPlace(boundaryInputs.Count, steps.Count, digests.Count));
                break;
            case JournalFormat.Frame:
                var frame = Body<FrameEntry>(place, body);
                Require(place, frame is { Sections: not null, Pages.Length: var pages } && pages % 3 == 0
                    && frame.Sections.All(static s => s is { Path: not null, Type: not null, State: not null }));
                Follow(place, frame.Moment);
                frames.Add(place);
                break;
            case JournalFormat.End:
                var end = Body<EndEntry>(place, body);
                Require(place, end is { Digest.Length: 16, Instructions: not null, ReachedTime: >= 0 } && JournalFormat.IsName(end.Reason));
                Follow(place, end.Moment);
                End = end;
                break;
            default:
                throw SnapshotError.In(
                    Name, FormattableString.Invariant($"there is no kind of record for what stands at offset {place.Offset}"));
        }
    }

    private void Follow(RecordPlace place, MomentRecord moment)
    {
        Require(place, moment is not null && IsPossible(moment)
            && moment.Frame >= Last.Frame && moment.Time >= Last.Time && moment.Instructions >= Last.Instructions);
        Last = moment!;
    }

    private bool IsPossible(MomentRecord moment) => moment is { Frame: >= 0, Time: >= 0, Instructions: >= 0, Turn: >= -1 }
        && moment.Turn < Header.Configuration.Smp && !(moment.IsBoundary && moment.Turn >= 0);

    private void Require(RecordPlace place, bool condition)
    {
        if (!condition)
        {
            throw SnapshotError.In(
                Name, FormattableString.Invariant($"the record '{place.Kind}' at offset {place.Offset} is none that a run can have left"));
        }
    }

    private T Body<T>(RecordPlace place, byte[] body)
    {
        try
        {
            return StateOf.Deserialize<T>(place.Kind, body);
        }
        catch (SimException error)
        {
            throw SnapshotError.In(Name, error);
        }
    }
}

/// <summary>What enters at a moment elsewhere than at a frame's end: an input or a write.</summary>
internal readonly record struct JournalStep(MomentRecord Moment, InputEntry? Input, WriteEntry? Write);

/// <summary>A place in a journal: how much of each kind was recorded before.</summary>
/// <param name="Inputs">Inputs at frames' ends.</param>
/// <param name="Steps">Other inputs, and writes.</param>
/// <param name="Digests">Digests.</param>
internal readonly record struct JournalPlace(int Inputs, int Steps, int Digests);
