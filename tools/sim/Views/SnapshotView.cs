using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Views;

/// <summary>What <c>sim snapshot inspect</c> shows.</summary>
internal static class SnapshotView
{
    /// <summary>The whole snapshot for people.</summary>
    public static string Text(SnapshotReader reader)
    {
        var header = reader.Header;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            snapshot    {reader.Name}, {reader.Length} bytes, format version {SnapshotFormat.Version}, behaviour version {reader.BehaviourVersion}
            machine     {Machine(header.Configuration)}
            schedule    {header.Configuration.Schedule}, quantum {header.Configuration.Quantum} ns, shift {header.Configuration.Shift}
            time        {header.Time} ns
            icount      {string.Join(',', header.Instructions)}
            digest      {StateHasher.Format(reader.Digest)}

            """);
        foreach (var image in header.Images)
            text.Append(CultureInfo.InvariantCulture, $"{image.Role,-11} {image.Name}, {image.Length} bytes{(image.Embedded ? "" : ", not embedded")}\n");
        foreach (var block in header.Ram)
            text.Append(CultureInfo.InvariantCulture, $"RAM         {block.Name}, {block.Size >> 20} MiB, {Pages(block)} pages of {block.Size >> 12} are not zero\n");
        text.Append(CultureInfo.InvariantCulture, $"contents    {header.Contents} different pages\n");
        foreach (var input in reader.Input.Waiting)
            text.Append(CultureInfo.InvariantCulture, $"input       serial {input.Serial}: {input.Bytes.Length} bytes wait\n");
        if (reader.Input.Script is { Steps: [var next, ..] } script)
            text.Append(CultureInfo.InvariantCulture, $"script      {script.Name}, goes on at line {next.Line}\n");
        text.Append('\n');
        foreach (var section in reader.Sections)
            text.Append(CultureInfo.InvariantCulture, $"{section.Path,-44} {section.Type,-20} v{section.Version} {section.Bytes.Length,7} bytes\n");
        return PrintableText.Of(text.ToString());
    }

    /// <summary>The whole snapshot as JSON.</summary>
    public static string Json(SnapshotReader reader) => JsonText.Of(writer =>
    {
        var header = reader.Header;
        writer.WriteStartObject();
        writer.WriteString("file", reader.Name);
        writer.WriteNumber("bytes", reader.Length);
        writer.WriteNumber("formatVersion", SnapshotFormat.Version);
        writer.WriteNumber("behaviourVersion", reader.BehaviourVersion);
        writer.WriteString("machine", Machine(header.Configuration));
        writer.WriteString("schedule", header.Configuration.Schedule);
        writer.WriteNumber("time", header.Time);
        writer.WriteStartArray("icount");
        foreach (var count in header.Instructions)
            writer.WriteNumberValue(count);
        writer.WriteEndArray();
        writer.WriteString("digest", StateHasher.Format(reader.Digest));
        writer.WriteStartArray("images");
        foreach (var image in header.Images)
        {
            writer.WriteStartObject();
            writer.WriteString("role", image.Role);
            writer.WriteString("name", image.Name);
            writer.WriteNumber("length", image.Length);
            writer.WriteString("sha256", Convert.ToHexStringLower(image.Sha256));
            writer.WriteBoolean("embedded", image.Embedded);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("ram");
        foreach (var block in header.Ram)
        {
            writer.WriteStartObject();
            writer.WriteString("name", block.Name);
            writer.WriteNumber("size", block.Size);
            writer.WriteNumber("pages", Pages(block));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("input");
        foreach (var input in reader.Input.Waiting)
        {
            writer.WriteStartObject();
            writer.WriteNumber("serial", input.Serial);
            writer.WriteString("bytes", Convert.ToHexStringLower(input.Bytes.Span));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (reader.Input.Script is { Steps: [var next, ..] } script)
        {
            writer.WriteStartObject("script");
            writer.WriteString("name", script.Name);
            writer.WriteNumber("line", next.Line);
            writer.WriteNumber("matched", script.Matched);
            writer.WriteEndObject();
        }

        writer.WriteStartArray("sections");
        foreach (var section in reader.Sections)
        {
            writer.WriteStartObject();
            writer.WriteString("path", section.Path);
            writer.WriteString("type", section.Type);
            writer.WriteNumber("version", section.Version);
            writer.WriteNumber("bytes", section.Bytes.Length);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>The state of the objects that a path names, or one field of them.</summary>
    /// <exception cref="SimException">There is no such object or field.</exception>
    public static string Fields(SnapshotReader reader, string wanted, bool asJson)
    {
        var colon = wanted.LastIndexOf(':');
        var path = colon < 0 ? wanted : wanted[..colon];
        var sections = reader.Sections.Where(s => s.Path == path || s.Path.EndsWith("/" + path, StringComparison.Ordinal)).ToList();
        if (sections.Count == 0)
        {
            throw new SimException(
                $"{reader.Name}: it has no state of '{path}'.{Nearest.Hint(path, reader.Sections.Select(static s => s.Path))}", SimErrorKind.Guest);
        }

        var fields = sections.ConvertAll(static s => (Section: s, Fields: StateFields.Of(s)));
        if (colon >= 0)
            fields = fields.ConvertAll(s => (s.Section, Only(s.Fields, wanted[(colon + 1)..])));
        if (colon >= 0 && fields.TrueForAll(static s => s.Fields.Count == 0))
        {
            throw new SimException($"{reader.Name}: the state of '{path}' has no field '{wanted[(colon + 1)..]}'."
                + Nearest.Hint(wanted[(colon + 1)..], sections.SelectMany(static s => StateFields.Of(s)).Select(static f => f.Path)), SimErrorKind.Guest);
        }

        return asJson ? FieldsJson(fields) : FieldsText(fields);
    }

    /// <summary>The field of that name, or the elements and members below it.</summary>
    private static IReadOnlyList<StateField> Only(IReadOnlyList<StateField> fields, string name) => [.. fields.Where(f =>
        f.Path == name || f.Path.StartsWith(name + "[", StringComparison.Ordinal) || f.Path.StartsWith(name + ".", StringComparison.Ordinal))];

    private static string FieldsText(List<(StateSection Section, IReadOnlyList<StateField> Fields)> sections)
    {
        var text = new StringBuilder();
        foreach (var (section, fields) in sections.Where(static s => s.Fields.Count > 0))
        {
            text.Append(CultureInfo.InvariantCulture, $"{section.Path} ({section.Type} v{section.Version})\n");
            foreach (var field in fields)
                text.Append(CultureInfo.InvariantCulture, $"  {field.Path,-32} {field.Text}\n");
        }

        return PrintableText.Of(text.ToString());
    }

    private static string FieldsJson(List<(StateSection Section, IReadOnlyList<StateField> Fields)> sections) => JsonText.Of(writer =>
    {
        writer.WriteStartArray();
        foreach (var (section, fields) in sections.Where(static s => s.Fields.Count > 0))
        {
            writer.WriteStartObject();
            writer.WriteString("path", section.Path);
            writer.WriteString("type", section.Type);
            writer.WriteNumber("version", section.Version);
            writer.WriteStartObject("fields");
            foreach (var field in fields)
                WriteField(writer, field);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static void WriteField(Utf8JsonWriter writer, StateField field)
    {
        switch (field.Value)
        {
            case null:
                writer.WriteNull(field.Path);
                break;
            case bool flag:
                writer.WriteBoolean(field.Path, flag);
                break;
            case string or byte[]:
                writer.WriteString(field.Path, field.Value is string known ? known : Convert.ToHexStringLower((byte[])field.Value));
                break;
            case ulong number:
                writer.WriteNumber(field.Path, number);
                break;
            default:
                writer.WriteNumber(field.Path, Convert.ToInt64(field.Value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static string Machine(ConfigurationRecord configuration) => string.Create(CultureInfo.InvariantCulture,
        $"{configuration.Machine}, {configuration.Smp} x {configuration.Cpu ?? "the default CPU"}");

    private static long Pages(RamRecord block)
    {
        var pages = 0L;
        for (var run = 0; run < block.Runs.Length; run += 3)
            pages += block.Runs[run + 1];
        return pages;
    }
}
