using System.Globalization;

namespace Sim.PropertyKit;

/// <summary>One generated case, named so that it can be made again: <c>seed:size</c>.</summary>
/// <param name="Seed">Seed of the generator.</param>
/// <param name="Size">Size that the generator was given.</param>
public readonly record struct CaseSeed(ulong Seed, int Size)
{
    /// <summary>Reads <c>seed:size</c>, as <see cref="ToString"/> writes it.</summary>
    public static bool TryParse(string text, out CaseSeed seed)
    {
        ArgumentNullException.ThrowIfNull(text);
        seed = default;
        if (text.Split(':') is not [var first, var second]
            || !ulong.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            || !int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            return false;
        seed = new CaseSeed(value, size);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seed}:{Size}");
}

/// <summary>How a law is tried.</summary>
public sealed record LawOptions
{
    /// <summary>Fresh cases to try; a few times as many when a required class is rare among them.</summary>
    public int Runs { get; init; } = 100;

    /// <summary>Seed that the fresh cases follow from; null for a new one each time, which a failure names.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Cases that failed once: always tried, before the fresh ones.</summary>
    public IReadOnlyList<CaseSeed> PastFailures { get; init; } = [];

    /// <summary>Size of the first fresh case; it grows evenly to <see cref="EndSize"/>.</summary>
    public int StartSize { get; init; } = 1;

    /// <summary>Size of the last fresh case.</summary>
    public int EndSize { get; init; } = 60;

    /// <summary>Classes of cases that must not be rare: a name and the least share of the fresh cases, 0 to 1. What chance explains is no failure.</summary>
    public IReadOnlyList<(string Class, double Share)> Required { get; init; } = [];

    /// <summary>Smaller cases to try at most when one fails.</summary>
    public int MaxShrinkAttempts { get; init; } = 5000;

    /// <summary>Told after each fresh case what the law was tried on so far; null for nobody. The report is good for the call alone.</summary>
    public Action<LawReport>? Progress { get; init; }

    /// <summary>Ends the trying before the next case, with <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancellation { get; init; }
}
