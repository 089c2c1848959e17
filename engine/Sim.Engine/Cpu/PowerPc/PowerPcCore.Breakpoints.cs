using Sim.Engine.Memory;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Breakpoints, watchpoints and single steps of a debugger. The guest cannot see them: they change no state.</summary>
internal sealed unsafe partial class PowerPcCore
{
    /// <summary>What a debugger waits for; null, as a rule, for nothing.</summary>
    DebugPoints? points;

    /// <summary>Says what a debugger waits for from now on; null for nothing. Only between runs.</summary>
    public void SetDebugPoints(DebugPoints? debugPoints)
    {
        if (points is null && debugPoints is null)
            return;
        points = debugPoints;
        DropSoftTlbs();
    }

    /// <summary>Whether the next instruction has a breakpoint at which the run ends; then that is told.</summary>
    /// <remarks>
    /// An instruction whose address is not mapped is not reached: its fetch faults, and it comes again after the handler.
    /// </remarks>
    bool BreaksBefore(long executed)
    {
        uint address = State->Pc;
        if (!points!.BreaksAt(address) || points.Passed == (address, clock!.Instructions + executed)
            || Mmu.Translate(State, address, AccessKind.Fetch, out _) != TranslationResult.Found)
            return false;
        points.BreakpointReached();
        return true;
    }

    /// <summary>
    /// Executes the block at the program counter up to the next breakpoint of its page, which is not in the code soft TLB. Returns how many
    /// instructions that were. It executes a copy: the block itself may be chained to others of the page, and a branch in its middle would
    /// go on there.
    /// </summary>
    long RunToBreakpoint(in RamPage page, long executed, long left)
    {
        PowerPcState* s = State;
        uint offset = s->Pc & 0xFFC;
        Op* block = code.Table(page.Ram, page.Offset >> RamBlock.PageShift, s->Msr)[offset >> 2];
        if (block == null)
            block = code.Decode(page, offset, s->Msr);
        s->PcPage = s->Pc & PageMask;
        long count = 1, limit = Math.Min(left, block->Left + 1);
        while (count < limit && !points!.BreaksAt(s->Pc + (uint)(4 * count)))
            count++;
        s->ExecutedBase = executed + count;
        for (int i = 0; i < count; i++)
            PrepareScratch(i, block[i].Raw, block[i].PageOffset, (int)count);
        return count - RunScratch((int)count);
    }

    /// <summary>Sees every access to a page with watchpoints, once it is made.</summary>
    void SeeAccess(uint address, int size, bool isStore)
    {
        if (State->Faulted != 0)
            return;
        uint last = address + ((uint)size - 1);
        if (last >= address)
        {
            SeeBytes(address, last, isStore);
        }
        else
        {
            SeeBytes(address, uint.MaxValue, isStore);
            SeeBytes(0, last, isStore);
        }
    }

    void SeeBytes(uint first, uint last, bool isStore)
    {
        if (points!.Find(first, last, isStore) is { } point)
            points.WatchpointReached(point, Math.Max(first, point.Address));
    }
}
