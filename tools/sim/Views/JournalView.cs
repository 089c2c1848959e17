using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Views;

/// <summary>What <c>sim journal inspect</c> shows.</summary>
internal static class JournalView
{
    /// <summary>The journal for people.</summary>
    public static string Text(JournalReader journal)
    {
        var (header, configuration) = (journal.Header, journal.Header.Configuration);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            journal     {journal.Name}, {journal.Length} bytes, format version {JournalFormat.Version}, behaviour version {journal.BehaviourVersion}
            machine     {configuration.Machine}, {configuration.Smp} vCPUs{(configuration.Memory is { } memory ? FormattableString.Invariant($", {memory >> 20} MiB") : "")}
            schedule    {configuration.Schedule}, quantum {configuration.Quantum} ns, shift {configuration.Shift}
            begins      {(header.StartLength > 0 ? FormattableString.Invariant($"from the snapshot in it, {header.StartLength} bytes, ") : "")}at {header.Begin}
            ends        {(journal.End is { } end ? $"at {end.Moment}, {end.Reason}" : journal.Problem)}
            digests     {journal.Digests.Count}, one every {header.DigestInterval} ns{(header.HasDetail ? FormattableString.Invariant($"; {journal.FrameCount} frames in detail") : "")}

            """);
        foreach (var image in header.Images)
            text.Append(CultureInfo.InvariantCulture, $"{image.Role,-11} {image.Name}, {image.Length} bytes, SHA-256 {Convert.ToHexStringLower(image.Sha256)}\n");
        foreach (var mark in journal.Marks)
            text.Append(CultureInfo.InvariantCulture, $"mark        {mark.Name}, at {mark.Moment}\n");
        foreach (var snapshot in journal.Snapshots)
            text.Append(CultureInfo.InvariantCulture, $"snapshot    {snapshot.File}, at {snapshot.Moment}\n");
        foreach (var input in journal.Inputs)
            text.Append(CultureInfo.InvariantCulture, $"input       at {input.Moment}: serial {input.Serial} \"{JournalScript.Escape(input.Bytes)}\"\n");
        foreach (var write in journal.Writes)
            text.Append(CultureInfo.InvariantCulture, $"write       at {write.Moment}: CPU {write.Vcpu}, {What(write)}\n");
        return PrintableText.Of(text.ToString());
    }

    /// <summary>The journal as JSON.</summary>
    public static string Json(JournalReader journal) => JsonText.Of(writer =>
    {
        var (header, configuration) = (journal.Header, journal.Header.Configuration);
        writer.WriteStartObject();
        writer.WriteString("file", journal.Name);
        writer.WriteNumber("bytes", journal.Length);
        writer.WriteNumber("formatVersion", JournalFormat.Version);
        writer.WriteNumber("behaviourVersion", journal.BehaviourVersion);
        writer.WriteString("machine", configuration.Machine);
        writer.WriteNumber("smp", configuration.Smp);
        writer.WriteString("schedule", configuration.Schedule);
        writer.WriteNumber("startBytes", header.StartLength);
        WriteMoment(writer, "begin", header.Begin);
        writer.WriteNumber("digests", journal.Digests.Count);
        writer.WriteNumber("digestInterval", header.DigestInterval);
        writer.WriteNumber("frames", journal.FrameCount);
        WriteList(writer, "images", header.Images, static (w, image) =>
        {
            w.WriteString("role", image.Role);
            w.WriteString("name", image.Name);
            w.WriteString("sha256", Convert.ToHexStringLower(image.Sha256));
        });
        WriteList(writer, "marks", journal.Marks, static (w, mark) =>
        {
            w.WriteString("name", mark.Name);
            WriteMoment(w, "at", mark.Moment);
        });
        WriteList(writer, "snapshots", journal.Snapshots, static (w, snapshot) =>
        {
            w.WriteString("file", snapshot.File);
            WriteMoment(w, "at", snapshot.Moment);
        });
        WriteInputs(writer, journal);
        if (journal.End is { } end)
        {
            writer.WriteStartObject("end");
            writer.WriteString("reason", end.Reason);
            WriteMoment(writer, "at", end.Moment);
            writer.WriteString("digest", StateHasher.Format(JournalReader.Digest(end.Digest)));
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("problem", journal.Problem);
        }

        writer.WriteEndObject();
    });

    /// <summary>All that entered the machine, as JSON.</summary>
    public static string InputsJson(JournalReader journal) => JsonText.Of(writer =>
    {
        writer.WriteStartObject();
        WriteInputs(writer, journal);
        writer.WriteEndObject();
    });

    private static void WriteInputs(Utf8JsonWriter writer, JournalReader journal)
    {
        WriteList(writer, "inputs", journal.Inputs, static (w, input) =>
        {
            WriteMoment(w, "at", input.Moment);
            w.WriteNumber("serial", input.Serial);
            w.WriteString("bytes", Convert.ToHexStringLower(input.Bytes));
            w.WriteString("text", JournalScript.Escape(input.Bytes));
        });
        WriteList(writer, "writes", journal.Writes, static (w, write) =>
        {
            WriteMoment(w, "at", write.Moment);
            w.WriteNumber("vcpu", write.Vcpu);
            if (write.Register is { } register)
                w.WriteString("register", register);
            w.WriteNumber(write.Register is null ? "address" : "value", write.Value);
            if (write.Register is null)
                w.WriteString("bytes", Convert.ToHexStringLower(write.Bytes));
        });
    }

    private static void WriteList<T>(Utf8JsonWriter writer, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
        {
            writer.WriteStartObject();
            write(writer, item);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteMoment(Utf8JsonWriter writer, string name, MomentRecord moment)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("frame", moment.Frame);
        writer.WriteNumber("time", moment.Time);
        writer.WriteNumber("icount", moment.Instructions);
        writer.WriteEndObject();
    }

    private static string What(WriteEntry write) => write.Register is { } register
        ? FormattableString.Invariant($"{register} = 0x{write.Value:x}")
        : FormattableString.Invariant($"{Convert.ToHexStringLower(write.Bytes)} at 0x{write.Value:x8}");
}
