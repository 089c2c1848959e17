namespace Sim.PropertyKit;

/// <summary>Collects what kinds of cases a law was tried on.</summary>
public sealed class CaseClasses
{
    private readonly SortedSet<string> classes = new(StringComparer.Ordinal);

    /// <summary>The classes that this case belongs to.</summary>
    public IReadOnlyCollection<string> Names => classes;

    /// <summary>Counts the case under a name, when <paramref name="condition"/> holds.</summary>
    public void Add(string name, bool condition = true)
    {
        if (condition)
            classes.Add(name);
    }
}
