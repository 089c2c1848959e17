using System.CommandLine;
using System.Globalization;
using Sim.Engine.Base;

namespace Sim.Cli.CommandLine;

/// <summary>Makes options, all of them text to the parser, and reads their values with errors that say what was expected.</summary>
internal static class OptionValues
{
    /// <summary>An option that takes one value and can be given once.</summary>
    public static Option<string?> Value(string name, string helpName, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = helpName, Description = description, Arity = ArgumentArity.ExactlyOne };

    /// <summary>An option that can be given once, with a value or without.</summary>
    public static Option<string?> OptionalValue(string name, string helpName, string description) =>
        new(name) { HelpName = $"[{helpName}]", Description = description, Arity = ArgumentArity.ZeroOrOne };

    /// <summary>An option that can be given several times, one value each.</summary>
    public static Option<string[]> Values(string name, string helpName, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = helpName, Description = description, Arity = ArgumentArity.OneOrMore };

    /// <summary>An option without a value.</summary>
    public static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>Reads a whole number, decimal or 0x hexadecimal.</summary>
    /// <exception cref="SimException">It is none, or out of range.</exception>
    public static ulong Number(string option, string text, ulong minimum, ulong maximum)
    {
        var parsed = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return parsed && value >= minimum && value <= maximum
            ? value
            : throw new SimException(FormattableString.Invariant(
                $"{option} '{text}' is not possible: expected a whole number from {minimum} to {maximum}."));
    }

    /// <summary>Reads one of a few words.</summary>
    /// <exception cref="SimException">It is none of them.</exception>
    public static string OneOf(string option, string text, params string[] words) => words.Contains(text)
        ? text
        : throw new SimException($"{option} '{text}' is unknown: expected {string.Join(" or ", words)}.{Nearest.Hint(text, words)}");
}
