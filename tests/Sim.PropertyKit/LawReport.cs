namespace Sim.PropertyKit;

/// <summary>What a law that held was tried on.</summary>
/// <param name="Seed">Seed that the fresh cases followed from.</param>
/// <param name="Runs">Fresh cases tried.</param>
/// <param name="Classes">How many of them fell into each class, by name.</param>
public sealed record LawReport(ulong Seed, int Runs, IReadOnlyDictionary<string, int> Classes)
{
    /// <summary>What they covered, and how many of them each.</summary>
    public CoverageCounts Coverage { get; init; } = new();
}
