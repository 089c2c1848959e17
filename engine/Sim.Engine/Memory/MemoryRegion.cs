using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Engine.Memory;

/// <summary>What a region holds.</summary>
public enum MemoryRegionKind
{
    /// <summary>Only other regions. QEMU: memory_region_init.</summary>
    Container,

    /// <summary>Device registers. QEMU: memory_region_init_io.</summary>
    Io,

    /// <summary>Guest RAM. QEMU: memory_region_init_ram.</summary>
    Ram,

    /// <summary>Guest ROM: RAM whose writes are ignored. QEMU: memory_region_init_rom.</summary>
    Rom,

    /// <summary>A window on another region. QEMU: memory_region_init_alias.</summary>
    Alias,
}

/// <summary>
/// A piece of a physical address space: RAM, registers, an alias or a container of others, in a tree that <see cref="FlatView"/> flattens. QEMU: MemoryRegion (softmmu/memory.c).
/// </summary>
public sealed class MemoryRegion : QomObject
{
    /// <summary>Name of the type. QEMU: TYPE_MEMORY_REGION.</summary>
    public new const string TypeName = "memory-region";

    /// <summary>Size of a region that spans the whole 64-bit space, 2^64.</summary>
    public static readonly UInt128 WholeSpace = (UInt128)1 << 64;

    private readonly List<MemoryRegion> subregions = [];
    private List<AddressSpace>? viewers;
    private List<MemoryRegion>? aliases;

    /// <summary>Name as the memory tree prints it.</summary>
    public string Name { get; private set; } = "";

    /// <summary>What it holds.</summary>
    public MemoryRegionKind Kind { get; private set; }

    /// <summary>Size in bytes, up to 2^64.</summary>
    public UInt128 Size { get; private set; }

    /// <summary>The region that contains this one; null when none does.</summary>
    public MemoryRegion? ContainingRegion { get; private set; }

    /// <summary>Offset in <see cref="ContainingRegion"/>.</summary>
    public ulong Address { get; private set; }

    /// <summary>Where regions overlap the higher priority wins; of equal ones, the one added later.</summary>
    public int Priority { get; private set; }

    /// <summary>True when the region takes part in the map. QEMU: memory_region_set_enabled.</summary>
    public bool Enabled { get; private set; } = true;

    /// <summary>Registers' functions; only of <see cref="MemoryRegionKind.Io"/>.</summary>
    public MemoryRegionOps? Ops { get; private set; }

    /// <summary>The memory; only of RAM and ROM.</summary>
    public RamBlock? Ram { get; private set; }

    /// <summary>The region behind an alias.</summary>
    public MemoryRegion? AliasTarget { get; private set; }

    /// <summary>Offset in <see cref="AliasTarget"/>.</summary>
    public ulong AliasOffset { get; private set; }

    /// <summary>The address spaces whose root this region is.</summary>
    public IReadOnlyList<AddressSpace> AddressSpaces => viewers ?? [];

