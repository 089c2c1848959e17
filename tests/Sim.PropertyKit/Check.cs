using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Sim.PropertyKit;

/// <summary>What laws of this kit say when something is not as it must be; independent of any test framework.</summary>
public static class Check
{
    /// <summary>The condition must hold.</summary>
    /// <param name="condition">What must be true.</param>
    /// <param name="message">A sentence that says what was expected.</param>
    /// <exception cref="CheckFailedException">It does not hold.</exception>
    public static void That([DoesNotReturnIf(false)] bool condition, string message)
    {
        if (!condition)
            throw new CheckFailedException(message);
    }

    /// <summary>Two values must be equal.</summary>
    /// <param name="expected">What the model, the reference or the undisturbed run has.</param>
    /// <param name="actual">What was found.</param>
    /// <param name="what">Names the value in the message; its expression in the source when left out.</param>
    /// <exception cref="CheckFailedException">They differ.</exception>
    public static void Equal<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new CheckFailedException(string.Create(CultureInfo.InvariantCulture, $"{what}: {actual}; expected {expected}."));
    }

    /// <summary>Two sequences must be equal; the first difference is told.</summary>
    /// <exception cref="CheckFailedException">They differ.</exception>
    public static void Same<T>(IEnumerable<T> expected, IEnumerable<T> actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        T[] left = [.. expected], right = [.. actual];
        for (var index = 0; index < Math.Min(left.Length, right.Length); index++)
            Equal(left[index], right[index], string.Create(CultureInfo.InvariantCulture, $"{what} [{index}]"));
        Equal(left.Length, right.Length, $"{what}, count");
    }

    /// <summary>A refusal must be one sentence on one line, without what would move a terminal's cursor.</summary>
    /// <param name="message">The refusal.</param>
    /// <param name="begin">How it must begin: the name of a file, say.</param>
    /// <param name="what">Names it in the message.</param>
    /// <exception cref="CheckFailedException">It is not.</exception>
    public static void Sentence(string message, string begin = "", string what = "The refusal")
    {
        ArgumentNullException.ThrowIfNull(message);
        const int Longest = 1000;
        That(
            message.StartsWith(begin, StringComparison.Ordinal) && message.Length is > 0 and < Longest && message[^1] is '.' or '?' && !message.Any(char.IsControl),
            $"{what} is no sentence{(begin.Length > 0 ? $" that begins with '{begin}'" : "")}: {message}");
    }

    /// <summary>The action must throw exactly this exception, which is returned.</summary>
    /// <exception cref="CheckFailedException">It throws nothing or something else.</exception>
    public static TException Throws<TException>(Action action, string what)
        where TException : Exception
    {
        ArgumentNullException.ThrowIfNull(action);
        try
        {
            action();
        }
        catch (TException error)
        {
            return error;
        }

        throw new CheckFailedException($"{what}: nothing was thrown; expected {typeof(TException).Name}.");
    }

    /// <summary>What the action throws; null for nothing.</summary>
    public static Exception? Caught(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        try
        {
            action();
            return null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return error;
        }
    }
}

/// <summary>Something is not as a law says.</summary>
public sealed class CheckFailedException : Exception
{
    /// <summary>Creates the exception.</summary>
    public CheckFailedException(string message) : base(message) { }

    /// <summary>Creates the exception.</summary>
    public CheckFailedException() { }

    /// <summary>Creates the exception.</summary>
    public CheckFailedException(string message, Exception inner) : base(message, inner) { }
}
