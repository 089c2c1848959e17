using System.CommandLine;
using System.CommandLine.Parsing;
using Sim.Cli.CommandLine;
using Sim.Cli.Guests;
using Sim.Cli.Running;

namespace Sim.Cli.Commands;

/// <summary><c>sim run</c>, and <c>sim</c> alone: boots a machine and runs it.</summary>
internal sealed class RunCommand(CommandHost host, MachineOptions machine, RunOptions run)
{
    public SimCommand Create() => new SimCommand(
        "run",
        "Boots a machine and runs it. Without any option it is a ppce500 with two vCPUs that runs a small demo firmware. "
        + "The guest's first console is on stdin and stdout; everything else is said on stderr, the last line being "
        + "'end: reason=… time=… icount=… digest=…', where equal digests mean equal runs. Standard input that is no terminal is read whole "
        + "before power-on and typed in; firmware that clears its UART when it starts, as U-Boot does, is better talked to by --script.",
        Execute,
        "sim run",
        "sim run --bios demo --smp 4 --schedule random:7",
        "sim run --machine ppce500 --smp 2 --until-output \"=> \" < /dev/null",
        "sim run --bios demo --smp 2 --stats",
        "sim run --bios demo --smp 2 -s -S",
        "sim run --machine none --memory 64M --until-time 1s")
        .With("Machine options", machine.All)
        .With("Run options", run.All);

    /// <summary>Runs what the command line describes; a command line of the root alone has no options.</summary>
    public int Execute(ParseResult result)
    {
        if (result.Tokens.All(static token => token.Type == TokenType.Command))
            return ExecuteDemo();
        var settings = run.Read(result);
        Plugins.Load(result.GetValue(machine.Plugin));
        var configuration = Firmware.Complete(machine.Read(result), GuestCache.OfUser);
        using var execution = new MachineRun(host, settings, machine.Serials(result));
        return execution.Execute(configuration);
    }

    /// <summary>Without any option: the demo. It takes no input, so stdin is left alone.</summary>
    private int ExecuteDemo()
    {
        var configuration = Firmware.Demo();
        using var execution =
            new MachineRun(host, new RunSettings(), ["stdio"]) { TakesInput = false, Display = new BuildDisplay(host.Error) };
        host.Error.Write(FormattableString.Invariant($"Building {configuration.Machine} with {configuration.Smp} vCPUs:\n"));
        return execution.Execute(configuration);
    }
}
