using System.CommandLine;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;

namespace Sim.Cli.Commands;

/// <summary><c>sim run</c>, and <c>sim</c> alone: boots a machine and runs it.</summary>
internal sealed class RunCommand(CommandHost host, MachineOptions machine, RunOptions run)
{
    public SimCommand Create() => new SimCommand(
        "run",
        "Boots a machine and runs it. Without machine options it is a ppce500 with two vCPUs that runs a small demo firmware. The guest's first console is on stdin and stdout; "
        + "everything else is said on stderr, the last line being 'end: reason=… time=… icount=… digest=…', where equal digests mean equal runs.",
        Execute,
        "sim run",
        "sim run --machine ppce500 --smp 2 --until-output \"=> \" < /dev/null",
        "sim run --machine none --memory 64M --until-time 1s")
        .With("Machine options", machine.All)
        .With("Run options", run.All);

    /// <summary>Runs what the command line describes; a result of the root command has none of the options and means the demo.</summary>
    public int Execute(ParseResult result)
    {
        var settings = run.Read(result);
        Plugins.Load(result.GetValue(machine.Plugin));
        if (machine.NoneGiven(result))
            return ExecuteDemo(settings);
        var configuration = Firmware.Complete(machine.Read(result));
        using var execution = new MachineRun(host, settings, machine.Serials(result));
        return execution.Execute(configuration);
    }

    private int ExecuteDemo(RunSettings settings)
    {
        var configuration = Firmware.Demo();
        using var execution = new MachineRun(host, settings, ["stdio"]) { TakesInput = false, Display = new BuildDisplay(host.Error) };
        host.Error.Write(FormattableString.Invariant($"Building {configuration.Machine}: {configuration.Smp} vCPUs, firmware {configuration.Bios!.Name}\n"));
        return execution.Execute(configuration);
    }
}
