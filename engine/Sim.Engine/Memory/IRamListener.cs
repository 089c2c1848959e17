namespace Sim.Engine.Memory;

/// <summary>Keeps caches derived from guest RAM (soft TLB write entries, decoded code, reservations) true to it.</summary>
public interface IRamListener
{
    /// <summary>The page, 4 KiB, index within the block, now holds decoded code: stores to it must not bypass <see cref="RamBlock.NotifyWritten"/>.</summary>
    void OnCodePage(RamBlock ram, ulong page);

    /// <summary>Bytes were written other than through a soft TLB write entry (DMA, loader, debugger, a store to a code page).</summary>
    void OnRamWritten(RamBlock ram, ulong offset, ulong length);

    /// <summary>A consumer of dirty pages opened a new epoch: every page must stamp again on its next write, so drop all write entries.</summary>
    void OnEpochOpened();
}
