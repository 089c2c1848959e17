using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sim.Cli.Views;

/// <summary>Writes what a command lists as JSON.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions Form = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text that <paramref name="write"/> writes, with a line feed at its end.</summary>
    public static string Of(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Form))
            write(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    /// <summary>Writes a property's value: numbers and booleans as such, objects by path.</summary>
    public static void WriteValue(Utf8JsonWriter writer, string name, object? value, string text)
    {
        switch (value)
        {
            case null:
                writer.WriteNull(name);
                break;
            case bool flag:
                writer.WriteBoolean(name, flag);
                break;
            case ulong number:
                writer.WriteNumber(name, number);
                break;
            case long number:
                writer.WriteNumber(name, number);
                break;
            default:
                writer.WriteString(name, text);
                break;
        }
    }
}
