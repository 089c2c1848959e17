using System.Buffers.Binary;
using System.Security.Cryptography;
using Sim.Engine.Boards;
using Sim.Engine.Boards.Images;
using Xunit;

namespace Sim.Tests;

/// <summary>Guests that tests run, and the machines they run on.</summary>
internal static class TestGuests
{
    /// <summary>2026-01-01 12:00:00 UTC, the clock of the U-Boot sessions recorded under QEMU.</summary>
    public const long RecordedRtcBase = 1_767_268_800;

    /// <summary>Where the distribution keeps U-Boot.</summary>
    public const string UBootFile = "/usr/lib/u-boot/qemu-ppce500/uboot.elf";

    /// <summary>SHA-256 of the U-Boot that the recorded consoles and digests are of: Debian u-boot-qemu 2023.01+dfsg-2+deb12u3.</summary>
    private const string RecordedUBoot = "2febc1d6c4e3984e812731ca8754afc7a02586b7398eaad18ca5743c6a9ca7c2";

    private static readonly Lazy<byte[]?> InstalledUBoot = new(static () => File.Exists(UBootFile) ? File.ReadAllBytes(UBootFile) : null);

    private static readonly string Programs = Path.Combine(Repository.Root, "tools", "guests");

    private static readonly Lazy<GuestImage> DemoImage =
        new(static () => new GuestImage("demo.elf", File.ReadAllBytes(Path.Combine(Programs, "demo", "demo.elf"))));

    /// <summary>The demo firmware.</summary>
    public static GuestImage Demo => DemoImage.Value;

    /// <summary>The distribution's U-Boot; skips the calling test where it is not installed, or is not the recorded one.</summary>
    public static GuestImage UBoot()
    {
        Assert.SkipUnless(InstalledUBoot.Value is not null, $"{UBootFile} is not installed: sudo apt-get install u-boot-qemu");
        var hash = Convert.ToHexStringLower(SHA256.HashData(InstalledUBoot.Value!));
        Assert.SkipUnless(
            hash == RecordedUBoot,
            $"{UBootFile} is another build than the recorded one: sudo apt-get install u-boot-qemu=2023.01+dfsg-2+deb12u3");
        return new GuestImage("uboot.elf", InstalledUBoot.Value!);
    }

    /// <summary>A workload of tools/guests/bench with another repeat count than the one in the file.</summary>
    public static GuestImage Workload(string name, uint repeat)
    {
        var program = File.ReadAllBytes(Path.Combine(Programs, "bench", name + ".elf"));
        BinaryPrimitives.WriteUInt32BigEndian(program.AsSpan(program.AsSpan().IndexOf("SIMBENCH"u8) + 8), repeat);
        return new GuestImage(name + ".elf", program);
    }

    /// <summary>A file that QEMU's output is kept in.</summary>
    public static string Data(string file) => Path.Combine(AppContext.BaseDirectory, "Boards", "data", file);

    /// <summary>A machine for the demo firmware.</summary>
    public static MachineConfiguration DemoMachine(int smp) => new() { Bios = Demo, Smp = smp };

    /// <summary>A machine for U-Boot, as the consoles were recorded on.</summary>
    public static MachineConfiguration UBootMachine() => new() { Bios = UBoot(), RtcBase = RecordedRtcBase };
}
