using System.Runtime.InteropServices;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// What runs a <see cref="PowerPcState"/>: the loop around the blocks, and the managed side of memory accesses, translation, timers
/// and interrupts. It has no state of its own: everything that a run depends on is in the state, the rest is derived.
/// </summary>
internal sealed unsafe partial class PowerPcCore : BusInitiator, IVcpu, IDisposable
{
    /// <summary>L1CFG0 and L1CFG1: 32 KiB, 8 ways, 32-byte lines.</summary>
    const uint L1Configuration = 0x3820;

    readonly GCHandle self;
    readonly Op* scratch;
    int index;
    AddressSpace memory = null!;
    CodeCache code = null!;
    VcpuClock? clock;
    GuestLog? log;
    bool stopRequested;
    bool isRunning;
    bool hearsAllRam;

    /// <summary>Makes a core with all of its state 0.</summary>
    public PowerPcCore()
    {
        State = (PowerPcState*)NativeMemory.AlignedAlloc((nuint)sizeof(PowerPcState), 64);
        NativeMemory.Clear(State, (nuint)sizeof(PowerPcState));
        self = GCHandle.Alloc(this, GCHandleType.Weak);
        State->Core = GCHandle.ToIntPtr(self);
        State->DataTlbs = (SoftTlbEntry*)NativeMemory.Alloc(Context.DataTlbs * Context.SoftTlbPages, (nuint)sizeof(SoftTlbEntry));
        State->CodeTlbs = (CodeTlbEntry*)NativeMemory.Alloc(Context.CodeTlbs * Context.SoftTlbPages, (nuint)sizeof(CodeTlbEntry));
        scratch = (Op*)NativeMemory.AlignedAlloc((nuint)((CodeCache.BlockLength + 1) * sizeof(Op)), 32);
        DropSoftTlbs();
        Context.SetMsr(State, 0);
    }

    ~PowerPcCore() => Free();

    /// <summary>The architectural state.</summary>
    public PowerPcState* State { get; private set; }

    /// <inheritdoc/>
    public override int CpuIndex => index;

    /// <inheritdoc/>
    public override uint ProcessorVersion => State->Pvr;

    /// <inheritdoc/>
    public override uint SystemVersion => State->Svr;

    /// <summary>Whether handlers jump to each other; without it blocks are executed one by one. Tests switch it off.</summary>
    public bool HasTailCalls { get; set; } = TailCallProbe.Works;

    /// <summary>What the core sees.</summary>
    public AddressSpace AddressSpace => memory;

    /// <summary>The decoded code of the machine.</summary>
    public CodeCache Code => code;

    /// <summary>The vCPU's clock, once it is in the schedule.</summary>
    public VcpuClock? Clock => clock;

    /// <summary>The core that a state belongs to.</summary>
    public static PowerPcCore Of(PowerPcState* s) => (PowerPcCore)GCHandle.FromIntPtr(s->Core).Target!;

    /// <summary>Sets what the model decides.</summary>
    public void SetModel(PowerPcCpuModel model)
    {
        State->Pvr = model.ProcessorVersion;
        State->Svr = model.SystemVersion;
        State->Tlb0Cfg = model.Tlb0Configuration;
        State->Tlb1Cfg = model.Tlb1Configuration;
        State->L1Cfg0 = State->L1Cfg1 = L1Configuration;
        State->Tlb0WayBits = System.Numerics.BitOperations.Log2(model.Tlb0Configuration >> 24);
    }

    /// <summary>Power-on state; the timers go on from the present.</summary>
    /// <param name="held">Whether the core is then held.</param>
    public void PowerOn(bool held)
    {
        foreach (RegisterDescription register in PowerPcRegisters.All)
            NativeMemory.Clear((byte*)State + register.Offset, (nuint)(register.Width * register.Count));
        State->Pc = 0xFFFF_FFFC;
        State->Held = held ? (byte)1 : (byte)0;
        ResetTimers();
        StateReplaced();
    }

