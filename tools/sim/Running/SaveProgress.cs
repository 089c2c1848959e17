using Spectre.Console;

namespace Sim.Cli.Running;

/// <summary>One line on a terminal while a large snapshot is being written.</summary>
internal sealed class SaveProgress(CommandHost host, string path)
{
    /// <summary>Milliseconds between two drawings, and before the first one.</summary>
    private const long Interval = 200;

    private readonly IAnsiConsole ansi = AnsiConsole.Create(
        new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Error), Interactive = InteractionSupport.Yes });

    private long lastDrawn = Environment.TickCount64;
    private bool shown;

    /// <summary>Shows how many pages of how many have been written.</summary>
    public void Show(long done, long all)
    {
        if (Environment.TickCount64 - lastDrawn < Interval)
            return;
        lastDrawn = Environment.TickCount64;
        shown = true;
        host.Error.Write("\r\x1b[K");
        ansi.Markup(FormattableString.Invariant($"saving {Markup.Escape(path)}  [green]{100 * done / Math.Max(all, 1)}%[/]"));
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (shown)
            host.Error.Write("\r\x1b[K");
    }
}
