using System.Buffers.Binary;
using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Boards.Images;

namespace Sim.Engine.Boards.DeviceTree;

/// <summary>
/// Reads a flattened device tree, versions 16 and 17, and refuses what the Devicetree Specification (chapter 5) does not allow: blocks outside the
/// blob, torn tokens, names that do not end, duplicates, properties behind child nodes, trees deeper than 64 nodes.
/// </summary>
public ref struct DeviceTreeReader
{
    private readonly ReadOnlySpan<byte> blob;
    private readonly string file;
    private readonly DeviceTreeDocument document = new();
    private ReadOnlySpan<byte> structure;
    private ReadOnlySpan<byte> strings;
    private int position;

    private DeviceTreeReader(ReadOnlySpan<byte> blob, string file)
    {
        this.blob = blob;
        this.file = file;
    }

    /// <summary>Reads a blob. Bytes behind its total size are ignored, as a file may be padded.</summary>
    /// <param name="blob">The bytes.</param>
    /// <param name="file">Name for error messages.</param>
    /// <exception cref="SimException">The blob is not a well-formed device tree.</exception>
    public static DeviceTreeDocument Read(ReadOnlySpan<byte> blob, string file)
    {
        var reader = new DeviceTreeReader(blob, file);
        reader.ReadHeader();
        reader.ReadNode(reader.document.Root, depth: 1);
        reader.SkipNops();
        if (reader.Word("the end token") != DeviceTreeFormat.End)
            throw reader.Error("the device tree structure goes on behind the root node, where the end token 9 was expected");
        if (reader.position != reader.structure.Length && reader.HeaderWord(5) >= DeviceTreeFormat.Version)
            throw reader.Error($"the device tree structure block has {reader.structure.Length} bytes by the header but ends after {reader.position}");
        return reader.document;
    }

    private readonly SimException Error(string what) => ImageError.In(file, what);

    private readonly uint HeaderWord(int index) => BinaryPrimitives.ReadUInt32BigEndian(blob[(index * sizeof(uint))..]);

    private void ReadHeader()
    {
        if (blob.Length < DeviceTreeFormat.HeaderSize)
            throw Error($"a device tree blob has at least {DeviceTreeFormat.HeaderSize} bytes, this has {blob.Length}");
        if (HeaderWord(0) != DeviceTreeFormat.Magic)
            throw Error($"no device tree blob: its magic number is 0x{HeaderWord(0):x8}, 0xd00dfeed was expected");
        var (version, compatible) = (HeaderWord(5), HeaderWord(6));
        if (version < DeviceTreeFormat.LastCompatibleVersion || compatible > DeviceTreeFormat.Version)
            throw Error($"device tree blob version {version} (compatible with {compatible}); versions 16 and 17 can be read");
        var total = HeaderWord(1);
        if (total < DeviceTreeFormat.HeaderSize || total > blob.Length)
            throw Error($"the device tree header says {total} bytes, the file has {blob.Length}");

        var structureOffset = HeaderWord(2);
        if (structureOffset % sizeof(uint) != 0)
            throw Error($"the device tree structure block is at 0x{structureOffset:x}, a multiple of 4 was expected");
        // Version 16 does not say how long the structure block is: it ends with its end token.
        var structureSize = version >= DeviceTreeFormat.Version ? HeaderWord(9) : total - Math.Min(structureOffset, total);
        structure = Block("structure", structureOffset, structureSize);
        strings = Block("strings", HeaderWord(3), HeaderWord(8));
        document.BootCpu = HeaderWord(7);
        ReadReservations(HeaderWord(4));
    }

    private readonly ReadOnlySpan<byte> Block(string name, uint offset, uint size)
    {
        var total = HeaderWord(1);
        if (offset < DeviceTreeFormat.HeaderSize - sizeof(uint) || (ulong)offset + size > total)
            throw Error($"the device tree {name} block is at 0x{offset:x} with 0x{size:x} bytes, outside the blob's 0x{total:x}");
        return blob.Slice((int)offset, (int)size);
    }

    private readonly void ReadReservations(uint offset)
    {
        if (offset % sizeof(ulong) != 0)
            throw Error($"the device tree reservation block is at 0x{offset:x}, a multiple of 8 was expected");
        for (; ; offset += DeviceTreeFormat.ReservationSize)
        {
            var entry = Block("reservation", offset, DeviceTreeFormat.ReservationSize);
            var reservation = new DeviceTreeReservation(
                BinaryPrimitives.ReadUInt64BigEndian(entry), BinaryPrimitives.ReadUInt64BigEndian(entry[sizeof(ulong)..]));
            if (reservation == default)
                return;
            document.Reservations.Add(reservation);
        }
    }

    /// <summary>Reads the node whose begin token comes next; the node object is there already because its name was needed to make it.</summary>
    private void ReadNode(DeviceTreeNode root, int depth)
    {
        SkipNops();
        if (Word("the root node") != DeviceTreeFormat.BeginNode)
            throw Error("the device tree structure does not start with a node");
        if (NodeName() is { Length: > 0 } name)
            throw Error($"the device tree's root node is named '{name}', no name was expected");
        ReadContents(root, "/", depth);
    }

    private void ReadContents(DeviceTreeNode node, string path, int depth)
    {
        if (depth > DeviceTreeFormat.MaximumDepth)
            throw Error($"the device tree is deeper than {DeviceTreeFormat.MaximumDepth} nodes");
        var propertyNames = new HashSet<string>();
        var childNames = new HashSet<string>();
        while (true)
        {
            var token = Word($"the end of node {path}");
            switch (token)
            {
                case DeviceTreeFormat.Nop:
                    break;
                case DeviceTreeFormat.EndNode:
                    return;
                case DeviceTreeFormat.Property when node.Children.Count > 0:
                    throw Error($"device tree node {path} has a property behind a child node");
                case DeviceTreeFormat.Property:
                    var property = ReadProperty(path);
                    if (!propertyNames.Add(property.Name))
                        throw Error($"device tree node {path} has property '{property.Name}' twice");
                    node.Properties.Add(property);
                    break;
                case DeviceTreeFormat.BeginNode:
                    var name = NodeName();
                    if (!DeviceTreeNode.IsName(name) || !childNames.Add(name))
                        throw Error($"device tree node {path} has a child node named '{Printable(name)}', a new name of printable ASCII was expected");
                    var child = new DeviceTreeNode(name);
                    node.Children.Add(child);
                    ReadContents(child, path == "/" ? "/" + name : path + "/" + name, depth + 1);
                    break;
                default:
                    throw Error($"device tree node {path} has token 0x{token:x}, one of 1, 2, 3 and 4 was expected");
            }
        }
    }

    private DeviceTreeProperty ReadProperty(string path)
    {
        var length = Word($"a property of node {path}");
        var nameOffset = Word($"a property of node {path}");
        if (nameOffset >= strings.Length)
            throw Error($"a property of device tree node {path} has its name at 0x{nameOffset:x}, outside the strings block's 0x{strings.Length:x} bytes");
        var name = strings[(int)nameOffset..];
        var end = name.IndexOf((byte)0);
        if (end < 0)
            throw Error($"a property name of device tree node {path} does not end within the strings block");
        var text = Encoding.Latin1.GetString(name[..end]);
        if (!DeviceTreeNode.IsName(text))
            throw Error($"device tree node {path} has a property named '{Printable(text)}', printable ASCII was expected");
        if (length > structure.Length - position)
            throw Error($"property '{text}' of device tree node {path} has {length} bytes, more than the structure block");
        var value = structure.Slice(position, (int)length).ToArray();
        Advance(value.Length);
        return new DeviceTreeProperty(text, value);
    }

    private string NodeName()
    {
        var end = structure[position..].IndexOf((byte)0);
        if (end < 0)
            throw Error("a device tree node's name does not end within the structure block");
        var name = Encoding.Latin1.GetString(structure.Slice(position, end));
        Advance(end + 1);
        return name;
    }

    private uint Word(string what)
    {
        if (structure.Length - position < sizeof(uint))
            throw Error($"the device tree structure block ends before {what}");
        var word = BinaryPrimitives.ReadUInt32BigEndian(structure[position..]);
        position += sizeof(uint);
        return word;
    }

    /// <summary>Skips bytes and their padding; a block that ends within the padding fails at the next token.</summary>
    private void Advance(int length) => position = Math.Min(DeviceTreeFormat.Align(position + length, sizeof(uint)), structure.Length);

    private void SkipNops()
    {
        while (structure.Length - position >= sizeof(uint)
            && BinaryPrimitives.ReadUInt32BigEndian(structure[position..]) == DeviceTreeFormat.Nop)
            position += sizeof(uint);
    }

    private static string Printable(string text) => string.Concat(text.Select(static c => c is >= ' ' and <= '~' ? c.ToString() : $"\\x{(int)c:x2}"));
}
