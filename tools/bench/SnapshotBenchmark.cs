using System.Diagnostics;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Bench;

/// <summary>Snapshots of a 256 MiB machine in files, and checkpoints in memory, in a warm process.</summary>
public static class SnapshotBenchmark
{
    /// <summary>Guest time that passes between a checkpoint and going back to it, ns.</summary>
    private const long Touched = 1000 * VirtualTime.Microsecond;

    /// <summary>Measures on a machine that has booted to a prompt, or run for a while.</summary>
    /// <param name="configuration">The machine.</param>
    /// <param name="prompt">What its console prints last before it is measured; null to let it run for 20 ms of its time.</param>
    /// <param name="options">How much to measure.</param>
    public static IEnumerable<Measurement> Run(MachineConfiguration configuration, string? prompt, BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var rounds = options.Small ? 2 : 40;
        using var session = Session.Boot(configuration);
        if (prompt is not null)
            session.RunUntilOutput(prompt);
        else
            RunFor(session, 20_000 * VirtualTime.Microsecond);
        var path = Path.GetTempFileName();
        try
        {
            yield return new Measurement("snapshot, saved to a file", "ms", Median(rounds, () => Snapshot.Save(session, path)), null, "");
            yield return new Measurement("snapshot, size of the file", "KiB", new FileInfo(path).Length / 1024.0, null, "");
            yield return new Measurement("snapshot, restored from a file", "ms", Median(rounds, () => Snapshot.Restore(path).Dispose()), null, "");
        }
        finally
        {
            File.Delete(path);
        }

        yield return new Measurement("checkpoint after 1 ms of guest time", "ms", Median(10 * rounds, () => session.Checkpoint(), Advance), null, "");
        var checkpoint = session.Checkpoint();
        yield return new Measurement(
            "checkpoint, gone back to after 1 ms of guest time", "ms", Median(10 * rounds, () => session.Restore(checkpoint), Advance), null, "under 0.2");

        void Advance() => RunFor(session, Touched);
    }

    private static void RunFor(Session session, long time) =>
        session.Run(new RunLimits { Stop = new StopCondition { Time = session.Scheduler.ReachedTime + time } });

    private static double Median(int count, Action action, Action? before = null)
    {
        var times = new List<double>();
        for (var round = 0; round < count; round++)
        {
            before?.Invoke();
            var watch = Stopwatch.StartNew();
            action();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        times.Sort();
        return times[count / 2];
    }
}
