using System.Globalization;
using System.Text;
using Sim.Engine.Base;

namespace Sim.Engine.Session;

/// <summary>What a line of a script does.</summary>
public enum ScriptAction
{
    /// <summary>Waits until the console has printed the text, and consumes output through it.</summary>
    Expect,

    /// <summary>Types the text and a carriage return.</summary>
    Send,

    /// <summary>Saves a snapshot after the instruction under way, in the file that the text names.</summary>
    Save,

    /// <summary>Ends the run.</summary>
    Quit,
}

/// <summary>Where a script stands: what a snapshot keeps of it.</summary>
/// <param name="Name">Name of the file, for messages.</param>
/// <param name="Steps">The lines that are still to be done.</param>
/// <param name="Matched">Bytes of the first one's text that the console has just printed, if it waits for them.</param>
public sealed record ScriptProgress(string Name, IReadOnlyList<ScriptStep> Steps, int Matched);

/// <summary>A line of a script.</summary>
/// <param name="Line">Its number in the file, from 1.</param>
/// <param name="Action">What it does.</param>
/// <param name="Text">The text, escapes resolved.</param>
public sealed record ScriptStep(int Line, ScriptAction Action, string Text);

/// <summary>
/// Talks to the first console: lines <c>expect TEXT</c>, <c>send TEXT</c>, <c>save FILE</c>, <c>quit</c>, with C escapes in TEXT; empty
/// lines and those that begin with # are skipped. Lines take no virtual time.
/// </summary>
public sealed class Script
{
    private readonly IReadOnlyList<ScriptStep> steps;
    private Session? session;
    private OutputMatcher? matcher;
    private int next;

    private Script(string name, IReadOnlyList<ScriptStep> steps)
    {
        Name = name;
        this.steps = steps;
    }

    /// <summary>Name of the file, for messages.</summary>
    public string Name { get; }

    /// <summary>The lines, comments left out.</summary>
    public IReadOnlyList<ScriptStep> Steps => steps;

    /// <summary>The line that is waited for; null when all are done.</summary>
    public ScriptStep? Waiting => next < steps.Count ? steps[next] : null;

    /// <summary>Where the script stands; null when all is done.</summary>
    public ScriptProgress? Progress => next < steps.Count
        ? new ScriptProgress(Name, [.. steps.Skip(next)], matcher?.Matched ?? 0)
        : null;

    /// <summary>A script that goes on where another one stood.</summary>
    /// <exception cref="SimException">The progress is none that a script can have made.</exception>
    public static Script Resume(ScriptProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var script = new Script(progress.Name, progress.Steps);
        var waits = progress.Steps is [{ Action: ScriptAction.Expect } first, ..] ? Encode(first.Text) : [];
        if (progress.Matched < 0 || progress.Matched >= Math.Max(waits.Length, 1))
            throw new SimException($"Script '{progress.Name}' cannot go on: it has seen more of a text than that has.", SimErrorKind.Guest);
        if (waits.Length > 0)
            script.matcher = new OutputMatcher(waits, progress.Matched);
        return script;
    }

    /// <summary>Reads a script.</summary>
    /// <exception cref="SimException">A line is none of the known ones, or an escape is wrong; names file and line.</exception>
    public static Script Parse(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var steps = new List<ScriptStep>();
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.TrimEnd('\r');
            if (line.Trim().Length == 0 || line.TrimStart().StartsWith('#'))
                continue;
            steps.Add(ParseLine(name, number, line));
        }

