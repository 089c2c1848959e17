using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Commands;

/// <summary><c>sim snapshot</c>: looks into snapshot files.</summary>
internal sealed class SnapshotCommand(CommandHost host, MachineOptions machine, Option<string?> format)
{
    /// <summary>Differences that are listed at most, unless all are asked for.</summary>
    private const int ListedDifferences = 100;

    private readonly Argument<string> file = new("FILE.simsnap") { Description = "The snapshot." };
    private readonly Argument<string?> what = new("PATH[:FIELD]")
    {
        Description = "An object whose state is shown, by its path or the end of it, and a field of it.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Argument<string> first = new("A.simsnap") { Description = "The first snapshot." };
    private readonly Argument<string> second = new("B.simsnap") { Description = "The second one." };
    private readonly Option<bool> all = OptionValues.Flag("--all", "Lists every difference, however many there are.");

    public SimCommand Create() =>
        new("snapshot", "Looks into snapshot files.", null, "sim snapshot inspect booted.simsnap", "sim snapshot verify booted.simsnap")
        {
            Inspect(),
            Diff(),
            Verify(),
        };

    private SimCommand Inspect() => new SimCommand(
        "inspect",
        "Shows what a snapshot holds: the machine, when it was saved, the sections of state with their versions and sizes, RAM and images. "
        + "With a path, the state of that object, field by field; with a field too, that alone.",
        result => Inspect(result),
        "sim snapshot inspect booted.simsnap",
        "sim snapshot inspect booted.simsnap /machine/pic",
        "sim snapshot inspect booted.simsnap device[0]:Msr",
        "sim snapshot inspect booted.simsnap scheduler --format json")
    { file, what }.With("Options", format, machine.Plugin);

    private SimCommand Diff() => new SimCommand(
        "diff",
        "Names everything in which two snapshots differ: configuration, device and field with both values, and ranges of RAM. Exits with 4 "
        + "when they differ.",
        Compare,
        "sim snapshot diff before.simsnap after.simsnap",
        "sim snapshot diff before.simsnap after.simsnap --all --format json")
    { first, second }.With("Options", all, format, machine.Plugin);

    private SimCommand Verify() => new SimCommand(
        "verify",
        "Checks a snapshot: every checksum, and that the machine that is restored from it has the digest that was saved. Exits with 4 when "
        + "it does not.",
        Check,
        "sim snapshot verify booted.simsnap")
    { file }.With("Options", machine.Plugin);

    private bool IsJson(ParseResult result) => OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json") == "json";

    private int Inspect(ParseResult result)
    {
        var asJson = IsJson(result);
        Plugins.Load(result.GetValue(machine.Plugin));
        using var reader = SnapshotReader.Open(result.GetValue(file)!);
        if (result.GetValue(what) is { } wanted)
            host.Print(SnapshotView.Fields(reader, wanted, asJson));
        else
            host.Print(asJson ? SnapshotView.Json(reader) : SnapshotView.Text(reader));
        return ExitCodes.Done;
    }

    private int Compare(ParseResult result)
    {
        var asJson = IsJson(result);
        Plugins.Load(result.GetValue(machine.Plugin));
        using var a = SnapshotReader.Open(result.GetValue(first)!);
        using var b = SnapshotReader.Open(result.GetValue(second)!);
        var differences = SnapshotComparison.Compare(a, b).ToList();
        var listed = result.GetValue(all) ? differences : differences.Take(ListedDifferences).ToList();
        host.Print(asJson ? Json(listed) : Text(listed));
        if (listed.Count < differences.Count)
            host.Say(FormattableString.Invariant($"{differences.Count - listed.Count} more differences; --all lists them."));
        return differences.Count == 0 ? ExitCodes.Done : ExitCodes.Divergence;
    }

    private int Check(ParseResult result)
    {
        Plugins.Load(result.GetValue(machine.Plugin));
        var path = result.GetValue(file)!;
        try
        {
            using var reader = SnapshotReader.Open(path);
            using var session = reader.Restore(new SessionOptions { Save = static (_, _) => { } });
            host.Print($"{path}: in order, digest {StateHasher.Format(reader.Digest)}\n");
            return ExitCodes.Done;
        }
        catch (SimException error) when (File.Exists(path))
        {
            host.Say(error.Message);
            return ExitCodes.Divergence;
        }
    }

    private static string Text(IReadOnlyList<SnapshotDifference> differences)
    {
        var text = new StringBuilder();
        foreach (var group in differences.GroupBy(static d => d.Where))
        {
            text.Append(CultureInfo.InvariantCulture, $"{group.Key}\n");
            foreach (var difference in group)
                text.Append(CultureInfo.InvariantCulture, $"  {difference.What,-40} {Short(difference.First)} -> {Short(difference.Second)}\n");
        }

        return PrintableText.Of(text.ToString());
    }

    private static string Short(string text) => text.Length <= 64 ? text : text[..63] + "…";

    private static string Json(IReadOnlyList<SnapshotDifference> differences) => JsonText.Of(writer =>
    {
        writer.WriteStartArray();
        foreach (var difference in differences)
        {
            writer.WriteStartObject();
            writer.WriteString("where", difference.Where);
            writer.WriteString("what", difference.What);
            writer.WriteString("first", difference.First);
            writer.WriteString("second", difference.Second);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });
}
