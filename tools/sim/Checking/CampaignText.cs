using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Cli.Views;
using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>What <c>sim check</c> prints: lists of laws, failures, the summary.</summary>
internal static class CampaignText
{
    /// <summary>Characters of names that a row of the coverage lists at most.</summary>
    private const int MissingLength = 60;

    /// <summary>The laws: name, group, cases of a sample, what holds, and what this host lacks for it.</summary>
    public static string List(IReadOnlyList<NamedLaw> laws)
    {
        List<string[]> rows = [["law", "group", "cases", "what holds"]];
        foreach (var law in laws)
        {
            rows.Add([law.Name, law.Group, Number(law.Sample.Runs), law.Summary]);
            if (law.Missing() is { } missing)
                rows.Add(["", "", "", $"not here: {missing}"]);
        }

        return Table(rows, right: [2]);
    }

    /// <summary>The same as JSON.</summary>
    public static string ListJson(IReadOnlyList<NamedLaw> laws) => JsonText.Of(writer =>
    {
        writer.WriteStartArray();
        foreach (var law in laws)
        {
            writer.WriteStartObject();
            writer.WriteString("law", law.Name);
            writer.WriteString("group", law.Group);
            writer.WriteString("summary", law.Summary);
            writer.WriteNumber("cases", law.Sample.Runs);
            writer.WriteString("missing", law.Missing());
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    /// <summary>The failures one after the other, then a table of all laws, one of what they covered, and a line that counts the laws.</summary>
    public static string Summary(CheckSettings settings, IReadOnlyList<LawResult> results)
    {
        var text = new StringBuilder();
        foreach (var failure in results.Where(static r => r.IsFailure))
        {
            text.Append(CultureInfo.InvariantCulture, $"{failure.Message}\n");
            if (failure.File is not null)
                text.Append(CultureInfo.InvariantCulture, $"saved: {failure.File}\n");
            if (failure.Journal is not null)
                text.Append(CultureInfo.InvariantCulture, $"its run: {failure.Journal}\n");
            text.Append(CultureInfo.InvariantCulture, $"again: {failure.Again}\n\n");
        }

        List<string[]> rows = [["law", "group", "cases", "seconds", "cases/s", "result", "rarest class"]];
        rows.AddRange(results.Select(Row));
        text.Append(Table(rows, right: [2, 3, 4]));
        if (settings.Case is null)
            text.Append('\n').Append(CoverageTable(results)).Append('\n');
        foreach (var lacking in results.Where(static r => r.Result == LawOutcome.NotRun))
            text.Append(CultureInfo.InvariantCulture, $"{lacking.Law} is not run: {lacking.Message}\n");
        var counts = results.GroupBy(static r => r.Result).OrderBy(static g => g.Key)
            .Select(static g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} {Word(g.Key)}"));
        return text.Append(CultureInfo.InvariantCulture, $"{Origin(settings)}: {string.Join(", ", counts)}\n").ToString();
    }

    /// <summary>The same as JSON.</summary>
    public static string SummaryJson(CheckSettings settings, IReadOnlyList<LawResult> results) => JsonText.Of(writer =>
    {
        writer.WriteStartObject();
        if (settings.Case is { } one)
            writer.WriteString("case", one.ToString());
        else
            writer.WriteNumber("seed", settings.Seed);
        writer.WriteStartArray("laws");
        foreach (var result in results)
            JsonSerializer.Serialize(writer, result with { Coverage = null }, LawResultJson.Default.LawResult);
        writer.WriteEndArray();
        if (settings.Case is null)
            WriteCoverage(writer, results);
        writer.WriteEndObject();
    });

    /// <summary>A result as one line of JSON.</summary>
    public static string Line(LawResult result) => JsonSerializer.Serialize(result, LawResultJson.Default.LawResult) + "\n";

    private static string CoverageTable(IReadOnlyList<LawResult> results)
    {
        List<string[]> rows = [["coverage", "covered", "of", "rarest (cases)", "missing"]];
        rows.AddRange(KindCoverage.Of(results).Select(static kind =>
            (string[])[kind.Title, Number(kind.Covered.Count), Number(kind.Total), kind.Rarest, Shortened(kind.Missing)]));
        return Table(rows, right: [1, 2]);
    }

    /// <summary>The first names, and how many more there are.</summary>
    private static string Shortened(IReadOnlyList<string> names)
    {
        var (count, length) = (0, 0);
        while (count < names.Count && (count == 0 || length + names[count].Length <= MissingLength))
            length += names[count++].Length + 2;
        var shown = string.Join(", ", names.Take(count));
        return count == names.Count ? shown : string.Create(CultureInfo.InvariantCulture, $"{shown} and {names.Count - count} more");
    }

    private static void WriteCoverage(Utf8JsonWriter writer, IReadOnlyList<LawResult> results)
    {
        writer.WriteStartObject("coverage");
        foreach (var kind in KindCoverage.Of(results))
        {
            writer.WriteStartObject(JsonSerializer.Serialize(kind.Kind, LawResultJson.Default.CoverageKind).Trim('"'));
            writer.WriteNumber("of", kind.Total);
            writer.WriteStartObject("covered");
            foreach (var (name, cases) in kind.Covered)
                writer.WriteNumber(name, cases);
            writer.WriteEndObject();
            writer.WriteStartArray("missing");
            foreach (var name in kind.Missing)
                writer.WriteStringValue(name);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static string Origin(CheckSettings settings) => settings.Case is { } one
        ? $"case {one}"
        : FormattableString.Invariant($"seed {settings.Seed}");

    private static string[] Row(LawResult result) => result.Result == LawOutcome.NotRun
        ? [result.Law, result.Group, "", "", "", Word(result.Result), ""]
        :
        [
            result.Law, result.Group, Number(result.Cases), result.Seconds.ToString("F1", CultureInfo.InvariantCulture),
            (result.Cases / Math.Max(result.Seconds, 0.001)).ToString("F0", CultureInfo.InvariantCulture), Word(result.Result),
            result.RarestClass,
        ];

    private static string Word(LawOutcome outcome) => outcome switch
    {
        LawOutcome.NotRun => "not run",
        LawOutcome.Failed => "failed",
        LawOutcome.Crashed => "crashed",
        LawOutcome.Held => "held",
        _ => "stopped",
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Table(List<string[]> rows, int[] right)
    {
        var widths = rows[0].Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) => right.Contains(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