    /// <summary>Computes what is derived again, after the state was replaced.</summary>
    public void StateReplaced()
    {
        Context.SetMsr(State, State->Msr);
        DropSoftTlbs();
        RefreshTimers();
        State->ExitRequested = 1;
        if (State->Reserved != 0)
            HearAllRam();
    }

    /// <summary>Connects the core to memory.</summary>
    /// <param name="cpuIndex">Index of the CPU in the machine.</param>
    /// <param name="addressSpace">What it sees.</param>
    /// <param name="codeCache">The decoded code, shared with the other CPUs of the machine.</param>
    public void Connect(int cpuIndex, AddressSpace addressSpace, CodeCache codeCache)
    {
        index = cpuIndex;
        State->Pir = (uint)cpuIndex;
        memory = addressSpace;
        code = codeCache;
        memory.MappingChanged += OnMappingChanged;
        code.Attach(this);
    }

    /// <summary>Undoes <see cref="Connect"/>.</summary>
    public void Disconnect()
    {
        memory.MappingChanged -= OnMappingChanged;
        code.Detach(this);
        DropSoftTlbs();
    }

    /// <summary>Gives the core its clock, as the scheduler handed it out.</summary>
    public void Start(VcpuClock vcpuClock)
    {
        clock = vcpuClock;
        RefreshTimers();
    }

    /// <inheritdoc/>
    public ulong ProgramCounter => State->Pc;

    /// <inheritdoc/>
    public void RequestExit()
    {
        stopRequested = true;
        State->ExitRequested = 1;
    }

    /// <inheritdoc/>
    public void EndSlice() => State->Reserved = 0;

    /// <inheritdoc/>
    public long Run(long budget)
    {
        long executed = 0;
        stopRequested = false;
        code.ShortenSome();
        BeginRun();
        if (points is { Stepping: true })
            budget = 1;
        while (executed < budget)
        {
            Synchronize(executed);
            TakePendingInterrupt();
            if (IsIdle)
                break;
            State->ExitRequested = 0;
            long chunk = Math.Min(budget - executed, InstructionsUntilTimerEvent());
            executed += chunk - RunBlocks(executed, chunk);
            if (stopRequested)
                break;
        }

        // A core that falls idle has seen the events of that time, wherever the run is cut: what it then sleeps through comes later.
        clock!.Executed = executed;
        if (IsIdle)
            Synchronize(executed);
        if (State->ObservedLast != 0)
            clock.NoteObserved(State->ObservedLast);
        isRunning = false;
        if (executed > 0 && points is { Stepping: true } stepped)
            stepped.Stepped();
        return executed;
    }

    /// <summary>
    /// Prepares what reads of the timebase need, so that they stay inside their handler: nobody but this core observes time while it runs.
    /// </summary>
    void BeginRun()
    {
        clock!.Executed = 0;
        State->RunStart = clock.LocalTime;
        State->TimeShift = clock.Shift;
        State->ObservedBefore = clock.LatestObserved;
        State->ObservedLast = 0;
        isRunning = true;
        if (!hearsAllRam)
            HearAllRam();
    }

    /// <summary>Tells the outside where the core is: before every call that leaves the CPU.</summary>
    void CallOut(Op* op, long budget)
    {
        clock!.Executed = Dispatch.ExecutedBefore(State, op, budget);
        State->Pc = Dispatch.AddressOf(State, op);
    }

    /// <summary>Sets the clock to what has been executed in this run and lets the timers' events of that time happen.</summary>
    void Synchronize(long executed)
    {
        clock!.Executed = executed;
        if (clock.LocalTime >= nextTimerEvent)
            ProcessTimers();
    }

