using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Sim.Cli.Checking;
using Sim.Cli.CommandLine;
using Sim.Engine.Base;
using Sim.PropertyKit;

namespace Sim.Cli.Commands;

/// <summary><c>sim check</c>: tries the laws of the property kit on random cases.</summary>
internal sealed class CheckCommand(CommandHost host, LawSource source)
{
    private readonly Option<bool> list =
        OptionValues.Flag("--list", "Lists the laws, and says what this host lacks for one, instead of trying them.");
    private readonly Option<string[]> law =
        OptionValues.Values("--law", "NAME|GROUP", "Only this law, or the laws of this group; can be given several times.");
    private readonly Option<string?> seed = OptionValues.Value(
        "--seed", "N", "Makes the same campaign again, law for law and case for case. Without it a fresh seed is drawn, and printed.");
    private readonly Option<string?> runs = OptionValues.Value(
        "--runs", "N", "Cases of each law, 1 to 100000000; as many as a test run tries when not given. "
        + "With fewer than those a law does not fail for classes of cases that were rare.");
    private readonly Option<string?> onlyCase = OptionValues.Value(
        "--case", "SEED:SIZE", "Tries this case alone, as a failure names it; with one --law.");
    private readonly Option<string?> minutes = OptionValues.Value(
        "--minutes", "M", "Goes round over the laws with new seeds until M minutes are over; a law that failed is left out.");
    private readonly Option<bool> firstFailure =
        OptionValues.Flag("--first-failure", "Ends the campaign with the first law that fails; laws under way are stopped.");
    private readonly Option<string?> shrink = OptionValues.Value(
        "--shrink", "N", "Smaller cases tried at most when one fails, 0 to 1000000; 0 keeps the case as it failed. As many as the law says when not given.");
    private readonly Option<string?> jobs = OptionValues.Value(
        "--jobs", "N", "Laws tried at the same time, 1 to 256; as many as the host has processors when not given.");
    private readonly Option<string?> failures = OptionValues.Value(
        "--failures", "DIR", "Folder in which failures are saved; sim-check-failures when not given.");
    private readonly Option<string?> format = OptionValues.Value(
        "--format", "text|json|jsonl",
        "How the summary is printed. jsonl tries the laws in this process instead, one after the other, saves nothing, and prints a line of "
        + "JSON now and then for how far a law is and one for its end.");

    public SimCommand Create() => new SimCommand(
        "check",
        "Tries the laws that hold for every machine on random cases, each law in a process of its own. Cases that failed once are always "
        + "tried. A case that breaks a law is made smaller, printed, and saved with the command that tries it again. Exits with 0 when all "
        + "laws that were tried held, 4 when one did not, 5 when none could be tried to its end.",
        Execute,
        "sim check --list",
        "sim check --law qom --runs 20 --seed 1",
        "sim check --minutes 60 --jobs 4").With("Options", list, law, seed, runs, onlyCase, minutes, firstFailure, shrink, jobs, failures, format);

    private int Execute(ParseResult result)
    {
        var form = OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json", "jsonl");
        var laws = source.Laws.Choose(result.GetValue(law) ?? []);
        if (result.GetValue(list))
        {
            host.Print(form == "text" ? CampaignText.List(laws) : CampaignText.ListJson(laws));
            return ExitCodes.Done;
        }

        var settings = Read(result, laws.Count);
        host.WatchSignals();
        if (form == "jsonl")
            return ExitCode(TryHere(laws, settings));
        if (result.GetValue(seed) is null && settings.Case is null)
            host.Say(FormattableString.Invariant($"Seed {settings.Seed}."));
        var campaign = new Campaign(source, laws, settings);
        if (host.ErrorIsTerminal)
            CampaignDisplay.Run(host, campaign, laws.Count, host.Interrupted);
        else
            campaign.Run(host.Interrupted);
        host.Print(form == "text"
            ? CampaignText.Summary(settings, campaign.Results)
            : CampaignText.SummaryJson(settings, campaign.Results));
        return ExitCode(campaign.Results);
    }

    private CheckSettings Read(ParseResult result, int laws)
    {
        var one = result.GetValue(onlyCase);
        foreach (var other in (Option<string?>[])[seed, runs, minutes])
        {
            if (one is not null && result.GetValue(other) is not null)
                throw new SimException($"--case tries one case alone; leave out {other.Name}.");
        }

        if (one is not null && laws != 1)
            throw new SimException(FormattableString.Invariant($"--case needs one law, and {laws} are chosen: name it with --law."));
        return new CheckSettings
        {
            Case = one is null ? null : ReadCase(one),
            Seed = result.GetValue(seed) is { } given ? OptionValues.Number("--seed", given, 0, ulong.MaxValue) : FreshSeed(),
            Runs = result.GetValue(runs) is { } count ? (int)OptionValues.Number("--runs", count, 1, 100_000_000) : null,
            Time = result.GetValue(minutes) is { } time ? ReadMinutes(time) : null,
            FirstFailure = result.GetValue(firstFailure),
            Shrink = result.GetValue(shrink) is { } attempts ? (int)OptionValues.Number("--shrink", attempts, 0, 1_000_000) : null,
            Jobs = result.GetValue(jobs) is { } side ? (int)OptionValues.Number("--jobs", side, 1, 256) : Environment.ProcessorCount,
            Failures = result.GetValue(failures) ?? "sim-check-failures",
        };
    }

    private static ulong FreshSeed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));

    private static CaseSeed ReadCase(string text) => CaseSeed.TryParse(text, out var read)
        ? read
        : throw new SimException($"--case '{text}' is no case: expected SEED:SIZE, two whole numbers, as a failure names it.");

    private static TimeSpan ReadMinutes(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value is > 0 and <= 10_000
            ? TimeSpan.FromMinutes(value)
            : throw new SimException($"--minutes '{text}' is not possible: expected a number above 0, up to 10000.");

    private List<LawResult> TryHere(IReadOnlyList<NamedLaw> laws, CheckSettings settings)
    {
        var results = new List<LawResult>();
        foreach (var tried in laws)
        {
            results.Add(LawTrial.Run(tried, settings, running => host.Print(CampaignText.Line(running)), host.Interrupted));
            host.Print(CampaignText.Line(results[^1]));
            if (settings.FirstFailure && results[^1].IsFailure)
                break;
        }

        return results;
    }

    private int ExitCode(IReadOnlyList<LawResult> results) => this switch
    {
        _ when host.Interrupted.IsCancellationRequested => ExitCodes.Interrupted,
        _ when results.Any(static r => r.IsFailure) => ExitCodes.Divergence,
        _ when results.Any(static r => r.Result == LawOutcome.Held) => ExitCodes.Done,
        _ => ExitCodes.HostLimit,
    };
}
