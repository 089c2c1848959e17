namespace Sim.PropertyKit;

/// <summary>Collects what kinds of cases a law was tried on.</summary>
public sealed class CaseClasses
{
    private readonly SortedSet<string> classes = new(StringComparer.Ordinal);
    private HashSet<(CoverageKind Kind, string Name)>? covered;

    /// <summary>The classes that this case belongs to.</summary>
    public IReadOnlyCollection<string> Names => classes;

    /// <summary>What this case has covered.</summary>
    public IReadOnlyCollection<(CoverageKind Kind, string Name)> Covered => covered ?? [];

    /// <summary>Counts the case under a name, when <paramref name="condition"/> holds.</summary>
    public void Add(string name, bool condition = true)
    {
        if (condition)
            classes.Add(name);
    }

    /// <summary>Notes that this case covers something: a type, a property, an operation and so on, by its name. Twice is once.</summary>
    public void Cover(CoverageKind kind, string name) => (covered ??= []).Add((kind, name));
}