    /// <summary>
    /// Executes up to <paramref name="chunk"/> instructions, fewer when <see cref="PowerPcState.ExitRequested"/> gets set, and returns
    /// how many are left.
    /// </summary>
    long RunBlocks(long executed, long chunk)
    {
        PowerPcState* s = State;
        long left = chunk, end = executed + chunk;
        while (left > 0)
        {
            Op* block = Dispatch.FindBlock(s, s->Pc);
            if (block == null || s->Stepping != 0)
            {
                if (points is not null && BreaksBefore(end - left))
                    break;
                if (s->Stepping != 0)
                    left -= Step(end - left);
                else if (!EnterPage(s->Pc, out RamPage page))
                    left -= RunUncached(end - left);
                else if (points is not null && points.BreaksInPageOf(s->Pc))
                    left -= RunToBreakpoint(page, end - left, left);
                else
                    code.Decode(page, s->Pc & 0xFFC, s->Msr);
            }
            else if (left > block->Left && HasTailCalls)
            {
                s->ExecutedBase = end;
                left = block->Handler(s, block, left - (block->Left + 1));
            }
            else
            {
                left -= RunExactly(block, end - left, Math.Min(left, block->Left + 1));
            }

            if (s->ExitRequested != 0)
                break;
        }

        return left;
    }

    /// <summary>
    /// Executes a block to an exact stop, where it may not be executed whole, or without tail calls, which would otherwise let the host's
    /// stack grow with every instruction. Returns how many instructions that were.
    /// </summary>
    long RunExactly(Op* block, long executed, long count)
    {
        PowerPcState* s = State;
        s->ExecutedBase = executed + count;
        if (count == block->Left + 1)
            return count - block->Handler(s, block, 0);
        for (int i = 0; i < count; i++)
            PrepareScratch(i, block[i].Raw, block[i].PageOffset, (int)count);
        return count - RunScratch((int)count);
    }

    void PrepareScratch(int position, uint word, int pageOffset, int count)
    {
        scratch[position].PageOffset = (ushort)pageOffset;
        Decoder.Decode(word, State->Msr, scratch + position);
        scratch[position].Left = (ushort)(count - 1 - position);
    }

    /// <summary>Executes the prepared instructions and returns what they gave back.</summary>
    long RunScratch(int count)
    {
        scratch[count] = default;
        scratch[count].Handler = &Dispatch.Stop;
        scratch[count].PageOffset = (ushort)(scratch[count - 1].PageOffset + 4);
        return scratch->Handler(State, scratch, 0);
    }

    /// <summary>Executes one instruction that is not in RAM, or faults on its way; returns 1.</summary>
    long RunUncached(long executed)
    {
        PowerPcState* s = State;
        s->ExecutedBase = executed + 1;
        clock!.Executed = executed;
        if (Mmu.Translate(s, s->Pc, AccessKind.Fetch, out ulong physical) is var result && result != TranslationResult.Found)
        {
            FaultOnFetch(result);
            return 1;
        }

        uint word = (uint)memory.Read(physical, 4, this);
        s->PcPage = s->Pc & 0xFFFF_F000;
        PrepareScratch(0, word, (int)(s->Pc & 0xFFC), 1);
        return 1 - RunScratch(1);
    }

    void FaultOnFetch(TranslationResult result)
    {
        PowerPcState* s = State;
        if (result == TranslationResult.Missed)
        {
            Mmu.LoadMissDefaults(s, s->Pc, (s->Msr & Msr.Is) != 0);
            Exceptions.TakeBase(s, Vector.InstructionTlbError, s->Pc);
            return;
        }

        s->Esr = 0;
        Exceptions.TakeBase(s, Vector.InstructionStorage, s->Pc);
    }

    /// <summary>
    /// Frees the native memory; the core is not to be used afterwards. Left to the finalizer, it would keep the whole machine for
    /// another collection.
    /// </summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        if (State == null)
            return;
        NativeMemory.Free(State->DataTlbs);
        NativeMemory.Free(State->CodeTlbs);
        NativeMemory.AlignedFree(State);
        NativeMemory.AlignedFree(scratch);
        self.Free();
        State = null;
    }
}
