using Sim.Engine.Memory;

namespace Sim.Engine.Qdev;

/// <summary>
/// Sees single events of a machine as they happen, where <see cref="GuestLog"/> would write a line. It belongs to the host: it must not
/// touch the machine, and the machine is the same with and without it (law L7).
/// </summary>
public interface IGuestObserver
{
    /// <summary>A CPU takes an interrupt, in the manuals' wide sense: an exception or what comes from outside.</summary>
    /// <param name="cpu">Index of the CPU.</param>
    /// <param name="kind">Index among the architecture's kinds, for PowerPC by IVOR.</param>
    void ExceptionTaken(int cpu, int kind);

    /// <summary>A CPU acknowledges an interrupt at its controller, by a register or by external proxy.</summary>
    /// <param name="controller">The controller.</param>
    /// <param name="cpu">Index of the CPU.</param>
    /// <param name="source">The controller's number of the source; -1 when nothing was pending: a spurious interrupt.</param>
    void InterruptAcknowledged(IInterruptController controller, int cpu, int source);

    /// <summary>Device registers have been read or written, by a CPU or by DMA. Peeks are not accesses.</summary>
    /// <param name="region">The registers.</param>
    /// <param name="isWrite">True for a write.</param>
    void RegistersAccessed(MemoryRegion region, bool isWrite);
}

/// <summary>A device that CPUs acknowledge interrupts at.</summary>
public interface IInterruptController
{
    /// <summary>What the manual calls a source, such as <c>internal 26</c>.</summary>
    string SourceName(int source);

    /// <summary>The input line of a source; null for one that the controller makes itself.</summary>
    Irq? SourceInput(int source);
}
