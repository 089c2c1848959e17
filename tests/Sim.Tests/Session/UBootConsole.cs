using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// A machine with U-Boot, and a user who types a command when the prompt ends the output, as the recording under QEMU did.
/// </summary>
internal sealed class UBootConsole : IDisposable
{
    private const string Prompt = "\n=> ";

    /// <summary>Virtual time, ns, that U-Boot may take for one command or to boot; the longest is the countdown's second.</summary>
    private const long Patience = 3 * VirtualTime.Second;

    /// <summary>Boots U-Boot to its prompt.</summary>
    /// <param name="configuration">The machine.</param>
    /// <param name="countDown">False to press a key during the countdown, which saves a second of virtual time and prints the same.</param>
    public UBootConsole(MachineConfiguration configuration, bool countDown = false)
    {
        Session = Session.Boot(configuration);
        AwaitPrompt(countDown);
    }

    /// <summary>The run.</summary>
    public Session Session { get; }

    /// <summary>Types a command and runs until the next prompt.</summary>
    /// <returns>What was printed after the command's echo, before the prompt.</returns>
    public string Command(string command)
    {
        var start = Type(command);
        AwaitPrompt(countDown: false);
        var text = Session.Console.TextFrom(start);
        return text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..^(Prompt.Length - 1)];
    }

    /// <summary>Types a command after which no prompt comes, and runs until a text does.</summary>
    public void LastCommand(string command, string end)
    {
        Type(command);
        Session.RunUntilOutput(end, Limit(), TestContext.Current.CancellationToken);
    }

    /// <summary>Types a command that ends the run.</summary>
    public RunResult FinalCommand(string command)
    {
        Type(command);
        return Session.Run(new RunLimits { Stop = Limit() }, TestContext.Current.CancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => Session.Dispose();

    private int Type(string command)
    {
        var start = Session.Console.Length;
        Session.Send(command + "\r");
        return start;
    }

    private void AwaitPrompt(bool countDown)
    {
        // U-Boot counts down at power-on and again after a reset; a key that comes meanwhile ends that, and is read by it.
        var matcher = new OutputMatcher("autoboot:"u8);
        void Watch(byte value)
        {
            if (matcher.Feed(value) && !countDown)
                Session.Send(" ");
        }

        Session.Console.Written += Watch;
        Session.RunUntilOutput(Prompt, Limit(), TestContext.Current.CancellationToken);
        Session.Console.Written -= Watch;
    }

    private StopCondition Limit() => new() { Time = Session.Scheduler.ReachedTime + Patience };
}
