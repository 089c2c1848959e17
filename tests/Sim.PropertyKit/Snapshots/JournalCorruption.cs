using Sim.Engine.Base;
using Sim.Snapshots;

namespace Sim.PropertyKit.Snapshots;

/// <summary>A journal taken apart into its records, to be changed and put together again with checksums that are right.</summary>
internal sealed class JournalRecords
{
    /// <summary>Kind and body of each record, in order.</summary>
    public List<(string Kind, byte[] Body)> Records { get; } = [];

    private int Behaviour { get; init; }

    /// <summary>Takes a journal apart.</summary>
    public static JournalRecords Of(byte[] journal)
    {
        var reader = new RecordReader(new MemoryStream(journal), "memory.simrec", isChained: true);
        var records = new JournalRecords { Behaviour = reader.ReadPreamble(JournalFormat.Magic, JournalFormat.Version, "journal") };
        while (reader.TryNext(out var body, out _) is { } place)
            records.Records.Add((place.Kind, body));
        return records;
    }

    /// <summary>The journal, with all checks as they must be.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        var writer = new RecordWriter(stream, isChained: true);
        writer.WritePreamble(JournalFormat.Magic, JournalFormat.Version, Behaviour);
        foreach (var (kind, body) in Records)
            writer.WriteRecord(kind, body);
        return stream.ToArray();
    }

    /// <summary>Changes what the records say, or which there are: a hostile file.</summary>
    public string Change(JournalRecords other, ref Prng random)
    {
        var at = (int)random.Below(Records.Count);
        var kind = Records[at].Kind;
        switch (random.Below(12))
        {
            case 0:
                Records.RemoveAt(at);
                return $"record {kind} removed";
            case 1:
                Records.Insert(at, Records[at]);
                return $"record {kind} doubled";
            case 2:
                Records[at] = other.Records[(int)random.Below(other.Records.Count)];
                return $"record {kind} replaced by {Records[at].Kind}";
            case 3:
                var to = (int)random.Below(Records.Count);
                (Records[at], Records[to]) = (Records[to], Records[at]);
                return $"records {kind} and {Records[at].Kind} exchanged";
            case 4:
                Records.RemoveRange(at, Records.Count - at);
                return $"cut before a record {kind}";
            case 5:
                Records[at] = (kind, Records[at].Body[..(int)random.Below(Records[at].Body.Length + 1)]);
                return $"record {kind} cut";
            default:
                return ChangeBody(at, ref random);
        }
    }

    private string ChangeBody(int at, ref Prng random)
    {
        var (kind, body) = Records[at];
        if (kind == JournalFormat.Start)
        {
            // What it holds is a snapshot, of which a law of its own speaks.
            body = (byte[])body.Clone();
            body[random.Below(body.Length)] ^= (byte)(1 << (int)random.Below(8));
            Records[at] = (kind, body);
            return "start: a bit flipped";
        }

        Records[at] = (kind, MessagePackTree.Write(MessagePackTree.Change(MessagePackTree.Read(body), ref random, out var what)));
        return kind + what;
    }
}
