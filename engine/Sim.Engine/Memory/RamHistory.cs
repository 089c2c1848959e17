namespace Sim.Engine.Memory;

/// <summary>
/// Takes images of a block of RAM and puts them back, at a cost that goes with the pages written since the last time.
/// </summary>
/// <param name="block">The block.</param>
public sealed class RamHistory(RamBlock block)
{
    private readonly SortedSet<ulong> pages = [];
    private RamImage latest = RamImage.Zero(block.Name, block.Size);
    private uint epoch = 1;

    /// <summary>The block's content as it stands.</summary>
    public RamImage Take()
    {
        pages.Clear();
        block.CollectWritten(epoch, pages);
        epoch = block.OpenEpoch();
        latest = latest.With(pages.Where(IsChanged).Select(page => (page, Copy(block.Page(page)))));
        return latest;
    }

    /// <summary>Puts an image back. Pages that have its content already are left alone.</summary>
    /// <exception cref="ArgumentException">The image is of a block of another size.</exception>
    public void Put(RamImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Size != block.Size)
            throw new ArgumentException($"The image has {image.Size} bytes and block '{block.Name}' has {block.Size}.", nameof(image));
        pages.Clear();
        block.CollectWritten(epoch, pages);
        latest.CollectDifferences(image, pages);
        foreach (var page in pages)
            block.ReplacePage(page, image.Find(page));
        latest = image;
        epoch = block.OpenEpoch();
    }

    private static byte[]? Copy(ReadOnlySpan<byte> content) => content.ContainsAnyExcept((byte)0) ? content.ToArray() : null;

    private bool IsChanged(ulong page)
    {
        var content = block.Page(page);
        return latest.Find(page) is { } known ? !content.SequenceEqual(known) : content.ContainsAnyExcept((byte)0);
    }
}
