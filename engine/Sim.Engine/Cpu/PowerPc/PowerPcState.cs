using System.Runtime.InteropServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Marks a field of <see cref="PowerPcState"/> that is no architectural state: it follows from other state or lives within one run.</summary>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class DerivedAttribute(string reason) : Attribute
{
    /// <summary>Why the field needs no saving.</summary>
    public string Reason { get; } = reason;
}

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

    /// <summary>General-purpose registers, lower 32 bits.</summary>
    public fixed uint Gpr[32];

    [Derived("Gpr[ZeroIndex]: always 0.")] public uint GprZero;

    /// <summary>Next instruction to execute. Within a run valid only where a handler has left or called out.</summary>
    public uint Pc;

    public uint Msr;

    /// <summary>CR as eight bytes, CR0 first, each LT=8, GT=4, EQ=2, SO=1. <see cref="Flags.GetCr"/> has the canonical word.</summary>
    public fixed byte Cr[8];

    /// <summary>XER bits as bytes of 0 or 1, and all the other bits of XER as they stand in it.</summary>
    public byte XerSo, XerOv, XerCa;

    /// <summary>1 while a reservation of lwarx is held.</summary>
    public byte Reserved;

    public uint XerRest;
    public uint Lr;
    public uint Ctr;

    // ---- What the fast paths need close by; all derived.

    [Derived("The virtual page of the block under way.")] public uint PcPage;
    [Derived("Lives within one run: instructions of the run are ExecutedBase minus what is left.")] public long ExecutedBase;
    [Derived("Data soft TLB of the current MSR[DS,PR].")] public SoftTlbEntry* DataTlb;
    [Derived("Code soft TLB of the current MSR[IS,PR,SPE].")] public CodeTlbEntry* CodeTlb;
    [Derived("The four data soft TLBs, for MSR[DS,PR] = 0 to 3.")] public SoftTlbEntry* DataTlbs;
    [Derived("The eight code soft TLBs, for MSR[IS,PR,SPE] = 0 to 7.")] public CodeTlbEntry* CodeTlbs;
    [Derived("Lives within one instruction: the slow path raised an exception.")] public byte Faulted;
    [Derived("Lives within one run: leave after the instruction under way.")] public byte ExitRequested;
    [Derived("GCHandle of the PowerPcCore.")] public nint Core;

    /// <summary>General-purpose registers, upper 32 bits: only SPE reads or writes them.</summary>
    public fixed uint GprHigh[32];

    /// <summary>SPE accumulator.</summary>
    public ulong Acc;

    /// <summary>SPE and embedded floating-point status and control.</summary>
    public uint Spefscr;

    /// <summary>Physical address of the reservation's granule (32 bytes).</summary>
    public ulong ReservationAddress;

    // ---- Interrupt state
    public uint Srr0, Srr1, Csrr0, Csrr1, Mcsrr0, Mcsrr1;
    public uint Esr, Dear, Mcsr, Mcar, Epr;
    public uint Ivpr;

    /// <summary>IVOR0-15, then IVOR32-35 at 16-19.</summary>
    public fixed uint Ivor[20];

    /// <summary>SPRG0-9 and USPRG0 at 10.</summary>
    public fixed uint Sprg[11];
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
