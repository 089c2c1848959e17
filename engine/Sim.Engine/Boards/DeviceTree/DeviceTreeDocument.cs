namespace Sim.Engine.Boards.DeviceTree;

/// <summary>A range of guest physical memory that the guest must leave alone (the blob's memory reservation block).</summary>
/// <param name="Address">First byte, guest physical.</param>
/// <param name="Size">Length in bytes.</param>
public readonly record struct DeviceTreeReservation(ulong Address, ulong Size);

/// <summary>A device tree and all else that its flattened form carries (Devicetree Specification chapter 5).</summary>
public sealed class DeviceTreeDocument
{
    /// <summary>The root node, <c>/</c>.</summary>
    public DeviceTreeNode Root { get; } = new("");

    /// <summary>The memory reservations, in blob order.</summary>
    public IList<DeviceTreeReservation> Reservations { get; } = [];

    /// <summary>Physical id of the CPU that boots (the header's <c>boot_cpuid_phys</c>).</summary>
    public uint BootCpu { get; set; }

    /// <summary>Property names in the order in which they enter the strings block. Names that are missing here follow in the order of
    /// the tree, so a document that was not made by editing leaves this empty.</summary>
    public IList<string> StringOrder { get; } = [];

    /// <summary>The node at an absolute path such as <c>/soc@fe0000000/serial@4500</c>, or null.</summary>
    public DeviceTreeNode? Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith('/'))
            return null;
        var node = Root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.FindChild(name) is not { } child)
                return null;
            node = child;
        }
        return node;
    }
}
