using Sim.Engine.Base;
using Sim.Engine.Boards.Images;
using Sim.Engine.Memory;

namespace Sim.Engine.Boards;

/// <summary>
/// Images that are in guest memory at the first instruction after power-on and after every reset, whatever the guest did to them meanwhile. QEMU: <c>rom_add_*</c>,
/// <c>rom_check_and_register_reset</c>, <c>rom_reset</c> (hw/core/loader.c).
/// </summary>
public sealed class ImageLoader
{
    private static readonly byte[] Zeros = new byte[1 << 16];

    private readonly List<LoadedImage> images = [];

    /// <summary>The registered images, in order of registration.</summary>
    public IReadOnlyList<LoadedImage> Images => images;

    /// <summary>Registers images.</summary>
    /// <exception cref="SimException">Bytes of two images would lie in the same place; nothing is registered.</exception>
    public void Register(params ReadOnlySpan<LoadedImage> added)
    {
        CheckOverlaps([.. images, .. added]);
        images.AddRange(added);
    }

    /// <summary>Writes all images, at every reset. What they take up is zeroed before bytes are written, so where zero fill and bytes overlap the bytes stay.</summary>
    public void Write(AddressSpace memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        foreach (var range in images.SelectMany(Ranges))
        {
            for (var at = range.Address; at < range.End; at += (ulong)Zeros.Length)
                memory.Write(at, Zeros.AsSpan(0, (int)Math.Min((ulong)Zeros.Length, range.End - at)));
        }
        foreach (var segment in images.SelectMany(static image => image.Segments))
            memory.Write(segment.Address, segment.Data.Span);
    }

    /// <summary>What an image takes up in memory, zero fill included, as ranges without overlap in ascending order.</summary>
    public static IReadOnlyList<PhysicalRange> Ranges(LoadedImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var ranges = new List<PhysicalRange>();
        foreach (var segment in image.Segments.Where(static segment => segment.Size > 0).OrderBy(static segment => segment.Address))
        {
            if (ranges.Count > 0 && segment.Address <= ranges[^1].End)
                ranges[^1] = ranges[^1] with { Size = Math.Max(ranges[^1].End, segment.End) - ranges[^1].Address };
            else
                ranges.Add(new PhysicalRange(segment.Address, segment.Size));
        }
        return ranges;
    }

    /// <summary>Refuses what QEMU refuses: two images in the same place, and two segments of one image whose bytes are; zero fill gives way to bytes of the same image.</summary>
    /// <exception cref="SimException">Two overlap; the message names both files and places.</exception>
    public static void CheckOverlaps(IReadOnlyList<LoadedImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        CheckDisjoint(images.SelectMany(static image => Ranges(image).Select(range => (image.File, range))));
        foreach (var image in images)
            CheckDisjoint(image.Segments.Select(segment => (image.File, new PhysicalRange(segment.Address, (ulong)segment.Data.Length))));
    }

    private static void CheckDisjoint(IEnumerable<(string File, PhysicalRange Range)> items)
    {
        (string File, PhysicalRange Range)? lower = null;
        foreach (var (file, range) in items.Where(static item => item.Range.Size > 0).OrderBy(static item => item.Range.Address))
        {
            if (lower is { } below && below.Range.Overlaps(range))
                throw ImageError.In(file, $"0x{range.Address:x} to 0x{range.End - 1:x} overlaps {below.File} at 0x{below.Range.Address:x} to 0x{below.Range.End - 1:x}");
            lower = (file, range);
        }
    }
}
