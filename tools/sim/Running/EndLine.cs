using System.Globalization;
using Sim.Engine.Session;

namespace Sim.Cli.Running;

/// <summary>The line that ends every run. Up to the two spaces it depends on the run alone; what follows depends on the host.</summary>
internal static class EndLine
{
    public static string Format(string reason, Session session, TimeSpan host)
    {
        var scheduler = session.Scheduler;
        var counts = string.Join(",", scheduler.Clocks.Select(static c => c.Instructions.ToString(CultureInfo.InvariantCulture)));
        var mips = scheduler.TotalInstructions / Math.Max(host.TotalSeconds, 1e-9) / 1e6;
        return string.Create(CultureInfo.InvariantCulture,
            $"end: reason={reason} time={scheduler.ReachedTime}ns icount={counts} digest={session.Digest():x32}  "
                + $"host={host.TotalSeconds:F3}s mips={mips:F1}\n");
    }
}
