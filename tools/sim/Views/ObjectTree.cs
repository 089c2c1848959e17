using System.Text;
using System.Text.Json;
using Sim.Engine.Qom;

namespace Sim.Cli.Views;

/// <summary>The composition tree, as QEMU's <c>info qom-tree</c> prints it, optionally with properties.</summary>
internal static class ObjectTree
{
    /// <summary>The tree below and including an object.</summary>
    public static string Text(QomObject top, bool withProperties)
    {
        var text = new StringBuilder();
        Print(text, top, 0, withProperties);
        return text.ToString();
    }

    /// <summary>The same as JSON.</summary>
    public static void WriteJson(Utf8JsonWriter writer, QomObject at, bool withProperties)
    {
        writer.WriteStartObject();
        writer.WriteString("path", at.CanonicalPath);
        writer.WriteString("type", at.Class.Type.Name);
        if (withProperties)
        {
            writer.WriteStartArray("properties");
            foreach (var property in Values(at))
            {
                writer.WriteStartObject();
                writer.WriteString("name", property.Name);
                writer.WriteString("type", property.Type);
                JsonText.WriteValue(writer, "value", property.Get(at), property.Print(at));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteStartArray("children");
        foreach (var child in Children(at))
            WriteJson(writer, child, withProperties);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Print(StringBuilder text, QomObject at, int depth, bool withProperties)
    {
        text.Append(' ', 2 * depth).Append('/').Append(at.NameInParent).Append(" (").Append(at.Class.Type.Name).Append(")\n");
        if (withProperties)
        {
            foreach (var property in Values(at))
                text.Append(' ', 2 * depth + 4).Append(property.Name).Append(" = ").Append(property.Print(at)).Append(" (")
                    .Append(property.Type).Append(")\n");
        }

        foreach (var child in Children(at))
            Print(text, child, depth + 1, withProperties);
    }

    private static IEnumerable<QomObject> Children(QomObject at) => at.Children.OrderBy(static c => c.NameInParent, StringComparer.Ordinal);

    /// <summary>The properties that are values; children stand below.</summary>
    private static IEnumerable<Property> Values(QomObject at) =>
        at.Properties.Where(static p => !p.Type.StartsWith("child<", StringComparison.Ordinal))
            .OrderBy(static p => p.Name, StringComparer.Ordinal);
}
