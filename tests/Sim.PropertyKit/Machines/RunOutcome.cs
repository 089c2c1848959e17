using System.Globalization;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>What a run left: two runs are the same one when this is equal.</summary>
/// <param name="Digest">Of the whole machine.</param>
/// <param name="Console">Everything printed.</param>
/// <param name="Time">Virtual time, ns.</param>
/// <param name="Instructions">Of each CPU.</param>
public sealed record RunOutcome(string Digest, string Console, long Time, string Instructions)
{
    /// <summary>What a session has left so far.</summary>
    /// <param name="session">The session.</param>
    /// <param name="printed">Bytes at the beginning of the console's text that do not count.</param>
    public static RunOutcome Of(Session session, int printed = 0)
    {
        ArgumentNullException.ThrowIfNull(session);
        return new(
            session.Digest().ToString("x32", CultureInfo.InvariantCulture),
            session.Consoles.Count == 0 ? "" : Convert.ToBase64String(session.Console.Bytes.Span[printed..]),
            session.Scheduler.ReachedTime,
            string.Join(',', session.Scheduler.Clocks.Select(static c => c.Instructions.ToString(CultureInfo.InvariantCulture))));
    }
}
