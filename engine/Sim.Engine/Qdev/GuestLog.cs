namespace Sim.Engine.Qdev;

/// <summary>What <c>--log</c> can show. QEMU: -d.</summary>
[Flags]
public enum LogCategories
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Exceptions taken and interrupt lines.</summary>
    Int = 1,

    /// <summary>Register accesses of devices.</summary>
    Mmio = 2,

    /// <summary>Every instruction executed.</summary>
    Exec = 4,

    /// <summary>TLB writes, invalidations and misses.</summary>
    Tlb = 8,

    /// <summary>Accesses to what is not there.</summary>
    Unimp = 16,

    /// <summary>Things that a correct guest does not do.</summary>
    GuestErrors = 32,
}

/// <summary>
/// The trace of the guest: where single events leave the machine, as lines or, for an observer, as calls. Off it costs a test of one
/// field; on it changes no state. QEMU: qemu_log_mask.
/// </summary>
public sealed class GuestLog
{
    /// <summary>What is on.</summary>
    public LogCategories Enabled { get; private set; }

    /// <summary>Sees the events themselves; null for nobody.</summary>
    public IGuestObserver? Observer { get; private set; }

    /// <summary>Receives each line's category and text, without time and vCPU.</summary>
    private Action<LogCategories, string>? sink;

    /// <summary>Raised when <see cref="Enabled"/> or <see cref="Observer"/> has changed.</summary>
    public event Action? Changed;

    /// <summary>Switches categories on, with the receiver of their lines.</summary>
    public void Enable(LogCategories categories, Action<LogCategories, string>? receiver)
    {
        sink = receiver;
        Enabled = receiver is null ? LogCategories.None : categories;
        Changed?.Invoke();
    }

    /// <summary>Lets somebody see the events from now on, in place of who did; null for nobody.</summary>
    public void Observe(IGuestObserver? observer)
    {
        Observer = observer;
        Changed?.Invoke();
    }

    /// <summary>True when lines of a category are wanted: ask before making the text.</summary>
    public bool Wants(LogCategories category) => (Enabled & category) != 0;

    /// <summary>Hands a line on, when its category is wanted.</summary>
    public void Write(LogCategories category, string text)
    {
        if (Wants(category))
            sink!(category, text);
    }
}
