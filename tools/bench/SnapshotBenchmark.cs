using System.Diagnostics;
using System.Globalization;
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

    private const string TimeAim = "at most 3x QEMU's time";

    /// <summary>Measures on a machine that has booted to a prompt, or run for a while.</summary>
    /// <param name="command">The program and its leading arguments, such as <c>dotnet sim.dll</c>, for a restore in a process of its own.</param>
    /// <param name="configuration">The machine.</param>
    /// <param name="prompt">What its console prints last before it is measured; null to let it run for 20 ms of its time.</param>
    /// <param name="options">How much to measure.</param>
    /// <exception cref="SimException">A program failed; the message has its last words.</exception>
    public static IEnumerable<Measurement> Run(
        IReadOnlyList<string> command, MachineConfiguration configuration, string? prompt, BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(options);
        using var session = Session.Boot(configuration);
        if (prompt is not null)
            session.RunUntilOutput(prompt);
        else
            RunFor(session, 20_000 * VirtualTime.Microsecond);
        return [.. Files(command, session, prompt, options), .. Checkpoints(session, options.Small ? 20 : 400)];
    }

    /// <summary>Snapshots in files; ours and QEMU's rounds alternate, so that both meet the same host.</summary>
    private static IEnumerable<Measurement> Files(IReadOnlyList<string> command, Session session, string? prompt, BenchmarkOptions options)
    {
        var rounds = options.Small ? 2 : 40;
        var folder = Directory.CreateTempSubdirectory("sim-bench-").FullName;
        try
        {
            using var qemu = options.AgainstQemu ? new QemuMachine(session.Machine.Configuration, prompt, folder) : null;
            qemu?.Save();
            var path = Path.Combine(folder, "ours" + Snapshot.Extension);
            var save = Alternate(rounds, () => Snapshot.Save(session, path), qemu is null ? null : qemu.Save, qemu is null ? null : qemu.Delete);
            yield return new Measurement("snapshot, saved to a file", "ms", save.Ours, save.Qemu, TimeAim);
            var bare = Path.Combine(folder, "bare" + Snapshot.Extension);
            Snapshot.Save(session, bare, new SnapshotOptions { EmbedImages = false });
            yield return Size("snapshot, size of the file", path);
            yield return Size("snapshot, size of the file without images, as QEMU's", bare);
            Measurement Size(string name, string file) =>
                new(name, "KiB", new FileInfo(file).Length / 1024.0, qemu?.SnapshotSize() / 1024.0, "at most 0.6x QEMU's size");
            var load = Alternate(rounds, () => Snapshot.Load(session, path), qemu is null ? null : qemu.Load);
            yield return new Measurement("snapshot, loaded from a file into its machine", "ms", load.Ours, load.Qemu, TimeAim);
            var restore = Alternate(rounds, () => Snapshot.Restore(path).Dispose(), qemu is null ? null : qemu.Load);
            yield return new Measurement("snapshot, restored from a file in a new machine", "ms", restore.Ours, restore.Qemu, TimeAim);
            string[] cold =
            [
                .. command, "restore", path, "--until-icount", (session.Scheduler.TotalInstructions + 1).ToString(CultureInfo.InvariantCulture),
            ];
            var starts = Times(options.Small ? 1 : 9, () => ConsoleMarks.Run(cold, [], isEndless: false));
            yield return new Measurement("snapshot, restored by 'sim restore' from process start to end", "ms", Median(starts), null, "");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<Measurement> Checkpoints(Session session, int rounds)
    {
        var taken = Times(rounds, () => session.Checkpoint(), Advance);
        yield return new Measurement("checkpoint after 1 ms of guest time", "ms", Median(taken), null, "");
        yield return new Measurement("checkpoints per second of such", "1/s", Rate(taken), null, "");
        var checkpoint = session.Checkpoint();
        var restored = Times(rounds, () => session.Restore(checkpoint), Advance);
        yield return new Measurement("checkpoint, gone back to after 1 ms of guest time", "ms", Median(restored), null, "under 0.2");
        yield return new Measurement("checkpoints gone back to per second of such", "1/s", Rate(restored), null, "");

        void Advance() => RunFor(session, Touched);
    }

    private static void RunFor(Session session, long time) =>
        session.Run(new RunLimits { Stop = new StopCondition { Time = session.Scheduler.ReachedTime + time } });

    /// <summary>Median times in ms of ours, and of QEMU's where it takes part.</summary>
    private static (double Ours, double? Qemu) Alternate(int rounds, Action ours, Action? qemu, Action? beforeQemu = null)
    {
        var oursTimes = new List<double>();
        var qemuTimes = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            oursTimes.AddRange(Times(1, ours));
            if (qemu is not null)
                qemuTimes.AddRange(Times(1, qemu, beforeQemu));
        }

        return (Median(oursTimes), qemu is null ? null : Median(qemuTimes));
    }

    private static List<double> Times(int count, Action action, Action? before = null)
    {
        var times = new List<double>();
        for (var round = 0; round < count; round++)
        {
            before?.Invoke();
            var watch = Stopwatch.StartNew();
            action();
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        return times;
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    /// <summary>How often a second, when nothing else is done.</summary>
    private static double Rate(List<double> times) => times.Count / times.Sum() * 1000;
}
