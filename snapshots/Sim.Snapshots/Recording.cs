using System.Buffers.Binary;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>How a run is recorded.</summary>
public sealed record RecordingOptions
{
    /// <summary>Virtual time between two digests, ns.</summary>
    public long DigestInterval { get; init; } = VirtualTime.Second / 10;

    /// <summary>Records the state that changes in every frame, so that a divergence is named to the frame and the field. Large.</summary>
    public bool Detail { get; init; }

    /// <summary>
    /// Keeps images in the journal, so that it replays with nothing but the file. A recording that does not begin at power-on holds the
    /// snapshot that it begins from, images included, in any case.
    /// </summary>
    public bool EmbedImages { get; init; }

    /// <summary>Virtual time between two snapshots beside the journal, ns, from which a replay can start; 0 for none.</summary>
    public long SnapshotInterval { get; init; }

    /// <summary>Moments to be marked: virtual time, ns, and name.</summary>
    public IReadOnlyList<(long Time, string Name)> Marks { get; init; } = [];
}

/// <summary>
/// Writes the journal of a run: its configuration, every input with its moment, digests by which a replay is checked, and how it ended.
/// Recording changes nothing in the run. Use it from the thread that runs the session.
/// </summary>
public sealed class Recording : IDisposable
{
    private readonly Session session;
    private readonly FileStream file;
    private readonly string path;
    private readonly RecordWriter writer;
    private readonly RecordingOptions options;
    private readonly FrameDetail? detail;
    private readonly Queue<(long Time, string Name)> marks;
    private long nextDigest;
    private long nextSnapshot;
    private bool isFinished;

    private Recording(Session session, string path, FileStream file, RecordingOptions options)
    {
        this.session = session;
        this.file = file;
        this.path = path;
        this.options = options;
        writer = new RecordWriter(file, isChained: true);
        detail = options.Detail ? new FrameDetail(session.Machine) : null;
        marks = new(options.Marks.OrderBy(static mark => mark.Time));
        nextDigest = NextMultiple(options.DigestInterval);
        nextSnapshot = options.SnapshotInterval == 0 ? VirtualTime.Never : NextMultiple(options.SnapshotInterval);
    }

