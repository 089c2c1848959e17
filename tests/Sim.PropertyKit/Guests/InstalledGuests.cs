using Sim.Engine.Boards;

namespace Sim.PropertyKit.Guests;

/// <summary>Where <c>sim guests install</c> puts guests, for laws that run them.</summary>
public static class InstalledGuests
{
    /// <summary>
    /// The user's folder of guests: <c>$XDG_CACHE_HOME/sim/guests</c>, or <c>~/.cache/sim/guests</c>; null when the environment names no home
    /// directory. As the XDG base directory specification asks, a relative XDG_CACHE_HOME is ignored.
    /// </summary>
    public static string? Folder(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (environment("XDG_CACHE_HOME") is { } cache && Path.IsPathFullyQualified(cache))
            return Path.Combine(cache, "sim", "guests");
        return environment("HOME") is { Length: > 0 } home ? Path.Combine(home, ".cache", "sim", "guests") : null;
    }

    /// <summary>Linux as U-Boot's image of the kernel; null when it is not installed.</summary>
    public static GuestImage? LinuxKernel => Read("linux", "uImage");

    /// <summary>The initramfs of Linux; null when it is not installed.</summary>
    public static GuestImage? LinuxInitrd => Read("linux", "initramfs.cpio.gz");

    private static GuestImage? Read(string guest, string name)
    {
        if (Folder(Environment.GetEnvironmentVariable) is not { } folder)
            return null;
        var file = Path.Combine(folder, guest, name);
        return File.Exists(file) ? new GuestImage(file, File.ReadAllBytes(file)) : null;
    }
}
