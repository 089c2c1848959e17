using System.Buffers.Binary;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// A CPU whose translations change and are used, beside a model that walks all entries of both TLBs for every single access and looks up
/// the physical map
/// afterwards.
/// </summary>
internal sealed unsafe class TranslationBench : IDisposable
{
    /// <summary>Effective addresses that entries map: eight pages.</summary>
    private const uint Window = 0x4000_0000;

    /// <summary>Physical pages that they map to: four of RAM, over which regions come and go.</summary>
    private const uint Frames = 0x2_0000;

    /// <summary>MAS1 of the entry that maps the code: 64 MiB, protected from invalidation.</summary>
    private const uint CodeEntry = 0xC000_0800;

    private const int Code = 0x1000, Pid0 = 48, Pid1 = 633, Pid2 = 634, Mas0 = 624, Mas1 = 625, Mas2 = 626, Mas3 = 627;

    private readonly BareCpu cpu = new();
    private readonly RamBlock other = new("other", 4 * RamBlock.PageSize);
    private readonly MemoryRegion[] overlays;
    private readonly CaseClasses classes;
    private readonly HashSet<(uint Page, bool Store, uint Msr)> used = [];
    private (TranslationStep Step, uint Msr)? latestAccess, latestStore;

    public TranslationBench(CaseClasses classes)
    {
        this.classes = classes;
        cpu.SetVectors();
        cpu.State->TlbMas1[PowerPcState.Tlb0Entries] = CodeEntry;
        for (var page = 0u; page < 4; page++)
        {
            for (var word = 0u; word < 8; word++)
            {
                cpu.Load(Frames + page * 0x1000 + 4 * word, Asm.Addi(3, 3, (int)(page * 8 + word + 1)));
                other.Write(page * 0x1000 + 4 * word,
                    BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(Asm.Addi(3, 3, (int)(page * 8 + word + 101)))));
            }
        }

