using System.Buffers.Binary;
using MessagePack;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.PropertyKit.Snapshots;

/// <summary>A snapshot taken apart into its records, to be put together again in another way with checksums that are right.</summary>
internal sealed class SnapshotRecords
{
    private const string Name = "memory.simsnap";

    /// <summary>Kind and body of each record, in order; the last one, which is made anew, is left out.</summary>
    public List<(string Kind, byte[] Body)> Records { get; } = [];

    /// <summary>Magic text, format version and behaviour version.</summary>
    public (string Magic, int Version, int Behaviour) Preamble { get; set; }

    /// <summary>Takes a snapshot apart.</summary>
    public static SnapshotRecords Of(byte[] snapshot)
    {
        var reader = new RecordReader(new MemoryStream(snapshot), Name);
        var behaviour = reader.ReadPreamble(SnapshotFormat.Magic, SnapshotFormat.Version, "snapshot");
        var records = new SnapshotRecords { Preamble = (SnapshotFormat.Magic, SnapshotFormat.Version, behaviour) };
        foreach (var place in reader.ReadAll())
            records.Records.Add((place.Kind, reader.ReadBody(place)));
        return records;
    }

    /// <summary>The snapshot, with all checksums as they must be.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        var writer = new RecordWriter(stream);
        writer.WritePreamble(Preamble.Magic, Preamble.Version, Preamble.Behaviour);
        foreach (var (kind, body) in Records)
            writer.WriteRecord(kind, body);
        writer.WriteEnd();
        return stream.ToArray();
    }

    /// <summary>Lets the header say what the scheduler's section says, as far as that can be read.</summary>
    public void FollowScheduler()
    {
        foreach (var (_, body) in Records.Where(static r => r.Kind == SnapshotFormat.Section).ToList())
        {
            if (TryRead<SectionRecord>(body) is { Path: StateSections.SchedulerPath, State: { } bytes }
                && TryRead<SchedulerState>(bytes) is { Clocks: { } clocks } state && !clocks.Contains(null))
            {
                ChangeHeader(header =>
                {
                    var shift = header.Configuration?.Shift ?? 0;
                    header.Instructions = [.. clocks.Select(static c => c.Instructions)];
                    header.Time = clocks.Aggregate(state.Now, (latest, c) => Math.Max(latest, (c.Instructions << shift) + c.IdleTime));
                });
            }
        }
    }

    /// <summary>Lets the header name another digest.</summary>
    public void SetDigest(UInt128 digest) => ChangeHeader(header =>
    {
        header.Digest = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(header.Digest, digest);
    });

    private void ChangeHeader(Action<SnapshotHeader> change)
    {
        var at = Records.FindIndex(static r => r.Kind == SnapshotFormat.Header);
        if (at < 0 || TryRead<SnapshotHeader>(Records[at].Body) is not { } header)
            return;
        change(header);
        Records[at] = (SnapshotFormat.Header, MessagePackSerializer.Serialize(header));
    }

    private static T? TryRead<T>(byte[] bytes) where T : class
    {
        try
        {
            return MessagePackSerializer.Deserialize<T>(bytes);
        }
        catch (MessagePackSerializationException)
        {
            return null;
        }
    }
}
