using System.CommandLine;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Commands;

/// <summary><c>sim restore</c>: goes on from a snapshot.</summary>
internal sealed class RestoreCommand(CommandHost host, MachineOptions machine, RunOptions run)
{
    private readonly Argument<string> file = new("FILE.simsnap") { Description = "The snapshot." };

    private readonly Option<bool> noScript = OptionValues.Flag("--no-script",
        "Leaves the script that was under way when the snapshot was saved, instead of going on with it.");

    public SimCommand Create() => new SimCommand(
        "restore",
        "Goes on from a snapshot, on this host or another: the run is the same as if it had never been interrupted, to the last bit. The "
        + "machine is built from the configuration in the snapshot, so there are no machine options; limits count from power-on. A script "
        + "that was under way goes on, unless another one is given.",
        Execute,
        "sim restore booted.simsnap",
        "sim restore booted.simsnap --script test.script --until-time 20s",
        "sim restore booted.simsnap --until-icount 2000000000 --save later.simsnap")
    { file }
        .With("Options", noScript, machine.Serial, machine.Plugin)
        .With("Run options", run.All);

    private int Execute(ParseResult result)
    {
        var settings = run.Read(result);
        Plugins.Load(result.GetValue(machine.Plugin));
        using var reader = SnapshotReader.Open(result.GetValue(file)!);
        var script = settings.Script is null && !result.GetValue(noScript) ? reader.Input.Script : null;
        using var execution = new MachineRun(host, settings, machine.Serials(result, reader.Header.Configuration.Serials, reader.Name))
        {
            BringsScript = script is not null,
        };
        if (reader.BehaviourVersion < Versions.Behaviour)
        {
            host.Say(FormattableString.Invariant($"{reader.Name} was saved by behaviour version {reader.BehaviourVersion}; this program has ")
                + FormattableString.Invariant($"{Versions.Behaviour}, so the run may go on differently than it would have there."));
        }

        if (script is { Steps: [var next, ..] })
            host.Say(FormattableString.Invariant($"the script {script.Name} goes on at line {next.Line}{Saves(script)}; --no-script leaves it."));
        return execution.Execute(options =>
        {
            var session = reader.Restore(options, image => SavedImages.Find(image, reader.Name));
            if (script is null)
                session.DetachScript();
            return session;
        });
    }

    /// <summary>The files that a script from a snapshot is going to write.</summary>
    private static string Saves(ScriptProgress script)
    {
        var files = script.Steps.Where(static s => s.Action == ScriptAction.Save).Select(static s => s.Text).ToList();
        return files.Count == 0 ? "" : $" and will save {string.Join(", ", files)}";
    }
}
