using Sim.Cli.Guests;
using Sim.Engine.Base;
using Xunit;

namespace Sim.Tests;

/// <summary>What of the Linux guest's installation can be proved without building a kernel: the real script runs on source packages of a few lines.</summary>
public sealed class LinuxInstallerTests : IDisposable
{
    private static readonly string Sources = Path.Combine(Repository.Root, "tools", "guests", "linux");

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-test-");
    private readonly GuestCache cache;
    private readonly List<string> progress = [];

    public LinuxInstallerTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The Linux guest is built on Linux.");
        cache = CacheAt("cache");
    }

    public void Dispose() => directory.Delete(recursive: true);

    private GuestCache CacheAt(string name) => new(Path.Combine(directory.FullName, name), directory.FullName);

    private void Install(string script) => new LinuxInstaller(cache, progress.Add) { Recipe = new Dictionary<string, byte[]> { ["build.sh"] = System.Text.Encoding.UTF8.GetBytes(script) } }
        .Install(TestContext.Current.CancellationToken);

    private const string Working = "cd $2 2>/dev/null || { mkdir -p $2; cd $2; }; for f in uImage vmlinux initramfs.cpio.gz; do echo $f >$f; done; echo 'a b c' >origin; echo one; echo two\n";

    [Fact]
    public void The_recipe_travels_with_the_tool()
    {
        var recipe = new LinuxInstaller(cache).Recipe;
        Assert.Equal(["build.sh", "init", "linux-e500v2.config"], recipe.Keys.Order(StringComparer.Ordinal));
        Assert.All(recipe, file => Assert.Equal(File.ReadAllBytes(Path.Combine(Sources, file.Key)), file.Value));
    }

    [Fact]
    public void Built_files_are_listed_with_their_checksums_and_found()
    {
        Assert.Null(cache.FindLinux());
        Assert.Equal(3, cache.List().Count(e => e.Name == GuestCache.Linux && e.State == GuestState.NotInstalled));
        Install(Working);
        Assert.Equal(["one", "two"], progress.Take(2));
        var entries = cache.List().Where(e => e.Name == GuestCache.Linux).ToList();
        Assert.Equal([GuestCache.LinuxKernel, GuestCache.LinuxInitrd, GuestCache.LinuxSymbols], entries.Select(e => Path.GetFileName(e.Path)!));
        Assert.All(entries, e => Assert.Equal((GuestState.Cached, "a b c", GuestCache.Sha256(File.ReadAllBytes(e.Path!))), (e.State, e.Origin, e.Sha256)));
        var guest = cache.FindLinux()!;
        Assert.Equal("uImage\n"u8.ToArray(), guest.Kernel.Bytes.ToArray());
        Assert.Equal("initramfs.cpio.gz\n"u8.ToArray(), guest.Initrd.Bytes.ToArray());
        Assert.Equal("vmlinux\n", File.ReadAllText(guest.Symbols));
    }

    [Fact]
    public void A_changed_or_missing_file_is_not_run()
    {
        Install(Working);
        File.AppendAllText(Path.Combine(cache.LinuxDirectory, GuestCache.LinuxInitrd), "x");
        Assert.Equal(GuestState.Damaged, cache.List().Single(e => e.Path?.EndsWith(GuestCache.LinuxInitrd, StringComparison.Ordinal) == true).State);
        Assert.Contains("'sim guests install linux' installs it again", Assert.Throws<SimException>(() => cache.FindLinux()).Message, StringComparison.Ordinal);
        Install(Working);
        File.Delete(Path.Combine(cache.LinuxDirectory, GuestCache.LinuxKernel));
        Assert.Contains("this kernel file does not exist", Assert.Throws<SimException>(() => cache.FindLinux()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo 'The first.' >&2; echo 'The kernel is gone.' >&2; exit 1\n", "The kernel is gone.")]
    [InlineData("mkdir -p $2; echo 1 >$2/uImage\n", "initramfs.cpio.gz: this guest file does not exist")]
    public void A_failed_build_says_its_own_sentence_and_leaves_the_guest_as_it_was(string script, string message)
    {
        Install(Working);
        var before = cache.List();
        var exception = Assert.Throws<SimException>(() => Install(script));
        Assert.Equal(SimErrorKind.Guest, exception.Kind);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, cache.List());
    }

    [Fact]
    public void Only_one_build_at_a_time_works_in_a_cache()
    {
        string? refused = null;
        var nested = new LinuxInstaller(cache, line => refused ??= Assert.Throws<SimException>(() => Install(Working)).Message)
        {
            Recipe = new Dictionary<string, byte[]> { ["build.sh"] = System.Text.Encoding.UTF8.GetBytes(Working) },
        };
        nested.Install(TestContext.Current.CancellationToken);
        Assert.Contains("another 'sim guests install linux' is at work", refused, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_without_compilers_is_told_which_packages_to_install()
    {
        var tools = Directory.CreateDirectory(Path.Combine(directory.FullName, "bin")).FullName;
        foreach (var program in (string[])["sh", "dirname", "mkdir", "cat", "make", "perl", "tar"])
            File.CreateSymbolicLink(Path.Combine(tools, program), Path.Combine("/usr/bin", program));
        var exception = Assert.Throws<SimException>(() => new LinuxInstaller(cache, null, tools).Install(TestContext.Current.CancellationToken));
        Assert.StartsWith("The build needs programs that are not installed: sudo apt-get install -y --no-install-recommends gcc-powerpc-linux-gnu binutils-powerpc-linux-gnu gcc ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(" flex bison bc ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(" make", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_build_goes_on_where_it_stopped_and_the_bytes_do_not_depend_on_it()
    {
        var host = FakeHost(out var packages, out var failing);
        LinuxInstaller At(GuestCache at) => new(at, progress.Add, host);

        File.WriteAllText(failing, "");
        var exception = Assert.Throws<SimException>(() => At(cache).Install(TestContext.Current.CancellationToken));
        Assert.StartsWith("Building the kernel failed: init/main.c:1: error: no such thing (the whole log is ", exception.Message, StringComparison.Ordinal);
        Assert.Null(cache.FindLinux());
        File.Delete(failing);
        File.WriteAllText(packages, "");
        At(cache).Install(TestContext.Current.CancellationToken);
        // Index and kernel package were there already; busybox came only now.
        Assert.Equal("source\n", File.ReadAllText(packages));
        Assert.StartsWith("linux-source-6.1 6.1.7-1, busybox 1:1.35.0-4, gcc ", cache.List()[1].Origin, StringComparison.Ordinal);

        progress.Clear();
        var before = File.GetLastWriteTimeUtc(cache.FindLinux()!.Symbols);
        At(cache).Install(TestContext.Current.CancellationToken);
        Assert.StartsWith(cache.LinuxDirectory + ": installed already, linux-source-6.1 6.1.7-1, ", Assert.Single(progress), StringComparison.Ordinal);
        Assert.Equal(before, File.GetLastWriteTimeUtc(cache.FindLinux()!.Symbols));

        var other = CacheAt("elsewhere/cache");
        At(other).Install(TestContext.Current.CancellationToken);
        Assert.Equal(cache.List().Select(e => e.Sha256), other.List().Select(e => e.Sha256));
        Assert.Contains("#1 at Sat Jan  2 03:04:05 UTC 2021 by sim@sim", File.ReadAllText(other.FindLinux()!.Symbols), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(other.LinuxDirectory, "build", "linux")), "The source tree is of no use any more.");
        ExpectInitramfs(other.FindLinux()!.Initrd.Bytes.ToArray());
    }

    [Fact]
    public void A_changed_first_process_makes_the_initramfs_anew_and_nothing_else()
    {
        var host = FakeHost(out var packages, out _);
        new LinuxInstaller(cache, progress.Add, host).Install(TestContext.Current.CancellationToken);
        var before = cache.List();
        File.WriteAllText(packages, "");
        progress.Clear();
        var recipe = new LinuxInstaller(cache).Recipe.ToDictionary();
        recipe["init"] = [.. recipe["init"], .. "# changed\n"u8];
        new LinuxInstaller(cache, progress.Add, host) { Recipe = recipe }.Install(TestContext.Current.CancellationToken);
        var changed = cache.List().Where((entry, i) => entry.Sha256 != before[i].Sha256).Select(static entry => Path.GetFileName(entry.Path!));
        Assert.Equal([GuestCache.LinuxInitrd], changed);
        Assert.Equal("packing the initramfs", progress[0]);
        Assert.Equal("", File.ReadAllText(packages));
        Assert.NotEqual(before[1].Origin, cache.List()[1].Origin);
    }

    [Fact]
    public void A_damaged_guest_of_the_same_recipe_is_installed_again()
    {
        var host = FakeHost(out var packages, out _);
        new LinuxInstaller(cache, progress.Add, host).Install(TestContext.Current.CancellationToken);
        File.WriteAllText(packages, "");
        File.AppendAllText(Path.Combine(cache.LinuxDirectory, GuestCache.LinuxKernel), "x");
        new LinuxInstaller(cache, progress.Add, host).Install(TestContext.Current.CancellationToken);
        Assert.NotNull(cache.FindLinux());
        Assert.Equal("", File.ReadAllText(packages));
    }

    /// <summary>A search path on which apt has packages of a few lines, and the compilers are there.</summary>
    /// <param name="packages">File that gets a line for each time apt is asked.</param>
    /// <param name="failing">While this file exists the kernel does not compile.</param>
    private string FakeHost(out string packages, out string failing)
    {
        HostTool.Require("dpkg-deb", "dpkg");
        HostTool.Require("xz", "xz-utils");
        HostTool.Require("make", "make");
        packages = Path.Combine(directory.FullName, "asked");
        failing = Path.Combine(directory.FullName, "failing");
        var deb = KernelPackage(failing);
        var fakes = Directory.CreateDirectory(Path.Combine(directory.FullName, "fakes")).FullName;
        void Program(string name, string script)
        {
            var file = Path.Combine(fakes, name);
            File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
            HostTool.Run("chmod", ["+x", file]);
        }
        Program("apt-get", $"""
            for word; do case $word in
              update) echo update >>'{packages}' ;;
              download) echo download >>'{packages}'; cp '{deb}' . ;;
              source) echo source >>'{packages}'; printf 'Format: 3.0\nVersion: 1:1.35.0-4\n' >busybox.dsc ;;
            esac; done
            """);
        Program("dpkg-source", """
            for tree; do :; done
            mkdir "$tree"
            printf '# CONFIG_STATIC is not set\nCONFIG_TC=y\n' >"$tree/default"
            printf 'defconfig:\n\tcp default .config\noldconfig:\n\ttrue\nbusybox:\n\tcp .config busybox\nbusybox.links:\n\tprintf "/usr/bin/awk\\n/bin/sh\\n" >busybox.links\n' >"$tree/Makefile"
            """);
        Program("powerpc-linux-gnu-gcc", "case $1 in -print-file-name=*) echo /usr/lib/libc.a ;; *) echo 12.2.0 ;; esac");
        foreach (var program in (string[])["powerpc-linux-gnu-ld", "gcc", "flex", "bison", "bc", "perl", "mkimage", "patch", "bzip2"])
            Program(program, "cat >/dev/null");
        return fakes + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH");
    }

    /// <summary>A package linux-source-6.1 whose kernel is a line of text. Its gen_init_cpio prints what it is told instead of packing it.</summary>
    private string KernelPackage(string failing)
    {
        var script = $$"""
            cd '{{directory.FullName}}'
            mkdir -p tree/linux-source-6.1 package/usr/src package/DEBIAN
            cat >tree/linux-source-6.1/Makefile <<'END'
            allnoconfig:
            	cp $(KCONFIG_ALLCONFIG) .config
            uImage: vmlinux
            	mkdir -p arch/powerpc/boot usr
            	cp vmlinux arch/powerpc/boot/uImage
            	printf '#!/bin/sh\ndate -u -d @$$2\nsed "s, $$(dirname $$3)/, ," $$3\ncat $$(dirname $$3)/init\n' >usr/gen_init_cpio
            	chmod +x usr/gen_init_cpio
            vmlinux:
            	@if [ -e '{{failing}}' ]; then echo 'init/main.c:1: error: no such thing'; exit 1; fi
            	echo "#$(KBUILD_BUILD_VERSION) at $(KBUILD_BUILD_TIMESTAMP) by $(KBUILD_BUILD_USER)@$(KBUILD_BUILD_HOST)" >vmlinux
            	grep SMP .config >>vmlinux
            END
            tar -c -J -f package/usr/src/linux-source-6.1.tar.xz -C tree linux-source-6.1
            touch -d '2021-01-02 03:04:05 UTC' package/usr/src/linux-source-6.1.tar.xz
            printf 'Package: linux-source-6.1\nVersion: 6.1.7-1\nArchitecture: all\nMaintainer: A <a@b.c>\nDescription: test\n' >package/DEBIAN/control
            dpkg-deb -b package kernel.deb
            """;
        var result = HostTool.Run("sh", ["-e", "-c", script]);
        Assert.True(result.ExitCode == 0, result.Error);
        return Path.Combine(directory.FullName, "kernel.deb");
    }

    private static void ExpectInitramfs(byte[] packed)
    {
        var text = System.Text.Encoding.UTF8.GetString(HostTool.Run("gzip", ["-d", "-c"], packed).Output);
        Assert.StartsWith("Sat Jan  2 03:04:05 UTC 2021\n", text, StringComparison.Ordinal);
        // Links are sorted, whatever order busybox's own list has.
        Assert.Contains(
            "\nnod /dev/console 600 0 0 c 5 1\nfile /init init 755 0 0\nfile /bin/busybox busybox 755 0 0\nslink /bin/sh /bin/busybox 777 0 0\nslink /usr/bin/awk /bin/busybox 777 0 0\n",
            text,
            StringComparison.Ordinal);
        Assert.EndsWith(File.ReadAllText(Path.Combine(Sources, "init")), text, StringComparison.Ordinal);
    }
}
