using System.Security.Cryptography;
using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Boards;

namespace Sim.PropertyKit.Machines;

/// <summary>Guests that laws about whole machines run.</summary>
public static class LawGuests
{
    /// <summary>Where the distribution keeps U-Boot.</summary>
    public const string UBootFile = "/usr/lib/u-boot/qemu-ppce500/uboot.elf";

    /// <summary>SHA-256 of the U-Boot that scripts and recorded consoles are of: Debian u-boot-qemu 2023.01+dfsg-2+deb12u3.</summary>
    private const string RecordedUBoot = "2febc1d6c4e3984e812731ca8754afc7a02586b7398eaad18ca5743c6a9ca7c2";

    private static readonly Lazy<GuestImage> DemoImage = new(static () => new GuestImage("demo.elf", Resource("demo.elf")));

    private static readonly Lazy<byte[]?> InstalledUBoot = new(static () => File.Exists(UBootFile) ? File.ReadAllBytes(UBootFile) : null);

    private static readonly Lazy<string?> Missing = new(WhyNoUBoot);

    /// <summary>The demo firmware.</summary>
    public static GuestImage Demo => DemoImage.Value;

    /// <summary>A session of U-Boot that ends with a power-off.</summary>
    public static string UBootScript { get; } = Encoding.UTF8.GetString(Resource("uboot-session.script"));

    /// <summary>Says why <see cref="UBoot"/> cannot be had, with the command that installs it; null when it can.</summary>
    public static string? MissingUBoot => Missing.Value;

    /// <summary>The distribution's U-Boot.</summary>
    /// <exception cref="SimException">It is not installed, or is not the recorded build.</exception>
    public static GuestImage UBoot => MissingUBoot is { } missing
        ? throw new SimException(missing, SimErrorKind.Guest)
        : new GuestImage("uboot.elf", InstalledUBoot.Value!);

    private static string? WhyNoUBoot()
    {
        if (InstalledUBoot.Value is not { } image)
            return $"{UBootFile} is not installed: sudo apt-get install u-boot-qemu";
        return Convert.ToHexStringLower(SHA256.HashData(image)) == RecordedUBoot
            ? null
            : $"{UBootFile} is another build than the recorded one: sudo apt-get install u-boot-qemu=2023.01+dfsg-2+deb12u3";
    }

    private static byte[] Resource(string name)
    {
        using var resource = typeof(LawGuests).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    }
}
