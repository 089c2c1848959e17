using Sim.Cli.Guests;
using Sim.Engine.Base;
using Xunit;
using Segment = Sim.Tests.TestImages.Segment;

namespace Sim.Tests;

public sealed class GuestCacheTests : IDisposable
{
    private static readonly byte[] Elf = TestImages.Elf(0xf00000, new Segment(0xf00000, [0x48, 0, 0, 0], 64));
    private static readonly byte[] OtherElf = TestImages.Elf(0xf00000, new Segment(0xf00000, [0x60, 0, 0, 0], 64));

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");
    private readonly GuestCache cache;
    private readonly List<string> progress = [];

    public GuestCacheTests() => cache = new GuestCache(Path.Combine(directory.FullName, "cache"), Path.Combine(directory.FullName, "root"));

    public void Dispose() => directory.Delete(recursive: true);

    private string InDirectory(string name, byte[] bytes)
    {
        var path = Path.Combine(directory.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private GuestEntry Install(string path, string? sha256) => new UBootInstaller(cache, progress.Add).InstallFromFile(path, sha256, TestContext.Current.CancellationToken);

    private string Package(byte[] elf, string content = GuestCache.UBootPackagePath)
    {
        HostTool.Require("dpkg-deb", "dpkg");
        InDirectory($"package/{content}", elf);
        InDirectory("package/DEBIAN/control", "Package: u-boot-qemu\nVersion: 1.2\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: test\n"u8.ToArray());
        var file = Path.Combine(directory.FullName, "u-boot-qemu_1.2_all.deb");
        var result = HostTool.Run("dpkg-deb", ["-b", Path.Combine(directory.FullName, "package"), file]);
        Assert.True(result.ExitCode == 0, result.Error);
        return file;
    }

    private string Refused(Action action, SimErrorKind kind = SimErrorKind.Guest)
    {
        var before = cache.List()[0];
        var exception = Assert.Throws<SimException>(action);
        Assert.Equal(kind, exception.Kind);
        Assert.Equal(before, cache.List()[0]);
        return exception.Message;
    }

    [Fact]
    public void The_cache_lies_where_the_environment_says()
    {
        static string At(params (string Name, string Value)[] environment) =>
            GuestCache.OfUser(name => environment.FirstOrDefault(v => v.Name == name).Value).Directory;
        Assert.Equal("/x/sim/guests", At(("XDG_CACHE_HOME", "/x"), ("HOME", "/h")));
        Assert.Equal("/h/.cache/sim/guests", At(("XDG_CACHE_HOME", "relative"), ("HOME", "/h")));
        Assert.Equal("/h/.cache/sim/guests", At(("HOME", "/h")));
        Assert.Contains("HOME is set", Assert.Throws<SimException>(() => At()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void U_Boot_comes_from_the_cache_then_from_the_distribution_then_from_nowhere()
    {
        Assert.Null(cache.FindUBoot());
        Assert.Equal(GuestState.NotInstalled, cache.List()[0].State);
        var system = InDirectory($"root/{GuestCache.UBootPackagePath}", OtherElf);
        Assert.Equal(system, cache.FindUBoot()!.Name);
        Assert.Equal((GuestState.System, system), (cache.List()[0].State, cache.List()[0].Path));
        var installed = Install(InDirectory("u-boot.elf", Elf), GuestCache.Sha256(Elf));
        Assert.Equal(installed, cache.List()[0]);
        Assert.Equal((GuestState.Cached, "file u-boot.elf", (long)Elf.Length), (installed.State, installed.Origin, installed.Size));
        Assert.Equal(installed.Path, cache.FindUBoot()!.Name);
        Assert.Equal(Elf, cache.FindUBoot()!.Bytes.ToArray());
        Assert.NotEmpty(progress);
    }

    [Fact]
    public void A_cached_file_that_changed_is_not_run()
    {
        var entry = Install(InDirectory("u-boot.elf", Elf), GuestCache.Sha256(Elf));
        File.WriteAllBytes(entry.Path!, OtherElf);
        Assert.Equal(GuestState.Damaged, cache.List()[0].State);
        Assert.Contains("'sim guests install u-boot' installs it again", Assert.Throws<SimException>(() => cache.FindUBoot()).Message, StringComparison.Ordinal);
        Install(InDirectory("u-boot.elf", Elf), GuestCache.Sha256(Elf));
        Assert.Equal(Elf, cache.FindUBoot()!.Bytes.ToArray());
    }

    [Fact]
    public void A_file_needs_a_checksum_that_fits()
    {
        var file = InDirectory("u-boot.elf", Elf);
        Install(file, GuestCache.Sha256(Elf).ToUpperInvariant());
        var other = InDirectory("other.elf", OtherElf);
        Assert.Contains($"add '--sha256 {GuestCache.Sha256(OtherElf)}'", Refused(() => Install(other, null)), StringComparison.Ordinal);
        Assert.Contains($"SHA-256 is {GuestCache.Sha256(OtherElf)}, --sha256 says {GuestCache.Sha256(Elf)}", Refused(() => Install(other, GuestCache.Sha256(Elf))), StringComparison.Ordinal);
        Assert.Contains("64 hexadecimal digits", Refused(() => Install(other, "12"), SimErrorKind.Usage), StringComparison.Ordinal);
        Assert.Contains("this guest file does not exist", Refused(() => Install("/nowhere", null)), StringComparison.Ordinal);
        var text = InDirectory("text", "hello"u8.ToArray());
        Assert.Contains("no ELF file", Refused(() => Install(text, GuestCache.Sha256("hello"u8))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_of_the_distribution_is_known_by_its_checksum()
    {
        const string Installed = "/" + GuestCache.UBootPackagePath;
        Assert.SkipUnless(File.Exists(Installed), "U-Boot is not installed: sudo apt-get install u-boot-qemu");
        Assert.StartsWith("Debian u-boot-qemu", Install(Installed, null).Origin, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_package_is_unpacked_with_and_without_dpkg(bool dpkg)
    {
        var package = Package(Elf);
        var path = dpkg ? null : FakePrograms(("tar", "exec /usr/bin/tar \"$@\""));
        if (!dpkg)
            HostTool.Require("xz", "xz-utils");
        var entry = new UBootInstaller(cache, null, path).InstallFromFile(package, GuestCache.Sha256(File.ReadAllBytes(package)), TestContext.Current.CancellationToken);
        Assert.Equal(Elf, cache.FindUBoot()!.Bytes.ToArray());
        Assert.Equal("file u-boot-qemu_1.2_all.deb", entry.Origin);
    }

    [Fact]
    public void A_package_without_U_Boot_or_cut_off_is_refused()
    {
        var package = Package(Elf, "usr/lib/u-boot/qemu-arm/uboot.elf");
        Assert.Contains("holds no usr/lib/u-boot/qemu-ppce500/uboot.elf", Refused(() => Install(package, GuestCache.Sha256(File.ReadAllBytes(package)))), StringComparison.Ordinal);
        var torn = InDirectory("torn.deb", File.ReadAllBytes(package)[..300]);
        var sum = GuestCache.Sha256(File.ReadAllBytes(torn));
        Assert.Contains("dpkg-deb -x", Refused(() => Install(torn, sum)), StringComparison.Ordinal);
        Assert.Contains("no whole member data.tar", Refused(() => new UBootInstaller(cache, null, FakePrograms()).InstallFromFile(torn, sum, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
    }

    /// <summary>A search path with only these shell scripts.</summary>
    private string FakePrograms(params (string Name, string Script)[] programs)
    {
        var path = Directory.CreateDirectory(Path.Combine(directory.FullName, "bin")).FullName;
        foreach (var (name, script) in programs)
        {
            var file = Path.Combine(path, name);
            File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
            HostTool.Run("chmod", ["+x", file]);
        }
        return path;
    }

    private UBootInstaller Apt(string indexSum, string package) => new(cache, progress.Add, FakePrograms(
        ("apt-cache", $"printf 'Package: u-boot-qemu\\nVersion: 1.2\\nSHA256: {indexSum}\\n'"),
        ("apt-get", $"[ \"$*\" = '-qq download u-boot-qemu=1.2' ] && exec /bin/cp '{package}' ."),
        ("dpkg-deb", "exec /usr/bin/dpkg-deb \"$@\"")));

    [Fact]
    public void The_distribution_package_is_downloaded_checked_and_unpacked()
    {
        var package = Package(Elf);
        Assert.Contains("the package index says 00", Refused(() => Apt(new string('0', 64), package).InstallFromPackage(TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        var entry = Apt(GuestCache.Sha256(File.ReadAllBytes(package)), package).InstallFromPackage(TestContext.Current.CancellationToken);
        Assert.Equal("package u-boot-qemu 1.2", entry.Origin);
        Assert.Equal(Elf, cache.FindUBoot()!.Bytes.ToArray());
        Assert.Equal("downloading u-boot-qemu 1.2", progress[1]);
    }

    [Fact]
    public void Without_apt_network_or_index_the_message_says_what_to_do()
    {
        Assert.Contains("--from FILE", Refused(() => new UBootInstaller(cache, null, FakePrograms()).InstallFromPackage(TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        var unknown = FakePrograms(("apt-get", "exit 0"), ("apt-cache", "echo 'E: No packages found' >&2; exit 100"));
        Assert.Contains("'sudo apt-get update' fetches the package index ('apt-cache --quiet --no-all-versions show u-boot-qemu' failed: E: No packages found)",
            Refused(() => new UBootInstaller(cache, null, unknown).InstallFromPackage(TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        var offline = FakePrograms(("apt-get", "echo 'E: Failed to fetch' >&2; exit 100"), ("apt-cache", $"printf 'Version: 1\\nSHA256: {new string('0', 64)}\\n'"));
        Assert.Contains("'apt-get -qq download u-boot-qemu=1' failed: E: Failed to fetch.", Refused(() => new UBootInstaller(cache, null, offline).InstallFromPackage(TestContext.Current.CancellationToken)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_installation_leaves_the_cache_as_it_was()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var package = Package(Elf);
        Assert.Throws<OperationCanceledException>(() => Apt(GuestCache.Sha256(File.ReadAllBytes(package)), package).InstallFromPackage(source.Token));
        Assert.Null(cache.FindUBoot());
    }
}
