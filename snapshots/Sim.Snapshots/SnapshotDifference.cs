using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Qom;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>One thing in which two snapshots differ.</summary>
/// <param name="Where">Path of the object, <c>configuration</c>, <c>input</c>, or the RAM block.</param>
/// <param name="What">The field, or the range of bytes.</param>
/// <param name="First">In the first snapshot.</param>
/// <param name="Second">In the second one.</param>
public readonly record struct SnapshotDifference(string Where, string What, string First, string Second)
{
    /// <summary>Stands for the value of what one side does not have.</summary>
    internal const string Absent = "(absent)";

    /// <summary>Stands for the value of a section that the other side does not have.</summary>
    internal const string Present = "present";

    /// <summary>True for a whole section, named in <see cref="What"/> by its type, that one side alone has.</summary>
    public bool IsSectionOfOne => (First, Second) is (Present, Absent) or (Absent, Present);

    /// <summary>False when the first side has nothing there.</summary>
    public bool IsInFirst => First != Absent;
}

/// <summary>Compares snapshots: names device and field, and ranges of RAM.</summary>
public static class SnapshotComparison
{
    /// <summary>Equal bytes between two differences that count as one range.</summary>
    private const int Gap = 16;

    private const string Absent = SnapshotDifference.Absent;

    /// <summary>All differences: configuration, waiting input, state in order of path, RAM in order of address.</summary>
    public static IEnumerable<SnapshotDifference> Compare(SnapshotReader first, SnapshotReader second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return CompareConfigurations((first.Header.Configuration, first.Header.Images), (second.Header.Configuration, second.Header.Images))
            .Concat(Objects("input", InputCodec.ToRecord(first.Input), InputCodec.ToRecord(second.Input)))
            .Concat(CompareSections(first.Sections, second.Sections))
            .Concat(CompareRam(first, second));
    }

    /// <summary>In what two configurations differ, images by their checksums.</summary>
    internal static IEnumerable<SnapshotDifference> CompareConfigurations(
        (ConfigurationRecord Configuration, ImageRecord[] Images) first, (ConfigurationRecord Configuration, ImageRecord[] Images) second) =>
        Objects("configuration", first.Configuration, second.Configuration)
            .Concat(Fields("configuration", Checksums(first.Images), Checksums(second.Images)));

    private static List<StateField> Checksums(ImageRecord[] images) =>
        [.. images.Select(static i => new StateField(i.Role, Convert.ToHexStringLower(i.Sha256)))];

    /// <summary>Fields that differ, in order of path.</summary>
    /// <param name="first">Sections.</param>
    /// <param name="second">Others.</param>
    /// <param name="registry">Their types; the process-wide table when null.</param>
    internal static IEnumerable<SnapshotDifference> CompareSections(
        IEnumerable<StateSection> first, IEnumerable<StateSection> second, TypeRegistry? registry = null)
    {
        var left = first.ToDictionary(static s => (s.Path, s.Type));
        var right = second.ToDictionary(static s => (s.Path, s.Type));
        foreach (var key in left.Keys.Union(right.Keys).OrderBy(static k => k.Path, StringComparer.Ordinal).ThenBy(static k => k.Type, StringComparer.Ordinal))
        {
            var a = left.TryGetValue(key, out var inFirst) ? inFirst : default;
            var b = right.TryGetValue(key, out var inSecond) ? inSecond : default;
            if (a.Path is null || b.Path is null)
                yield return new(key.Path, key.Type, PresenceOf(a), PresenceOf(b));
            else if (!a.Bytes.Span.SequenceEqual(b.Bytes.Span))
            {
                foreach (var difference in Fields(key.Path, FieldsOf(a, registry), FieldsOf(b, registry)))
                    yield return difference;
            }
        }
    }

    private static string PresenceOf(StateSection section) => section.Path is null ? Absent : SnapshotDifference.Present;

    private static IReadOnlyList<StateField> FieldsOf(StateSection section, TypeRegistry? registry)
    {
        try
        {
            return StateFields.Of(section, registry);
        }
        catch (SimException)
        {
            return [new StateField(section.Type, section.Bytes.ToArray())];   // Of a type that is unknown here.
        }
    }

