using System.Diagnostics;
using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Spectre.Console;

namespace Sim.Cli.Running;

/// <summary>
/// One line at the foot of a terminal: virtual time, instructions, speed, and how far a limit is. It makes way for everything else that is
/// printed.
/// </summary>
internal sealed class ProgressLine
{
    /// <summary>Milliseconds between two drawings.</summary>
    private const long Interval = 200;

    private const int BarWidth = 20;

    private readonly CommandHost host;
    private readonly Scheduler scheduler;
    private readonly StopCondition stop;
    private readonly ConsoleOutput? console;
    private readonly IAnsiConsole ansi;
    private readonly long start = Stopwatch.GetTimestamp();
    private long lastDrawn;
    private bool shown;

    /// <summary>Draws while the scheduler runs, whenever the console is at the start of a line.</summary>
    public ProgressLine(CommandHost host, Scheduler scheduler, StopCondition stop, ConsoleOutput? console)
    {
        this.host = host;
        this.scheduler = scheduler;
        this.stop = stop;
        this.console = console;
        ansi = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Error), Interactive = InteractionSupport.Yes });
        if (console is not null)
            console.Writing = Clear;
        scheduler.FrameBoundary += DrawIfDue;
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        if (!shown)
            return;
        shown = false;
        host.Error.Write("\r\x1b[K");
    }

    /// <summary>What the line says, as markup.</summary>
    internal static string Text(Scheduler scheduler, StopCondition stop, TimeSpan elapsed)
    {
        var seconds = (double)scheduler.GlobalTime / VirtualTime.Second;
        var mips = scheduler.TotalInstructions / Math.Max(elapsed.TotalSeconds, 1e-3) / 1e6;
        var line = string.Create(CultureInfo.InvariantCulture,
            $"[green]{seconds:F3} s[/] virtual  [green]{scheduler.TotalInstructions / 1e6:F0} M[/] instructions  [green]{mips:F0}[/] MIPS");
        if (Fraction(scheduler, stop) is not { } fraction)
            return line;
        var full = (int)(fraction * BarWidth);
        return string.Create(CultureInfo.InvariantCulture,
            $"{line}  [green]{new string('━', full)}[/][grey]{new string('━', BarWidth - full)}[/] {fraction * 100:F0}%");
    }

    private static double? Fraction(Scheduler scheduler, StopCondition stop)
    {
        double? fraction = null;
        if (stop.Time != VirtualTime.Never)
            fraction = (double)scheduler.GlobalTime / Math.Max(stop.Time, 1);
        if (stop.Instructions != long.MaxValue)
            fraction = Math.Max(fraction ?? 0, (double)scheduler.TotalInstructions / Math.Max(stop.Instructions, 1));
        if (stop.Vcpu >= 0)
            fraction = Math.Max(fraction ?? 0, (double)scheduler.Clocks[stop.Vcpu].Instructions / Math.Max(stop.VcpuInstructions, 1));
        return fraction is { } value ? Math.Clamp(value, 0, 1) : null;
    }

    private void DrawIfDue()
    {
        if (Environment.TickCount64 - lastDrawn < Interval || console?.AtLineStart == false)
            return;
        lastDrawn = Environment.TickCount64;
        Clear();
        ansi.Markup(Text(scheduler, stop, Stopwatch.GetElapsedTime(start)));
        shown = true;
    }
}