    /// <summary>The contained regions, highest priority first, then latest first.</summary>
    public IReadOnlyList<MemoryRegion> Subregions => subregions;

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = QomObject.TypeName,
        New = static () => new MemoryRegion(),
        ClassInit = ClassInit,
    }));

    /// <summary>Makes a region that only holds others, as a child <c>name[N]</c> of <paramref name="owner"/>. QEMU: memory_region_init.</summary>
    public static MemoryRegion NewContainer(QomObject owner, string name, UInt128 size) => Create(owner, name, size, MemoryRegionKind.Container);

    /// <summary>Makes a region of device registers. QEMU: memory_region_init_io.</summary>
    public static MemoryRegion NewIo(QomObject owner, MemoryRegionOps ops, string name, UInt128 size)
    {
        ArgumentNullException.ThrowIfNull(ops);
        ops.Validate(name);
        var region = Create(owner, name, size, MemoryRegionKind.Io);
        region.Ops = ops;
        return region;
    }

    /// <summary>Makes a region of RAM over <paramref name="ram"/>. QEMU: memory_region_init_ram.</summary>
    public static MemoryRegion NewRam(QomObject owner, string name, RamBlock ram, bool readOnly = false)
    {
        ArgumentNullException.ThrowIfNull(ram);
        var region = Create(owner, name, ram.Size, readOnly ? MemoryRegionKind.Rom : MemoryRegionKind.Ram);
        region.Ram = ram;
        return region;
    }

    /// <summary>Makes a window on <paramref name="target"/>. QEMU: memory_region_init_alias.</summary>
    public static MemoryRegion NewAlias(QomObject owner, string name, MemoryRegion target, ulong offset, UInt128 size)
    {
        ArgumentNullException.ThrowIfNull(target);
        var region = Create(owner, name, size, MemoryRegionKind.Alias);
        region.AliasTarget = target;
        region.AliasOffset = offset;
        (target.aliases ??= []).Add(region);
        return region;
    }

    /// <summary>Places a region in this one; where regions overlap the higher priority wins. QEMU: memory_region_add_subregion_overlap.</summary>
    /// <exception cref="SimException">The region is contained already, or would contain itself.</exception>
    public void AddSubregion(ulong address, MemoryRegion region, int priority = 0)
    {
        ArgumentNullException.ThrowIfNull(region);
        if (region.ContainingRegion is not null)
            throw new SimException($"Memory region '{region.Name}' is mapped already, in '{region.ContainingRegion.Name}'.");
        if (IsShownIn(region))
            throw new SimException($"Memory region '{region.Name}' cannot contain itself, as it would in '{Name}'.");

        region.Address = address;
        region.Priority = priority;
        region.ContainingRegion = this;
        var index = subregions.FindIndex(other => other.Priority <= priority);
        subregions.Insert(index < 0 ? subregions.Count : index, region);
        Changed();
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => RemoveSubregion(region));
    }

    /// <summary>Takes a region out of this one; does nothing when it is not in it. QEMU: memory_region_del_subregion.</summary>
    public void RemoveSubregion(MemoryRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        if (!ReferenceEquals(region.ContainingRegion, this))
            return;
        var index = subregions.IndexOf(region);
        subregions.RemoveAt(index);
        region.ContainingRegion = null;
        Changed();
        if (Root.Undo.IsOpen)
        {
            Root.Undo.Add(() => PutBack(region, index));
        }
    }

    /// <summary>Shows or hides the region. QEMU: memory_region_set_enabled. Guests do this through windows: it is derived state, set again after a load.</summary>
    public void SetEnabled(bool enabled)
    {
        if (Enabled == enabled)
            return;
        Enabled = enabled;
        Changed();
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => SetEnabled(!enabled));
    }

    /// <summary>Moves the region within its container. QEMU: memory_region_set_address.</summary>
    public void SetAddress(ulong address)
    {
        if (Address == address)
            return;
        var before = Address;
        Address = address;
        Changed();
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => SetAddress(before));
    }

    /// <summary>Changes the size. QEMU: memory_region_set_size.</summary>
    public void SetSize(UInt128 size)
    {
        if (Size == size)
            return;
        var before = Size;
        Size = size;
        Changed();
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => SetSize(before));
    }

    /// <summary>Points an alias elsewhere in its target. QEMU: memory_region_set_alias_offset.</summary>
    public void SetAliasOffset(ulong offset)
    {
        if (AliasOffset == offset)
            return;
        var before = AliasOffset;
        AliasOffset = offset;
        Changed();
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => SetAliasOffset(before));
    }

    internal void AddViewer(AddressSpace space)
    {
        (viewers ??= []).Add(space);
        if (Root.Undo.IsOpen)
            Root.Undo.Add(() => RemoveViewer(space));
    }

    internal void RemoveViewer(AddressSpace space) => viewers?.Remove(space);

    /// <inheritdoc/>
    protected override void OnLeaving()
    {
        ContainingRegion?.RemoveSubregion(this);
        for (var last = subregions.Count - 1; last >= 0; last--)
            RemoveSubregion(subregions[last]);
        AliasTarget?.aliases?.Remove(this);
    }

    /// <summary>True when this is <paramref name="other"/> or lies in it, through containers and aliases: what a map would have to show endlessly.</summary>
    private bool IsShownIn(MemoryRegion other) =>
        ReferenceEquals(this, other)
        || ContainingRegion?.IsShownIn(other) == true
        || aliases?.Exists(alias => alias.IsShownIn(other)) == true;

    /// <summary>Takes a removal back: to its old place where that still fits the order of priorities.</summary>
    private void PutBack(MemoryRegion region, int index)
    {
        if (region.ContainingRegion is not null)
            return;
        var fits = index <= subregions.Count
            && (index == 0 || subregions[index - 1].Priority >= region.Priority)
            && (index == subregions.Count || subregions[index].Priority <= region.Priority);
        if (!fits)
        {
            AddSubregion(region.Address, region, region.Priority);
            return;
        }

        region.ContainingRegion = this;
        subregions.Insert(index, region);
        Changed();
    }

    private static MemoryRegion Create(QomObject owner, string name, UInt128 size, MemoryRegionKind kind)
    {
        ArgumentNullException.ThrowIfNull(owner);
        var region = owner.NewChild<MemoryRegion>(name + "[*]", TypeName);
        region.Name = name;
        region.Size = size;
        region.Kind = kind;
        return region;
    }

    private static void ClassInit(ObjectClass klass, object? data)
    {
        klass.AddProperty(Property.Link("container", TypeName, static o => ((MemoryRegion)o).ContainingRegion, null));
        klass.AddProperty(Property.Integer("addr", "uint64", 0, ulong.MaxValue, static o => ((MemoryRegion)o).Address, null));
        klass.AddProperty(Property.Integer("priority", "uint32", int.MinValue, int.MaxValue, static o => ((MemoryRegion)o).Priority, null));
        klass.AddProperty(Property.Integer("size", "uint64", 0, ulong.MaxValue, static o => SizeShown((MemoryRegion)o), null));
    }

    /// <summary>QEMU prints 2^64 as 2^64 - 1.</summary>
    private static Int128 SizeShown(MemoryRegion region) => region.Size >= WholeSpace ? ulong.MaxValue : (Int128)region.Size;

    /// <summary>Tells every address space that shows this region, through containers and aliases.</summary>
    private void Changed()
    {
        if (viewers is not null)
        {
            foreach (var viewer in viewers)
                viewer.Invalidate();
        }

        ContainingRegion?.Changed();
        if (aliases is not null)
        {
            foreach (var alias in aliases)
                alias.Changed();
        }
    }
}
