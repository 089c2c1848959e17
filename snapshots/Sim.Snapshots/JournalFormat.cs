using MessagePack;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>
/// The names of the journal format; <c>snapshots/FORMAT.md</c> describes it for readers in other languages. A journal is written while the
/// run goes on, record by record; as each record's check continues that of the one before it, what is left after a crash is a valid prefix.
/// </summary>
public static class JournalFormat
{
    /// <summary>First element of a journal file.</summary>
    public const string Magic = "simrec";

    /// <summary>Ending of journal files.</summary>
    public const string Extension = ".simrec";

    /// <summary>Version of the format; a reader refuses newer ones.</summary>
    public const int Version = 1;

    /// <summary>Bytes of an embedded snapshot in one record at most.</summary>
    internal const int StartPiece = 16 << 20;

    /// <summary>
    /// Kinds of records: one header, the pieces of the snapshot that the run starts from, if any; then inputs, digests, marks, snapshots and,
    /// with detail, frames in order of time; last the end.
    /// </summary>
    internal const string Header = "header", Start = "start", Input = "input", Write = "write", Digest = "digest", Mark = "mark", Snapshot = "snapshot",
        Frame = "frame", End = "end";

    /// <summary>Whether a text can be the name of a mark or of an end's reason: visible characters and spaces, 1 to 100.</summary>
    internal static bool IsName(string? text) => text is { Length: > 0 and <= 100 } && !text.Any(char.IsControl);
}

/// <summary>Body of the record <c>header</c>: what is run, and how the run is recorded.</summary>
[MessagePackObject]
public sealed class JournalHeader
{
    /// <summary>What the machine was built from.</summary>
    [Key(0)] public ConfigurationRecord Configuration = new();

    /// <summary>The images that it starts from: their checksums alone.</summary>
    [Key(1)] public ImageRecord[] Images = [];

    /// <summary>Where the recording begins.</summary>
    [Key(2)] public MomentRecord Begin = new();

    /// <summary>Bytes of the embedded snapshot that the run starts from, in the records that follow; 0 for a start at power-on.</summary>
    [Key(3)] public long StartLength;

    /// <summary>Virtual time between two digests, ns.</summary>
    [Key(4)] public long DigestInterval;

    /// <summary>True when every frame is recorded with the state that changed in it.</summary>
    [Key(5)] public bool HasDetail;

    /// <summary>What the hashes of a digest are of: path and type of each section, then the name of each block of RAM with an empty type.</summary>
    [Key(6)] public string[][] Parts = [];

    /// <summary>Digest of the machine where the recording begins, 16 bytes, most significant first.</summary>
    [Key(7)] public byte[] BeginDigest = [];
}

/// <summary>A moment of a run.</summary>
[MessagePackObject]
public sealed class MomentRecord
{
    /// <summary>Frames begun since power-on.</summary>
    [Key(0)] public long Frame;

    /// <summary>Global virtual time, ns: where the frame begins or, between frames, the present.</summary>
    [Key(1)] public long Time;

    /// <summary>Instructions executed by all vCPUs.</summary>
    [Key(2)] public long Instructions;

    /// <summary>True between frames.</summary>
    [Key(3)] public bool IsBoundary;

    /// <summary>Index of the vCPU whose turn it is; -1 between turns.</summary>
    [Key(4)] public int Turn = -1;

    /// <summary>The point of the schedule at which a run stops there.</summary>
    internal SchedulePoint Point => new(Instructions, Frame, Turn, IsBoundary ? Time : null);

    /// <summary>The moment at which a session stands.</summary>
    public static MomentRecord Of(Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return Of(session.Scheduler);
    }

    /// <summary>The moment at which a scheduler stands.</summary>
    public static MomentRecord Of(Scheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        return new MomentRecord
        {
            Frame = scheduler.Frame,
            Time = scheduler.GlobalTime,
            Instructions = scheduler.TotalInstructions,
            IsBoundary = scheduler.AtFrameBoundary,
            Turn = scheduler.Turn,
        };
    }

    /// <summary>True when both are one moment.</summary>
    public bool Is(MomentRecord other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Frame, Time, Instructions, IsBoundary, Turn) == (other.Frame, other.Time, other.Instructions, other.IsBoundary, other.Turn);
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"frame {Frame}, {Time} ns, {Instructions} instructions");
}

/// <summary>Body of a record <c>input</c>: bytes that entered between frames.</summary>
[MessagePackObject]
public sealed class InputEntry
{
    /// <summary>When.</summary>
    [Key(0)] public MomentRecord Moment = new();

