using System.Globalization;
using System.Numerics;
using Sim.Engine.Base;
using Sim.Engine.Boards.DeviceTree;
using Sim.Engine.Boards.Images;

namespace Sim.Engine.Boards;

/// <summary>
/// Where the e500 boards put what they start from, and what CPU 0 finds in its registers. QEMU: <c>ppce500_init</c>, <c>ppce500_cpu_reset</c> (hw/ppc/e500.c).
/// All rules were checked against QEMU 7.2 by its monitor.
/// <list type="bullet">
/// <item>The <b>payload</b>, which CPU 0 starts, is the firmware (<c>-bios</c>); without one it is the kernel. It is an ELF file, else a uImage, and lies
/// where its headers say. Its size is the sum of its segments' lengths in memory.</item>
/// <item>A <b>kernel</b> beside firmware is copied as it is, headers included, to the payload's end but not below 32 MiB, and <c>/chosen/qemu,boot-kernel</c> tells U-Boot where.</item>
/// <item>The <b>initial RAM disk</b> lies 32 MiB behind the end of the last of these (but at 64 MiB at least), rounded down to 16 MiB.</item>
/// <item>The <b>device tree</b> lies 24 MiB behind the payload's end, rounded down to 1 MiB, and must have 8 MiB of RAM. Where an image overlaps that place, QEMU
/// lets the image destroy the tree; here the tree moves to the next 1 MiB boundary behind the image.</item>
/// <item><b>Registers</b> of CPU 0: PC = entry, r1 = 16 MiB - 8, r3 = device tree, r6 = 0x45504150 ("EPAP"), r7 = bytes that the initial mapping covers, all others 0.</item>
/// <item>The <b>initial mapping</b> is TLB1 entry 0, effective 0 to physical 0, all permissions, not protected from invalidation, of the smallest
/// size 4^n KiB that is larger than the device tree's end. CPUs other than 0 wait in the spin table and have no mapping yet.</item>
/// </list>
/// </summary>
public sealed record PpcE500BootLayout
{
    /// <summary>What r6 of CPU 0 holds at its first instruction: the ePAPR magic number.</summary>
    public const uint EpaprMagic = 0x45504150;

    /// <summary>What r1 of CPU 0 holds at its first instruction.</summary>
    public const uint InitialStackPointer = (16 << 20) - 8;

    private const ulong Mebi = 1 << 20;
    private const ulong BlobBase = 32 * Mebi;
    private const ulong InitrdPad = 32 * Mebi;
    private const ulong InitrdAlignment = 16 * Mebi;
    private const ulong DeviceTreePad = 24 * Mebi;
    private const ulong DeviceTreeAlignment = Mebi;
    private const ulong DeviceTreeRoom = 8 * Mebi;

    private PpcE500BootLayout(IReadOnlyList<LoadedImage> images) => Images = images;

    /// <summary>What is written to RAM at every reset: payload, kernel, initial RAM disk.</summary>
    public IReadOnlyList<LoadedImage> Images { get; }

    /// <summary>Address of CPU 0's first instruction.</summary>
    public uint Entry { get; private init; }

    /// <summary>Where the device tree lies, free space included.</summary>
    public PhysicalRange DeviceTree { get; private init; }

    /// <summary>The kernel for <c>/chosen/qemu,boot-kernel</c>; null without <c>-kernel</c>.</summary>
    public PhysicalRange? Kernel { get; private init; }

    /// <summary>The initial RAM disk; null without <c>-initrd</c>.</summary>
    public PhysicalRange? Initrd { get; private init; }

    /// <summary>The given device tree blob with its free space; null when the board builds its own.</summary>
    public ReadOnlyMemory<byte>? DeviceTreeBlob { get; private init; }

    /// <summary>Size of the initial mapping as MAS1[TSIZE] of an e500v2 has it: 2^n KiB, n even.</summary>
    public int InitialTlbSize => InitialTlbSizeFor(DeviceTree.End);

    /// <summary>What r7 of CPU 0 holds at its first instruction: bytes of the initial mapping, of which the register keeps 32 bits, so 4 GiB reads 0.</summary>
    public uint InitialMapSize => (uint)(1024UL << InitialTlbSize);

    /// <summary>The smallest even n with 2^n KiB larger than <paramref name="end"/>.</summary>
    public static int InitialTlbSizeFor(ulong end)
    {
        var size = BitOperations.Log2(end / 1024) + 1;
        return size + (size & 1);
    }

