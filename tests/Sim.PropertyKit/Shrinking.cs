namespace Sim.PropertyKit;

/// <summary>Ways to make cases smaller.</summary>
public static class Shrinking
{
    /// <summary>A list with parts left out, largest parts first, then with single elements made smaller.</summary>
    public static IEnumerable<IReadOnlyList<T>> List<T>(IReadOnlyList<T> list, Func<T, IEnumerable<T>>? element = null)
    {
        ArgumentNullException.ThrowIfNull(list);
        for (var length = list.Count; length > 0; length /= 2)
        {
            for (var start = 0; start + length <= list.Count; start += length)
                yield return [.. list.Take(start), .. list.Skip(start + length)];
        }

        if (element is null)
            yield break;
        for (var index = 0; index < list.Count; index++)
        {
            foreach (var smaller in element(list[index]))
                yield return [.. list.Take(index), smaller, .. list.Skip(index + 1)];
        }
    }

    /// <summary>Smaller numbers: the least first, then by halves of the way back.</summary>
    public static IEnumerable<long> Number(long value, long least = 0)
    {
        for (var distance = value - least; distance > 0; distance /= 2)
            yield return value - distance;
    }
}
