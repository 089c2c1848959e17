using System.Diagnostics;
using Sim.Engine.Boards;
using Sim.Engine.Qom;
using Sim.Engine.Session;

namespace Sim.Bench;

/// <summary>Machines and objects per second, in one process.</summary>
public static class InstantiationBenchmark
{
    /// <summary>Builds, realizes, resets and drops a whole <c>ppce500</c> with two vCPUs and a small firmware.</summary>
    public static Measurement Machines(BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var configuration = new MachineConfiguration { Smp = 2, Bios = new GuestImage("integer", Workload.All[0].Image(1)) };
        var rate = Rate(options.Small ? 20 : 3000, () =>
        {
            using var session = Session.Boot(configuration);
        });
        return new Measurement("ppce500 with 2 vCPUs, built, realized and dropped", "machines/s", rate, null, "over 1000");
    }

    /// <summary>Makes and drops a plain device by type name.</summary>
    public static Measurement Objects(BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var root = new QomRoot();
        var rate = Rate(options.Small ? 1000 : 2_000_000, () => root.New("serial").Unref());
        return new Measurement("plain device (serial), made and dropped", "objects/s", rate, null, "");
    }

    private static double Rate(int count, Action action)
    {
        for (var i = 0; i < count / 10 + 1; i++)
            action();
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < count; i++)
            action();
        return count / watch.Elapsed.TotalSeconds;
    }
}
