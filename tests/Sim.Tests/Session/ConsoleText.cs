using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Sim.Tests;

/// <summary>A line of U-Boot's console that is not QEMU's, and why.</summary>
/// <param name="Expected">QEMU's line, as compared.</param>
/// <param name="Ours">Our line, as compared.</param>
/// <param name="Reason">Why ours is right.</param>
internal sealed record ConsoleDeparture(string Expected, string Ours, string Reason);

/// <summary>Compares consoles byte for byte, line by line.</summary>
internal static partial class ConsoleText
{
    /// <summary>
    /// Asserts that two consoles are equal but for the departures, each of which must be there. The seconds in lines that begin with
    /// "Date:" are not compared: U-Boot polls while it waits for a key,
    /// so the time of day depends on how fast the user types.
    /// </summary>
    public static void AssertEqual(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, params ReadOnlySpan<ConsoleDeparture> departures)
    {
        var expectedLines = Lines(expected);
        var actualLines = Lines(actual);
        var unused = departures.ToArray().ToHashSet();
        for (var line = 0; line < Math.Max(expectedLines.Length, actualLines.Length); line++)
        {
            var left = line < expectedLines.Length ? expectedLines[line] : "(end)";
            var right = line < actualLines.Length ? actualLines[line] : "(end)";
            if (left == right)
                continue;
            var known = departures.ToArray().FirstOrDefault(d => d.Expected == left.TrimEnd('\r') && d.Ours == right.TrimEnd('\r'));
            Assert.True(known is not null, $"Line {line + 1} differs.\nexpected: {left}\nactual:   {right}");
            unused.Remove(known);
        }

        var gone = string.Join("; ", unused.Select(static d => d.Ours));
        Assert.True(gone.Length == 0, $"The consoles no longer differ in: {gone}. Take the departure out of the list.");
    }

    private static string[] Lines(ReadOnlySpan<byte> console) =>
        Array.ConvertAll(Encoding.Latin1.GetString(console).Split('\n'), static line => Seconds().Replace(line, "$1SS"));

    [GeneratedRegex(@"^(Date: .*Time: ..:..:)\d\d", RegexOptions.CultureInvariant)]
    private static partial Regex Seconds();
}
