using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.PropertyKit;
using Sim.PropertyKit.Memory;
using Sim.PropertyKit.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>Guest RAM, its dirty epochs and its listeners beside a byte array and a stamp per page.</summary>
public sealed class RamBlockTests
{
    private const ulong Size = 4 * RamBlock.PageSize;

    private static readonly MemoryRegionOps Nothing = new() { Read = static (_, _, _) => 0, Write = static (_, _, _, _) => { }, Peek = static (_, _, _) => 0 };

    [Fact]
    public void Ram_keeps_bytes_and_knows_since_when() => RamBlockLaws.DirtyEpochs.Sampled();

    [Fact]
    public void A_page_that_is_not_stamped_is_found_and_shrunk()
    {
        var failure = Assert.Throws<LawFailedException>(static () => Law.Holds(
            "a planted bug", RamBlockLaws.Sequences, static (sequence, classes) => RamBlockLaws.CheckSequence(sequence, 1, classes)));
        Assert.Single(Assert.IsType<RamSequence>(failure.Case).Accesses);
    }

    [Fact]
    public void Rom_ignores_writes_and_reads_as_ram_does()
    {
        using var machine = TestMachine.Create();
        using var ram = new RamBlock("rom", RamBlock.PageSize);
        ram.Write(0, [1, 2, 3, 4]);
        machine.SystemMemory.AddSubregion(0x1000, MemoryRegion.NewRam(machine, "rom", ram, readOnly: true));
        var epoch = ram.OpenEpoch();
        machine.Memory.Write(0x1000, 0xFFFF_FFFF, 4, null);
        machine.Memory.Write(0x1001, (ReadOnlySpan<byte>)[9, 9]);
        Assert.Equal(0x01020304UL, machine.Memory.Read(0x1000, 4, null));
        Assert.True(machine.Memory.TryMapPage(0x1abc, out var page));
        Assert.Equal((ram, 0UL, true), (page.Ram, page.Offset, page.IsReadOnly));
        Assert.True(ram.Stamp(0) < epoch, "nothing was written");
    }

    [Fact]
    public void A_page_maps_only_when_all_of_it_is_ram_in_one_piece()
    {
        using var machine = TestMachine.Create(ramSize: 0x4000);
        Assert.True(machine.Memory.TryMapPage(0x1FFF, out var page));
        Assert.Equal((0x1000UL, false), (page.Offset, page.IsReadOnly));
        Assert.False(machine.Memory.TryMapPage(0x4000, out _));
        var changes = 0;
        machine.Memory.MappingChanged += () => changes++;
        machine.SystemMemory.AddSubregion(0x1800, MemoryRegion.NewIo(machine, Nothing, "hole", 4), 1);
        Assert.Equal(1, changes);
        Assert.False(machine.Memory.TryMapPage(0x1000, out _));
        Assert.True(machine.Memory.TryMapPage(0x2000, out _));
        machine.SystemMemory.AddSubregion(0x1_0800, MemoryRegion.NewAlias(machine, "askew", machine.SystemMemory.Subregions[^1], 0, 0x3000));
        Assert.False(machine.Memory.TryMapPage(0x1_1000, out _));
    }

    [Fact]
    public void Code_pages_are_told_to_listeners_once()
    {
        using var ram = new RamBlock("ram", Size);
        var listener = new Listener();
        ram.AddListener(listener);
        ram.SetCode(2, true);
        ram.SetCode(2, true);
        ram.SetCode(2, false);
        Assert.Equal([2UL], listener.CodePages);
        Assert.False(ram.IsCode(2));
        ram.RemoveListener(listener);
        ram.SetCode(1, true);
        Assert.Equal([2UL], listener.CodePages);
    }

    [Theory]
    [InlineData(Size, 1UL)]
    [InlineData(Size - 1, 2UL)]
    [InlineData(ulong.MaxValue, 1UL)]
    [InlineData(ulong.MaxValue - 3, 8UL)]
    [InlineData(0UL, Size + 1)]
    public void What_does_not_lie_in_the_block_is_refused(ulong offset, ulong length)
    {
        using var ram = new RamBlock("ram", Size);
        Assert.Throws<ArgumentOutOfRangeException>(() => ram.Clear(offset, length));
        Assert.Throws<ArgumentOutOfRangeException>(() => ram.NotifyWritten(offset, length));
        Assert.Throws<ArgumentOutOfRangeException>(() => ram.Span(offset, (int)length));
        Assert.Throws<ArgumentOutOfRangeException>(() => ram.Write(offset, new byte[length]));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new RamBlock("odd", 100));
    }

    [Fact]
    public void A_region_that_goes_leaves_the_map_and_lets_its_subregions_go()
    {
        using var machine = TestMachine.Create();
        using var ram = new RamBlock("ram", RamBlock.PageSize);
        var outer = MemoryRegion.NewContainer(machine, "outer", 0x2000);
        var inner = MemoryRegion.NewRam(machine, "inner", ram);
        outer.AddSubregion(0, inner);
        machine.SystemMemory.AddSubregion(0, outer);
        Assert.Contains("is mapped already, in 'outer'", Assert.Throws<SimException>(() => machine.SystemMemory.AddSubregion(0, inner)).Message, StringComparison.Ordinal);
        outer.Unparent();
        Assert.Empty(machine.Memory.View.Ranges);
        Assert.Null(inner.ContainingRegion);
        machine.SystemMemory.AddSubregion(0, inner);
        Assert.Single(machine.Memory.View.Ranges);
    }

    [Fact]
    public void A_map_cannot_contain_itself()
    {
        using var machine = TestMachine.Create();
        var outer = MemoryRegion.NewContainer(machine, "outer", 0x100);
        var inner = MemoryRegion.NewContainer(machine, "inner", 0x100);
        outer.AddSubregion(0, inner);
        var window = MemoryRegion.NewAlias(machine, "window", outer, 0, 0x10);
        foreach (var (container, region) in (ReadOnlySpan<(MemoryRegion, MemoryRegion)>)[(outer, outer), (inner, outer), (inner, window), (outer, window)])
        {
            var error = Assert.Throws<SimException>(() => container.AddSubregion(0, region));
            Assert.Contains($"'{region.Name}' cannot contain itself", error.Message, StringComparison.Ordinal);
        }
    }

    private sealed class Listener : IRamListener
    {
        public List<ulong> CodePages { get; } = [];

        public List<(ulong, ulong)> Writes { get; } = [];

        public int Epochs { get; private set; }

        public void OnCodePage(RamBlock ram, ulong page) => CodePages.Add(page);

        public void OnRamWritten(RamBlock ram, ulong offset, ulong length) => Writes.Add((offset, length));

        public void OnEpochOpened() => Epochs++;
    }
}
