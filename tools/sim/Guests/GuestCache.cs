using System.Security.Cryptography;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Boards.Images;
using Sim.PropertyKit.Guests;

namespace Sim.Cli.Guests;

/// <summary>Whether a guest can be used.</summary>
internal enum GuestState
{
    /// <summary>Nowhere to be found.</summary>
    NotInstalled,

    /// <summary>In the per-user cache, with the checksum it was installed with.</summary>
    Cached,

    /// <summary>Not in the cache, but installed for all users by the distribution.</summary>
    System,

    /// <summary>In the cache, with another checksum than it was installed with.</summary>
    Damaged,
}

/// <summary>A line of <c>sim guests list</c>.</summary>
/// <param name="Name">Name as <c>sim guests install</c> takes it.</param>
/// <param name="Description">What it is.</param>
/// <param name="State">Whether it can be used.</param>
/// <param name="Path">The file; null when not installed.</param>
/// <param name="Size">Bytes of the file; 0 when not installed.</param>
/// <param name="Sha256">SHA-256 of the file, lower-case hexadecimal; null when not installed.</param>
/// <param name="Origin">Where it came from; null when not installed.</param>
internal sealed record GuestEntry(string Name, string Description, GuestState State, string? Path, long Size, string? Sha256, string? Origin);

/// <summary>The Linux guest's files.</summary>
/// <param name="Kernel">U-Boot's image of the kernel, for <c>--kernel</c>.</param>
/// <param name="Initrd">The initramfs, for <c>--initrd</c>.</param>
/// <param name="Symbols">The kernel as an ELF file with symbols, for a debugger.</param>
internal sealed record LinuxGuest(GuestImage Kernel, GuestImage Initrd, string Symbols);

/// <summary>Guests installed for one user: <c>$XDG_CACHE_HOME/sim/guests</c>, or <c>~/.cache/sim/guests</c>.</summary>
internal sealed class GuestCache
{
    /// <summary>Name of U-Boot for ppce500.</summary>
    public const string UBoot = "u-boot";

    /// <summary>Name of the Linux guest.</summary>
    public const string Linux = "linux";

    /// <summary>The Linux guest's kernel image, its initramfs and the kernel with symbols: their names in its folder.</summary>
    public const string LinuxKernel = "uImage", LinuxInitrd = "initramfs.cpio.gz", LinuxSymbols = "vmlinux";

    /// <summary>Where Debian's and Ubuntu's package u-boot-qemu puts U-Boot for ppce500, relative to the root.</summary>
    public const string UBootPackagePath = "usr/lib/u-boot/qemu-ppce500/uboot.elf";

    private const string UBootDescription = "U-Boot for ppce500, the firmware that runs without -bios";

    private static readonly (string File, string Description)[] LinuxFiles =
    [
        (LinuxKernel, "Linux for ppce500, for --kernel"),
        (LinuxInitrd, "busybox and a workload for it, for --initrd"),
        (LinuxSymbols, "its symbols, for a debugger"),
    ];

    private readonly string systemRoot;

    /// <summary>Uses a directory of choice.</summary>
    /// <param name="directory">Directory of the cache; made when something is installed.</param>
    /// <param name="systemRoot">Root directory of the installed distribution.</param>
    public GuestCache(string directory, string systemRoot = "/")
    {
        Directory = directory;
        this.systemRoot = systemRoot;
    }

    /// <summary>The cache's directory.</summary>
    public string Directory { get; }

    private string UBootFile => Path.Combine(Directory, UBoot, "u-boot.elf");

    private string SystemUBootFile => Path.Combine(systemRoot, UBootPackagePath);

    /// <summary>The cache of the user who runs this process.</summary>
    /// <exception cref="SimException">The environment names no home directory.</exception>
    public static GuestCache OfUser() => OfUser(Environment.GetEnvironmentVariable);

    /// <summary>The cache of the user whose environment this is, see <see cref="InstalledGuests.Folder"/>.</summary>
    /// <exception cref="SimException">The environment names no home directory.</exception>
    public static GuestCache OfUser(Func<string, string?> environment) => new(InstalledGuests.Folder(environment)
        ?? throw new SimException("Neither XDG_CACHE_HOME nor HOME is set, so there is no place for installed guests.", SimErrorKind.Guest));

    /// <summary>The guests that can be installed, and how they stand: a line for each file of theirs.</summary>
    public IReadOnlyList<GuestEntry> List() =>
        [ListUBoot(), .. LinuxFiles.Select(f => Installed(Linux, f.Description, LinuxFile(f.File)) ?? Missing(Linux, f.Description))];

