using System.CommandLine;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Engine.Base;
using Sim.Engine.Boards.DeviceTree;
using Sim.Engine.Session;

namespace Sim.Cli.Commands;

/// <summary><c>sim fdt</c>: the device tree that a machine hands to its guest.</summary>
internal sealed class FdtCommand(CommandHost host, MachineOptions machine)
{
    private readonly Option<string?> output =
        OptionValues.Value("--output", "FILE", "Writes the blob to a file instead, like QEMU's -machine dumpdtb=FILE.", "-o");

    public SimCommand Create() => new SimCommand(
        "fdt",
        "Builds a machine and prints the device tree that its guest is given, as source text in the form of 'dtc -I dtb -O dts'.",
        Execute,
        "sim fdt",
        "sim fdt --smp 4 --memory 512M",
        "sim fdt --output board.dtb").With("Options", output).With("Machine options", machine.All);

    private int Execute(ParseResult result)
    {
        Plugins.Load(result.GetValue(machine.Plugin));
        using var session = Session.Boot(Firmware.ForLooking(machine.Read(result)));
        var blob = session.Machine.DeviceTree
            ?? throw new SimException($"Machine '{session.Machine.Configuration.Machine}' has no device tree.");
        if (result.GetValue(output) is { } path)
        {
            using var file = HostFile.Create("--output", path);
            file.Write(blob.Span);
        }
        else
            host.Print(DeviceTreeText.Print(DeviceTreeReader.Read(blob.Span, "device tree")));

        return ExitCodes.Done;
    }
}
