using System.CommandLine;
using Sim.Cli.CommandLine;
using Sim.Cli.Guests;
using Sim.Cli.Running;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Commands;

/// <summary><c>sim record</c>: runs a machine and writes down all that decides the run.</summary>
internal sealed class RecordCommand(CommandHost host, MachineOptions machine, RunOptions run)
{
    private readonly Argument<string> file = new("FILE.simrec") { Description = "The journal; an old file of that name is replaced." };

    private readonly Option<string?> from = OptionValues.Value("--from", "FILE.simsnap",
        "Starts from a snapshot, which the journal then holds, instead of power-on; machine options do not go with it.");

    private readonly Option<bool> embed = OptionValues.Flag("--embed",
        "Keeps firmware, kernel and initrd in the journal, so that it replays with nothing but the file.");

    private readonly Option<string?> digestEvery = OptionValues.Value("--digest-every", "TIME",
        "Virtual time between two digests, 100ms by default: a divergence is found within that.");

    private readonly Option<string?> snapshotEvery = OptionValues.Value("--snapshot-every", "TIME",
        "Saves a snapshot in the folder FILE.simrec.snapshots after every such virtual time, so that a replay jumps.");

    private readonly Option<bool> detail = OptionValues.Flag("--detail",
        "Records what changes in every frame: a divergence is named to frame and field. Some megabytes per virtual millisecond.");

    private readonly Option<string[]> mark = OptionValues.Values("--mark", "NAME@TIME",
        "Marks a virtual time, for 'sim replay --to mark:NAME'; repeatable. At a terminal, Ctrl-A M marks the moment as key1, key2 and so on.");

    public SimCommand Create() => new SimCommand(
        "record",
        "Runs a machine as 'sim run' does and writes a journal: its configuration, every input with its moment, digests of the machine as it "
        + "goes on. 'sim replay' repeats the run from it, bit for bit, with any number of CPUs. A journal whose writer was killed replays up "
        + "to the last complete record.",
        Execute,
        "sim record session.simrec --machine ppce500",
        "sim record demo.simrec --bios demo --smp 4 --schedule random:7 --embed --mark middle@500us",
        "sim record rest.simrec --from booted.simsnap --script test.script")
    { file }
        .With("Options", from, embed, digestEvery, snapshotEvery, detail, mark)
        .With("Machine options", machine.All)
        .With("Run options", run.All);

    private int Execute(ParseResult result)
    {
        var path = result.GetValue(file)!;
        var settings = run.Read(result);
        var options = Read(result);
        Plugins.Load(result.GetValue(machine.Plugin));
        if (result.GetValue(from) is { } snapshot)
            return ExecuteFrom(result, snapshot, path, settings, options);
        var configuration = Firmware.Complete(machine.Read(result), GuestCache.OfUser);
        using var execution = new MachineRun(host, settings, machine.Serials(result)) { Record = session => Recording.Start(session, path, options) };
        return execution.Execute(configuration);
    }

    private int ExecuteFrom(ParseResult result, string snapshot, string path, RunSettings settings, RecordingOptions options)
    {
        if (machine.All.FirstOrDefault(o => o != machine.Serial && o != machine.Plugin && result.GetResult(o) is not null) is { } given)
            throw new SimException($"{given.Name} does not go with --from: the machine is the one in {snapshot}.");
        using var reader = SnapshotReader.Open(snapshot);
        using var execution = new MachineRun(host, settings, machine.Serials(result, reader.Header.Configuration.Serials, snapshot))
        {
            BringsScript = reader.Input.Script is not null && settings.Script is null,
            Record = session => Recording.Start(session, path, options),
        };
        return execution.Execute(session => reader.Restore(session, image => SavedImages.Find(image, snapshot)));
    }

    private RecordingOptions Read(ParseResult result)
    {
        var options = new RecordingOptions
        {
            EmbedImages = result.GetValue(embed),
            Detail = result.GetValue(detail),
            Marks = [.. (result.GetValue(mark) ?? []).Select(MarkOf)],
        };
        if (result.GetValue(digestEvery) is { } digests)
            options = options with { DigestInterval = Interval("--digest-every", digests) };
        if (result.GetValue(snapshotEvery) is { } snapshots)
            options = options with { SnapshotInterval = Interval("--snapshot-every", snapshots) };
        return options;
    }

    private static long Interval(string option, string text) => VirtualTime.Parse(text, option) is > 0 and var time
        ? time
        : throw new SimException($"{option} '{text}' is not possible: expected more than 0.");

    private static (long Time, string Name) MarkOf(string text)
    {
        var at = text.LastIndexOf('@');
        return at > 0
            ? (VirtualTime.Parse(text[(at + 1)..], "--mark"), text[..at])
            : throw new SimException($"--mark '{text}' is no mark: expected NAME@TIME, such as booted@2.5s.");
    }
}