    /// <summary>Index of the serial port.</summary>
    [Key(1)] public int Serial;

    /// <summary>The bytes.</summary>
    [Key(2)] public byte[] Bytes = [];

    /// <summary>
    /// False when they entered as a frame came to its end, before the digest, frame and marks of that moment; true when they entered after
    /// that: while an idle machine's time passed, or as the run was taken up again.
    /// </summary>
    [Key(3)] public bool IsLate;
}

/// <summary>Body of a record <c>write</c>: what a debugger changed.</summary>
[MessagePackObject]
public sealed class WriteEntry
{
    /// <summary>When.</summary>
    [Key(0)] public MomentRecord Moment = new();

    /// <summary>Index of the CPU through which it was written.</summary>
    [Key(1)] public int Vcpu;

    /// <summary>Name of a register; null for memory.</summary>
    [Key(2)] public string? Register;

    /// <summary>The register's value, or the first effective address.</summary>
    [Key(3)] public ulong Value;

    /// <summary>The bytes written to memory.</summary>
    [Key(4)] public byte[] Bytes = [];

    /// <summary>The record of a write.</summary>
    public static WriteEntry Of(MomentRecord moment, DebuggerWrite write) => write switch
    {
        RegisterWrite register => new WriteEntry { Moment = moment, Vcpu = register.Vcpu, Register = register.Register, Value = register.Value },
        MemoryWrite memory => new WriteEntry { Moment = moment, Vcpu = memory.Vcpu, Value = memory.Address, Bytes = memory.Bytes.ToArray() },
        _ => throw new ArgumentException($"A journal has no record for a {write?.GetType().Name}.", nameof(write)),
    };

    /// <summary>The write itself.</summary>
    public DebuggerWrite ToWrite() => Register is null ? new MemoryWrite(Vcpu, (uint)Value, Bytes) : new RegisterWrite(Vcpu, Register, Value);
}

/// <summary>Body of a record <c>digest</c>: the machine's state at a frame's end.</summary>
[MessagePackObject]
public sealed class DigestEntry
{
    /// <summary>When: after all inputs of that boundary.</summary>
    [Key(0)] public MomentRecord Moment = new();

    /// <summary>The digest, 16 bytes, most significant first.</summary>
    [Key(1)] public byte[] Digest = [];

    /// <summary>A 32-bit hash of each part, see <see cref="JournalHeader.Parts"/>.</summary>
    [Key(2)] public uint[] Parts = [];
}

/// <summary>Body of a record <c>mark</c>: a moment with a name.</summary>
[MessagePackObject]
public sealed class MarkEntry
{
    /// <summary>When.</summary>
    [Key(0)] public MomentRecord Moment = new();

    /// <summary>The name.</summary>
    [Key(1)] public string Name = "";
}

/// <summary>Body of a record <c>snapshot</c>: a snapshot file beside the journal, from which a replay can start.</summary>
[MessagePackObject]
public sealed class SnapshotEntry
{
    /// <summary>When.</summary>
    [Key(0)] public MomentRecord Moment = new();

    /// <summary>Name of the file, in the folder named after the journal.</summary>
    [Key(1)] public string File = "";

    /// <summary>Digest of the machine, 16 bytes, most significant first.</summary>
    [Key(2)] public byte[] Digest = [];
}

/// <summary>Body of a record <c>frame</c>: what changed in a frame.</summary>
[MessagePackObject]
public sealed class FrameEntry
{
    /// <summary>When: at the frame's end, after all inputs of that boundary.</summary>
    [Key(0)] public MomentRecord Moment = new();

    /// <summary>Sections that are not as they were at the end of the frame before.</summary>
    [Key(1)] public SectionRecord[] Sections = [];

    /// <summary>Pages of RAM written since then: index of the block, page, 32-bit hash of the content, three numbers each.</summary>
    [Key(2)] public ulong[] Pages = [];
}

/// <summary>Body of the record <c>end</c>: how the run ended.</summary>
[MessagePackObject]
public sealed class EndEntry
{
    /// <summary>When.</summary>
    [Key(0)] public MomentRecord Moment = new();

    /// <summary>Why, as in the end line.</summary>
    [Key(1)] public string Reason = "";

    /// <summary>Virtual time that the machine had reached, ns.</summary>
    [Key(2)] public long ReachedTime;

    /// <summary>Instructions of each vCPU.</summary>
    [Key(3)] public long[] Instructions = [];

    /// <summary>The digest, 16 bytes, most significant first.</summary>
    [Key(4)] public byte[] Digest = [];
}
