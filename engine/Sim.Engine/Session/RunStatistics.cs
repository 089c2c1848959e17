using Sim.Engine.Boards;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qdev;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Session;

/// <summary>One vCPU's part of a run.</summary>
/// <param name="Instructions">Instructions executed.</param>
/// <param name="Time">Virtual time that passed, ns.</param>
/// <param name="IdleTime">What of it passed without an instruction: waiting for an interrupt, or held, ns.</param>
/// <param name="Exceptions">
/// Exceptions and interrupts taken, of every kind of <see cref="PowerPcCpu.ExceptionKinds"/>, in its order: <c>ExternalInput</c>,
/// <c>SystemCall</c>, <c>Decrementer</c> and so on.
/// </param>
public sealed record VcpuStatistics(long Instructions, long Time, long IdleTime, IReadOnlyDictionary<string, long> Exceptions)
{
    /// <summary>Idle time in the time that passed, 0 to 1; 0 when none did.</summary>
    public double IdleShare => Time > 0 ? (double)IdleTime / Time : 0;

    /// <summary>Misses of the guest's TLB by loads and stores.</summary>
    public long DataTlbMisses => Exceptions[nameof(Vector.DataTlbError)];

    /// <summary>Misses of the guest's TLB by instruction fetches.</summary>
    public long InstructionTlbMisses => Exceptions[nameof(Vector.InstructionTlbError)];
}

/// <summary>The interrupts of one source.</summary>
/// <param name="Source">
/// The source: at the interrupt controller as its manual calls it (<c>IPI 0</c>, <c>timer 1</c>, <c>external 1</c>, <c>internal 26</c>,
/// <c>shared message 0</c>, <c>spurious</c>), or one of the CPU's own (<c>decrementer</c>, <c>fixed-interval timer</c>, <c>watchdog</c>,
/// <c>critical input</c>, <c>machine check</c>).
/// </param>
/// <param name="Number">Its number at the controller, as QEMU and the device tree number them; -1 for none.</param>
/// <param name="Devices">Paths of the devices that drive its line.</param>
/// <param name="Counts">Interrupts that each vCPU took: for a controller's source, acknowledged.</param>
public sealed record InterruptStatistics(string Source, int Number, IReadOnlyList<string> Devices, IReadOnlyList<long> Counts)
{
    /// <summary>Interrupts of all vCPUs.</summary>
    public long Total => Counts.Sum();
}

/// <summary>Accesses to the registers of one region.</summary>
/// <param name="Path">Path of the memory region, which begins with that of its device.</param>
/// <param name="Reads">Reads.</param>
/// <param name="Writes">Writes.</param>
public sealed record RegionStatistics(string Path, long Reads, long Writes)
{
    /// <summary>Reads and writes.</summary>
    public long Accesses => Reads + Writes;
}

/// <summary>
/// What a machine did since <see cref="Session.StartStatistics"/>. Every property tells how it stands when it is read. The counters belong
/// to the host: they are in no snapshot and no digest, and counting changes nothing of the run (law L7). Going back to a snapshot takes
/// instructions and time back with it, but not the events that were counted.
/// </summary>
public sealed class RunStatistics
{
    /// <summary>The CPU's own interrupts, most urgent first, and what they are called.</summary>
    private static readonly (Vector Kind, string Source)[] OwnSources =
    [
        (Vector.MachineCheck, "machine check"),
        (Vector.CriticalInput, "critical input"),
        (Vector.Watchdog, "watchdog"),
        (Vector.FixedIntervalTimer, "fixed-interval timer"),
        (Vector.Decrementer, "decrementer"),
    ];

    private readonly MachineState machine;
    private readonly EventCounter events;
    private readonly (long Instructions, long Time)[] start;

    internal RunStatistics(MachineState machine)
    {
        this.machine = machine;
        events = new EventCounter(machine.Scheduler.Clocks.Count, PowerPcCpu.ExceptionKinds.Count);
        start = [.. machine.Scheduler.Clocks.Select(clock => (InstructionsOf(clock), TimeOf(clock)))];
        machine.Log.Observe(events);
    }

    /// <summary>The vCPUs, by index.</summary>
    public IReadOnlyList<VcpuStatistics> Vcpus => [.. start.Select((_, vcpu) => Vcpu(vcpu))];

    /// <summary>
    /// The sources of which interrupts were taken: those of the controller by number, a spurious one first, then the CPU's own.
    /// </summary>
    public IReadOnlyList<InterruptStatistics> Interrupts =>
    [
        .. events.Interrupts.OrderBy(static pair => pair.Key.Source).Select(pair => OfController(pair.Key, pair.Value)),
        .. OwnSources.Select(own => new InterruptStatistics(own.Source, -1, [], Taken(own.Kind))).Where(static own => own.Total > 0),
    ];

    /// <summary>The regions whose registers were accessed, most accesses first, then by path.</summary>
    public IReadOnlyList<RegionStatistics> Regions =>
    [
        .. events.Regions.Select(static region => new RegionStatistics(region.Path, region.Reads, region.Writes))
            .OrderByDescending(static region => region.Accesses).ThenBy(static region => region.Path, StringComparer.Ordinal),
    ];

    private VcpuStatistics Vcpu(int vcpu)
    {
        var clock = machine.Scheduler.Clocks[vcpu];
        var instructions = InstructionsOf(clock) - start[vcpu].Instructions;
        var time = TimeOf(clock) - start[vcpu].Time;
        var exceptions = new OrderedDictionary<string, long>();
        for (var kind = 0; kind < PowerPcCpu.ExceptionKinds.Count; kind++)
            exceptions.Add(PowerPcCpu.ExceptionKinds[kind], events.Exceptions[vcpu][kind]);
        return new VcpuStatistics(instructions, time, time - (instructions << clock.Shift), exceptions);
    }

    private InterruptStatistics OfController((IInterruptController Controller, int Source) key, long[] counts)
    {
        if (key.Source < 0)
            return new InterruptStatistics("spurious", -1, [], [.. counts]);
        var input = key.Controller.SourceInput(key.Source);
        var drivers = machine.Devices().Where(device => input is not null && device.Outputs.Any(line => line.Target == input));
        var paths = drivers.Select(static device => device.CanonicalPath);
        return new InterruptStatistics(key.Controller.SourceName(key.Source), key.Source, [.. paths], [.. counts]);
    }

    private long[] Taken(Vector kind) => [.. events.Exceptions.Select(counts => counts[(int)kind])];

    private static long InstructionsOf(VcpuClock clock) => clock.Instructions + clock.Executed;

    /// <summary>
    /// A vCPU's time. One that is idle has let all of the machine's pass, though its own clock is set only when it goes on.
    /// </summary>
    private long TimeOf(VcpuClock clock) => Math.Max(clock.LocalTime, machine.Scheduler.GlobalTime);
}
