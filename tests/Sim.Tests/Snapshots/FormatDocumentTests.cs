using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using MessagePack;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>snapshots/FORMAT.md says what the code writes.</summary>
public sealed partial class FormatDocumentTests
{
    private static readonly Type[] JournalTypes =
    [
        typeof(JournalHeader), typeof(InputEntry), typeof(WriteEntry), typeof(DigestEntry), typeof(MarkEntry), typeof(SnapshotEntry),
        typeof(FrameEntry), typeof(EndEntry),
    ];

    private static readonly string Document = File.ReadAllText(Path.Combine(Repository.Root, "snapshots", "FORMAT.md"));

    [Fact]
    public void Every_object_in_a_file_has_a_table_with_its_fields()
    {
        var types = typeof(SchedulerState).Assembly.GetTypes().Where(static t => t.GetCustomAttribute<MessagePackObjectAttribute>() is not null)
            .Concat(Below(typeof(SnapshotHeader))).Concat(Below(typeof(SectionRecord))).Concat(Below(typeof(InputRecord)))
            .Concat(JournalTypes.SelectMany(Below)).Distinct().ToList();
        Assert.True(types.Count >= 30, "Types are missing.");
        var tables = Tables();
        foreach (var type in types)
        {
            Assert.True(tables.Remove(type.Name, out var table), $"FORMAT.md has no table for {type.Name}.");
            Assert.Equal(Rows(type), table);
        }

        Assert.DoesNotContain(tables.Keys, static name => typeof(SnapshotHeader).Assembly.GetType($"Sim.Snapshots.{name}") is null);
    }

    /// <summary>A type of objects in a file, and those of its fields.</summary>
    private static IEnumerable<Type> Below(Type type) => type.GetFields()
        .Select(static f => f.FieldType.GetElementType() ?? f.FieldType)
        .Where(static t => t.GetCustomAttribute<MessagePackObjectAttribute>() is not null).SelectMany(Below).Prepend(type);

    [Fact]
    public void Numbers_and_names_are_those_of_the_code()
    {
        Assert.Contains($"Format version {SnapshotFormat.Version}.", Document, StringComparison.Ordinal);
        Assert.Contains($"[\"{SnapshotFormat.Magic}\"", Document, StringComparison.Ordinal);
        Assert.Contains($"at most {SnapshotFormat.MaxBody >> 20} MiB", Document, StringComparison.Ordinal);
        Assert.Contains($"pages of {SnapshotFormat.PageSize} bytes", Document, StringComparison.Ordinal);
        Assert.Contains($"holds {SnapshotFormat.PagesPerRecord} contents", Document, StringComparison.Ordinal);
        string[] kinds = [SnapshotFormat.Header, SnapshotFormat.Section, SnapshotFormat.Input, SnapshotFormat.Pages, SnapshotFormat.End];
        string[] journalKinds =
        [
            JournalFormat.Header, JournalFormat.Start, JournalFormat.Input, JournalFormat.Write, JournalFormat.Digest, JournalFormat.Mark,
            JournalFormat.Snapshot, JournalFormat.Frame, JournalFormat.End,
        ];
        Assert.Contains($"have format version {JournalFormat.Version} of their own", Document, StringComparison.Ordinal);
        Assert.Contains($"[\"{JournalFormat.Magic}\"", Document, StringComparison.Ordinal);
        Assert.Contains($"| {Versions.Behaviour} |", File.ReadAllText(Path.Combine(Repository.Root, "snapshots", "BEHAVIOUR.md")), StringComparison.Ordinal);
        Assert.Equal([.. kinds, .. journalKinds], KindRow().Matches(Document).Select(static m => m.Groups[1].Value));
    }

    private static Dictionary<string, List<string>> Tables()
    {
        var tables = new Dictionary<string, List<string>>();
        foreach (Match match in Heading().Matches(Document))
        {
            var rows = Document[(match.Index + match.Length)..].TrimStart('\n').Split('\n').TakeWhile(static line => line.StartsWith('|')).Skip(2);
            tables.Add(match.Groups[1].Value, [.. rows.Select(static row => string.Join(" | ", row.Split('|', StringSplitOptions.TrimEntries)[1..4]))]);
        }

        return tables;
    }

    private static List<string> Rows(Type type) =>
    [
        .. type.GetFields().Select(static f => (Field: f, Key: f.GetCustomAttribute<KeyAttribute>()?.IntKey)).Where(static f => f.Key is not null)
            .OrderBy(static f => f.Key)
            .Select(static f => string.Create(CultureInfo.InvariantCulture, $"{f.Key} | {f.Field.Name} | {Name(f.Field)}")),
    ];

    private static string Name(FieldInfo field)
    {
        var nullable = new NullabilityInfoContext().Create(field).ReadState == NullabilityState.Nullable;
        return Name(Nullable.GetUnderlyingType(field.FieldType) ?? field.FieldType) + (nullable ? " or null" : "");
    }

    private static string Name(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => "uint8",
        TypeCode.UInt16 => "uint16",
        TypeCode.Int32 => "int32",
        TypeCode.UInt32 => "uint32",
        TypeCode.Int64 => "int64",
        TypeCode.UInt64 => "uint64",
        TypeCode.Boolean => "bool",
        TypeCode.String => "text",
        _ when type == typeof(byte[]) => "binary",
        _ when type.IsArray => "array of " + Name(type.GetElementType()!),
        _ => type.Name,
    };

    [GeneratedRegex(@"^### (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\| `(\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex KindRow();
}
