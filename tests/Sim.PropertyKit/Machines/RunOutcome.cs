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
    public static RunOutcome Of(Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return new(
            session.Digest().ToString("x32", CultureInfo.InvariantCulture),
            Convert.ToBase64String(session.Console.Bytes.Span),
            session.Scheduler.ReachedTime,
            string.Join(',', session.Scheduler.Clocks.Select(static c => c.Instructions.ToString(CultureInfo.InvariantCulture))));
    }
}