    internal static IEnumerable<SnapshotDifference> Objects(string where, object first, object second) =>
        Fields(where, StateFields.OfObject(first), StateFields.OfObject(second));

    private static IEnumerable<SnapshotDifference> Fields(string where, IReadOnlyList<StateField> first, IReadOnlyList<StateField> second)
    {
        var right = second.DistinctBy(static f => f.Path).ToDictionary(static f => f.Path, static f => f.Text);
        foreach (var field in first)
        {
            var other = right.Remove(field.Path, out var text) ? text : Absent;
            if (other != field.Text)
                yield return new(where, field.Path, field.Text, other);
        }

        foreach (var field in second.Where(f => right.ContainsKey(f.Path)))
            yield return new(where, field.Path, Absent, field.Text);
    }

    private static IEnumerable<SnapshotDifference> CompareRam(SnapshotReader first, SnapshotReader second)
    {
        var right = second.Header.Ram.ToDictionary(static r => r.Name);
        foreach (var block in first.Header.Ram)
        {
            if (!right.Remove(block.Name, out var other) || other.Size != block.Size)
            {
                yield return new(block.Name, "size", Size(block), other is null ? Absent : Size(other));
                continue;
            }

            foreach (var difference in CompareBlocks(first, block, second, other))
                yield return difference;
        }

        foreach (var block in second.Header.Ram.Where(b => right.ContainsKey(b.Name)))
            yield return new(block.Name, "size", Absent, Size(block));
    }

    private static string Size(RamRecord block) => string.Create(CultureInfo.InvariantCulture, $"0x{block.Size:x}");

    private static IEnumerable<SnapshotDifference> CompareBlocks(SnapshotReader first, RamRecord block, SnapshotReader second, RamRecord other)
    {
        var left = block.Contents();
        var right = other.Contents();
        (long Start, long End) range = (-1, -1);
        foreach (var page in left.Keys.Union(right.Keys).Order())
        {
            var a = left.TryGetValue(page, out var index) ? first.Content(index).ToArray() : new byte[SnapshotFormat.PageSize];
            var b = right.TryGetValue(page, out index) ? second.Content(index).ToArray() : new byte[SnapshotFormat.PageSize];
            for (var i = 0; i < SnapshotFormat.PageSize; i++)
            {
                if (a[i] == b[i])
                    continue;
                var at = page * SnapshotFormat.PageSize + i;
                if (range.Start >= 0 && at - range.End <= Gap)
                {
                    range.End = at + 1;
                    continue;
                }

                if (range.Start >= 0)
                    yield return Range(first, left, second, right, block.Name, range);
                range = (at, at + 1);
            }
        }

        if (range.Start >= 0)
            yield return Range(first, left, second, right, block.Name, range);
    }

    private static SnapshotDifference Range(
        SnapshotReader first, SortedDictionary<long, long> left, SnapshotReader second, SortedDictionary<long, long> right, string block,
        (long Start, long End) range) => new(
            block,
            string.Create(CultureInfo.InvariantCulture, $"0x{range.Start:x9}-0x{range.End - 1:x9} ({range.End - range.Start} bytes)"),
            Begin(first, left, range),
            Begin(second, right, range));

    /// <summary>The first bytes of a range, as far as its first page goes.</summary>
    private static string Begin(SnapshotReader reader, SortedDictionary<long, long> contents, (long Start, long End) range)
    {
        var page = range.Start / SnapshotFormat.PageSize;
        var from = (int)(range.Start % SnapshotFormat.PageSize);
        var count = (int)Math.Min(Math.Min(range.End - range.Start, 8), SnapshotFormat.PageSize - from);
        var text = contents.TryGetValue(page, out var index)
            ? Convert.ToHexStringLower(reader.Content(index).Slice(from, count))
            : new string('0', 2 * count);
        return range.End - range.Start > count ? text + "…" : text;
    }
}
