namespace Sim.Engine.Session;

/// <summary>Finds a text in a stream of bytes, one byte at a time (Knuth, Morris and Pratt).</summary>
public sealed class OutputMatcher
{
    private readonly byte[] text;
    private readonly int[] fallback;
    private int matched;

    /// <summary>Looks for <paramref name="text"/>, which must not be empty, of which <paramref name="matched"/> bytes have been seen.</summary>
    public OutputMatcher(ReadOnlySpan<byte> text, int matched = 0)
    {
        if (text.IsEmpty)
            throw new Base.SimException("The text to wait for is empty.");
        ArgumentOutOfRangeException.ThrowIfNegative(matched);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(matched, text.Length);
        this.text = text.ToArray();
        this.matched = matched;
        fallback = new int[text.Length];
        for (var i = 1; i < text.Length; i++)
        {
            var length = fallback[i - 1];
            while (length > 0 && text[i] != text[length])
                length = fallback[length - 1];
            fallback[i] = text[i] == text[length] ? length + 1 : 0;
        }
    }

    /// <summary>Bytes of the text seen so far.</summary>
    public int Matched => matched;

    /// <summary>Takes the next byte; true when it completes the text, after which matching starts afresh.</summary>
    public bool Feed(byte value)
    {
        while (matched > 0 && value != text[matched])
            matched = fallback[matched - 1];
        if (value == text[matched])
            matched++;
        if (matched < text.Length)
            return false;
        matched = 0;
        return true;
    }
}
