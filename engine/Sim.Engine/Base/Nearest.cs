namespace Sim.Engine.Base;

/// <summary>Suggests the name that a misspelt one probably meant.</summary>
public static class Nearest
{
    /// <summary>
    /// " Did you mean 'x'?" for the candidate with the smallest edit distance, or an empty string when none is near (more than two letters and more than a
    /// third of the name's letters away). Ties go to the ordinally first candidate.
    /// </summary>
    public static string Hint(string name, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(name);
        var best = candidates
            .Select(candidate => (Distance: EditDistance(name, candidate), Name: candidate))
            .OrderBy(static pair => pair.Distance)
            .ThenBy(static pair => pair.Name, StringComparer.Ordinal)
            .FirstOrDefault((Distance: int.MaxValue, Name: ""));
        return best.Distance <= Math.Max(2, name.Length / 3) ? $" Did you mean '{best.Name}'?" : "";
    }

    private static int EditDistance(string left, string right)
    {
        var row = new int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
            row[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var substitute = diagonal + (char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitute, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
