using System.IO.Hashing;

namespace Sim.Snapshots;

/// <summary>Gives a page of content for reading.</summary>
internal delegate ReadOnlySpan<byte> ContentSource(long page);

/// <summary>
/// Numbers pages of content so that equal ones share a number, in order of their first place. It keeps places, not contents, so that RAM
/// of any size can be saved without a copy of it.
/// </summary>
internal sealed class ContentIndex
{
    private readonly Dictionary<UInt128, List<int>> byHash = [];
    private readonly List<(ContentSource Source, long Page)> contents = [];

    /// <summary>Number of different pages.</summary>
    public int Count => contents.Count;

    /// <summary>A page's content by its number.</summary>
    public ReadOnlySpan<byte> this[int index] => contents[index].Source(contents[index].Page);

    /// <summary>Numbers the pages of a source that are not all zero and returns the runs, see <see cref="RamRecord.Runs"/>.</summary>
    /// <param name="pages">The pages to look at, in order.</param>
    /// <param name="source">Their contents.</param>
    public long[] Add(IEnumerable<long> pages, ContentSource source)
    {
        var runs = new List<long>();
        foreach (var page in pages)
        {
            var content = source(page);
            if (!content.ContainsAnyExcept((byte)0))
                continue;
            var index = IndexOf(content, source, page);
            if (runs.Count > 0 && runs[^3] + runs[^2] == page && runs[^1] + runs[^2] == index)
                runs[^2]++;
            else
                runs.AddRange([page, 1, index]);
        }

        return [.. runs];
    }

    private int IndexOf(ReadOnlySpan<byte> content, ContentSource source, long page)
    {
        var hash = XxHash128.HashToUInt128(content);
        if (!byHash.TryGetValue(hash, out var known))
            byHash.Add(hash, known = []);
        foreach (var index in known)
        {
            if (this[index].SequenceEqual(content))
                return index;
        }

        known.Add(contents.Count);
        contents.Add((source, page));
        return contents.Count - 1;
    }
}
