using Spectre.Console;

namespace Sim.Cli.Checking;

/// <summary>Shows on a terminal how far a campaign is: a line for each law that is being tried, and one for all.</summary>
internal static class CampaignDisplay
{
    /// <summary>Runs the campaign under the display, which is gone at its end.</summary>
    public static void Run(CommandHost host, Campaign campaign, int laws, CancellationToken stop)
    {
        var ansi = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Error), Interactive = InteractionSupport.Yes });
        ansi.Progress().AutoClear(true).HideCompleted(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context =>
            {
                var all = context.AddTask("laws", maxValue: laws);
                var running = new Dictionary<string, ProgressTask>();
                campaign.Changed = result =>
                {
                    Show(context, running, result);
                    if (result.Result == LawOutcome.Running)
                        return;
                    all.Increment(1);
                    all.Description = FormattableString.Invariant($"{all.Value} of {laws} laws");
                };
                campaign.Run(stop);
            });
    }

    private static void Show(ProgressContext context, Dictionary<string, ProgressTask> running, LawResult result)
    {
        if (result.Result != LawOutcome.Running)
        {
            if (running.Remove(result.Law, out var ended))
                ended.Value = ended.MaxValue;
            return;
        }

        if (!running.TryGetValue(result.Law, out var task))
            running[result.Law] = task = context.AddTask(result.Law, maxValue: Math.Max(1, result.Of));
        task.MaxValue = Math.Max(task.MaxValue, result.Cases + 1);   // More than wished for are tried when a class is rare.
        task.Value = result.Cases;
        var classes = result.Classes.Count(static c => c.Value > 0);
        task.Description = Markup.Escape(FormattableString.Invariant(
            $"{result.Law}: {result.Cases} of {Math.Max(result.Of, result.Cases)}, {classes} classes, rarest {result.RarestClass}"));
    }
}