        return new Script(name, steps);
    }

    /// <summary>The bytes of a text with C escapes (\n \r \t \\ \" \a \b \e \f \v \0 \xNN \NNN).</summary>
    /// <exception cref="SimException">An escape is unknown.</exception>
    public static byte[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                var length = char.IsSurrogatePair(text, i) ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, length)));
                i += length - 1;
                continue;
            }

            i = Escape(text, i + 1, bytes);
        }

        return [.. bytes];
    }

    internal void Attach(Session owner)
    {
        session = owner;
        owner.Console.Written += OnOutput;
    }

    internal void Detach() => session!.Console.Written -= OnOutput;

    /// <summary>The snapshot that a line asked for is saved; the lines after it follow.</summary>
    internal void AdvancePastSave(Action save)
    {
        next++;
        save();
        Advance();
    }

    /// <summary>Does every line up to the next one that must wait for output.</summary>
    internal void Advance()
    {
        while (matcher is null && next < steps.Count)
        {
            var step = steps[next];
            switch (step.Action)
            {
                case ScriptAction.Expect:
                    matcher = new OutputMatcher(Encode(step.Text));
                    return;
                case ScriptAction.Send:
                    byte[] typed = [.. Encode(step.Text), (byte)'\r'];
                    session!.Input.Enqueue(new InputEvent(session.Console.Index, typed));
                    next++;
                    break;
                case ScriptAction.Save:
                    session!.RequestSave(step.Text);
                    return;
                default:
                    next++;
                    session!.RequestEnd(EndReason.Quit);
                    return;
            }
        }
    }

    private static ScriptStep ParseLine(string name, int number, string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var word = space < 0 ? line.Trim() : line[..space];
        var text = space < 0 ? "" : line[(space + 1)..];
        ScriptAction? action = word switch { "expect" => ScriptAction.Expect, "send" => ScriptAction.Send, "save" => ScriptAction.Save, "quit" => ScriptAction.Quit, _ => null };
        if (action is null)
            throw new SimException(string.Create(CultureInfo.InvariantCulture, $"{name}:{number}: '{word}' is no script command; expected expect, send, save or quit."), SimErrorKind.Guest);
        if (action == ScriptAction.Expect && text.Length == 0)
            throw new SimException(string.Create(CultureInfo.InvariantCulture, $"{name}:{number}: expect needs a text."), SimErrorKind.Guest);
        if (action == ScriptAction.Save && text.Trim().Length == 0)
            throw new SimException(string.Create(CultureInfo.InvariantCulture, $"{name}:{number}: save needs a file name."), SimErrorKind.Guest);
        if (action == ScriptAction.Quit && text.Trim().Length > 0)
            throw new SimException(string.Create(CultureInfo.InvariantCulture, $"{name}:{number}: quit takes no text."), SimErrorKind.Guest);
        try
        {
            _ = Encode(text);
        }
        catch (SimException error)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture, $"{name}:{number}: {error.Message}"), SimErrorKind.Guest, error);
        }

        return new ScriptStep(number, action.Value, text);
    }

    private static int Escape(string text, int at, List<byte> bytes)
    {
        const string Letters = "nrt\\\"'abefv";
        const string Values = "\n\r\t\\\"'\a\b\x1b\f\v";
        if (at < text.Length && Letters.IndexOf(text[at], StringComparison.Ordinal) is >= 0 and var index)
        {
            bytes.Add((byte)Values[index]);
            return at;
        }

        if (at < text.Length && text[at] == 'x')
        {
            var end = at + 1;
            while (end < text.Length && end < at + 3 && char.IsAsciiHexDigit(text[end]))
                end++;
            if (end > at + 1)
            {
                bytes.Add(byte.Parse(text.AsSpan(at + 1, end - at - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                return end - 1;
            }
        }

        var digits = at;
        var value = 0;
        while (digits < text.Length && digits < at + 3 && text[digits] is >= '0' and <= '7')
            value = value * 8 + (text[digits++] - '0');
        if (digits == at || value > 255)
            throw new SimException($"'\\{(at < text.Length ? text[at] : "")}' is no escape that C knows.");
        bytes.Add((byte)value);
        return digits - 1;
    }

    private void OnOutput(byte value)
    {
        if (matcher?.Feed(value) != true)
            return;
        matcher = null;
        next++;
        Advance();
    }
}