    /// <summary>Begins to record a session, between two runs. An old file of that name is replaced.</summary>
    /// <param name="session">The session: newly booted, restored from a snapshot, or anywhere between two instructions.</param>
    /// <param name="path">The journal.</param>
    /// <param name="options">How.</param>
    /// <exception cref="SimException">The file cannot be written.</exception>
    public static Recording Start(Session session, string path, RecordingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        var file = Guarded(path, () => new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16));
        var recording = new Recording(session, path, file, options ?? new RecordingOptions());
        try
        {
            Guarded(path, recording.Begin);
            return recording;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Gives the present moment a name, to which a replay can go.</summary>
    public void Mark(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Write(JournalFormat.Mark, new MarkEntry { Moment = MomentRecord.Of(session), Name = name });
    }

    /// <summary>Ends the recording where the run has ended, and closes the file.</summary>
    /// <param name="reason">Why the run ended.</param>
    public void Finish(EndReason reason) => Finish(EndReasons.Name(reason));

    /// <summary>Ends the recording where the run has ended, for a reason in the words of the end line, and closes the file.</summary>
    /// <exception cref="SimException">The file cannot be written.</exception>
    public void Finish(string reason)
    {
        ObjectDisposedException.ThrowIf(isFinished, this);
        Write(JournalFormat.End, new EndEntry
        {
            Moment = MomentRecord.Of(session),
            Reason = reason,
            ReachedTime = session.Scheduler.ReachedTime,
            Instructions = [.. session.Scheduler.Clocks.Select(static c => c.Instructions)],
            Digest = Bytes(session.Digest()),
        });
        Guarded(path, () => file.Flush(flushToDisk: true));
        Dispose();
    }

    /// <summary>Stops recording. Without <see cref="Finish(EndReason)"/> the journal is a prefix of the run.</summary>
    public void Dispose()
    {
        if (isFinished)
            return;
        isFinished = true;
        session.Input.Entered -= OnInput;
        session.Input.Applied -= OnWrite;
        session.Scheduler.FrameEnded -= OnFrameEnded;
        file.Dispose();
    }

    internal static byte[] Bytes(UInt128 digest)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, digest);
        return bytes;
    }

    private void Begin()
    {
        var begin = MomentRecord.Of(session);
        var start = new MemoryStream();
        if (begin.Frame > 0 || begin.Time > 0 || options.EmbedImages)
            SnapshotWriter.Write(session, start);
        writer.WritePreamble(JournalFormat.Magic, JournalFormat.Version, Versions.Behaviour);
        Write(JournalFormat.Header, new JournalHeader
        {
            Configuration = ConfigurationCodec.ToRecord(session.Machine.Configuration),
            Images = SnapshotWriter.Checksums(session.Machine.Configuration),
            Begin = begin,
            StartLength = start.Length,
            DigestInterval = options.DigestInterval,
            HasDetail = options.Detail,
            Parts =
            [
                .. StateSections.Collect(session.Machine).Select(static s => (string[])[s.Path, s.Type]),
                .. session.Machine.RamBlocks.Select(static b => (string[])[b.Name, ""]),
            ],
            BeginDigest = Bytes(session.Digest()),
        });
        foreach (var piece in start.ToArray().Chunk(JournalFormat.StartPiece))
            writer.WriteRecord(JournalFormat.Start, piece);
        file.Flush(flushToDisk: true);
        session.Input.Entered += OnInput;
        session.Input.Applied += OnWrite;
        session.Scheduler.FrameEnded += OnFrameEnded;
    }

    private void OnInput(long now, InputEvent input) => Write(
        JournalFormat.Input,
        new InputEntry { Moment = MomentRecord.Of(session), Serial = input.Serial, Bytes = input.Bytes.ToArray() });

    private void OnWrite(long instructions, DebuggerWrite write) =>
        Write(JournalFormat.Write, WriteEntry.Of(MomentRecord.Of(session), write));

    private void OnFrameEnded()
    {
        if (detail is not null)
            Write(JournalFormat.Frame, detail.Take(MomentRecord.Of(session)));
        var now = session.Scheduler.GlobalTime;
        while (marks.TryPeek(out var mark) && mark.Time <= now)
            Mark(marks.Dequeue().Name);
        if (now >= nextDigest)
            WriteDigest();
        if (now >= nextSnapshot)
            WriteSnapshot();
    }

    private void WriteDigest()
    {
        nextDigest = NextMultiple(options.DigestInterval);
        var parts = new List<uint>();
        var digest = session.Digest(parts);
        Write(JournalFormat.Digest, new DigestEntry { Moment = MomentRecord.Of(session), Digest = Bytes(digest), Parts = [.. parts] });
    }

    private void WriteSnapshot()
    {
        nextSnapshot = NextMultiple(options.SnapshotInterval);
        var name = FormattableString.Invariant($"{session.Scheduler.TotalInstructions}{Sim.Snapshots.Snapshot.Extension}");
        var folder = JournalReader.SnapshotFolder(path);
        Guarded(path, () => Directory.CreateDirectory(folder));
        Sim.Snapshots.Snapshot.Save(session, Path.Combine(folder, name), new SnapshotOptions { EmbedImages = options.EmbedImages });
        Write(JournalFormat.Snapshot, new SnapshotEntry { Moment = MomentRecord.Of(session), File = name, Digest = Bytes(session.Digest()) });
    }

    private long NextMultiple(long interval) => (session.Scheduler.GlobalTime / interval + 1) * interval;

    /// <summary>A record goes to the system whole and at once, so that a process that dies leaves all that it has written.</summary>
    private void Write<T>(string kind, T body) => Guarded(path, () =>
    {
        writer.WriteRecord(kind, MessagePackSerializer.Serialize(body));
        file.Flush();
    });

    private static void Guarded(string path, Action action) => Guarded(path, () =>
    {
        action();
        return true;
    });

    private static T Guarded<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SimException($"{path}: the journal cannot be written ({error.Message.TrimEnd('.')}).", SimErrorKind.Guest, error);
        }
    }
}
