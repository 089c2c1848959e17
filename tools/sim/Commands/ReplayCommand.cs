using System.CommandLine;
using System.Globalization;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Commands;

/// <summary><c>sim replay</c>: repeats a recorded run and checks that it is the same.</summary>
internal sealed class ReplayCommand(CommandHost host, MachineOptions machine, RunOptions run)
{
    private readonly Argument<string> file = new("FILE.simrec") { Description = "The journal." };

    private readonly Option<string?> to = OptionValues.Value("--to", "TIME|icount:N|icount:CPU:N|mark:NAME",
        "Ends the replay at a moment of it; snapshots beside the journal make the way there short.");

    private readonly Option<bool> allowPrefix = OptionValues.Flag("--allow-prefix",
        "A journal without an end, as a killed process leaves it, is all right when it replays as far as it goes.");

    private readonly Option<bool> fork = OptionValues.Flag("--fork",
        "Lets gdb write: from the first write on it is another run than the recorded one, and nothing is compared.");

    public SimCommand Create() => new SimCommand(
        "replay",
        "Repeats a recorded run: the same console, byte for byte, and every recorded digest compared. Exits with 0 only if all are equal; "
        + "with 4 at the first difference, which it names, or when the journal has no end.",
        Execute,
        "sim replay session.simrec",
        "sim replay session.simrec --to 2.5s --save middle.simsnap",
        "sim replay session.simrec --to mark:booted --gdb 1234")
    { file }
        .With("Options", to, allowPrefix, fork, machine.Serial, machine.Plugin)
        .With("Run options", run.ForReplay);

    private int Execute(ParseResult result)
    {
        var settings = run.Read(result);
        Plugins.Load(result.GetValue(machine.Plugin));
        var path = result.GetValue(file)!;
        using var journal = JournalReader.Open(path);
        var (stop, moment) = Target(result.GetValue(to), journal);
        if (journal.BehaviourVersion != Versions.Behaviour)
        {
            host.Say(FormattableString.Invariant(
                $"{path} was recorded with behaviour version {journal.BehaviourVersion}; this program has {Versions.Behaviour}."));
        }

        using var execution = new MachineRun(host, settings, machine.Serials(result, journal.Header.Configuration.Serials, path)) { TakesInput = false };
        Replayer? replayer = null;
        return execution.Execute(
            options =>
            {
                replayer = Open(journal, stop, moment, options);
                if (result.GetValue(fork))
                    replayer.AllowFork();
                return replayer.Session;
            },
            (_, token) => End(replayer!.Run(new RunLimits { Stop = stop }, moment, token), replayer, journal, moment, result.GetValue(allowPrefix)));
    }

    /// <summary>A whole replay begins at the beginning; one that goes to a moment, at the snapshot before it.</summary>
    private static Replayer Open(JournalReader journal, StopCondition stop, MomentRecord? moment, SessionOptions options)
    {
        ReadOnlyMemory<byte> FindImage(ImageRecord image) => SavedImages.Find(image, journal.Name);
        if (stop == StopCondition.None && moment is null)
            return new Replayer(journal, options, FindImage);
        var before = moment is null ? stop : StopCondition.None with { Instructions = moment.Instructions + 1 };
        return Replayer.Near(journal, before, options, FindImage);
    }

    private static RunEnd End(ReplayResult end, Replayer replayer, JournalReader journal, MomentRecord? moment, bool allowPrefix)
    {
        if (end.Divergence is { } divergence)
        {
            return new RunEnd(EndReason.Divergence, "divergence", ExitCodes.Divergence)
            {
                Message = $"{journal.Name}: {divergence.Text}. The machine stands at the former moment.",
            };
        }

        if (end.IsPrefix)
        {
            return new RunEnd(EndReason.Replayed, "prefix", allowPrefix ? ExitCodes.Done : ExitCodes.Divergence)
            {
                Message = $"{journal.Problem} All up to there replayed: {Digests(replayer)}.",
            };
        }

        var name = end.Reason != EndReason.Replayed ? EndReasons.Name(end.Reason) : moment is null ? journal.End!.Reason : "mark";
        return new RunEnd(end.Reason, name, ExitCodes.Done)
        {
            Message = replayer.IsForked ? "the run was changed by a debugger: it is no replay any more." : $"{journal.Name}: {Digests(replayer)}.",
        };
    }

    private static string Digests(Replayer replayer) => FormattableString.Invariant($"{replayer.DigestsCompared} digests compared, all equal");

    private static (StopCondition Stop, MomentRecord? Moment) Target(string? text, JournalReader journal)
    {
        var stop = StopCondition.None;
        if (text is null)
            return (stop, null);
        if (text.StartsWith("mark:", StringComparison.Ordinal))
        {
            var found = journal.Marks.FirstOrDefault(m => m.Name == text[5..]) ?? throw new SimException(
                $"--to {text}: {journal.Name} has no such mark.{Nearest.Hint(text[5..], journal.Marks.Select(static m => m.Name))}");
            return (stop, found.Moment);
        }

        return (text.StartsWith("icount:", StringComparison.Ordinal) ? Icount(text[7..], journal) : stop with { Time = VirtualTime.Parse(text, "--to") }, null);
    }

    private static StopCondition Icount(string text, JournalReader journal)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var count = (long)OptionValues.Number("--to icount", text[(colon + 1)..], 0, long.MaxValue - 1);
        if (colon < 0)
            return StopCondition.None with { Instructions = count };
        var vcpu = (int)OptionValues.Number("--to icount CPU", text[..colon], 0, (ulong)Math.Max(0, journal.Header.Configuration.Smp - 1));
        return StopCondition.None with { Vcpu = vcpu, VcpuInstructions = count };
    }
}
