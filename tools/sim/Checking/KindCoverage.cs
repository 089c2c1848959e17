using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>What a campaign covered of one kind.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Covered">What was covered, with the number of cases.</param>
/// <param name="Missing">What there is besides, in the order in which the kit lists it.</param>
internal sealed record KindCoverage(CoverageKind Kind, IReadOnlyDictionary<string, int> Covered, IReadOnlyList<string> Missing)
{
    /// <summary>What it is called in a table.</summary>
    public string Title => Kind switch
    {
        CoverageKind.InstructionGroups => "instruction groups",
        CoverageKind.ExceptionKinds => "exception kinds",
        CoverageKind.Operations => "operations",
        CoverageKind.Properties => "properties",
        _ => "types",
    };

    /// <summary>How much there is: what the kit knows of, and whatever else a law has covered.</summary>
    public int Total => Covered.Count + Missing.Count;

    /// <summary>What the fewest cases covered, with their number; empty when nothing was covered.</summary>
    public string Rarest => Covered.OrderBy(static c => c.Value).ThenBy(static c => c.Key, StringComparer.Ordinal)
        .Select(static rarest => FormattableString.Invariant($"{rarest.Key} ({rarest.Value})")).FirstOrDefault("");

    /// <summary>The coverage of all laws together, every kind.</summary>
    public static IReadOnlyList<KindCoverage> Of(IEnumerable<LawResult> results)
    {
        var counts = new CoverageCounts();
        foreach (var result in results)
        {
            if (result.Coverage is { } covered)
                counts.Add(covered);
        }

        return
        [
            .. Enum.GetValues<CoverageKind>().Select(kind =>
            {
                var covered = counts.Kinds.GetValueOrDefault(kind) ?? new(StringComparer.Ordinal);
                return new KindCoverage(kind, covered, [.. Coverage.All(kind).Where(name => !covered.ContainsKey(name))]);
            }),
        ];
    }
}
