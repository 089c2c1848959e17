using System.CommandLine;
using System.Reflection;
using Sim.Cli.Checking;
using Sim.Cli.CommandLine;
using Sim.Engine.Session;

namespace Sim.Cli.Commands;

/// <summary>The command <c>sim</c> with everything below it. Options that several commands take are the same objects.</summary>
internal sealed class CommandTree
{
    private readonly CommandHost host;

    public CommandTree(CommandHost host, LawSource laws)
    {
        this.host = host;
        Help.Recursive = true;
        var machine = new MachineOptions();
        var options = new RunOptions();
        var run = new RunCommand(host, machine, options);
        Root = new SimCommand(
            "sim",
            "A deterministic simulator of whole machines: same inputs, same run, bit for bit. "
            + "'sim' alone builds a machine with two vCPUs and runs a demo firmware on it.",
            result => result.GetValue(Version) ? PrintVersion() : run.Execute(result),
            "sim",
            "sim run --help",
            "sim types powerpc-cpu",
            "sim tree --machine none");
        Root.With("Options", Version, Help);
        Root.Add(run.Create());
        Root.Add(new RestoreCommand(host, machine, options).Create());
        Root.Add(new RecordCommand(host, machine, options).Create());
        Root.Add(new ReplayCommand(host, machine, options).Create());
        var views = new MachineViewCommands(host, machine);
        Root.Add(new SnapshotCommand(host, machine, views.Format).Create());
        Root.Add(new JournalCommand(host, machine, views.Format).Create());
        Root.Add(new TypesCommand(host, machine, views.Format).Create());
        Root.Add(views.Tree());
        Root.Add(views.Qtree());
        Root.Add(views.Mtree());
        Root.Add(new FdtCommand(host, machine).Create());
        Root.Add(new TraceCommand(host, machine, views.Format).Create());
        Root.Add(new CheckCommand(host, laws).Create());
        Root.Add(new BenchCommand(host, laws, views.Format).Create());
        Root.Add(new GuestsCommand(host, views.Format).Create());
        Root.SetAction(static _ => { });   // The parser would insist on a subcommand otherwise; Program runs Execute.
    }

    public SimCommand Root { get; }

    public Option<bool> Help { get; } = OptionValues.Flag("--help", "Shows this help.", "-h");

    private Option<bool> Version { get; } =
        OptionValues.Flag("--version", "Shows the version, and that of the behaviour, on which digests depend.");

    private int PrintVersion()
    {
        var version = typeof(CommandTree).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        host.Print(FormattableString.Invariant($"sim {version.Split('+')[0]}\nbehaviour version {Versions.Behaviour}\n"));
        return ExitCodes.Done;
    }
}
