using Sim.Engine.Memory;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>What a debugger needs of the CPU besides reading registers and memory.</summary>
public sealed unsafe partial class PowerPcCpu
{
    /// <summary>True while the CPU executes nothing: it is held, or waits for an interrupt.</summary>
    public bool IsIdle => core.IsIdle;

    /// <summary>All valid entries of the TLBs, TLB0 first.</summary>
    public IReadOnlyList<TlbEntry> TlbEntries()
    {
        var entries = new List<TlbEntry>();
        PowerPcState* s = core.State;
        for (int index = 0; index < PowerPcState.TlbEntries; index++)
        {
            uint mas1 = s->TlbMas1[index], mas2 = s->TlbMas2[index];
            if ((mas1 & Mmu.Valid) == 0)
                continue;
            ulong mas73 = s->TlbMas73[index], mask = Mmu.OffsetMask(mas1);
            int tlb = index < PowerPcState.Tlb0Entries ? 0 : 1;
            entries.Add(new TlbEntry(
                tlb,
                index - tlb * PowerPcState.Tlb0Entries,
                mas2 & 0xFFFF_F000 & ~(uint)mask,
                mas73 & Mmu.PhysicalPages & ~mask,
                mask + 1,
                mas1,
                mas2,
                (uint)mas73));
        }

        return entries;
    }

    /// <summary>
    /// Writes memory at effective addresses from outside the machine, ROM included; false, and nothing is written, unless all of it is
    /// mapped to memory or device registers. It is an input of the run, so the input port alone calls it.
    /// </summary>
    internal bool TryPoke(uint address, ReadOnlySpan<byte> source)
    {
        var pieces = new List<(ulong Physical, int Count)>();
        for (int done = 0; done < source.Length;)
        {
            uint at = address + (uint)done;
            int count = (int)Math.Min((uint)(source.Length - done), RamBlock.PageSize - (at & (RamBlock.PageSize - 1)));
            if (!TryTranslate(at, out ulong physical) || !core.AddressSpace.TryPeek(physical, new byte[count]))
                return false;
            pieces.Add((physical, count));
            done += count;
        }

        foreach ((ulong physical, int count) in pieces)
        {
            core.AddressSpace.Poke(physical, source[..count]);
            source = source[count..];
        }

        core.State->ExitRequested = 1;
        return true;
    }

    /// <summary>
    /// Writes a register from outside the machine, see <see cref="WriteRegister"/>. A CPU that this ends the waiting of goes on at the
    /// present.
    /// </summary>
    internal void PokeRegister(string name, ulong value)
    {
        bool wasIdle = core.IsIdle;
        WriteRegister(name, value);
        core.WakeIf(wasIdle);
    }
}
