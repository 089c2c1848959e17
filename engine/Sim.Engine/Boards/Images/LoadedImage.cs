namespace Sim.Engine.Boards.Images;

/// <summary>A run of guest physical memory that an image fills.</summary>
/// <param name="Address">Guest physical address of the first byte.</param>
/// <param name="Data">The bytes.</param>
/// <param name="Size">Length in memory; what exceeds <paramref name="Data"/> is zero at reset (an ELF segment's bss).</param>
public sealed record ImageSegment(ulong Address, ReadOnlyMemory<byte> Data, ulong Size)
{
    /// <summary>A segment without zero fill.</summary>
    public ImageSegment(ulong address, ReadOnlyMemory<byte> data) : this(address, data, (ulong)data.Length) { }

    /// <summary>First guest physical address behind the segment, zero fill included.</summary>
    public ulong End => Address + Size;
}

/// <summary>An image taken apart: what goes where in guest memory, and where execution starts. QEMU: what <c>load_elf</c>, <c>load_uimage</c>
/// and <c>load_image_targphys</c> register as ROMs (hw/core/loader.c).</summary>
/// <param name="File">Name for error messages.</param>
/// <param name="Segments">The segments, in file order.</param>
/// <param name="Entry">Guest address of the first instruction; null for a raw image.</param>
public sealed record LoadedImage(string File, IReadOnlyList<ImageSegment> Segments, uint? Entry)
{
    /// <summary>Lowest address of all segments; 0 when there are none.</summary>
    public ulong LoadAddress => Segments.Count == 0 ? 0 : Segments.Min(static segment => segment.Address);

    /// <summary>First address behind all segments; 0 when there are none.</summary>
    public ulong End => Segments.Count == 0 ? 0 : Segments.Max(static segment => segment.End);

    /// <summary>Sum of the segments' lengths in memory: the size that QEMU reckons with, which is less than
    /// <see cref="End"/> - <see cref="LoadAddress"/> where segments leave gaps.</summary>
    public ulong Size => Segments.Aggregate(0UL, static (sum, segment) => sum + segment.Size);

    /// <summary>A file's bytes as they are, at one address. QEMU: <c>load_image_targphys</c>.</summary>
    public static LoadedImage Raw(GuestImage file, ulong address)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new LoadedImage(file.Name, [new ImageSegment(address, file.Bytes)], null);
    }

    /// <summary>A bootable image: ELF, else uImage. QEMU's ppce500 tries the two in this order for <c>-bios</c>, and for
    /// <c>-kernel</c> without <c>-bios</c> (hw/ppc/e500.c).</summary>
    /// <exception cref="Base.SimException">The file is neither, or is damaged.</exception>
    public static LoadedImage Bootable(GuestImage file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (ElfImage.IsElf(file.Bytes.Span))
            return ElfImage.Load(file);
        if (UImage.IsUImage(file.Bytes.Span))
            return UImage.Load(file);
        throw ImageError.In(file.Name, "neither an ELF file nor a uImage, one of which is expected for a payload that the machine starts");
    }
}
