using System.CommandLine;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Commands;

/// <summary><c>sim replay</c>: repeats a recorded run and checks that it is the same.</summary>
internal sealed class ReplayCommand(CommandHost host, MachineOptions machine, RunOptions run)
{
    private readonly Argument<string> file = new("FILE.simrec") { Description = "The journal." };

    private readonly Option<string?> to = OptionValues.Value("--to", JournalTarget.Form,
        "Ends the replay at a moment of it; with --gdb waits there for gdb instead. Snapshots beside the journal make the way there short.");

    private readonly Option<bool> allowPrefix = OptionValues.Flag("--allow-prefix",
        "A journal without an end, as a killed process leaves it, is all right when it replays as far as it goes.");

    private readonly Option<string?> compare = OptionValues.OptionalValue("--compare", "OTHER.simrec",
        "Runs two recordings side by side instead and names the first difference, to the instruction and the field. Without OTHER.simrec the second "
        + "run is that of the same inputs, each at its virtual time, on a machine that the machine options change.");

    private readonly Option<bool> fork = OptionValues.Flag("--fork",
        "Lets gdb write: from the first write on it is another run than the recorded one, and nothing is compared.");

    public SimCommand Create() => new SimCommand(
        "replay",
        "Repeats a recorded run: the same console, byte for byte, and every recorded digest compared. Exits with 0 only if all are equal; "
        + "with 4 at the first difference, which it names, or when the journal has no end.",
        Execute,
        "sim replay session.simrec",
        "sim replay session.simrec --to 2.5s --save middle.simsnap",
        "sim replay session.simrec --to mark:booted --gdb 1234",
        "sim replay session.simrec --compare other.simrec",
        "sim replay session.simrec --compare --schedule random:9",
        "sim replay session.simrec --compare --smp 2 --rtc-base 2020-01-31")
    { file }
        .With("Options", to, allowPrefix, fork, compare, machine.Serial, machine.Plugin)
        .With("Machine options, with --compare", Changes)
        .With("Run options", run.ForReplay);

    /// <summary>Options that change the machine, and so are for a comparison alone. A serial port's backend belongs to any replay.</summary>
    private IReadOnlyList<Option> Changes => [.. machine.All.Where(o => o != machine.Serial && o != machine.Plugin)];

    private int Execute(ParseResult result)
    {
        var settings = run.Read(result);
        Plugins.Load(result.GetValue(machine.Plugin));
        var path = result.GetValue(file)!;
        using var journal = JournalReader.Open(path);
        if (result.GetResult(compare) is not null)
            return Compare(journal, settings, result);
        if (Changes.FirstOrDefault(o => result.GetResult(o) is not null) is { } change)
            throw new SimException($"{change.Name} would change the recorded machine: that goes with --compare alone.");
        var target = JournalTarget.Parse("--to", result.GetValue(to), journal);
        SayVersion(journal);
        using var execution = new MachineRun(host, settings, machine.Serials(result, journal.Header.Configuration.Serials, path)) { TakesInput = false };
        Replayer? replayer = null;
        return execution.Execute(
            options =>
            {
                replayer = target.Open(journal, options);
                if (result.GetValue(fork))
                    replayer.AllowFork();
                return replayer.Session;
            },
            (_, token) => End(
                Run(replayer!, target, settings.Gdb is { WaitsAtStart: false }, token), replayer!, journal, target, result.GetValue(allowPrefix)));
    }

    /// <summary>Replays to a moment; with gdb that is where it waits for the client, whenever that connects, and goes on afterwards.</summary>
    private static ReplayResult Run(Replayer replayer, JournalTarget target, bool stopsThere, CancellationToken token)
    {
        var limits = new RunLimits { Stop = target.Stop };
        if (!stopsThere || target.Text is null)
            return replayer.Run(limits, target.Moment, token);
        var debugger = replayer.Session.Debugger;
        var client = debugger.Client;
        debugger.Client = null;
        var result = replayer.Run(limits, target.Moment, token);
        debugger.Client = client;
        if (result is not { Divergence: null, IsPrefix: false } || !target.IsAt(result.Reason))
            return result;
        debugger.RequestStop();
        return replayer.Run(null, null, token);
    }

