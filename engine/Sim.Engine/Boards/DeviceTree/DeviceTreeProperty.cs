using System.Buffers.Binary;
using System.Text;

namespace Sim.Engine.Boards.DeviceTree;

/// <summary>One property of a device tree node: a name and the bytes of its value.</summary>
public sealed class DeviceTreeProperty
{
    /// <summary>Makes a property. Names are printable ASCII without blanks (Devicetree Specification 2.2.4).</summary>
    /// <exception cref="ArgumentException">The name is empty or has other characters.</exception>
    public DeviceTreeProperty(string name, ReadOnlyMemory<byte> value)
    {
        if (!DeviceTreeNode.IsName(name))
            throw new ArgumentException($"'{name}' is no device tree property name: printable ASCII without blanks and '/' is expected.", nameof(name));
        Name = name;
        Value = value;
    }

    /// <summary>The name, such as <c>compatible</c>.</summary>
    public string Name { get; }

    /// <summary>The value's bytes; empty for a property that only has to be present.</summary>
    public ReadOnlyMemory<byte> Value { get; set; }

    /// <summary>The value of a property that is one or more strings: each in Latin-1 with its terminating NUL.</summary>
    public static byte[] Strings(params ReadOnlySpan<string> values)
    {
        var text = new StringBuilder();
        foreach (var value in values)
            text.Append(value).Append('\0');
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    /// <summary>The value of a property that is a list of 32-bit big-endian cells.</summary>
    public static byte[] Cells(params ReadOnlySpan<uint> cells)
    {
        var bytes = new byte[cells.Length * sizeof(uint)];
        for (var i = 0; i < cells.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * sizeof(uint)), cells[i]);
        return bytes;
    }

    /// <summary>The first string of the value, without its NUL; the whole value when it has none.</summary>
    public string FirstString()
    {
        var end = Value.Span.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? Value.Span : Value.Span[..end]);
    }

    /// <summary>The 32-bit cell at <paramref name="index"/> of the value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value has fewer cells.</exception>
    public uint Cell(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Value.Length / sizeof(uint));
        return BinaryPrimitives.ReadUInt32BigEndian(Value.Span[(index * sizeof(uint))..]);
    }
}
