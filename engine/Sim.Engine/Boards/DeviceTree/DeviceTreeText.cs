using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Sim.Engine.Boards.DeviceTree;

/// <summary>Prints a device tree as source text, in the form of <c>dtc -I dtb -O dts</c>, so that the two can be compared.</summary>
public static class DeviceTreeText
{
    private const string ControlCharacters = "\a\b\t\n\v\f\r";
    private const string ControlLetters = "abtnvfr";

    /// <summary>The tree as text; lines end with a line feed.</summary>
    public static string Print(DeviceTreeDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var text = new StringBuilder("/dts-v1/;\n\n");
        foreach (var reservation in document.Reservations)
            text.Append($"/memreserve/\t0x{reservation.Address:x16} 0x{reservation.Size:x16};\n");
        PrintNode(text, document.Root, level: 0);
        return text.ToString();
    }

    private static void PrintNode(StringBuilder text, DeviceTreeNode node, int level)
    {
        text.Append('\t', level).Append(node.Name.Length == 0 ? "/" : node.Name).Append(" {\n");
        foreach (var property in node.Properties)
        {
            text.Append('\t', level + 1).Append(property.Name);
            PrintValue(text, property.Value.Span);
            text.Append(";\n");
        }
        foreach (var child in node.Children)
        {
            text.Append('\n');
            PrintNode(text, child, level + 1);
        }
        text.Append('\t', level).Append("};\n");
    }

    /// <summary>The blob does not say what a value is, so dtc guesses: terminated text, else whole cells, else bytes.</summary>
    private static void PrintValue(StringBuilder text, ReadOnlySpan<byte> value)
    {
        if (value.Length == 0)
            return;
        text.Append(" = ");
        if (IsText(value))
            PrintText(text, value[..^1]);
        else if (value.Length % sizeof(uint) == 0)
            PrintCells(text, value);
        else
            text.Append('[').AppendJoin(' ', value.ToArray().Select(static b => b.ToString("x2", CultureInfo.InvariantCulture))).Append(']');
    }

    private static bool IsText(ReadOnlySpan<byte> value)
    {
        var terminators = 0;
        foreach (var b in value)
        {
            if (b == 0)
                terminators++;
            else if (b is not (>= (byte)' ' and <= (byte)'~') && !ControlCharacters.Contains((char)b))
                return false;
        }
        return value[^1] == 0 && terminators <= value.Length - terminators;
    }

    private static void PrintCells(StringBuilder text, ReadOnlySpan<byte> value)
    {
        for (var i = 0; i < value.Length; i += sizeof(uint))
            text.Append(i == 0 ? "<" : " ").Append($"0x{BinaryPrimitives.ReadUInt32BigEndian(value[i..]):x2}");
        text.Append('>');
    }

    private static void PrintText(StringBuilder text, ReadOnlySpan<byte> value)
    {
        text.Append('"');
        foreach (var b in value)
        {
            var control = ControlCharacters.IndexOf((char)b);
            if (b == 0)
                text.Append("\\0");
            else if (control >= 0)
                text.Append('\\').Append(ControlLetters[control]);
            else if (b is (byte)'\\' or (byte)'"')
                text.Append('\\').Append((char)b);
            else
                text.Append((char)b);
        }
        text.Append('"');
    }
}
