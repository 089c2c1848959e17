using System.Text.RegularExpressions;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Boards.Images;

namespace Sim.Cli.Guests;

/// <summary>
/// Gets U-Boot for ppce500 into a <see cref="GuestCache"/>, without root: from the distribution's package u-boot-qemu, which apt downloads and whose checksum the package
/// index tells, or from a file that somebody downloaded elsewhere. The package is unpacked in a temporary directory; nothing of it is run.
/// </summary>
/// <param name="cache">Where it goes.</param>
/// <param name="progress">Told in a short line what is being done; may be null.</param>
/// <param name="searchPath">Where programs of the host are found; the process's PATH when null.</param>
internal sealed partial class UBootInstaller(GuestCache cache, Action<string>? progress = null, string? searchPath = null)
{
    private const string Package = "u-boot-qemu";
    private const string PackageSite = "https://packages.debian.org/bookworm/all/u-boot-qemu/download";

    /// <summary>Files that are known to be what they say, by SHA-256.</summary>
    private static readonly Dictionary<string, string> Known = new()
    {
        ["02a14f0876b76c0d7d7934e9b83a77515c5bdbad1e00af84c445bfeb1e6b8665"] = "Debian u-boot-qemu 2023.01+dfsg-2+deb12u3 (package)",
        ["2febc1d6c4e3984e812731ca8754afc7a02586b7398eaad18ca5743c6a9ca7c2"] = "Debian u-boot-qemu 2023.01+dfsg-2+deb12u3 (uboot.elf)",
    };

    private readonly HostCommand host = new(searchPath ?? Environment.GetEnvironmentVariable("PATH"));

    /// <summary>Installs from the distribution's package.</summary>
    /// <exception cref="SimException">No apt here, no such package, no network, or a wrong checksum; the cache is as before.</exception>
    public GuestEntry InstallFromPackage(CancellationToken cancellation = default)
    {
        if (!host.Exists("apt-get") || !host.Exists("apt-cache"))
        {
            throw new SimException(
                $"This host has no apt to download the package {Package} with: download it from {PackageSite} and run 'sim guests install {GuestCache.UBoot} --from FILE'.",
                SimErrorKind.Guest);
        }
        return InTemporaryDirectory(directory =>
        {
            progress?.Invoke($"asking apt for {Package}");
            var (version, sha256) = Candidate(directory, cancellation);
            progress?.Invoke($"downloading {Package} {version}");
            host.Run("apt-get", ["-qq", "download", $"{Package}={version}"], directory, cancellation);
            var file = Directory.GetFiles(directory, "*.deb").SingleOrDefault()
                ?? throw new SimException($"'apt-get download {Package}={version}' left no package file.", SimErrorKind.Guest);
            var package = File.ReadAllBytes(file);
            progress?.Invoke("checking it against the package index");
            if (GuestCache.Sha256(package) is var actual && actual != sha256)
                throw new SimException($"{Path.GetFileName(file)}: SHA-256 is {actual}, the package index says {sha256}.", SimErrorKind.Guest);
            return Store(Unpack(file, directory, cancellation), $"package {Package} {version}");
        });
    }

    /// <summary>Installs from a file: the package, or U-Boot's ELF file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sha256">The checksum that it must have; null to accept only files that are known here.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="SimException">Not readable, unknown or wrong checksum, or neither of the two; the cache is as before.</exception>
    public GuestEntry InstallFromFile(string path, string? sha256, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (sha256 is not null && !Sha256Text().IsMatch(sha256))
            throw new SimException($"--sha256 '{sha256}' is no SHA-256: 64 hexadecimal digits are expected.");
        progress?.Invoke($"reading {path}");
        var file = ImageFile.Read(path, "guest");
        var actual = GuestCache.Sha256(file.Bytes.Span);
        if (sha256 is not null && !actual.Equals(sha256, StringComparison.OrdinalIgnoreCase))
            throw new SimException($"{path}: SHA-256 is {actual}, --sha256 says {sha256.ToLowerInvariant()}.", SimErrorKind.Guest);
        if (sha256 is null && !Known.ContainsKey(actual))
            throw new SimException($"{path}: SHA-256 is {actual}, which is no known U-Boot; if you trust the file, add '--sha256 {actual}'.", SimErrorKind.Guest);
        var origin = Known.GetValueOrDefault(actual) ?? $"file {Path.GetFileName(path)}";
        if (!file.Bytes.Span.StartsWith("!<arch>\n"u8))
            return Store(file, origin);
        return InTemporaryDirectory(directory => Store(Unpack(Path.GetFullPath(path), directory, cancellation), origin));
    }

