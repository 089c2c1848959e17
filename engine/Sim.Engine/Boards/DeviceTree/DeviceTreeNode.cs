namespace Sim.Engine.Boards.DeviceTree;

/// <summary>A node of a device tree: properties and child nodes, both in the order in which the blob holds them.</summary>
public sealed class DeviceTreeNode
{
    /// <summary>Makes a node without properties and children.</summary>
    /// <param name="name">Node name with its unit address, such as <c>serial@4500</c>; empty for the root.</param>
    /// <exception cref="ArgumentException">The name has blanks, '/' or characters that are not printable ASCII.</exception>
    public DeviceTreeNode(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length > 0 && !IsName(name))
            throw new ArgumentException($"'{name}' is no device tree node name: printable ASCII without blanks and '/' is expected.", nameof(name));
        Name = name;
    }

    /// <summary>Node name with its unit address; empty for the root.</summary>
    public string Name { get; }

    /// <summary>The properties, in blob order.</summary>
    public IList<DeviceTreeProperty> Properties { get; } = [];

    /// <summary>The child nodes, in blob order.</summary>
    public IList<DeviceTreeNode> Children { get; } = [];

    /// <summary>The property with this name, or null.</summary>
    public DeviceTreeProperty? FindProperty(string name) => Properties.FirstOrDefault(property => property.Name == name);

    /// <summary>The child node with exactly this name, or null.</summary>
    public DeviceTreeNode? FindChild(string name) => Children.FirstOrDefault(child => child.Name == name);

    internal static bool IsName(string name) => name.Length > 0 && name.All(static c => c is > ' ' and <= '~' and not '/');
}
