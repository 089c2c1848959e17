using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sim.Engine.Qdev;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// Everything an e500 core remembers, in native memory: the common ground (ABI) of every execution tier.
/// </summary>
/// <remarks>
/// Every field is either listed in <see cref="PowerPcRegisters"/>, and so saved, hashed, reset and shown, or marked
/// <see cref="DerivedAttribute"/>; a test proves it. Names are those of the EREF and the e500 core reference manual.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PowerPcState
{
    /// <summary>The register number that always reads 0: the decoder uses it where RA=0 means the value 0.</summary>
    public const int ZeroIndex = 32;

    /// <summary>Entries of TLB0 (4 ways of 128), then of TLB1.</summary>
    public const int Tlb0Entries = 512, Tlb1Entries = 16, TlbEntries = Tlb0Entries + Tlb1Entries;

    // Where the JIT takes the address of a fixed buffer it adds a null check, so handlers reach these three through properties.
    const int CrOffset = 140, GprHighOffset = 168;

    fixed uint gpr[32];

    [Derived("Gpr[ZeroIndex]: always 0.")] public uint GprZero;

    /// <summary>Next instruction to execute. Within a run valid only where a handler has left or called out.</summary>
    public uint Pc;

    public uint Msr;

    fixed byte cr[8];

    /// <summary>XER bits as bytes of 0 or 1, and all the other bits of XER as they stand in it.</summary>
    public byte XerSo, XerOv, XerCa;

    /// <summary>1 while a reservation of lwarx is held.</summary>
    public byte Reserved;

    public uint XerRest;
    public uint Lr;
    public uint Ctr;

    // ---- What the fast paths need close by; all derived.

    [Derived("The virtual page of the block under way.")] public uint PcPage;

    fixed uint gprHigh[32];
    [Derived("Lives within one run: instructions of the run are ExecutedBase minus what is left.")] public long ExecutedBase;
    [Derived("Lives within one run: local time (ns) of its start, what was observed before, what it has observed.")]
    public long RunStart, ObservedBefore, ObservedLast;

    [Derived("Of the schedule: log2 of the nanoseconds of an instruction.")] public int TimeShift;
    [Derived("Data soft TLB of the current MSR[DS,PR].")] public SoftTlbEntry* DataTlb;
    [Derived("Code soft TLB of the current MSR[IS,PR,SPE].")] public CodeTlbEntry* CodeTlb;
    [Derived("The four data soft TLBs, for MSR[DS,PR] = 0 to 3.")] public SoftTlbEntry* DataTlbs;
    [Derived("The eight code soft TLBs, for MSR[IS,PR,SPE] = 0 to 7.")] public CodeTlbEntry* CodeTlbs;
    [Derived("Lives within one instruction: the slow path raised an exception.")] public byte Faulted;
    [Derived("Lives within one run: leave after the instruction under way.")] public byte ExitRequested;
    [Derived("Lives within one instruction: it took an interrupt.")] public byte Interrupted;
    [Derived("GCHandle of the PowerPcCore.")] public nint Core;
    [Derived("Of the CPU model: log2 of the ways of TLB0.")] public int Tlb0WayBits;
    [Derived("Of the CPU model.")] public uint Pvr, Svr, Tlb0Cfg, Tlb1Cfg, MmuCfg, L1Cfg0, L1Cfg1;
    [Derived("Index of the CPU.")] public uint Pir;
    [Derived("Single instructions must be looked at: debug events or a trace.")] public byte Stepping;
    [Derived("The trace wants interrupts, every instruction, or guest errors.")] public byte TraceInterrupts, TraceExecution, TraceErrors;
    [Derived("Of the host: bit N is 1 once this core has taken an interrupt of vector N; no reset and no load clears it.")] public uint VectorsTaken;

    /// <summary>SPE accumulator.</summary>
    public ulong Acc;

    /// <summary>SPE and embedded floating-point status and control.</summary>
    public uint Spefscr;

    /// <summary>Effective address of the reserved word.</summary>
    public uint ReservationAddress;

    // ---- Interrupt state
    public uint Srr0, Srr1, Csrr0, Csrr1, Mcsrr0, Mcsrr1;
    public uint Esr, Dear, Mcsr, Mcar, Epr;
    public uint Ivpr;

    /// <summary>IVOR0-15, then IVOR32-35 at 16-19.</summary>
    public fixed uint Ivor[20];

    /// <summary>SPRG0-9.</summary>
    public fixed uint Sprg[10];

    public uint Usprg0;

    // ---- Configuration and hints that have no effect of their own but are remembered.
    public uint Hid0, Hid1, L1Csr0, L1Csr1, Bucsr, Bbear, Bbtar, Npidr, Eplc, Epsc, Dsrr0, Dsrr1;

    // ---- Debug
    public uint Dbcr0, Dbcr1, Dbcr2, Dbsr;

    /// <summary>IAC1-2 and DAC1-2.</summary>
    public fixed uint Iac[2], Dac[2];

    // ---- Performance monitor
    public uint Pmgc0;
    public fixed uint Pmc[4], Pmlca[4], Pmlcb[4];

    // ---- Timers. TB and DEC are kept as offsets to the vCPU's time, so that they cost nothing while they run.

    /// <summary>Timebase minus the ticks of virtual time.</summary>
    public ulong TimebaseOffset;

    /// <summary>Alternate timebase, which nobody can write, minus the ticks of virtual time.</summary>
    public ulong AlternateOffset;

    /// <summary>The tick of virtual time at which the decrementer reaches 0; it then stays there.</summary>
    public long DecrementerZero;

    /// <summary>1 while reaching 0 is still to come and will set TSR[DIS].</summary>
    public byte DecrementerArmed;

    /// <summary>The tick of virtual time up to which fixed-interval and watchdog events have been taken note of.</summary>
    public long TimerTick;

    public uint Decar, Tcr, Tsr;

    // ---- MMU
    public uint Mas0, Mas1, Mas2, Mas3, Mas4, Mas6, Mas7;

    /// <summary>PID0-2.</summary>
    public fixed uint Pid[3];

    /// <summary>The way of TLB0 that the next miss proposes for replacement.</summary>
    public uint NextVictim;

    /// <summary>
    /// TLB0 (set by set, each 2 or 4 ways), then TLB1 from <see cref="Tlb0Entries"/> on: MAS1, MAS2, and MAS7 above MAS3.
    /// </summary>
    public fixed uint TlbMas1[TlbEntries], TlbMas2[TlbEntries];

    public fixed ulong TlbMas73[TlbEntries];

    // ---- Input lines and running state

    /// <summary>Levels of the input lines: bit N is line N.</summary>
    public uint Lines;

    /// <summary>A machine check is pending.</summary>
    public byte MachineCheckPending;

    /// <summary>1 while the core is held: it executes nothing until it is released (start-powered-off).</summary>
    public byte Held;

    /// <summary>General-purpose registers, lower 32 bits.</summary>
    public uint* Gpr => (uint*)Unsafe.AsPointer(ref this);

    /// <summary>CR as eight bytes, CR0 first, each LT=8, GT=4, EQ=2, SO=1. <see cref="Flags.GetCr"/> has the canonical word.</summary>
    public byte* Cr => (byte*)Unsafe.AsPointer(ref this) + CrOffset;

    /// <summary>General-purpose registers, upper 32 bits: only SPE reads or writes them.</summary>
    public uint* GprHigh => (uint*)((byte*)Unsafe.AsPointer(ref this) + GprHighOffset);
}

/// <summary>One page of the data soft TLB: a host address if the tag equals the page of the access's last byte.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SoftTlbEntry
{
    /// <summary>No page has this tag.</summary>
    public const uint NoPage = 1;

    public uint ReadTag;
    public uint WriteTag;

    /// <summary>Host address minus effective address.</summary>
    public byte* Addend;
}

/// <summary>One page of the code soft TLB.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CodeTlbEntry
{
    public uint Tag;

    /// <summary>1,024 first ops of blocks, one per word of the page, null where nothing is decoded yet.</summary>
    public Op** Blocks;
}
