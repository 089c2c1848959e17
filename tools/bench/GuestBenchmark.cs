using System.Diagnostics;
using Sim.Engine.Boards;
using Sim.Engine.Session;

namespace Sim.Bench;

/// <summary>
/// Guest instructions per second. Each workload runs whole and with a small part of its repeats, on ours and on QEMU; the difference leaves start-up out.
/// </summary>
public static class GuestBenchmark
{
    private const uint SmallPart = 50;

    /// <summary>Measures one workload, in millions of guest instructions per second.</summary>
    public static Measurement Run(Workload workload, BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(workload);
        ArgumentNullException.ThrowIfNull(options);
        var whole = options.Small ? SmallPart : 1u;
        var part = whole * SmallPart;
        RunOurs(workload.Image(part));   // Compiles the handlers.
        var (partInstructions, partTime) = RunOurs(workload.Image(part));
        var (wholeInstructions, wholeTime) = RunOurs(workload.Image(whole));
        var instructions = wholeInstructions - partInstructions;
        var ours = instructions / Math.Max(wholeTime - partTime, 1e-9) / 1e6;
        double? reference = null;
        if (options.AgainstQemu)
            reference = instructions / Math.Max(RunQemu(workload.Image(whole)) - RunQemu(workload.Image(part)), 1e-9) / 1e6;
        return new Measurement($"{workload.Name} ({workload.Description})", "MIPS", ours, reference, workload.Name == "integer" ? "at least 0.45x QEMU" : "");
    }

    private static (long Instructions, double Seconds) RunOurs(byte[] image)
    {
        using var session = Session.Boot(new MachineConfiguration { Bios = new GuestImage("workload", image) });
        var watch = Stopwatch.StartNew();
        var result = session.Run();
        var seconds = watch.Elapsed.TotalSeconds;
        return result.Reason == EndReason.PowerOff
            ? (session.Scheduler.TotalInstructions, seconds)
            : throw new InvalidOperationException($"The workload ended with {EndReasons.Name(result.Reason)}: {session.Console.Tail(2)}");
    }

    private static double RunQemu(byte[] image)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, image);
            return QemuReference.Run(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
