using System.CommandLine;

namespace Sim.Cli.CommandLine;

/// <summary>A command with what its help shows beyond the parser's needs: groups of options and examples.</summary>
internal sealed class SimCommand(string name, string description, Func<ParseResult, int>? execute, params string[] examples)
    : Command(name, description)
{
    /// <summary>Titles of the option groups, in order, with their options.</summary>
    public List<(string Title, IReadOnlyList<Option> Options)> Groups { get; } = [];

    /// <summary>Command lines that work as they stand.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;

    /// <summary>The whole command as it is typed, such as <c>sim guests install</c>.</summary>
    public string FullName => Parents.OfType<SimCommand>().FirstOrDefault() is { } parent ? $"{parent.FullName} {Name}" : Name;

    /// <summary>All options that may follow the command.</summary>
    public IEnumerable<Option> AllOptions =>
        Options.Concat(Parents.OfType<SimCommand>().SelectMany(static p => p.AllOptions.Where(static o => o.Recursive)));

    /// <summary>Adds options under a title of the help.</summary>
    public SimCommand With(string title, params IReadOnlyList<Option> options)
    {
        Groups.Add((title, options));
        foreach (var option in options)
            Add(option);
        return this;
    }

    /// <summary>Runs the command and returns its exit code.</summary>
    public int Execute(ParseResult result) => execute is not null
        ? execute(result)
        : throw new Engine.Base.SimException(
            $"'{FullName}' needs a command: {string.Join(" or ", Subcommands.Select(static c => c.Name))}.");
}