    private void SayVersion(JournalReader journal)
    {
        if (journal.BehaviourVersion != Versions.Behaviour)
            host.Say($"{journal.Name} {RecordedWith(journal)}.");
    }

    private static string RecordedWith(JournalReader journal) => FormattableString.Invariant(
        $"was recorded with behaviour version {journal.BehaviourVersion}; this program has {Versions.Behaviour}");

    private int Compare(JournalReader first, RunSettings settings, ParseResult result)
    {
        if (settings != new RunSettings() || result.GetValue(to) is not null || result.GetValue(fork) || result.GetValue(allowPrefix))
            throw new SimException("--compare goes with machine options alone: it compares both runs as far as they go.");
        SayVersion(first);
        host.WatchSignals();
        ReadOnlyMemory<byte> FindImage(ImageRecord image) => SavedImages.Find(image, first.Name);
        try
        {
            return result.GetValue(compare) is { } other
                ? CompareJournals(first, other, FindImage, result)
                : Say(
                    JournalComparison.Find(first, machine.Read(result, first.ReadConfiguration(FindImage)), FindImage, host.Interrupted),
                    $"{first.Name} and the run of the machine with these options are the same.");
        }
        catch (OperationCanceledException)
        {
            host.Say("the comparison was interrupted.");
            return ExitCodes.Interrupted;
        }
    }

    private int CompareJournals(JournalReader first, string other, Func<ImageRecord, ReadOnlyMemory<byte>> findImage, ParseResult result)
    {
        if (Changes.Append(machine.Serial).FirstOrDefault(o => result.GetResult(o) is not null) is { } change)
            throw new SimException($"{change.Name} does not go with --compare {other}: each journal has its machine.");
        using var second = JournalReader.Open(other);
        SayVersion(second);
        return Say(
            JournalComparison.Find(first, second, findImage, image => SavedImages.Find(image, second.Name), host.Interrupted),
            $"{first.Name} and {second.Name} are the same run.");
    }

    private int Say(RunDifference? difference, string same)
    {
        host.Print(difference is null ? PrintableText.Of(same) + "\n" : ComparisonText.Of(difference));
        return difference is null ? ExitCodes.Done : ExitCodes.Divergence;
    }

    private static RunEnd End(ReplayResult end, Replayer replayer, JournalReader journal, JournalTarget target, bool allowPrefix)
    {
        if (end.Divergence is { } divergence)
        {
            return new RunEnd(EndReason.Divergence, "divergence", ExitCodes.Divergence)
            {
                Message = $"{journal.Name}: {divergence.Text}. The machine stands at the former moment."
                    + (journal.BehaviourVersion == Versions.Behaviour ? "" : $" The journal {RecordedWith(journal)}."),
            };
        }

        if (end.IsPrefix)
        {
            return new RunEnd(EndReason.Replayed, "prefix", allowPrefix ? ExitCodes.Done : ExitCodes.Divergence)
            {
                Message = $"{journal.Problem} All up to there replayed: {Digests(replayer)}.",
            };
        }

        if (end.Reason == EndReason.Replayed && target.Stop != StopCondition.None && !replayer.IsForked && !target.IsReached(replayer.Session))
        {
            return new RunEnd(end.Reason, journal.End!.Reason, ExitCodes.Guest)
            {
                Message = $"--to {target.Text}: the recording in {journal.Name} ends before that, at {journal.End.Moment}.",
            };
        }

        var isAtMark = target.Moment?.Is(MomentRecord.Of(replayer.Session)) == true;
        var name = end.Reason != EndReason.Replayed ? EndReasons.Name(end.Reason) : isAtMark ? "mark" : journal.End?.Reason ?? "prefix";
        return new RunEnd(end.Reason, name, ExitCodes.Done)
        {
            Message = replayer.IsForked ? "the run was changed by a debugger: it is no replay any more." : $"{journal.Name}: {Digests(replayer)}.",
        };
    }

    private static string Digests(Replayer replayer) => FormattableString.Invariant($"{replayer.DigestsCompared} digests compared, all equal");
}
