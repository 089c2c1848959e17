using System.Text.Json.Serialization;
using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>How it stands with a law.</summary>
internal enum LawOutcome
{
    /// <summary>It is being tried.</summary>
    [JsonStringEnumMemberName("running")] Running,

    /// <summary>It held for every case.</summary>
    [JsonStringEnumMemberName("held")] Held,

    /// <summary>A case broke it.</summary>
    [JsonStringEnumMemberName("failed")] Failed,

    /// <summary>The process that tried it ended on its own.</summary>
    [JsonStringEnumMemberName("crashed")] Crashed,

    /// <summary>It held as far as it was tried; the campaign ended before it was tried to its end.</summary>
    [JsonStringEnumMemberName("stopped")] Stopped,

    /// <summary>This host lacks what it needs.</summary>
    [JsonStringEnumMemberName("not run")] NotRun,
}

/// <summary>
/// How it stands with a law in a campaign. One such object in one line of JSON is also what a process tells that tries laws for another.
/// </summary>
internal sealed record LawResult
{
    /// <summary>Name of the law.</summary>
    public required string Law { get; init; }

    /// <summary>What the law is part of.</summary>
    public required string Group { get; init; }

    /// <summary>How it stands.</summary>
    public LawOutcome Result { get; init; } = LawOutcome.Running;

    /// <summary>Fresh cases tried.</summary>
    public int Cases { get; init; }

    /// <summary>Fresh cases wished for.</summary>
    public int Of { get; init; }

    /// <summary>Host time in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>How many cases fell into each class; classes that are required and did not come count 0.</summary>
    public IReadOnlyDictionary<string, int> Classes { get; init; } = new SortedDictionary<string, int>(StringComparer.Ordinal);

    /// <summary>How many cases covered what; null while the law is being tried.</summary>
    public IReadOnlyDictionary<CoverageKind, SortedDictionary<string, int>>? Coverage { get; init; }

    /// <summary>What went wrong, or what is missing; null when nothing is.</summary>
    public string? Message { get; init; }

    /// <summary>The shrunk case that breaks the law.</summary>
    public string? Case { get; init; }

    /// <summary>The case before shrinking, as <c>--case</c> takes it.</summary>
    public string? Replay { get; init; }

    /// <summary>The command that brings the failure again.</summary>
    public string? Again { get; init; }

    /// <summary>The file that the failure was saved to.</summary>
    public string? File { get; init; }

    /// <summary>The journal of the shrunk case's run, for <c>sim replay</c>; null when the case is no run of one machine.</summary>
    public string? Journal { get; init; }

    /// <summary>True when the law is broken, or may be for all that is known.</summary>
    [JsonIgnore]
    public bool IsFailure => Result is LawOutcome.Failed or LawOutcome.Crashed;

    /// <summary>The class that the fewest cases fell into, with their share; empty when there is none.</summary>
    [JsonIgnore]
    public string RarestClass => Cases == 0 || Classes.Count == 0
        ? ""
        : Classes.OrderBy(static c => c.Value).ThenBy(static c => c.Key, StringComparer.Ordinal)
            .Select(rarest => FormattableString.Invariant($"{rarest.Key} {100.0 * rarest.Value / Cases:F1} %")).First();

    /// <summary>
    /// This and an earlier round of the same law together. A law that held in one round and was stopped in the next has held.
    /// </summary>
    public LawResult After(LawResult? earlier)
    {
        if (earlier is null)
            return this;
        var classes = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, count) in earlier.Classes.Concat(Classes))
            classes[name] = classes.GetValueOrDefault(name) + count;
        var coverage = new CoverageCounts();
        foreach (var round in (LawResult[])[earlier, this])
            coverage.Add(round.Coverage ?? new CoverageCounts().Kinds);
        return (earlier.IsFailure ? earlier : this) with
        {
            Result = earlier.IsFailure || (Result == LawOutcome.Stopped && earlier.Result == LawOutcome.Held) ? earlier.Result : Result,
            Cases = earlier.Cases + Cases,
            Of = earlier.Of + Of,
            Seconds = earlier.Seconds + Seconds,
            Classes = classes,
            Coverage = coverage.Kinds,
        };
    }
}

/// <summary>Reads and writes results as JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(LawResult))]
internal sealed partial class LawResultJson : JsonSerializerContext;
