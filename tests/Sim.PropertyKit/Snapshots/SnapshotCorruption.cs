using Sim.Engine.Base;
using Sim.Snapshots;

namespace Sim.PropertyKit.Snapshots;

/// <summary>Ways to corrupt a snapshot.</summary>
internal static class SnapshotCorruption
{
    /// <summary>Corrupts the bytes, as a disk or a transfer would.</summary>
    /// <param name="snapshot">A snapshot.</param>
    /// <param name="other">Another one, to splice from.</param>
    /// <param name="random">Chooses.</param>
    /// <param name="what">Says how.</param>
    public static byte[] Torn(byte[] snapshot, byte[] other, ref Prng random, out string what)
    {
        var at = (int)random.Below(snapshot.Length);
        switch (random.Below(6))
        {
            case 0:
                what = FormattableString.Invariant($"cut at {at}");
                return snapshot[..at];
            case 1:
                what = "bytes added";
                return [.. snapshot, .. new byte[1 + random.Below(100)]];
            case 2:
                what = FormattableString.Invariant($"spliced at {at}");
                return [.. snapshot[..at], .. other[Math.Min(at, other.Length)..]];
            case 3:
                what = FormattableString.Invariant($"zeros from {at}");
                var zeros = (byte[])snapshot.Clone();
                zeros.AsSpan(at, (int)Math.Min(zeros.Length - at, 1 + random.Below(600))).Clear();
                return zeros;
            default:
                var flips = (byte[])snapshot.Clone();
                var count = 1 + (int)random.Below(3);
                for (var flip = 0; flip < count; flip++)
                    flips[random.Below(flips.Length)] ^= (byte)(1 << (int)random.Below(8));
                what = FormattableString.Invariant($"{count} bits flipped");
                return flips;
        }
    }

    /// <summary>Changes what the records say, or which there are, and makes every checksum right again: a hostile file.</summary>
    public static SnapshotRecords Hostile(byte[] snapshot, byte[] other, ref Prng random, out string what)
    {
        var records = SnapshotRecords.Of(snapshot);
        switch (random.Below(12))
        {
            case 0:
                what = ChangeRecords(records, SnapshotRecords.Of(other), ref random);
                break;
            case 1:
                what = ChangePreamble(records, ref random);
                break;
            case 2:
                what = HugeLength(records, ref random);
                break;
            default:
                what = ChangeBodies(records, ref random);
                break;
        }

        return records;
    }

    private static string ChangeRecords(SnapshotRecords records, SnapshotRecords other, ref Prng random)
    {
        var list = records.Records;
        var at = (int)random.Below(list.Count);
        var kind = list[at].Kind;
        switch (random.Below(6))
        {
            case 0:
                list.RemoveAt(at);
                return $"record {kind} removed";
            case 1:
                list.Insert(at, list[at]);
                return $"record {kind} doubled";
            case 2:
                list[at] = other.Records[(int)random.Below(other.Records.Count)];
                return $"record {kind} replaced by {list[at].Kind}";
            case 3:
                list.Insert(at, ("unknown", [1, 2, 3]));
                return "unknown record added";
            case 4:
                list[at] = (kind, list[at].Body[..(int)random.Below(list[at].Body.Length + 1)]);
                return $"record {kind} cut";
            default:
                var to = (int)random.Below(list.Count);
                (list[at], list[to]) = (list[to], list[at]);
                return $"records {kind} and {list[at].Kind} exchanged";
        }
    }

    private static string ChangePreamble(SnapshotRecords records, ref Prng random)
    {
        var (magic, version, behaviour) = records.Preamble;
        records.Preamble = random.Below(3) switch
        {
            0 => ("simrec", version, behaviour),
            1 => (magic, (int)random.Below(int.MaxValue), behaviour),
            _ => (magic, version, behaviour + 1 + (int)random.Below(100)),
        };
        return $"preamble {records.Preamble}";
    }

    /// <summary>An array header that promises billions of elements.</summary>
    private static string HugeLength(SnapshotRecords records, ref Prng random)
    {
        var at = (int)random.Below(records.Records.Count);
        var (kind, body) = records.Records[at];
        var place = (int)random.Below(Math.Max(1, Math.Min(body.Length, 300)));
        byte[] header = random.Below(3) switch { 0 => [0xDD, 0x7F, 0xFF, 0xFF, 0xF0], 1 => [0xC6, 0x7F, 0xFF, 0xFF, 0xF0], _ => [0xDB, 0xFF, 0xFF, 0xFF, 0xFF] };
        records.Records[at] = (kind, [.. body[..place], .. header, .. body[Math.Min(body.Length, place + 1)..]]);
        return FormattableString.Invariant($"huge length at {place} of {kind}");
    }

    private static string ChangeBodies(SnapshotRecords records, ref Prng random)
    {
        var changes = new List<string>();
        for (var count = 1 + random.Below(3); count > 0; count--)
        {
            // Few records are pages, of which nothing but the content can be wrong.
            var at = (int)random.Below(records.Records.FindLastIndex(static r => r.Kind != SnapshotFormat.Pages) + 2);
            at = Math.Min(at, records.Records.Count - 1);
            var (kind, body) = records.Records[at];
            records.Records[at] = (kind, ChangeBody(kind, body, ref random, out var what));
            changes.Add(kind + what);
        }

        return string.Join(", ", changes);
    }

    private static byte[] ChangeBody(string kind, byte[] body, ref Prng random, out string what)
    {
        if (kind == SnapshotFormat.Pages)
        {
            var pages = (byte[])body.Clone();
            pages[random.Below(pages.Length)] ^= (byte)(1 << (int)random.Below(8));
            what = ": a bit flipped";
            return pages;
        }

        var tree = MessagePackTree.Read(body);

        // What a section holds is MessagePack in MessagePack: mostly that is changed.
        if (kind == SnapshotFormat.Section && tree is List<object?> { Count: 4 } section && section[3] is byte[] { Length: > 0 } state && random.Below(8) > 0)
        {
            var changed = TryRead(state) is { } content ? MessagePackTree.Change(content, ref random, out var below) : Lost(out below);
            section[3] = MessagePackTree.Write(changed);
            what = $" {section[0]} ({section[1]}){below}";
            return MessagePackTree.Write(section);
        }

        var other = MessagePackTree.Change(tree, ref random, out what);
        return MessagePackTree.Write(other);
    }

    private static object? TryRead(byte[] bytes)
    {
        try
        {
            return MessagePackTree.Read(bytes);
        }
        catch (Exception error) when (error is MessagePack.MessagePackSerializationException or EndOfStreamException or ArgumentException)
        {
            return null;
        }
    }

    private static object? Lost(out string what)
    {
        what = " replaced by null";
        return null;
    }
}