    /// <summary>Version and checksum of the package that apt would download.</summary>
    private (string Version, string Sha256) Candidate(string directory, CancellationToken cancellation)
    {
        string record;
        try
        {
            record = host.Run("apt-cache", ["--quiet", "--no-all-versions", "show", Package], directory, cancellation);
        }
        catch (SimException exception)
        {
            throw new SimException($"apt does not know the package {Package}; 'sudo apt-get update' fetches the package index ({exception.Message.TrimEnd('.')}).", SimErrorKind.Guest, exception);
        }
        var fields = PackageField().Matches(record).GroupBy(static m => m.Groups[1].Value).ToDictionary(static g => g.Key, static g => g.First().Groups[2].Value);
        if (fields.TryGetValue("Version", out var version) && fields.TryGetValue("SHA256", out var sha256) && Sha256Text().IsMatch(sha256))
            return (version, sha256);
        throw new SimException($"The package index has no version and SHA-256 for the package {Package}; 'sudo apt-get update' fetches it.", SimErrorKind.Guest);
    }

    /// <summary>Takes U-Boot out of a Debian package.</summary>
    private GuestImage Unpack(string package, string directory, CancellationToken cancellation)
    {
        progress?.Invoke("unpacking U-Boot");
        if (host.Exists("dpkg-deb"))
            host.Run("dpkg-deb", ["-x", package, directory], directory, cancellation);
        else
            UnpackWithTar(package, directory, cancellation);
        var file = Path.Combine(directory, GuestCache.UBootPackagePath);
        if (!File.Exists(file))
            throw new SimException($"{package}: the package holds no {GuestCache.UBootPackagePath}; {Package} 2023.01 of Debian 12 does.", SimErrorKind.Guest);
        return ImageFile.Read(file, "firmware");
    }

    /// <summary>Where there is no dpkg: a package is an ar archive, its files are the member data.tar.*, which tar unpacks.</summary>
    private void UnpackWithTar(string package, string directory, CancellationToken cancellation)
    {
        const int HeaderSize = 60;
        var bytes = File.ReadAllBytes(package).AsSpan();
        for (var at = 8; at + HeaderSize <= bytes.Length;)
        {
            var header = System.Text.Encoding.Latin1.GetString(bytes.Slice(at, HeaderSize));
            at += HeaderSize;
            if (!int.TryParse(header[48..58].TrimEnd(' '), out var size) || size < 0 || size > bytes.Length - at)
                break;
            if (header.StartsWith("data.tar", StringComparison.Ordinal))
            {
                var archive = Path.Combine(directory, "data.tar");
                File.WriteAllBytes(archive, bytes.Slice(at, size));
                host.Run("tar", ["-xf", archive, "-C", directory, "./" + GuestCache.UBootPackagePath], directory, cancellation);
                return;
            }
            at += size + (size & 1);
        }
        throw new SimException($"{package}: the package is damaged, it has no whole member data.tar.", SimErrorKind.Guest);
    }

    private GuestEntry Store(GuestImage elf, string origin)
    {
        // Refuses what the machine could not start, before anything is replaced.
        ElfImage.Load(elf);
        var entry = cache.StoreUBoot(elf.Bytes.ToArray(), origin);
        progress?.Invoke($"installed {entry.Path}");
        return entry;
    }

    private static GuestEntry InTemporaryDirectory(Func<string, GuestEntry> work)
    {
        var directory = Directory.CreateTempSubdirectory("sim-guests-");
        try
        {
            return work(directory.FullName);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [GeneratedRegex("^([A-Za-z0-9-]+): (.*?)\r?$", RegexOptions.Multiline)]
    private static partial Regex PackageField();

    [GeneratedRegex("^[0-9A-Fa-f]{64}$")]
    private static partial Regex Sha256Text();
}
