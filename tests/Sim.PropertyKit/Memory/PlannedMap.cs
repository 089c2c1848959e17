using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.PropertyKit.Qdev;

namespace Sim.PropertyKit.Memory;

/// <summary>
/// A planned map made for real, beside a model of it that answers for one address at a time: is the region there, and which of those inside it comes first?
/// </summary>
public sealed class PlannedMap : IDisposable
{
    private readonly TestMachine machine = TestMachine.Create();
    private readonly List<Node> nodes = [];
    private readonly List<RamBlock> blocks = [];
    private readonly Node root;
    private int placed;

    /// <summary>Makes the map.</summary>
    public PlannedMap(MapPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        root = new Node(machine.SystemMemory, MemoryRegion.WholeSpace);
        foreach (var region in plan.Regions)
            Make(region);
        for (var i = 0; i < nodes.Count; i++)
        {
            var parent = plan.Regions[i].Parent;
            Place(nodes[i], parent == -2 ? null : parent == -1 ? root : nodes[parent % nodes.Count]);
        }
    }

    /// <summary>The real map.</summary>
    public AddressSpace Space => machine.Memory;

    /// <summary>Placements that were refused, as they would have made a map contain itself.</summary>
    public int Refused { get; private set; }

    /// <summary>What the model finds at an address: region and offset in it; null where nothing is.</summary>
    public (MemoryRegion Region, ulong Offset)? Find(ulong address) => root.Find(address) is { } found ? (found.Node.Region, (ulong)found.Offset) : null;

    /// <summary>Addresses where something may begin or end: around every edge that can show, and some between.</summary>
    public IEnumerable<ulong> InterestingAddresses()
    {
        var edges = new SortedSet<ulong> { 0, ulong.MaxValue };
        foreach (var range in Space.View.Ranges)
            edges.UnionWith([range.Start, range.Last, unchecked(range.Start - 1), unchecked(range.Last + 1), range.Start + (range.Last - range.Start) / 2]);
        foreach (var node in nodes)
        {
            var size = (ulong)UInt128.Min(node.Size, ulong.MaxValue);
            edges.UnionWith([node.Address, unchecked(node.Address + size), unchecked(node.Address + size - 1), node.Offset, unchecked(node.Address - node.Offset)]);
        }

        for (var address = 0UL; address < 0x140; address += 3)
            edges.Add(address);
        return edges;
    }

    /// <summary>True when the region that a change is about is in the map itself; otherwise aliases alone can show it.</summary>
    public bool IsPlaced(RegionChange change)
    {
        var at = nodes[change.Region % nodes.Count];
        while (at.Parent is { } parent)
            at = parent;
        return ReferenceEquals(at, root);
    }

    /// <summary>Applies a change to both; false when the region is none that it can be made of.</summary>
    public bool Apply(RegionChange change)
    {
        var node = nodes[change.Region % nodes.Count];
        switch (change.Kind)
        {
            case RegionChangeKind.Toggle:
                node.Enabled = !node.Enabled;
                node.Region.SetEnabled(node.Enabled);
                return true;
            case RegionChangeKind.Move:
                node.Address = change.Value;
                node.Region.SetAddress(change.Value);
                return true;
            case RegionChangeKind.Resize:
                node.Size = change.Value;
                node.Region.SetSize(change.Value);
                return true;
            case RegionChangeKind.Redirect when node.Target is not null:
                node.Offset = change.Value;
                node.Region.SetAliasOffset(change.Value);
                return true;
            case RegionChangeKind.Remap when node.Parent is { } parent:
                parent.Children.Remove(node);
                parent.Region.RemoveSubregion(node.Region);
                node.Parent = null;
                node.Former = parent;
                return true;
            case RegionChangeKind.Remap when node.Former is { } former:
                Place(node, former);
                return true;
            default:
                return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        machine.Dispose();
        foreach (var block in blocks)
            block.Dispose();
    }

    private void Make(RegionPlan plan)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"region{nodes.Count}");
        var target = plan.Kind == MemoryRegionKind.Alias ? nodes[plan.Target % nodes.Count] : null;
        MemoryRegion region;
        switch (plan.Kind)
        {
            case MemoryRegionKind.Io:
                region = MemoryRegion.NewIo(machine, PlanRunner.Ops, name, plan.Size);
                break;
            case MemoryRegionKind.Ram or MemoryRegionKind.Rom:
                blocks.Add(new RamBlock(name, RamBlock.PageSize));
                region = MemoryRegion.NewRam(machine, name, blocks[^1], plan.Kind == MemoryRegionKind.Rom);
                region.SetSize(plan.Size);
                break;
            case MemoryRegionKind.Alias:
                region = MemoryRegion.NewAlias(machine, name, target!.Region, plan.Offset, plan.Size);
                break;
            default:
                region = MemoryRegion.NewContainer(machine, name, plan.Size);
                break;
        }

        region.SetEnabled(plan.Enabled);
        nodes.Add(new Node(region, plan.Size) { Address = plan.Address, Priority = plan.Priority, Enabled = plan.Enabled, Target = target, Offset = plan.Offset });
    }

    private void Place(Node node, Node? parent)
    {
        if (parent is null)
            return;
        var endless = node.Shows(parent);
        try
        {
            parent.Region.AddSubregion(node.Address, node.Region, node.Priority);
        }
        catch (SimException) when (endless)
        {
            Refused++;
            return;
        }

        if (endless)
            throw new LawFailedException($"{node.Region.Name} was placed in {parent.Region.Name}, which it shows.");
        node.Parent = parent;
        node.Order = placed++;
        parent.Children.Add(node);
    }

    private sealed class Node(MemoryRegion region, UInt128 size)
    {
        public MemoryRegion Region => region;

        public UInt128 Size { get; set; } = size;

        public ulong Address { get; set; }

        public int Priority { get; init; }

        public bool Enabled { get; set; } = true;

        public Node? Target { get; init; }

        public ulong Offset { get; set; }

        public Node? Parent { get; set; }

        public Node? Former { get; set; }

        public int Order { get; set; }

        public List<Node> Children { get; } = [];

        /// <summary>True when the other is this one or can be seen in it.</summary>
        public bool Shows(Node other) => ReferenceEquals(this, other) || Target?.Shows(other) == true || Children.Exists(child => child.Shows(other));

        public (Node Node, UInt128 Offset)? Find(UInt128 offset)
        {
            if (!Enabled || offset >= Size)
                return null;
            if (Target is not null)
                return Target.Find(offset + Offset);
            foreach (var child in Children.OrderByDescending(static c => c.Priority).ThenByDescending(static c => c.Order))
            {
                if (offset >= child.Address && child.Find(offset - child.Address) is { } found)
                    return found;
            }

            return region.Kind == MemoryRegionKind.Container ? null : (this, offset);
        }
    }
}
