using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Boards.Images;
using Sim.Engine.Memory;
using Sim.Engine.Qom;
using Xunit;

namespace Sim.Tests;

public sealed class ImageLoaderTests : IDisposable
{
    private readonly RamBlock ram = new("ram", 1 << 20);
    private readonly AddressSpace memory;

    public ImageLoaderTests()
    {
        var root = new QomRoot();
        var system = MemoryRegion.NewContainer(root.Object, "system", MemoryRegion.WholeSpace);
        system.AddSubregion(0, MemoryRegion.NewRam(root.Object, "ram", ram));
        memory = new AddressSpace(system, "memory");
    }

    public void Dispose() => ram.Dispose();

    private static LoadedImage Image(string name, params ImageSegment[] segments) => new(name, segments, null);

    [Fact]
    public void Each_write_puts_bytes_and_zero_fill_back()
    {
        var loader = new ImageLoader();
        loader.Register(Image("a", new ImageSegment(0x1000, "abc"u8.ToArray(), 0x20000), new ImageSegment(0x8000, "xyz"u8.ToArray())));
        byte[] garbage = [.. Enumerable.Repeat((byte)0xee, 0x30000)];
        for (var reset = 0; reset < 2; reset++)
        {
            memory.Write(0, garbage);
            loader.Write(memory);
            Assert.Equal("abc\0"u8, ram.Span(0x1000, 4));
            Assert.Equal("\0xyz\0"u8, ram.Span(0x7fff, 5));
            Assert.Equal(-1, ram.Span(0x8003, 0x20000 - 0x7003).IndexOfAnyExcept((byte)0));
            Assert.Equal(0xee, ram.Span(0xfff, 1)[0]);
            Assert.Equal(0xee, ram.Span(0x21000, 1)[0]);
        }
    }

    [Fact]
    public void Images_that_overlap_are_refused_and_none_is_registered()
    {
        var loader = new ImageLoader();
        loader.Register(Image("a", new ImageSegment(0x1000, new byte[16])));
        var exception = Assert.Throws<SimException>(() => loader.Register(Image("b", new ImageSegment(0x2000, new byte[1])), Image("c", new ImageSegment(0x100f, new byte[1]))));
        Assert.Equal("c: 0x100f to 0x100f overlaps a at 0x1000 to 0x100f.", exception.Message);
        Assert.Single(loader.Images);
    }
}
