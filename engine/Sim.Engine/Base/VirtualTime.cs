using System.Globalization;

namespace Sim.Engine.Base;

/// <summary>Virtual time: whole nanoseconds since power-on, as a <see cref="long"/>. Never the host's clock.</summary>
public static class VirtualTime
{
    /// <summary>Nanoseconds in one second.</summary>
    public const long Second = 1_000_000_000;

    /// <summary>Nanoseconds in one microsecond.</summary>
    public const long Microsecond = 1_000;

    /// <summary>A moment that never comes; the deadline of a timer that is not armed.</summary>
    public const long Never = long.MaxValue;

    /// <summary>Ticks of a clock of <paramref name="frequency"/> Hz that are complete at <paramref name="time"/> ns, rounded down.</summary>
    public static long ToTicks(long time, long frequency) => (long)((Int128)time * frequency / Second);

    /// <summary>First nanosecond at which a clock of <paramref name="frequency"/> Hz shows <paramref name="ticks"/>, rounded up.</summary>
    public static long FromTicks(long ticks, long frequency)
    {
        var scaled = (Int128)ticks * Second;
        var quotient = scaled / frequency;
        if (quotient * frequency < scaled)
            quotient++;
        return quotient > Never ? Never : (long)quotient;
    }

    /// <summary>Reads a duration such as <c>2.5s</c>, <c>100ms</c>, <c>20us</c>, <c>64ns</c> or plain nanoseconds.</summary>
    /// <exception cref="SimException">The text is not a duration, is negative, or does not fit 63 bits of nanoseconds.</exception>
    public static long Parse(string text, string what)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (digits, unit) = text switch
        {
            _ when text.EndsWith("ns", StringComparison.Ordinal) => (text[..^2], 1L),
            _ when text.EndsWith("us", StringComparison.Ordinal) => (text[..^2], Microsecond),
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], 1_000_000L),
            _ when text.EndsWith('s') => (text[..^1], Second),
            _ => (text, 1L),
        };
        if (decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value <= Never - 1 && value * unit <= Never - 1 && decimal.IsInteger(value * unit))
        {
            return (long)(value * unit);
        }

        throw new SimException($"{what}: '{text}' is not a time; expected a number with unit s, ms, us or ns, such as 2.5s.");
    }
}
