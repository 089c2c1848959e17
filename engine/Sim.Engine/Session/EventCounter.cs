using Sim.Engine.Memory;
using Sim.Engine.Qdev;

namespace Sim.Engine.Session;

/// <summary>Counts a machine's events. Host-side: nothing of it is saved, and nothing of the machine depends on it.</summary>
/// <param name="vcpus">vCPUs of the machine.</param>
/// <param name="kinds">Kinds of exceptions.</param>
internal sealed class EventCounter(int vcpus, int kinds) : IGuestObserver
{
    private readonly OrderedDictionary<(IInterruptController Controller, int Source), long[]> interrupts = [];
    private readonly OrderedDictionary<MemoryRegion, RegionCount> regions = [];

    /// <summary>Exceptions by vCPU and kind.</summary>
    public long[][] Exceptions { get; } = [.. Enumerable.Range(0, vcpus).Select(_ => new long[kinds])];

    /// <summary>Acknowledged interrupts by source and vCPU.</summary>
    public IReadOnlyDictionary<(IInterruptController Controller, int Source), long[]> Interrupts => interrupts;

    /// <summary>Accesses by region.</summary>
    public IReadOnlyCollection<RegionCount> Regions => regions.Values;

    /// <inheritdoc/>
    public void ExceptionTaken(int cpu, int kind) => Exceptions[cpu][kind]++;

    /// <inheritdoc/>
    public void InterruptAcknowledged(IInterruptController controller, int cpu, int source)
    {
        if (!interrupts.TryGetValue((controller, source), out var counts))
            interrupts.Add((controller, source), counts = new long[vcpus]);
        counts[cpu]++;
    }

    /// <inheritdoc/>
    public void RegistersAccessed(MemoryRegion region, bool isWrite)
    {
        if (!regions.TryGetValue(region, out var count))
            regions.Add(region, count = new RegionCount(region.CanonicalPath));
        if (isWrite)
            count.Writes++;
        else
            count.Reads++;
    }

    /// <summary>Accesses to one region.</summary>
    /// <param name="path">The region's path when it was first accessed: a device may be unplugged later.</param>
    internal sealed class RegionCount(string path)
    {
        public string Path => path;

        public long Reads;
        public long Writes;
    }
}
