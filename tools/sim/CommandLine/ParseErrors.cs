using System.CommandLine;
using System.CommandLine.Parsing;
using Sim.Engine.Base;

namespace Sim.Cli.CommandLine;

/// <summary>Says in one sentence what is wrong with a command line, with the name that was probably meant.</summary>
internal static class ParseErrors
{
    /// <summary>Throws when the command line has an error.</summary>
    public static void Check(SimCommand root, SimCommand command, ParseResult result)
    {
        if (result.UnmatchedTokens is [var token, ..])
            throw new SimException(Unknown(root, command, token));
        if (result.Errors is not [var first, ..])
            return;
        throw new SimException(first.SymbolResult switch
        {
            OptionResult { Tokens.Count: 0 } option =>
                $"{option.IdentifierToken?.Value ?? option.Option.Name} needs a value{Example(option.Option)}.",
            OptionResult option =>
                $"{option.IdentifierToken?.Value ?? option.Option.Name} is given {option.IdentifierTokenCount} times; once is possible.",
            ArgumentResult argument => $"'{command.FullName}' needs {HelpText.Label(argument.Argument)}; see '{command.FullName} --help'.",
            _ when command.Subcommands.Count > 0 =>
                $"'{command.FullName}' needs a command: {string.Join(", ", command.Subcommands.Select(static c => c.Name))}.",
            CommandResult when command.Arguments.Count > 0 =>
                $"'{command.FullName}' needs {HelpText.Label(command.Arguments[0])}; see '{command.FullName} --help'.",
            _ => first.Message,
        });
    }

    private static string Example(Option option) => option.HelpName is null ? "" : $": {option.HelpName}";

    private static string Unknown(SimCommand root, SimCommand command, string token)
    {
        if (!token.StartsWith('-'))
        {
            return command.Subcommands.Count > 0
                ? $"Unknown command '{token}'.{Nearest.Hint(token, command.Subcommands.Select(static c => c.Name))} "
                    + $"See '{command.FullName} --help'."
                : $"'{token}' is one argument too many for '{command.FullName}'; see '{command.FullName} --help'.";
        }

        var name = token.Split('=', ':')[0];
        var hint = Nearest.Hint(name, Names(command));
        var owners = root.Subcommands.OfType<SimCommand>().Where(c => Names(c).Contains(name)).Select(static c => $"'{c.FullName}'")
            .ToList();
        if (hint.Length == 0 && owners.Count > 0)
            hint = $" It belongs to {string.Join(", ", owners)}.";
        return $"'{command.FullName}' has no option '{name}'.{hint}";
    }

    private static IEnumerable<string> Names(SimCommand command) => command.AllOptions.SelectMany(static o => o.Aliases.Append(o.Name));
}
