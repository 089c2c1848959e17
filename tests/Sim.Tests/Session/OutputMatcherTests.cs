using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

public sealed class OutputMatcherTests
{
    private static readonly Arbitrary<(byte[] Text, byte[] Stream)> Cases = Gen.Choose(1, 4).SelectMany(static length =>
        Letters(length).SelectMany(static text => Gen.Choose(0, 60).SelectMany(Letters).Select(stream => (text, stream)))).ToArbitrary();

    /// <summary>Over a small alphabet texts overlap themselves and occur often, which is where a matcher goes wrong.</summary>
    [Property(MaxTest = 500)]
    public Property Matches_end_where_a_naive_search_finds_them() => Prop.ForAll(Cases, static pair =>
    {
        var matcher = new OutputMatcher(pair.Text);
        var found = new List<int>();
        for (var i = 0; i < pair.Stream.Length; i++)
        {
            if (matcher.Feed(pair.Stream[i]))
                found.Add(i + 1);
        }

        var expected = new List<int>();
        for (var at = 0; pair.Stream.AsSpan(at).IndexOf(pair.Text) is >= 0 and var index; at += index + pair.Text.Length)
            expected.Add(at + index + pair.Text.Length);
        return found.SequenceEqual(expected).Classify(expected.Count > 0, "found").Classify(expected.Count == 0, "absent");
    });

    [Fact]
    public void An_empty_text_is_refused() => Assert.Throws<SimException>(static () => new OutputMatcher([]));

    private static Gen<byte[]> Letters(int length) => Gen.Elements((byte)'a', (byte)'b').ArrayOf(length);
}
