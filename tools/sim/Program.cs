using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sim.Cli.Checking;
using Sim.Cli.CommandLine;
using Sim.Cli.Commands;
using Sim.Engine.Base;

namespace Sim.Cli;

/// <summary>
/// The command <c>sim</c>: reads the command line, runs one command, turns what went wrong into one sentence and an exit code.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        using var host = CommandHost.Standard();
        return Invoke(arguments, host);
    }

    /// <summary>Runs one command line; what <c>Main</c> does, apart from the process around it.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="host">The process.</param>
    /// <param name="laws">What <c>sim check</c> tries; the property kit's laws when null.</param>
    public static int Invoke(IReadOnlyList<string> arguments, CommandHost host, LawSource? laws = null) =>
        Guarded(() => Dispatch(arguments, host, laws ?? LawSource.Catalogue), host);

    /// <summary>Runs a command and tells what it throws in one sentence.</summary>
    internal static int Guarded(Func<int> command, CommandHost host)
    {
        try
        {
            return command();
        }
        catch (SimException error)
        {
            host.Say(error.Message);
            return (int)error.Kind;
        }
        catch (OutputClosedException)
        {
            return ExitCodes.HostLimit;
        }
        catch (Exception error) when (error is not (AccessViolationException or StackOverflowException))
        {
            var what = $"{error.GetType().Name}: {error.Message.TrimEnd('.')}";
            host.Say($"{what}; this is a defect of sim, please report it with the command line.");
            return ExitCodes.Defect;
        }
    }

    private static int Dispatch(IReadOnlyList<string> arguments, CommandHost host, LawSource laws)
    {
        var tree = new CommandTree(host, laws);
        var configuration = new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null };
        var result = CommandLineParser.Parse(tree.Root, arguments, configuration);
        var command = (SimCommand)result.CommandResult.Command;
        if (result.GetValue(tree.Help))
        {
            HelpText.Write(command, host);
            return ExitCodes.Done;
        }

        ParseErrors.Check(tree.Root, command, result);
        return command.Execute(result);
    }
}

/// <summary>
/// Exit codes of every command. Errors that a <see cref="SimException"/> reports exit with its kind: 2 usage, 3 guest, script or image, 4
/// divergence.
/// </summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Defect = 1;
    public const int Guest = (int)SimErrorKind.Guest;
    public const int Divergence = (int)SimErrorKind.Divergence;
    public const int HostLimit = 5;
    public const int Interrupted = 130;
}
