namespace Sim.Engine.Boards.DeviceTree;

/// <summary>
/// Builds a tree with the ordering of libfdt's read-write functions: a new property is put before the node's other properties, a new
/// node before its siblings, and a property name enters the strings block when it is first used. A tree built by the same calls
/// in the same order as QEMU's is therefore the same blob, byte for byte.
/// </summary>
public sealed class DeviceTreeEditor
{
    private readonly HashSet<string> names;

    /// <summary>Edits <paramref name="document"/> in place.</summary>
    public DeviceTreeEditor(DeviceTreeDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        Document = document;
        names = [.. document.StringOrder];
    }

    /// <summary>The document under construction.</summary>
    public DeviceTreeDocument Document { get; }

    /// <summary>Adds a node (<c>fdt_add_subnode</c>).</summary>
    /// <exception cref="ArgumentException">The parent does not exist or the node does.</exception>
    public void AddNode(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var slash = path.LastIndexOf('/');
        if (slash < 0)
            throw new ArgumentException($"'{path}' is no absolute device tree path.", nameof(path));
        var parent = Node(slash == 0 ? "/" : path[..slash]);
        var name = path[(slash + 1)..];
        if (name.Length == 0 || parent.FindChild(name) is not null)
            throw new ArgumentException($"The device tree already has a node '{path}'.", nameof(path));
        parent.Children.Insert(0, new DeviceTreeNode(name));
    }

    /// <summary>Sets a property's bytes (<c>fdt_setprop</c>): in place when it exists, else before the others.</summary>
    /// <exception cref="ArgumentException">The node does not exist.</exception>
    public void SetBytes(string path, string name, ReadOnlyMemory<byte> value)
    {
        var node = Node(path);
        if (node.FindProperty(name) is { } property)
        {
            property.Value = value;
            return;
        }
        node.Properties.Insert(0, new DeviceTreeProperty(name, value));
        if (names.Add(name))
            Document.StringOrder.Add(name);
    }

    /// <summary>Sets a property that only has to be present.</summary>
    public void SetEmpty(string path, string name) => SetBytes(path, name, default);

    /// <summary>Sets a property of 32-bit cells.</summary>
    public void SetCells(string path, string name, params ReadOnlySpan<uint> cells) => SetBytes(path, name, DeviceTreeProperty.Cells(cells));

    /// <summary>Sets a property of one or more strings.</summary>
    public void SetStrings(string path, string name, params ReadOnlySpan<string> values) =>
        SetBytes(path, name, DeviceTreeProperty.Strings(values));

    private DeviceTreeNode Node(string path) =>
        Document.Find(path) ?? throw new ArgumentException($"The device tree has no node '{path}'.", nameof(path));
}
