namespace Sim.Engine.Base;

/// <summary>What kind of mistake a <see cref="SimException"/> reports; the command line turns it into its exit code.</summary>
public enum SimErrorKind
{
    /// <summary>Wrong option, type, property or value: exit code 2.</summary>
    Usage = 2,

    /// <summary>Guest, script or image at fault: exit code 3.</summary>
    Guest = 3,

    /// <summary>Divergence, broken prefix or failed verification: exit code 4.</summary>
    Divergence = 4,
}

/// <summary>
/// Bad input, told in one sentence that names the file, property or path, what was wrong and what was expected. Defects of the
/// simulator itself are other exceptions.
/// </summary>
public sealed class SimException : Exception
{
    /// <summary>Creates a usage error.</summary>
    public SimException(string message) : this(message, SimErrorKind.Usage) { }

    /// <summary>Creates an error of the given kind.</summary>
    public SimException(string message, SimErrorKind kind, Exception? inner = null) : base(message, inner) => Kind = kind;

    /// <summary>Creates an error without a text; only for serialisers and analysers that insist on it.</summary>
    public SimException() : this("Unknown error.") { }

    /// <summary>Creates a usage error with its cause.</summary>
    public SimException(string message, Exception inner) : this(message, SimErrorKind.Usage, inner) { }

    /// <summary>Who is at fault.</summary>
    public SimErrorKind Kind { get; }
}