    /// <summary>Lays out the images of a configuration in RAM that starts at address 0.</summary>
    /// <param name="configuration">The images; the command line counts only for being there without a kernel.</param>
    /// <param name="ramSize">RAM in bytes.</param>
    /// <exception cref="SimException">An image is damaged or does not fit, two overlap, or there is nothing to start.</exception>
    public static PpcE500BootLayout Plan(MachineConfiguration configuration, ulong ramSize)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        CheckOptions(configuration);
        var payload = LoadedImage.Bootable(configuration.Bios ?? configuration.Kernel!);
        CheckFits(payload, ramSize);
        var images = new List<LoadedImage> { payload };
        var end = payload.LoadAddress + payload.Size;
        PhysicalRange? kernel = null;
        if (configuration.Kernel is { } file)
            kernel = configuration.Bios is null ? new PhysicalRange(payload.LoadAddress, payload.Size) : AddRaw(images, file, Math.Max(end, BlobBase), ramSize);
        PhysicalRange? initrd = null;
        if (configuration.Initrd is { } disk)
        {
            var behind = Math.Max(configuration.Bios is null ? end : kernel!.Value.End, BlobBase);
            initrd = AddRaw(images, disk, AlignDown(behind + InitrdPad, InitrdAlignment), ramSize);
        }
        ImageLoader.CheckOverlaps(images);

        var blob = configuration.Dtb is { } tree ? OpenBlob(tree) : null;
        return new PpcE500BootLayout(images)
        {
            Entry = payload.Entry!.Value,
            Kernel = kernel,
            Initrd = initrd,
            DeviceTreeBlob = blob is null ? (ReadOnlyMemory<byte>?)null : blob,
            DeviceTree = PlaceDeviceTree(images, end, (ulong)(blob?.Length ?? PpcE500DeviceTree.BlobSize), ramSize),
        };
    }

    private static void CheckOptions(MachineConfiguration configuration)
    {
        if (configuration.Kernel is null && configuration.Append.Length > 0)
            throw new SimException("--append is given without --kernel, whose command line it would be.");
        if (configuration.Kernel is null && configuration.Initrd is not null)
            throw new SimException("--initrd is given without --kernel, which would use it.");
        if (configuration.Kernel is null && configuration.Bios is null)
        {
            throw new SimException($"Machine '{configuration.Machine}' has nothing to start: give --bios or --kernel, or install U-Boot with 'sim guests install u-boot'.",
                SimErrorKind.Guest);
        }
    }

    private static void CheckFits(LoadedImage image, ulong ramSize)
    {
        foreach (var segment in image.Segments)
        {
            if (segment.End > ramSize)
            {
                throw ImageError.In(image.File,
                    $"0x{segment.Size:x} bytes at 0x{segment.Address:x} do not fit into RAM, which ends at 0x{ramSize:x} ({Mebibytes(ramSize)})");
            }
        }
    }

    private static PhysicalRange AddRaw(List<LoadedImage> images, GuestImage file, ulong address, ulong ramSize)
    {
        var image = LoadedImage.Raw(file, address);
        CheckFits(image, ramSize);
        images.Add(image);
        return new PhysicalRange(address, image.Size);
    }

    private static PhysicalRange PlaceDeviceTree(List<LoadedImage> images, ulong payloadEnd, ulong size, ulong ramSize)
    {
        var place = new PhysicalRange(AlignDown(payloadEnd + DeviceTreePad, DeviceTreeAlignment), size);
        var taken = images.SelectMany(ImageLoader.Ranges).ToList();
        while (taken.FindIndex(place.Overlaps) is var index && index >= 0)
            place = place with { Address = AlignDown(taken[index].End + DeviceTreeAlignment - 1, DeviceTreeAlignment) };
        if (place.Address + DeviceTreeRoom > ramSize || place.End > 1UL << 32)
        {
            throw new SimException($"No room for the device tree: it would lie at 0x{place.Address:x}, and {DeviceTreeRoom / Mebi} MiB from there on must be RAM, which ends at 0x{ramSize:x} ({Mebibytes(ramSize)}); a larger --memory helps.",
                SimErrorKind.Guest);
        }
        return place;
    }

    /// <summary>A device tree given by the user, with room for the guest's edits as QEMU's <c>load_device_tree</c> makes it.</summary>
    private static byte[] OpenBlob(GuestImage file)
    {
        var size = (file.Bytes.Length + 10_000L) * 2;
        if (size >= (long)DeviceTreeRoom)
            throw ImageError.In(file.Name, $"a device tree of {file.Bytes.Length} bytes needs {size} with its free space, less than {DeviceTreeRoom} are expected");
        return DeviceTreeWriter.Expand(file.Bytes.Span, file.Name, (int)size);
    }

    private static ulong AlignDown(ulong value, ulong alignment) => value & ~(alignment - 1);

    private static string Mebibytes(ulong size) => string.Create(CultureInfo.InvariantCulture, $"{size / Mebi} MiB");
}
