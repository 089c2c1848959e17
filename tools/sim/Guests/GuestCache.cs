using System.Security.Cryptography;
using Sim.Engine.Base;
using Sim.Engine.Boards;

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

/// <summary>Guests installed for one user: <c>$XDG_CACHE_HOME/sim/guests</c>, or <c>~/.cache/sim/guests</c>.</summary>
internal sealed class GuestCache
{
    /// <summary>Name of U-Boot for ppce500.</summary>
    public const string UBoot = "u-boot";

    /// <summary>Where Debian's and Ubuntu's package u-boot-qemu puts U-Boot for ppce500, relative to the root.</summary>
    public const string UBootPackagePath = "usr/lib/u-boot/qemu-ppce500/uboot.elf";

    private const string UBootDescription = "U-Boot for ppce500, the firmware that runs without -bios";

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

    /// <summary>The cache of the user whose environment this is. As the XDG base directory specification asks, a relative XDG_CACHE_HOME is ignored.</summary>
    /// <exception cref="SimException">The environment names no home directory.</exception>
    public static GuestCache OfUser(Func<string, string?> environment)
    {
        if (environment("XDG_CACHE_HOME") is { } cache && Path.IsPathFullyQualified(cache))
            return new GuestCache(Path.Combine(cache, "sim", "guests"));
        if (environment("HOME") is { Length: > 0 } home)
            return new GuestCache(Path.Combine(home, ".cache", "sim", "guests"));
        throw new SimException("Neither XDG_CACHE_HOME nor HOME is set, so there is no place for installed guests.", SimErrorKind.Guest);
    }

    /// <summary>The guests that can be installed, and how they stand.</summary>
    public IReadOnlyList<GuestEntry> List()
    {
        if (File.Exists(UBootFile))
        {
            var (sha256, origin) = ReadOrigin(UBootFile);
            var actual = Sha256(File.ReadAllBytes(UBootFile));
            return [new GuestEntry(UBoot, UBootDescription, actual == sha256 ? GuestState.Cached : GuestState.Damaged, UBootFile, new FileInfo(UBootFile).Length, actual, origin)];
        }
        if (File.Exists(SystemUBootFile))
        {
            var bytes = File.ReadAllBytes(SystemUBootFile);
            return [new GuestEntry(UBoot, UBootDescription, GuestState.System, SystemUBootFile, bytes.Length, Sha256(bytes), "installed for all users by the distribution")];
        }
        return [new GuestEntry(UBoot, UBootDescription, GuestState.NotInstalled, null, 0, null, null)];
    }

    /// <summary>The U-Boot that ppce500 runs when it is given neither firmware nor kernel: the cached one, else the distribution's, else null.</summary>
    /// <exception cref="SimException">The cached one is damaged or cannot be read.</exception>
    public GuestImage? FindUBoot()
    {
        if (File.Exists(UBootFile))
        {
            var image = Engine.Boards.Images.ImageFile.Read(UBootFile, "firmware");
            if (Sha256(image.Bytes.Span) != ReadOrigin(UBootFile).Sha256)
                throw new SimException($"{UBootFile}: this firmware file is not what was installed; 'sim guests install {UBoot}' installs it again.", SimErrorKind.Guest);
            return image;
        }
        return File.Exists(SystemUBootFile) ? Engine.Boards.Images.ImageFile.Read(SystemUBootFile, "firmware") : null;
    }

    /// <summary>Puts U-Boot into the cache. An interrupted installation leaves what was there before.</summary>
    /// <param name="elf">The ELF file.</param>
    /// <param name="origin">Where it came from, one line.</param>
    /// <exception cref="SimException">The cache cannot be written.</exception>
    public GuestEntry StoreUBoot(byte[] elf, string origin)
    {
        var sha256 = Sha256(elf);
        try
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(UBootFile)!);
            // The image goes first: until its description follows, the pair counts as damaged, never as something that it is not.
            Replace(UBootFile, elf);
            Replace(OriginFile(UBootFile), System.Text.Encoding.UTF8.GetBytes($"{sha256}\n{origin}\n"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SimException($"{UBootFile}: cannot be written ({exception.Message.TrimEnd('.')}).", SimErrorKind.Guest, exception);
        }
        return new GuestEntry(UBoot, UBootDescription, GuestState.Cached, UBootFile, elf.Length, sha256, origin);
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
