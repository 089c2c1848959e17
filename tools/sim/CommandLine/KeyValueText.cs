using Sim.Engine.Base;

namespace Sim.Cli.CommandLine;

/// <summary>Texts of the form <c>TYPE,prop=val,prop=val</c>, as QEMU reads them: a doubled comma stands for one within a value.</summary>
internal static class KeyValueText
{
    /// <summary>Takes such a text apart. The leading name may be spelt <c>key=NAME</c> too.</summary>
    /// <exception cref="SimException">No leading name, or a part without <c>=</c>.</exception>
    public static (string Name, IReadOnlyList<KeyValuePair<string, string>> Properties) Parse(string option, string text, string leadingKey)
    {
        var parts = Split(text);
        var name = parts[0].StartsWith(leadingKey + "=", StringComparison.Ordinal) ? parts[0][(leadingKey.Length + 1)..] : parts[0];
        if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal))
            throw new SimException($"{option} {text}: expected {leadingKey.ToUpperInvariant()},prop=val,… with a {leadingKey} first.");
        var properties = new List<KeyValuePair<string, string>>();
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new SimException($"{option} {text}: '{part}' is not of the form prop=val.");
            properties.Add(new(part[..equals], part[(equals + 1)..]));
        }

        return (name, properties);
    }

    private static List<string> Split(string text)
    {
        var parts = new List<string>();
        var part = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != ',')
                part.Append(text[i]);
            else if (i + 1 < text.Length && text[i + 1] == ',')
                part.Append(text[i++]);
            else
            {
                parts.Add(part.ToString());
                part.Clear();
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