        overlays = [cpu.NewRegisters(0x1000, static (offset, _, _) => 0x1234_5678 + offset, static (_, _, _, _) => { }),
            cpu.NewRam(other, false), cpu.NewRam(other, true)];
    }

    public BareCpu Cpu => cpu;

    public void Dispose()
    {
        cpu.Dispose();
        other.Dispose();
    }

    public void Do(TranslationStep step)
    {
        switch (step.Kind)
        {
            case TranslationStepKind.WriteEntry:
                WriteEntry(step);
                break;
            case TranslationStepKind.Invalidate:
                Execute(Asm.Tlbivax(0, 5), (Window + 0x1000 * (uint)step.Page) | (step.Number % 2 == 0 ? 8u : 0u)
                    | (step.Number % 5 == 0 ? 4u : 0u));
                break;
            case TranslationStepKind.SetPid:
                Execute(Asm.Mtspr((step.Number % 3) switch { 0 => Pid0, 1 => Pid1, _ => Pid2 }, 5), (uint)(step.Page % 3));
                if (AccessAgain(latestAccess))
                    classes.Add("accessed again with another PID");
                break;
            case TranslationStepKind.SetMsr:
                Context.SetMsr(cpu.State, (step.Number % 2 == 0 ? Msr.Pr : 0) | (step.Number / 2 % 2 == 0 ? Msr.Ds : 0)
                    | (step.Number / 4 % 2 == 0 ? Msr.Is : 0));
                break;
            case TranslationStepKind.Remap:
                Remap(overlays[step.Number % 3], Frames + 0x1000 * (uint)(step.Page % 4));
                break;
            case TranslationStepKind.OpenEpoch:
                cpu.Ram.OpenEpoch();
                other.OpenEpoch();
                if (AccessAgain(latestStore))
                    classes.Add("stored again in a new epoch");
                break;
            case TranslationStepKind.Fetch:
                Fetch(Window + 0x1000 * (uint)step.Page + 4 * (uint)(step.Number % 8));
                break;
            default:
                Access(step);
                break;
        }
    }

    /// <summary>Executes a privileged instruction with r5, in supervisor state, in the page that is always mapped.</summary>
    private void Execute(uint instruction, uint operand)
    {
        var state = cpu.State;
        var msr = state->Msr;
        Context.SetMsr(state, 0);
        cpu.Load(Code, instruction);
        state->Gpr[5] = operand;
        state->Pc = Code;
        cpu.Run(1);
        Check.Equal((uint)Code + 4, state->Pc, "PC after a privileged instruction");
        Context.SetMsr(state, msr);
    }

    private void WriteEntry(TranslationStep step)
    {
        var number = step.Number;
        var inTlb1 = number % 2 == 0;
        var size = inTlb1 && number % 3 == 0 ? 0x200u : 0x100u;
        uint[] values =
        [
            inTlb1 ? 0x1000_0000u | (1u + (uint)(number / 4 % 3)) << 16 : (uint)(number / 4 % 4) << 16,
            (number % 7 == 0 ? 0 : Mmu.Valid) | (number % 11 == 0 ? Mmu.Protected : 0) | (uint)(number / 8 % 3) << 16
                | (number % 5 == 0 ? Mmu.Space : 0) | size,
            Window + 0x1000 * (uint)step.Page,
            (Frames + 0x1000 * (uint)(number / 16 % 4)) | (number % 3 == 1 ? (uint)(number / 64 % 64) : 0x3Fu),
        ];
        foreach (var (register, value) in (ReadOnlySpan<(int, uint)>)[(Mas0, values[0]), (Mas1, values[1]), (Mas2, values[2]),
            (Mas3, values[3])])
            Execute(Asm.Mtspr(register, 5), value);
        Execute(Asm.Tlbwe, 0);
    }

    private void Remap(MemoryRegion region, ulong address)
    {
        if (region.ContainingRegion is { } container)
            container.RemoveSubregion(region);
        else
            cpu.System.AddSubregion(address, region, 1);
        classes.Add("remapped");
    }

    private void Fetch(uint address)
    {
        var state = cpu.State;
        var (result, physical) = Walk(address, AccessKind.Fetch);
        var word = 0u;
        if (result == TranslationResult.Found)
            word = (uint)Physical(physical, 4);
        var before = state->Gpr[3];
        state->Pc = address;
        cpu.Run(1);
        classes.Add("fetched", result == TranslationResult.Found);
        if (result != TranslationResult.Found)
            CheckFault(result == TranslationResult.Missed ? Vector.InstructionTlbError : Vector.InstructionStorage, address);
        else if (word >> 16 == Asm.Addi(3, 3, 0) >> 16)
            Check.Equal((before + (uint)(short)word, address + 4), (state->Gpr[3], state->Pc), "r3 and PC after a fetch");
    }

    private void Access(TranslationStep step)
    {
        var state = cpu.State;
        var isStore = step.Kind == TranslationStepKind.Store;
        var address = Window + 0x1000 * (uint)step.Page + 4 * (uint)(step.Number % 8);
        var value = step.Number % 3 == 0 ? Asm.Addi(3, 3, step.Number) : (uint)step.Number * 0x9E37_79B9;
        var (result, physical) = Walk(address, isStore ? AccessKind.Store : AccessKind.Load);
        var (space, problem) = (state->Msr & Msr.Ds, state->Msr & Msr.Pr);
        classes.Add("used again", !used.Add((address >> 12, isStore, space | problem)) && result == TranslationResult.Found);
        classes.Add(isStore ? "stored" : "loaded", result == TranslationResult.Found);
        var expected = result == TranslationResult.Found ? (uint)Physical(physical, 4) : 0;

        // The instruction itself comes from a page that is always mapped, for the instruction space that is in force.
        cpu.Load(Code, isStore ? Asm.Stw(6, 0, 5) : Asm.Lwz(6, 0, 5));
        state->TlbMas1[PowerPcState.Tlb0Entries] = CodeEntry | ((state->Msr & Msr.Is) != 0 ? Mmu.Space : 0);
        state->Gpr[5] = address;
        state->Gpr[6] = isStore ? value : 0xDEAD_BEEF;
        state->Pc = Code;
        cpu.Run(1);
        state->TlbMas1[PowerPcState.Tlb0Entries] = CodeEntry;
        if (result != TranslationResult.Found)
        {
            CheckFault(result == TranslationResult.Missed ? Vector.DataTlbError : Vector.DataStorage, address);
            Check.Equal(address, state->Dear, "DEAR");
        }
        else
        {
            latestAccess = (step, state->Msr);
            if (!isStore)
            {
                Check.Equal(expected, state->Gpr[6], "what was loaded");
                return;
            }

            CheckStored(physical, value, expected);
            latestStore = latestAccess;
        }
    }

    /// <summary>
    /// Makes an access again, in the context that it was made in: what has been remembered for it must not stand for what is so now.
    /// </summary>
    private bool AccessAgain((TranslationStep Step, uint Msr)? access)
    {
        if (access is not var (step, msr))
            return false;
        var present = cpu.State->Msr;
        Context.SetMsr(cpu.State, msr);
        Access(step);
        Context.SetMsr(cpu.State, present);
        classes.Add("accessed again in another context", (msr & (Msr.Ds | Msr.Pr)) != 0);
        return true;
    }

    private void CheckStored(ulong physical, uint value, uint before)
    {
        var isRam = cpu.Memory.TryMapPage(physical, out var page);
        var isWritable = isRam && !page.IsReadOnly;
        Check.Equal(isWritable ? value : before, (uint)Physical(physical, 4), "what was stored");
        if (isWritable)
            Check.Equal(page.Ram.Epoch, page.Ram.Stamp(page.Offset >> RamBlock.PageShift), "stamp of the page");
        classes.Add("stored to registers or ROM", !isWritable);
    }

    private void CheckFault(Vector vector, uint address)
    {
        Check.Equal(vector, cpu.VectorTaken, FormattableString.Invariant($"vector of an access to 0x{address:x}"));
        classes.Add($"fault {vector}");

        // The interrupt has cleared the MSR; the next access is made in supervisor state, space 0.
    }

    private ulong Physical(ulong address, int size)
    {
        Span<byte> bytes = stackalloc byte[size];
        Check.That(cpu.Memory.TryPeek(address, bytes), "the frame is mapped");
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    /// <summary>The walk: every entry of both TLBs, TLB0 first.</summary>
    private (TranslationResult Result, ulong Physical) Walk(uint address, AccessKind kind)
    {
        var state = cpu.State;
        var problem = (state->Msr & Msr.Pr) != 0;
        var space = (state->Msr & (kind == AccessKind.Fetch ? Msr.Is : Msr.Ds)) != 0;
        var ways = 1 << state->Tlb0WayBits;
        for (var entry = 0; entry < PowerPcState.TlbEntries; entry++)
        {
            var isTlb0 = entry < PowerPcState.Tlb0Entries;
            if (isTlb0 && (uint)(entry / ways) != (address >> 12 & 127))
                continue;
            uint mas1 = state->TlbMas1[entry], tid = mas1 >> 16 & 0xFF;
            var length = 1024UL << (int)(2 * (mas1 >> 8 & 15));
            var matches = mas1 >> 31 == 1 && (mas1 >> 12 & 1) == (space ? 1 : 0)
                && address / length == state->TlbMas2[entry] / length
                && (tid == 0 || tid == state->Pid[0] || tid == state->Pid[1] || tid == state->Pid[2]);
            if (!matches)
                continue;
            var mas3 = (uint)state->TlbMas73[entry];
            var bit = (kind switch { AccessKind.Fetch => 4, AccessKind.Store => 2, _ => 0 }) + (problem ? 1 : 0);
            var physical = state->TlbMas73[entry] >> 12 << 12;
            return ((mas3 >> bit & 1) != 0 ? TranslationResult.Found : TranslationResult.Forbidden,
                physical / length * length + address % length);
        }

        return (TranslationResult.Missed, 0);
    }
}
