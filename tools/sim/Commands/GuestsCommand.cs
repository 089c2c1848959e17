using System.CommandLine;
using System.Globalization;
using Sim.Cli.CommandLine;
using Sim.Cli.Guests;
using Sim.Cli.Views;
using Sim.Engine.Base;

namespace Sim.Cli.Commands;

/// <summary><c>sim guests</c>: real guests for the machines.</summary>
internal sealed class GuestsCommand(CommandHost host, Option<string?> format)
{
    private readonly Argument<string> name = new("guest") { Description = "The guest: u-boot or linux." };
    private readonly Option<string?> from =
        OptionValues.Value("--from", "FILE", "Installs from this file: the Debian package u-boot-qemu, or U-Boot's ELF file.");
    private readonly Option<string?> sha256 =
        OptionValues.Value("--sha256", "DIGITS", "The checksum that FILE must have; needed for a file that is not known here.");

    public SimCommand Create()
    {
        var install = new SimCommand(
            "install",
            "Installs a guest for this user, no root needed: U-Boot from the distribution's package or from a file, its checksum verified; "
            + "Linux with busybox built from the distribution's source packages in some minutes "
            + "(an interrupted build goes on where it stopped).",
            Install,
            "sim guests install u-boot",
            "sim guests install linux",
            "sim guests install u-boot --from u-boot-qemu_2023.01+dfsg-2+deb12u3_all.deb") { name };
        var list = new SimCommand(
            "list",
            "Lists the guests that can be installed and how they stand.",
            List,
            "sim guests list",
            "sim guests list --format json");
        return new SimCommand("guests", "Gets real guests for the machines.", null, "sim guests install u-boot", "sim guests list")
        {
            install.With("Options", from, sha256),
            list.With("Options", format),
        };
    }

    private int Install(ParseResult result)
    {
        var guest = result.GetValue(name)!;
        var file = result.GetValue(from);
        var checksum = result.GetValue(sha256);
        if (guest is not (GuestCache.UBoot or GuestCache.Linux))
            throw new SimException($"Unknown guest '{guest}'; known are {GuestCache.UBoot} and {GuestCache.Linux}.");
        if (guest == GuestCache.Linux && (file ?? checksum) is not null)
            throw new SimException(
                $"--from and --sha256 are for {GuestCache.UBoot}: {GuestCache.Linux} is built from the distribution's source packages.");
        if (file is null && checksum is not null)
            throw new SimException("--sha256 needs --from FILE.");
        host.WatchSignals();
        var cache = GuestCache.OfUser();
        try
        {
            if (guest == GuestCache.Linux)
                new LinuxInstaller(cache, host.Say).Install(host.Interrupted);
            else if (file is null)
                new UBootInstaller(cache, host.Say).InstallFromPackage(host.Interrupted);
            else
                new UBootInstaller(cache, host.Say).InstallFromFile(file, checksum, host.Interrupted);
            return ExitCodes.Done;
        }
        catch (OperationCanceledException)
        {
            host.Say("Interrupted; nothing was installed.");
            return ExitCodes.Interrupted;
        }
    }

    private int List(ParseResult result)
    {
        var guests = GuestCache.OfUser().List();
        var asJson = OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json") == "json";
        host.Print(asJson ? Json(guests) : Text(guests));
        return ExitCodes.Done;
    }

    private static string Text(IReadOnlyList<GuestEntry> guests) => string.Concat(guests.Select(Text));

    private static string Text(GuestEntry guest)
    {
        var line = $"{guest.Name}  {State(guest.State)}  {guest.Description}\n";
        return guest.Path is null
            ? line
            : line + FormattableString.Invariant($"    {guest.Path}, {guest.Size} bytes\n    sha256 {guest.Sha256}\n    from {guest.Origin}\n");
    }

    private static string Json(IReadOnlyList<GuestEntry> guests) => JsonText.Of(writer =>
    {
        writer.WriteStartArray();
        foreach (var guest in guests)
        {
            writer.WriteStartObject();
            writer.WriteString("name", guest.Name);
            writer.WriteString("description", guest.Description);
            writer.WriteString("state", State(guest.State));
            writer.WriteString("path", guest.Path);
            writer.WriteNumber("size", guest.Size);
            writer.WriteString("sha256", guest.Sha256);
            writer.WriteString("origin", guest.Origin);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static string State(GuestState state) => state switch
    {
        GuestState.NotInstalled => "not installed",
        GuestState.Cached => "installed",
        GuestState.System => "installed by the system",
        _ => "damaged",
    };
}
