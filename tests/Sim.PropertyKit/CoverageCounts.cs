namespace Sim.PropertyKit;

/// <summary>How many cases covered what.</summary>
public sealed class CoverageCounts
{
    private readonly SortedDictionary<CoverageKind, SortedDictionary<string, int>> counts = [];

    /// <summary>For each kind of which something was covered the number of cases, by name.</summary>
    public IReadOnlyDictionary<CoverageKind, SortedDictionary<string, int>> Kinds => counts;

    /// <summary>Counts what a case has covered.</summary>
    public void Add(CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        foreach (var (kind, name) in classes.Covered)
            Add(kind, name, 1);
    }

    /// <summary>Adds the counts of other cases.</summary>
    public void Add(IReadOnlyDictionary<CoverageKind, SortedDictionary<string, int>> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        foreach (var (kind, names) in others)
        {
            foreach (var (name, cases) in names)
                Add(kind, name, cases);
        }
    }

    private void Add(CoverageKind kind, string name, int cases)
    {
        if (!counts.TryGetValue(kind, out var names))
            counts.Add(kind, names = new(StringComparer.Ordinal));
        names[name] = names.GetValueOrDefault(name) + cases;
    }
}
