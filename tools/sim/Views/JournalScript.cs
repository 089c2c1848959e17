using System.Globalization;
using System.Text;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Views;

/// <summary>
/// The inputs of a journal as a script: each line that was typed is sent once the console has printed what it had printed by then. A script
/// has no times, so the run is like the recorded one, not the same.
/// </summary>
internal static class JournalScript
{
    /// <summary>Bytes of the console's text that a line waits for at most.</summary>
    private const int LongestExpect = 40;

    /// <summary>Replays a journal and writes the script.</summary>
    public static string Of(JournalReader journal, Replayer replayer, CancellationToken cancellationToken)
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"# The inputs of {PrintableText.Of(Path.GetFileName(journal.Name))}.\n");
        var session = replayer.Session;
        var line = new List<byte>();
        var printed = 0;
        session.Input.Entered += (_, input) =>
        {
            if (session.Consoles.Count == 0 || input.Serial != session.Console.Index)
            {
                script.Append(CultureInfo.InvariantCulture, $"# serial {input.Serial}, which a script cannot reach: {Escape(input.Bytes.Span)}\n");
                return;
            }

            foreach (var value in input.Bytes.Span)
            {
                if (line.Count == 0)
                    AppendExpect(script, session.Console, ref printed);
                if (value != '\r')
                {
                    line.Add(value);
                    continue;
                }

                script.Append("send ").Append(Escape([.. line])).Append('\n');
                line.Clear();
            }
        };
        replayer.Run(null, null, cancellationToken);
        if (line.Count > 0)
            script.Append("# typed without an end of line, which a script cannot: ").Append(Escape([.. line])).Append('\n');
        return script.ToString();
    }

    /// <summary>Bytes as C escapes, fit for a line of a script.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var value in bytes)
        {
            _ = value switch
            {
                (byte)'\n' => text.Append("\\n"),
                (byte)'\r' => text.Append("\\r"),
                (byte)'\t' => text.Append("\\t"),
                (byte)'\\' => text.Append("\\\\"),
                >= 32 and < 127 => text.Append((char)value),
                _ => text.Append(CultureInfo.InvariantCulture, $"\\{Convert.ToString(value, 8).PadLeft(3, '0')}"),
            };
        }

        return text.ToString();
    }

    /// <summary>
    /// Waits for the end of what was printed since the last line was sent: as much of it as came then for the first time.
    /// </summary>
    private static void AppendExpect(StringBuilder script, SerialConsole console, ref int printed)
    {
        var text = console.Bytes.Span[printed..];
        printed = console.Length;
        for (var length = Math.Min(4, text.Length); length > 0 && length <= Math.Min(text.Length, LongestExpect); length++)
        {
            if (text.IndexOf(text[^length..]) == text.Length - length || length == Math.Min(text.Length, LongestExpect))
            {
                script.Append("expect ").Append(Escape(text[^length..])).Append('\n');
                return;
            }
        }
    }
}
