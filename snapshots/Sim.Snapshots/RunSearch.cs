using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>
/// Searches where two runs part: two replays that go forward while they are equal, and back where they are not. What differs from the
/// beginning, as the seed of another schedule does, is no difference that is searched for.
/// </summary>
internal sealed class RunSearch(Replayer left, Replayer right, CancellationToken cancellationToken)
{
    private readonly MachineComparison machines = new(left.Session.Machine, right.Session.Machine);
    private readonly PrintedOutput printed = new(left.Session);
    private readonly PrintedOutput printedRight = new(right.Session);
    private Action goBack = static () => { };

    private bool AreEqual => printed.Is(printedRight)
        && (left.Session.Digest() == right.Session.Digest() || (machines.Known.Count > 0 && !machines.Differences().Any()));

    private IEnumerable<SnapshotDifference> Differences => machines.Differences().Concat(printed.Differences(printedRight));

    /// <summary>From a moment at which both are equal, or which is their beginning, to the first instruction after which they are not.</summary>
    /// <param name="equal">The moment.</param>
    /// <param name="limit">Instructions by which they are not equal, or one of them ends.</param>
    public RunDifference Run(MomentRecord equal, long limit)
    {
        RunTo(equal.Instructions);
        machines.Know();
        var (low, high) = machines.Known.Count == 0 ? (equal.Instructions, limit) : LastEqualDigest(equal.Instructions, limit);
        Remember();
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            RunTo(middle);
            if (AreEqual)
            {
                low = middle;
                Remember();
            }
            else
            {
                high = middle;
                goBack();
            }
        }

        var last = MomentRecord.Of(left.Session);
        var instruction = (Next(left.Session), Next(right.Session));
        RunTo(high);
        if (!AreEqual)
            return new RunDifference([], null, machines.Known, last, instruction, [.. Differences], null);
        last = MomentRecord.Of(left.Session);
        RunTo(long.MaxValue);
        var ends = (End(left.Journal), End(right.Journal));
        return new RunDifference([], null, machines.Known, last, null, AreEqual || ends.Item1 != ends.Item2 ? [] : [.. Differences],
            ends.Item1 == ends.Item2 ? null : ends);
    }

    /// <summary>
    /// Goes forward over the moments at which the first run has digests, which finds the first interval with a difference, where a bisection
    /// of the whole would find any. Both stand at its beginning then. What differs for a while in between and has no effect, not even on a
    /// console, is not seen.
    /// </summary>
    private (long Low, long High) LastEqualDigest(long low, long limit)
    {
        foreach (var point in left.Journal.Digests.Select(static d => d.Moment.Instructions).Where(i => i > low && i < limit).ToList())
        {
            Remember();
            RunTo(point);
            if (!AreEqual)
            {
                goBack();
                return (low, point);
            }

            low = point;
        }

        return (low, limit);
    }

    /// <summary>Lets <see cref="goBack"/> take both to where they stand.</summary>
    private void Remember()
    {
        var (at, atRight, output, outputRight) = (left.Position(), right.Position(), printed.Present, printedRight.Present);
        goBack = () =>
        {
            left.GoTo(at);
            right.GoTo(atRight);
            (printed.Present, printedRight.Present) = (output, outputRight);
        };
    }

    private static string End(JournalReader journal) =>
        $"{(journal.End is { } end ? $"ends ({end.Reason})" : "is recorded")} at {journal.Last}";

    private static (int Vcpu, uint Pc) Next(Session session)
    {
        var vcpu = Math.Max(0, session.Scheduler.Turn);
        return (vcpu, vcpu < session.Debugger.Cpus.Count ? session.Debugger.Cpus[vcpu].Pc : 0);
    }

    private void RunTo(long instructions)
    {
        foreach (var replayer in (Replayer[])[left, right])
        {
            if (instructions <= replayer.Session.Scheduler.TotalInstructions)
                continue;
            var limits = new RunLimits { Stop = StopCondition.None with { Instructions = instructions } };
            var result = replayer.Run(limits, null, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            if (result.Divergence is { } divergence)
                throw new SimException($"{replayer.Journal.Name}: {divergence.Text}; there is nothing to compare.", SimErrorKind.Divergence);
        }
    }
}
