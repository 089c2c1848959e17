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
    private readonly MemoryStream unwritten = new();
    private readonly RecordWriter writer;
    private readonly RecordingOptions options;
    private readonly FrameDetail? detail;
    private readonly Queue<(long Time, string Name)> marks;
    private long nextDigest;
    private long nextSnapshot;
    private MomentRecord last = new();
    private bool isFinished;

    private Recording(Session session, string path, FileStream file, RecordingOptions options)
    {
        this.session = session;
        this.file = file;
        this.path = path;
        this.options = options;
        writer = new RecordWriter(unwritten, isChained: true);
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
        var file = Guarded(path, () => new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0));
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

    /// <summary>Marks of the options that lie after all that has been recorded, in order of time.</summary>
    public IReadOnlyCollection<(long Time, string Name)> MarksToCome => marks;

    /// <summary>Gives the present moment a name, to which a replay can go.</summary>
    /// <exception cref="SimException">The name is empty, has control characters or more than 100 characters.</exception>
    public void Mark(string name)
    {
        CheckName(name);
        Write(JournalFormat.Mark, Now(), moment => new MarkEntry { Moment = moment, Name = name });
    }

    /// <summary>Ends the recording where the run has ended, and closes the file.</summary>
    /// <param name="reason">Why the run ended.</param>
    public void Finish(EndReason reason) => Finish(EndReasons.Name(reason));

    /// <summary>Ends the recording where the run has ended, for a reason in the words of the end line, and closes the file.</summary>
    /// <exception cref="SimException">The file cannot be written.</exception>
    public void Finish(string reason)
    {
        ObjectDisposedException.ThrowIf(isFinished, this);
        CheckName(reason);
        WriteDueMarks(session.Scheduler.ReachedTime);
        Write(JournalFormat.End, Now(), moment => new EndEntry
        {
            Moment = moment,
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
        foreach (var (_, name) in marks)
            CheckName(name);
        RemoveOldSnapshots();
        var begin = last = MomentRecord.Of(session);
        var start = new MemoryStream();
        if (options.EmbedImages || !IsAtPowerOn(begin))
            SnapshotWriter.Write(session, start);
        writer.WritePreamble(JournalFormat.Magic, JournalFormat.Version, Versions.Behaviour);
        writer.WriteRecord(JournalFormat.Header, MessagePackSerializer.Serialize(new JournalHeader
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
        }));
        Flush();
        for (var at = 0; at < start.Length; at += JournalFormat.StartPiece)
        {
            writer.WriteRecord(JournalFormat.Start, start.GetBuffer().AsSpan(at, (int)Math.Min(JournalFormat.StartPiece, start.Length - at)));
            Flush();
        }

        file.Flush(flushToDisk: true);
        session.Input.Entered += OnInput;
        session.Input.Applied += OnWrite;
        session.Scheduler.FrameEnded += OnFrameEnded;
    }

    /// <summary>Whether the machine is as it was built: it may have been written to before its first instruction.</summary>
    private bool IsAtPowerOn(MomentRecord now)
    {
        if (now.Frame > 0 || now.Time > 0)
            return false;
        using var built = Session.Boot(session.Machine.Configuration, new SessionOptions { Registry = session.Machine.Root.Registry });
        return built.Digest() == session.Digest();
    }

    /// <summary>What an earlier recording of that name left would lie there for nothing.</summary>
    private void RemoveOldSnapshots()
    {
        if (Directory.Exists(JournalReader.SnapshotFolder(path)))
        {
            foreach (var old in Directory.GetFiles(JournalReader.SnapshotFolder(path), $"*{Sim.Snapshots.Snapshot.Extension}"))
                File.Delete(old);
        }
    }

    private void OnInput(long now, InputEvent input) => Write(JournalFormat.Input, Now(), moment => new InputEntry
    {
        Moment = moment,
        Serial = input.Serial,
        Bytes = input.Bytes.ToArray(),
        IsLate = !session.Scheduler.IsEndingFrame,
    });

    private void OnWrite(long instructions, DebuggerWrite write) => Write(JournalFormat.Write, Now(), moment => WriteEntry.Of(moment, write));

    private void OnFrameEnded()
    {
        if (detail is not null)
            Write(JournalFormat.Frame, Now(), detail.Take);
        var now = session.Scheduler.GlobalTime;
        WriteDueMarks(now);
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
        Write(JournalFormat.Digest, Now(), moment => new DigestEntry { Moment = moment, Digest = Bytes(digest), Parts = [.. parts] });
    }

    private void WriteDueMarks(long now)
    {
        while (marks.TryPeek(out var mark) && mark.Time <= now)
            Mark(marks.Dequeue().Name);
    }

    private void WriteSnapshot()
    {
        nextSnapshot = NextMultiple(options.SnapshotInterval);
        var name = FormattableString.Invariant($"{session.Scheduler.TotalInstructions}{Sim.Snapshots.Snapshot.Extension}");
        var folder = JournalReader.SnapshotFolder(path);
        Guarded(path, () => Directory.CreateDirectory(folder));
        Sim.Snapshots.Snapshot.Save(session, Path.Combine(folder, name), new SnapshotOptions { EmbedImages = options.EmbedImages });
        Write(JournalFormat.Snapshot, Now(), moment => new SnapshotEntry { Moment = moment, File = name, Digest = Bytes(session.Digest()) });
    }

    private long NextMultiple(long interval) => (session.Scheduler.GlobalTime / interval + 1) * interval;

    /// <summary>The present moment.</summary>
    /// <exception cref="InvalidOperationException">The session was taken back to an earlier one.</exception>
    private MomentRecord Now()
    {
        var now = MomentRecord.Of(session);
        if (now.Frame < last.Frame || now.Time < last.Time || now.Instructions < last.Instructions)
            throw new InvalidOperationException("A session that is recorded cannot be taken back to an earlier moment: end the recording first.");
        return last = now;
    }

    /// <summary>A record goes to the system whole and at once, so that a process that dies leaves all that it has written.</summary>
    private void Write<T>(string kind, MomentRecord now, Func<MomentRecord, T> body)
    {
        writer.WriteRecord(kind, MessagePackSerializer.Serialize(body(now)));
        try
        {
            Guarded(path, Flush);
        }
        catch
        {
            Dispose();   // Nothing can follow a torn record.
            throw;
        }
    }

    private void Flush()
    {
        var bytes = unwritten.GetBuffer().AsSpan(0, (int)unwritten.Length);
        unwritten.SetLength(0);
        file.Write(bytes);
    }

    private static void CheckName(string name)
    {
        if (!JournalFormat.IsName(name))
            throw new SimException($"'{SnapshotError.Printable(name)}' cannot be a mark: expected 1 to 100 characters, none of them a control character.");
    }

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
