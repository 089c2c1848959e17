namespace Sim.Engine.Memory;

/// <summary>Who makes an access. Some registers answer by it: the MPIC's per-CPU alias, the processor version in guts. QEMU: MemTxAttrs, current_cpu.</summary>
public abstract class BusInitiator
{
    /// <summary>Index of the CPU.</summary>
    public abstract int CpuIndex { get; }

    /// <summary>The CPU's processor version register (PVR).</summary>
    public abstract uint ProcessorVersion { get; }

    /// <summary>The CPU's system version register (SVR); 0 for a model that names no system.</summary>
    public virtual uint SystemVersion => 0;
}
