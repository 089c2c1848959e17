using Sim.Engine.Memory;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>What accesses a watchpoint waits for.</summary>
[Flags]
public enum WatchKind
{
    /// <summary>Loads.</summary>
    Read = 1,

    /// <summary>Stores.</summary>
    Write = 2,

    /// <summary>Loads and stores.</summary>
    Access = Read | Write,
}

/// <summary>Stops the machine before the instruction at an effective address is executed.</summary>
/// <param name="Address">Effective address, a multiple of 4.</param>
/// <param name="Vcpu">Index of the CPU that it is for; -1 for all.</param>
public readonly record struct Breakpoint(uint Address, int Vcpu = -1);

/// <summary>
/// Stops the machine after an instruction that accesses memory at effective addresses. DMA of devices does not trigger it.
/// </summary>
/// <param name="Address">First effective address.</param>
/// <param name="Length">Bytes, at least 1; they do not reach beyond the end of the address space.</param>
/// <param name="Kind">What accesses.</param>
/// <param name="Vcpu">Index of the CPU that it is for; -1 for all.</param>
public readonly record struct Watchpoint(uint Address, uint Length, WatchKind Kind, int Vcpu = -1)
{
    /// <summary>The last effective address.</summary>
    public uint Last => Address + (Length - 1);

    /// <summary>Whether any of the bytes from <paramref name="first"/> to <paramref name="last"/> is watched.</summary>
    internal bool Overlaps(uint first, uint last) => first <= Last && Address <= last;
}

/// <summary>
/// What a debugger waits for on one core. While it is there, pages with breakpoints stay out of the code soft TLB and pages with
/// watchpoints out of the data soft TLB, so that the slow paths see every fetch and access there; all other code runs as ever.
/// </summary>
internal sealed class DebugPoints
{
    readonly HashSet<uint> breakpoints;
    readonly HashSet<uint> pages;
    readonly Watchpoint[] watchpoints;

    /// <summary>Makes the points of one core.</summary>
    public DebugPoints(IEnumerable<uint> breakpoints, IEnumerable<Watchpoint> watchpoints)
    {
        this.breakpoints = [.. breakpoints];
        pages = [.. this.breakpoints.Select(PageOf)];
        this.watchpoints = [.. watchpoints];
    }

    /// <summary>Called, while the core executes, before an instruction with a breakpoint.</summary>
    public required Action BreakpointReached { get; init; }

    /// <summary>
    /// Called in an instruction that makes a watched access, with the watchpoint and the first watched address of the access.
    /// </summary>
    public required Action<Watchpoint, uint> WatchpointReached { get; init; }

    /// <summary>Called once the core has executed an instruction while <see cref="Stepping"/>.</summary>
    public required Action Stepped { get; init; }

    /// <summary>The core is to execute a single instruction.</summary>
    public bool Stepping { get; init; }

    /// <summary>
    /// Where the core stands with a breakpoint that was already told, or that is to be stepped over: address, and the core's instructions
    /// until then; null for none.
    /// </summary>
    public (uint Address, long Instructions)? Passed { get; init; }

    /// <summary>Whether any instruction of the page of an address has a breakpoint.</summary>
    public bool BreaksInPageOf(uint address) => pages.Contains(PageOf(address));

    /// <summary>Whether there is a breakpoint at an address.</summary>
    public bool BreaksAt(uint address) => breakpoints.Contains(address);

    /// <summary>Whether loads, or stores, of any byte of the page of an address are watched.</summary>
    public bool WatchesPageOf(uint address, bool isStore) =>
        Find(PageOf(address), PageOf(address) | (RamBlock.PageSize - 1), isStore) is not null;

    /// <summary>The first watchpoint that an access meets.</summary>
    public Watchpoint? Find(uint first, uint last, bool isStore)
    {
        WatchKind kind = isStore ? WatchKind.Write : WatchKind.Read;
        foreach (Watchpoint point in watchpoints)
            if ((point.Kind & kind) != 0 && point.Overlaps(first, last))
                return point;
        return null;
    }

    static uint PageOf(uint address) => address & ~(RamBlock.PageSize - 1u);
}
