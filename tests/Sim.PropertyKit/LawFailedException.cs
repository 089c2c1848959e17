namespace Sim.PropertyKit;

/// <summary>A law does not hold, or its cases miss what they must cover.</summary>
public sealed class LawFailedException : Exception
{
    /// <summary>Creates the exception.</summary>
    public LawFailedException(string message, Exception? inner = null) : base(message, inner) { }

    /// <summary>Creates the exception.</summary>
    public LawFailedException() { }

    /// <summary>Creates the exception.</summary>
    public LawFailedException(string message) : base(message) { }

    /// <summary>The smallest case found that breaks the law; null when coverage is what failed.</summary>
    public object? Case { get; init; }

    /// <summary>Makes the case before shrinking again; null when coverage is what failed.</summary>
    public CaseSeed? Replay { get; init; }

    /// <summary>Fresh cases tried by then, the one that breaks the law among them; 0 when that is one that failed once before.</summary>
    public int Cases { get; init; }
}
