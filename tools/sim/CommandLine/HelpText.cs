using System.CommandLine;
using System.Text;

namespace Sim.Cli.CommandLine;

/// <summary>The help of a command: what it does, how it is typed, its options by group, and examples that work.</summary>
internal static class HelpText
{
    private const int TermColumn = 34;

    public static void Write(SimCommand command, CommandHost host)
    {
        var text = new StringBuilder();
        Paragraph(text, command.Description ?? "", 0, host.Width);
        text.Append("\nUsage:\n  ").Append(Usage(command)).Append('\n');
        if (command.Subcommands.Count > 0)
            Section(text, "Commands", command.Subcommands.Select(static c => (c.Name, FirstSentence(c))), host.Width);
        if (command.Arguments.Count > 0)
            Section(text, "Arguments", command.Arguments.Select(static a => (Label(a), a.Description ?? "")), host.Width);
        foreach (var (title, options) in command.Groups)
            Section(text, title, options.Select(Row), host.Width);
        var inherited = command.AllOptions.Where(o => o.Recursive && command.Groups.All(g => !g.Options.Contains(o))).ToList();
        if (inherited.Count > 0)
            Section(text, "Other options", inherited.Select(Row), host.Width);
        text.Append("\nExamples:\n");
        foreach (var example in command.Examples)
            text.Append("  ").Append(example).Append('\n');
        host.Print(text.ToString());
    }

    /// <summary>How an argument stands in the usage line.</summary>
    public static string Label(Argument argument)
    {
        var name = argument.Name.ToUpperInvariant();
        if (argument.Arity.MaximumNumberOfValues > 1)
            name += "…";
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static string FirstSentence(Command command)
    {
        var text = command.Description ?? "";
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text : text[..(end + 1)];
    }

    private static string Usage(SimCommand command)
    {
        var usage = new StringBuilder(command.FullName);
        if (command.Subcommands.Count > 0)
            usage.Append(" COMMAND");
        foreach (var argument in command.Arguments)
            usage.Append(' ').Append(Label(argument));
        return usage.Append(" [OPTIONS]").ToString();
    }

    private static (string Term, string Text) Row(Option option)
    {
        var names =
            string.Join(", ", option.Aliases.Append(option.Name).OrderBy(static n => n.StartsWith("--", StringComparison.Ordinal) ? 0 : 1));
        return (option.HelpName is null ? names : $"{names} {option.HelpName}", option.Description ?? "");
    }

    private static void Section(StringBuilder text, string title, IEnumerable<(string Term, string Text)> rows, int width)
    {
        text.Append('\n').Append(title).Append(":\n");
        foreach (var (term, meaning) in rows)
        {
            text.Append("  ").Append(term);
            if (term.Length + 2 >= TermColumn)
                text.Append('\n').Append(' ', TermColumn);
            else
                text.Append(' ', TermColumn - term.Length - 2);
            Paragraph(text, meaning, TermColumn, width);
        }
    }

    /// <summary>Breaks text at word ends; the first line begins where the output stands, the others at <paramref name="indent"/>.</summary>
    private static void Paragraph(StringBuilder text, string words, int indent, int width)
    {
        var column = indent;
        foreach (var word in words.Split(' '))
        {
            if (column > indent && column + 1 + word.Length > width)
            {
                text.Append('\n').Append(' ', indent);
                column = indent;
            }
            else if (column > indent)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }

        text.Append('\n');
    }
}
