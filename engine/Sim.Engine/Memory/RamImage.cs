namespace Sim.Engine.Memory;

/// <summary>
/// The content of a block of RAM at one moment. Pages are immutable and shared with other moments that have the same ones, so that many
/// moments cost little more than what differs between them.
/// </summary>
public sealed class RamImage
{
    private const int ChunkShift = 8, ChunkPages = 1 << ChunkShift;

    private readonly byte[]?[]?[] chunks;

    private RamImage(string name, ulong size, byte[]?[]?[] chunks)
    {
        Name = name;
        Size = size;
        this.chunks = chunks;
    }

    /// <summary>Name of the block.</summary>
    public string Name { get; }

    /// <summary>Its size in bytes.</summary>
    public ulong Size { get; }

    /// <summary>Number of 4 KiB pages.</summary>
    public ulong PageCount => Size >> RamBlock.PageShift;

    /// <summary>A page's content; empty when all of it is zero.</summary>
    public ReadOnlyMemory<byte> this[ulong page] => Find(page);

    /// <summary>The image of a block that nobody has written to.</summary>
    public static RamImage Zero(string name, ulong size) =>
        new(name, size, new byte[]?[]?[((size >> RamBlock.PageShift) + ChunkPages - 1) >> ChunkShift]);

    /// <summary>This image with some pages replaced; null stands for zeros.</summary>
    internal RamImage With(IEnumerable<(ulong Page, byte[]? Content)> changes)
    {
        var changed = (byte[]?[]?[])chunks.Clone();
        foreach (var (page, content) in changes)
        {
            ref var chunk = ref changed[page >> ChunkShift];
            if (chunk is null)
                chunk = new byte[]?[ChunkPages];
            else if (ReferenceEquals(chunk, chunks[page >> ChunkShift]))
                chunk = (byte[]?[])chunk.Clone();
            chunk[page & (ChunkPages - 1)] = content;
        }

        return new RamImage(Name, Size, changed);
    }

    /// <summary>Appends the pages that are not the same object in both images, in order. Two images of equal content may differ.</summary>
    internal void CollectDifferences(RamImage other, ICollection<ulong> pages)
    {
        for (var chunk = 0; chunk < chunks.Length; chunk++)
        {
            if (ReferenceEquals(chunks[chunk], other.chunks[chunk]))
                continue;
            for (var page = (ulong)chunk << ChunkShift; page < Math.Min((ulong)(chunk + 1) << ChunkShift, PageCount); page++)
            {
                if (!ReferenceEquals(Find(page), other.Find(page)))
                    pages.Add(page);
            }
        }
    }

    internal byte[]? Find(ulong page) => chunks[page >> ChunkShift]?[page & (ChunkPages - 1)];
}
