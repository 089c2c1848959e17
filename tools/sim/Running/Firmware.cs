using Sim.Cli.Guests;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qom;

namespace Sim.Cli.Running;

/// <summary>What a machine starts when the command line names no image.</summary>
internal static class Firmware
{
    /// <summary>The machine that <c>sim</c> builds when it is told nothing: two CPUs and the demo firmware.</summary>
    public static MachineConfiguration Demo() => new() { Smp = 2, Bios = DemoImage() };

    /// <summary>Gives a board that needs firmware and was given neither that nor a kernel the installed U-Boot.</summary>
    /// <exception cref="SimException">It is not installed; the message names the command that does that.</exception>
    public static MachineConfiguration Complete(MachineConfiguration configuration, Func<GuestCache> cache) =>
        LacksFirmware(configuration) ? configuration with { Bios = InstalledUBoot(configuration, cache) } : configuration;

    /// <summary>
    /// Gives a board that needs firmware and was given none the demo's, for commands that look at a machine and run nothing.
    /// </summary>
    /// <exception cref="SimException">The machine is unknown.</exception>
    public static MachineConfiguration ForLooking(MachineConfiguration configuration) =>
        LacksFirmware(configuration) ? configuration with { Bios = DemoImage() } : configuration;

    private static bool LacksFirmware(MachineConfiguration configuration)
    {
        Module.CallInit(ModuleInit.Qom);
        return MachineState.FindType(TypeRegistry.Default, configuration.Machine).IsA(PpcE500Machine.BaseTypeName)
            && configuration.Bios is null && configuration.Kernel is null;
    }

    private static GuestImage InstalledUBoot(MachineConfiguration configuration, Func<GuestCache> cache) => cache().FindUBoot()
        ?? throw new SimException($"Machine '{configuration.Machine}' needs --bios FILE or --kernel FILE, or U-Boot, "
            + "which 'sim guests install u-boot' installs.", SimErrorKind.Guest);

    /// <summary>The demo firmware, <c>--bios demo</c>; its source is <c>tools/guests/demo</c>.</summary>
    public static GuestImage DemoImage()
    {
        using var resource = typeof(Firmware).Assembly.GetManifestResourceStream("demo.elf")!;
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return new GuestImage("demo", bytes);
    }
}
