using System.Diagnostics;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.Bench;

/// <summary>
/// What it costs to record a run and to replay it, in CPU time of this process, which other work on the host does not change much, and the
/// size of the journal.
/// </summary>
public static class ReplayBenchmark
{
    private const int Rounds = 5;

    /// <summary>Measures on a machine that powers itself off; against QEMU also the times of whole processes.</summary>
    /// <param name="command">The program and its leading arguments.</param>
    /// <param name="configuration">The machine.</param>
    /// <param name="images">Its images as files.</param>
    /// <param name="mark">What its console prints last.</param>
    /// <param name="options">How much to measure.</param>
    public static IEnumerable<Measurement> Run(
        IReadOnlyList<string> command, MachineConfiguration configuration, BootImages images, string mark, BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(options);
        var path = Path.GetTempFileName();
        try
        {
            List<double> plain = [], recorded = [], replayed = [];
            for (var round = 0; round <= (options.Small ? 1 : Rounds); round++)
            {
                double[] times = [Seconds(() => RunPlain(configuration)), Seconds(() => Record(configuration, path)), Seconds(() => Replay(configuration, path))];
                if (round == 0)
                    continue;   // Compiles the code.
                plain.Add(times[0]);
                recorded.Add(times[1]);
                replayed.Add(times[2]);
            }

            var (record, replay) = (Overhead(plain, recorded), Overhead(plain, replayed));
            var size = new FileInfo(path).Length / 1024.0;
            var boot = options.AgainstQemu ? new RecordedBoot(command, images, mark, options) : null;
            var boots = boot?.Run() ?? [];
            return
            [
                new Measurement("replay: cost of recording over a plain run", "% CPU", record, null, "under 3"),
                new Measurement("replay: cost of replaying over a plain run", "% CPU", replay, null, "under 5"),
                new Measurement("replay: size of the journal", "KiB", size, boot?.QemuLogSize, "under 64"),
                .. boots,
            ];
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void RunPlain(MachineConfiguration configuration)
    {
        using var session = Session.Boot(configuration);
        CheckEnd(session.Run().Reason);
    }

    private static void Record(MachineConfiguration configuration, string path)
    {
        using var session = Session.Boot(configuration);
        using var recording = Recording.Start(session, path);
        var reason = session.Run().Reason;
        recording.Finish(reason);
        CheckEnd(reason);
    }

    private static void Replay(MachineConfiguration configuration, string path)
    {
        var images = ConfigurationCodec.Images(configuration).ToDictionary(static i => i.Role, static i => i.Image.Bytes);
        using var journal = JournalReader.Open(path);
        using var replayer = new Replayer(journal, null, image => images[image.Role]);
        if (replayer.Run().Divergence is { } divergence)
            throw new SimException($"bench replay: {divergence.Text}.", SimErrorKind.Divergence);
    }

    private static void CheckEnd(EndReason reason)
    {
        if (reason != EndReason.PowerOff)
            throw new SimException($"bench replay: the guest did not power the machine off ({EndReasons.Name(reason)}).", SimErrorKind.Guest);
    }

    /// <summary>The least times are the undisturbed ones.</summary>
    private static double Overhead(List<double> plain, List<double> with) => 100 * ((with.Min() / plain.Min()) - 1);

    private static double Seconds(Action action)
    {
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        action();
        process.Refresh();
        return (process.TotalProcessorTime - before).TotalSeconds;
    }
}
