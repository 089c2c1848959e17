using System.Diagnostics;
using Sim.Engine.Boards;
using Sim.Engine.Devices.Char;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Session;
using Sim.PropertyKit.Qdev;

namespace Sim.Bench;

/// <summary>Machines, devices and objects per second, in one process.</summary>
public static class InstantiationBenchmark
{
    private static readonly int[] CpuCounts = [1, 2, 8];

    /// <summary>
    /// Builds, realizes, resets and drops a whole <c>ppce500</c> with a small firmware, with one vCPU, two and eight. QEMU builds one machine in a process, so that
    /// its figure is that of processes which build one and end.
    /// </summary>
    public static IEnumerable<Measurement> Machines(BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return CpuCounts.Select(cpus => Machines(cpus, options));
    }

    /// <summary>Makes a device by type name, realizes it on the system bus of a machine, takes it away and drops it.</summary>
    public static Measurement Devices(BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var machine = TestMachine.Create();
        var rate = Rate(options.Small ? 100 : 100_000, () =>
        {
            var device = machine.Root.New<Device>(SerialMm.TypeName);
            Qdev.Realize(device, machine.SystemBus);
            device.Unparent();
            device.Unref();
        });
        return new Measurement("device (serial-mm), made, realized and dropped", "devices/s", rate, null, "");
    }

    /// <summary>Makes and drops a plain device by type name.</summary>
    public static Measurement Objects(BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var root = new QomRoot();
        var rate = Rate(options.Small ? 1000 : 2_000_000, () => root.New("serial").Unref());
        return new Measurement("plain device (serial), made and dropped", "objects/s", rate, null, "");
    }

    private static Measurement Machines(int cpus, BenchmarkOptions options)
    {
        var firmware = Workload.All[0].Image(1);
        var configuration = new MachineConfiguration { Smp = cpus, Bios = new GuestImage("integer", firmware) };
        var rate = Rate(options.Small ? 20 : 6000 / (cpus + 1), () =>
        {
            using var session = Session.Boot(configuration);
        });
        double? reference = options.AgainstQemu ? RateOfQemu(cpus, firmware, options) : null;
        var name = $"ppce500 with {cpus} vCPU{(cpus == 1 ? "" : "s")}, built, realized and dropped";
        return new Measurement(name, "machines/s", rate, reference, cpus == 2 ? "over 1000" : "");
    }

    private static double RateOfQemu(int cpus, byte[] firmware, BenchmarkOptions options)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, firmware);
            return Rate(options.Small ? 1 : 20, () => QemuReference.Build(cpus, path));
        }
        finally
        {
            File.Delete(path);
        }
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