    private GuestEntry ListUBoot()
    {
        if (Installed(UBoot, UBootDescription, UBootFile) is { } entry)
            return entry;
        if (!File.Exists(SystemUBootFile))
            return Missing(UBoot, UBootDescription);
        var bytes = File.ReadAllBytes(SystemUBootFile);
        return new GuestEntry(UBoot, UBootDescription, GuestState.System, SystemUBootFile, bytes.Length, Sha256(bytes), "installed for all users by the distribution");
    }

    private static GuestEntry? Installed(string name, string description, string file)
    {
        if (!File.Exists(file))
            return null;
        var (sha256, origin) = ReadOrigin(file);
        var actual = Sha256(File.ReadAllBytes(file));
        return new GuestEntry(name, description, actual == sha256 ? GuestState.Cached : GuestState.Damaged, file, new FileInfo(file).Length, actual, origin);
    }

    private static GuestEntry Missing(string name, string description) => new(name, description, GuestState.NotInstalled, null, 0, null, null);

    /// <summary>The U-Boot that ppce500 runs when it is given neither firmware nor kernel: the cached one, else the distribution's, else null.</summary>
    /// <exception cref="SimException">The cached one is damaged or cannot be read.</exception>
    public GuestImage? FindUBoot()
    {
        if (File.Exists(UBootFile))
            return Checked(UBoot, UBootFile, "firmware");
        return File.Exists(SystemUBootFile) ? ImageFile.Read(SystemUBootFile, "firmware") : null;
    }

    /// <summary>The Linux guest; null when it is not installed.</summary>
    /// <exception cref="SimException">One of its files is damaged, missing beside the others, or cannot be read.</exception>
    public LinuxGuest? FindLinux()
    {
        if (!LinuxFiles.Any(f => File.Exists(LinuxFile(f.File))))
            return null;
        Checked(Linux, LinuxFile(LinuxSymbols), "symbol");
        return new LinuxGuest(Checked(Linux, LinuxFile(LinuxKernel), "kernel"), Checked(Linux, LinuxFile(LinuxInitrd), "initrd"), LinuxFile(LinuxSymbols));
    }

    private static GuestImage Checked(string guest, string file, string kind)
    {
        var image = ImageFile.Read(file, kind);
        if (Sha256(image.Bytes.Span) != ReadOrigin(file).Sha256)
            throw new SimException($"{file}: this {kind} file is not what was installed; 'sim guests install {guest}' installs it again.", SimErrorKind.Guest);
        return image;
    }

    /// <summary>Puts U-Boot into the cache. An interrupted installation leaves what was there before.</summary>
    /// <param name="elf">The ELF file.</param>
    /// <param name="origin">Where it came from, one line.</param>
    /// <exception cref="SimException">The cache cannot be written.</exception>
    public GuestEntry StoreUBoot(byte[] elf, string origin)
    {
        Store(UBootFile, elf, origin);
        return ListUBoot();
    }

    /// <summary>Folder of the Linux guest.</summary>
    public string LinuxDirectory => Path.Combine(Directory, Linux);

    /// <summary>Puts the Linux guest into the cache. An interrupted installation leaves what counts as damaged, never a mixture that passes.</summary>
    /// <param name="folder">Folder with its files.</param>
    /// <param name="origin">Where they came from, one line.</param>
    /// <exception cref="SimException">A file is missing, or the cache cannot be written.</exception>
    public IReadOnlyList<GuestEntry> StoreLinux(string folder, string origin)
    {
        var images = LinuxFiles.Select(f => (f.File, Image: ImageFile.Read(Path.Combine(folder, f.File), "guest"))).ToList();
        // All descriptions go before the first new file comes: files of two builds do not pass for one guest.
        foreach (var (file, _) in images)
            File.Delete(OriginFile(LinuxFile(file)));
        foreach (var (file, image) in images)
            Store(LinuxFile(file), image.Bytes.ToArray(), origin);
        return [.. List().Where(static e => e.Name == Linux)];
    }

    private string LinuxFile(string name) => Path.Combine(LinuxDirectory, name);

    private static void Store(string file, byte[] bytes, string origin)
    {
        try
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            // The image goes first: until its description follows, the pair counts as damaged, never as something that it is not.
            Replace(file, bytes);
            Replace(OriginFile(file), System.Text.Encoding.UTF8.GetBytes($"{Sha256(bytes)}\n{origin}\n"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SimException($"{file}: cannot be written ({exception.Message.TrimEnd('.')}).", SimErrorKind.Guest, exception);
        }
    }

    /// <summary>SHA-256 as lower-case hexadecimal digits.</summary>
    public static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string OriginFile(string file) => file + ".origin";

    private static (string Sha256, string Origin) ReadOrigin(string file)
    {
        var lines = File.Exists(OriginFile(file)) ? File.ReadAllLines(OriginFile(file)) : [];
        return lines.Length >= 2 ? (lines[0], lines[1]) : ("", "unknown");
    }

    private static void Replace(string path, byte[] bytes)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
