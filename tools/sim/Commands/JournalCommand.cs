using System.CommandLine;
using Sim.Cli.CommandLine;
using Sim.Cli.Running;
using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Cli.Commands;

/// <summary><c>sim journal</c>: looks into journals, cuts them, exports what was typed.</summary>
internal sealed class JournalCommand(CommandHost host, MachineOptions machine, Option<string?> format)
{
    private readonly Argument<string> file = new("FILE.simrec") { Description = "The journal." };
    private readonly Argument<string> output = new("NEW.simrec") { Description = "The new journal; an old file of that name is replaced." };

    private readonly Option<string?> from = OptionValues.Value("--from", JournalTarget.Form, "Where the piece begins; the beginning by default.");
    private readonly Option<string?> to = OptionValues.Value("--to", JournalTarget.Form, "Where it ends; the end by default.");

    private readonly Option<bool> script = OptionValues.Flag("--script",
        "Prints a script for --script instead of JSON: it sends each line when the console has printed what it had then.");

    public SimCommand Create() =>
        new("journal", "Looks into journals of 'sim record'.", null, "sim journal inspect session.simrec", "sim journal verify session.simrec")
        {
            Inspect(),
            Verify(),
            Cut(),
            Export(),
        };

    private SimCommand Inspect() => new SimCommand(
        "inspect",
        "Shows what a journal holds: the machine, where the recording begins and ends, marks, snapshots, inputs and debugger writes.",
        result =>
        {
            var asJson = OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json") == "json";
            using var journal = JournalReader.Open(result.GetValue(file)!);
            host.Print(asJson ? JournalView.Json(journal) : JournalView.Text(journal));
            return ExitCodes.Done;
        },
        "sim journal inspect session.simrec",
        "sim journal inspect session.simrec --format json")
    { file }.With("Options", format);

    private SimCommand Verify() => new SimCommand(
        "verify",
        "Checks a journal without running it: every record, that the machine can be built and begins as recorded, and every snapshot beside "
        + "it. Exits with 4 when something is wrong, or the journal has no end. 'sim replay' checks the run itself.",
        Check,
        "sim journal verify session.simrec")
    { file }.With("Options", machine.Plugin);

    private SimCommand Cut() => new SimCommand(
        "cut",
        "Writes a piece of a recorded run as a journal of its own, which holds the snapshot that it begins from, images included, and "
        + "replays alone. Replays up to there, so that the piece is known to be right.",
        CutPiece,
        "sim journal cut session.simrec piece.simrec --from 1ms --to 2ms")
    { file, output }.With("Options", from, to, machine.Plugin);

    private SimCommand Export() => new SimCommand(
        "export",
        "Prints all that entered the machine, with its moments, as JSON; or what was typed at the first console as a script.",
        result =>
        {
            Plugins.Load(result.GetValue(machine.Plugin));
            using var journal = JournalReader.Open(result.GetValue(file)!);
            if (!result.GetValue(script))
            {
                host.Print(JournalView.InputsJson(journal));
                return ExitCodes.Done;
            }

            host.WatchSignals();
            using var replayer = Target("", null, journal).Open(journal, new SessionOptions());
            host.Print(JournalScript.Of(journal, replayer, host.Interrupted));
            return host.Interrupted.IsCancellationRequested ? ExitCodes.Interrupted : ExitCodes.Done;
        },
        "sim journal export session.simrec",
        "sim journal export session.simrec --script")
    { file }.With("Options", script, machine.Plugin);

    private int Check(ParseResult result)
    {
        Plugins.Load(result.GetValue(machine.Plugin));
        var path = result.GetValue(file)!;
        try
        {
            using var journal = JournalReader.Open(path);
            using (Target("", null, journal).Open(journal, new SessionOptions()))
            {
            }

            foreach (var snapshot in journal.Snapshots)
                CheckSnapshot(Path.Combine(JournalReader.SnapshotFolder(path), snapshot.File), snapshot);
            if (journal.Problem is { } problem)
                throw new SimException(problem, SimErrorKind.Divergence);
            host.Print(FormattableString.Invariant(
                $"{path}: in order, {journal.Digests.Count} digests, {journal.Inputs.Count} inputs, {journal.Snapshots.Count} snapshots beside it\n"));
            return ExitCodes.Done;
        }
        catch (SimException error) when (File.Exists(path))
        {
            host.Say(error.Message);
            return ExitCodes.Divergence;
        }
    }

    private static void CheckSnapshot(string path, SnapshotEntry entry)
    {
        using var reader = SnapshotReader.Open(path);
        if (reader.Digest != JournalReader.Digest(entry.Digest))
            throw new SimException($"{path}: this is not the snapshot that the journal names: it is of another moment.", SimErrorKind.Divergence);
    }

    private int CutPiece(ParseResult result)
    {
        Plugins.Load(result.GetValue(machine.Plugin));
        var (path, piece) = (result.GetValue(file)!, result.GetValue(output)!);
        if (Path.GetFullPath(path) == Path.GetFullPath(piece))
            throw new SimException($"{piece}: a piece cannot take the place of the journal that it is cut from.");
        using var journal = JournalReader.Open(path);
        var (begin, end) = (Target("--from", result.GetValue(from), journal), Target("--to", result.GetValue(to), journal));
        host.WatchSignals();
        using var replayer = begin.Open(journal, new SessionOptions());
        if (begin.Text is not null)
            Run(replayer, begin, "--from", journal);
        if (MomentRecord.Of(replayer.Session) is var now && (end.Moment is { } mark ? mark.Instructions < now.Instructions : end.IsReached(replayer.Session)))
            throw new SimException($"--to {end.Text}: the piece begins after that, at {now}.");
        using var recording = Recording.Start(replayer.Session, piece, new RecordingOptions
        {
            DigestInterval = journal.Header.DigestInterval,
            Detail = journal.Header.HasDetail,
            EmbedImages = true,
            Marks = [.. journal.Marks.Where(m => m.Moment.Frame > now.Frame).Select(static m => (m.Moment.Time, m.Name))],
        });
        recording.Finish(Run(replayer, end, "--to", journal));
        host.Print(FormattableString.Invariant($"{piece}: {now} to {MomentRecord.Of(replayer.Session)}\n"));
        return ExitCodes.Done;
    }

    /// <summary>Replays to a target; the name of the reason for which the piece ends there.</summary>
    private string Run(Replayer replayer, JournalTarget target, string option, JournalReader journal)
    {
        var end = replayer.Run(new RunLimits { Stop = target.Stop }, target.Moment, host.Interrupted);
        if (end.Divergence is { } divergence)
            throw new SimException($"{journal.Name}: {divergence.Text}.", SimErrorKind.Divergence);
        if (end.Reason == EndReason.Interrupted)
            throw new SimException($"{journal.Name}: the replay was interrupted.", SimErrorKind.Guest);
        if (end.Reason != EndReason.Replayed)
            return EndReasons.Name(end.Reason);
        if (target.Moment is not null)
            return "mark";
        return target.Text is null
            ? journal.End?.Reason ?? "prefix"
            : throw new SimException($"{option} {target.Text}: the recording in {journal.Name} ends before that, at {journal.Last}.");
    }

    private static JournalTarget Target(string option, string? text, JournalReader journal) => JournalTarget.Parse(option, text, journal);
}
