using System.Buffers;
using MessagePack;
using Sim.Engine.Base;

namespace Sim.PropertyKit.Snapshots;

/// <summary>A MessagePack value as a tree that can be changed: lists, bytes, texts, numbers, truth values and null.</summary>
internal static class MessagePackTree
{
    /// <summary>Reads a value; null when the bytes are none.</summary>
    public static object? Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        return Read(ref reader);
    }

    /// <summary>Writes a value.</summary>
    public static byte[] Write(object? value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(buffer);
        Write(ref writer, value);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Gives one value somewhere in the tree another content, and says which.</summary>
    /// <param name="root">The tree.</param>
    /// <param name="random">Chooses.</param>
    /// <param name="what">What was changed.</param>
    public static object? Change(object? root, ref Prng random, out string what)
    {
        // Down from the root, mostly on, so that deep values are as likely as others.
        if (root is List<object?> { Count: > 0 } list && random.Below(10) > 0)
        {
            var index = (int)random.Below(list.Count);
            list[index] = Change(list[index], ref random, out var below);
            what = FormattableString.Invariant($"[{index}]{below}");
            return list;
        }

        var changed = Other(root, ref random);
        what = $" {Show(root)} -> {Show(changed)}";
        return changed;
    }

    private static object? Other(object? value, ref Prng random)
    {
        if (random.Below(4) == 0)
            return Strange(ref random);
        switch (value)
        {
            case List<object?> list:
                return Resized(list, ref random);
            case byte[] bytes:
                return random.Below(3) switch
                {
                    0 when bytes.Length > 0 => bytes[..(int)random.Below(bytes.Length)],
                    1 => (byte[])[.. bytes, .. new byte[1 + random.Below(40)]],
                    _ => Flipped(bytes, ref random),
                };
            case string text:
                return random.Below(2) == 0 ? text + "x" : text[..(int)random.Below(text.Length + 1)];
            case bool flag:
                return !flag;
            case long number:
                return random.Below(3) switch { 0 => number + 1 - (2 * random.Below(2)), 1 => number ^ (1L << (int)random.Below(63)), _ => Extreme(ref random) };
            case ulong:
                return ulong.MaxValue >> (int)random.Below(64);
            default:
                return Strange(ref random);
        }
    }

    /// <summary>A value of any kind.</summary>
    private static object? Strange(ref Prng random) => random.Below(8) switch
    {
        0 => null,
        1 => Extreme(ref random),
        2 => "\e[2Jstrange\n",
        3 => new byte[] { 1, 2, 3 },
        4 => new List<object?>(),
        5 => new List<object?> { null, 0L, "x" },
        6 => true,
        _ => ulong.MaxValue,
    };

    private static long Extreme(ref Prng random)
    {
        long[] numbers = [0, 1, -1, 255, 256, 4096, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, long.MaxValue / 2];
        return numbers[random.Below(numbers.Length)];
    }

    private static List<object?> Resized(List<object?> list, ref Prng random)
    {
        var at = list.Count == 0 ? 0 : (int)random.Below(list.Count);
        switch (random.Below(4))
        {
            case 0 when list.Count > 0:
                list.RemoveAt(at);
                break;
            case 1 when list.Count > 0:
                list.Insert(at, list[at]);
                break;
            case 2 when list.Count > 1:
                (list[at], list[0]) = (list[0], list[at]);
                break;
            default:
                list.AddRange(Enumerable.Repeat((object?)0L, 1 + (int)random.Below(1000)));
                break;
        }

        return list;
    }

    private static byte[] Flipped(byte[] bytes, ref Prng random)
    {
        var copy = (byte[])bytes.Clone();
        if (copy.Length > 0)
            copy[random.Below(copy.Length)] ^= (byte)(1 << (int)random.Below(8));
        return copy;
    }

    private static string Show(object? value) => value switch
    {
        null => "null",
        List<object?> list => FormattableString.Invariant($"array of {list.Count}"),
        byte[] bytes => FormattableString.Invariant($"{bytes.Length} bytes"),
        string text => $"'{text}'",
        _ => FormattableString.Invariant($"{value}"),
    };

    private static object? Read(ref MessagePackReader reader)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Nil:
                reader.ReadNil();
                return null;
            case MessagePackType.Boolean:
                return reader.ReadBoolean();
            case MessagePackType.String:
                return reader.ReadString();
            case MessagePackType.Binary:
                return reader.ReadBytes()!.Value.ToArray();
            case MessagePackType.Integer:
                // One branch for each type, so that each is boxed as itself.
                if (reader.NextCode != MessagePackCode.UInt64)
                    return reader.ReadInt64();
                var large = reader.ReadUInt64();
                return large > long.MaxValue ? large : (object)(long)large;
            case MessagePackType.Array:
                var list = new List<object?>();
                for (var count = reader.ReadArrayHeader(); count > 0; count--)
                    list.Add(Read(ref reader));
                return list;
            default:
                throw new MessagePackSerializationException($"A {reader.NextMessagePackType} is in no snapshot.");
        }
    }

    private static void Write(ref MessagePackWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNil();
                break;
            case bool flag:
                writer.Write(flag);
                break;
            case string text:
                writer.Write(text);
                break;
            case byte[] bytes:
                writer.Write(bytes);
                break;
            case long number:
                writer.Write(number);
                break;
            case ulong number:
                writer.Write(number);
                break;
            case List<object?> list:
                writer.WriteArrayHeader(list.Count);
                foreach (var element in list)
                    Write(ref writer, element);
                break;
        }
    }
}
