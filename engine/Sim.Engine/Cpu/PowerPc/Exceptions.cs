namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Interrupt vectors as indices of <see cref="PowerPcState.Ivor"/>: IVOR0-15, then IVOR32-35.</summary>
internal enum Vector
{
    CriticalInput = 0,
    MachineCheck = 1,
    DataStorage = 2,
    InstructionStorage = 3,
    ExternalInput = 4,
    Alignment = 5,
    Program = 6,
    FloatUnavailable = 7,
    SystemCall = 8,
    AuxiliaryUnavailable = 9,
    Decrementer = 10,
    FixedIntervalTimer = 11,
    Watchdog = 12,
    DataTlbError = 13,
    InstructionTlbError = 14,
    Debug = 15,
    SpeUnavailable = 16,
    EmbeddedFloatData = 17,
    EmbeddedFloatRound = 18,
    PerformanceMonitor = 19,
}

/// <summary>Bits of the exception syndrome register (e500 core reference manual, 2.7.1.6).</summary>
internal static class Esr
{
    /// <summary>Illegal instruction.</summary>
    public const uint Pil = 0x0800_0000;

    /// <summary>Privileged instruction in user state.</summary>
    public const uint Ppr = 0x0400_0000;

    /// <summary>Trap instruction.</summary>
    public const uint Ptr = 0x0200_0000;

    /// <summary>Floating-point operation.</summary>
    public const uint Fp = 0x0100_0000;

    /// <summary>Store operation.</summary>
    public const uint St = 0x0080_0000;

    /// <summary>Data cache locking.</summary>
    public const uint Dlk = 0x0020_0000;

    /// <summary>Instruction cache locking.</summary>
    public const uint Ilk = 0x0010_0000;

    /// <summary>Byte ordering.</summary>
    public const uint Bo = 0x0002_0000;

    /// <summary>SPE or embedded floating-point operation.</summary>
    public const uint Spv = 0x0000_0080;
}

/// <summary>
/// Takes interrupts: saves the context, masks, and sets the PC to the vector (Book E; e500 core reference manual, chapter 5).
/// </summary>
internal static unsafe class Exceptions
{
    /// <summary>An instruction that the core does not have: program exception with ESR[PIL].</summary>
    public static long Illegal(PowerPcState* s, Op* op, long budget)
    {
        if (s->TraceErrors != 0)
            PowerPcCore.Of(s).TraceIllegal(op);
        return Program(s, op, budget, Esr.Pil);
    }

    /// <summary>A supervisor instruction in user state: program exception with ESR[PPR].</summary>
    public static long Privileged(PowerPcState* s, Op* op, long budget) => Program(s, op, budget, Esr.Ppr);

    /// <summary>Program exception of the instruction <paramref name="op"/>.</summary>
    public static long Program(PowerPcState* s, Op* op, long budget, uint esr) => Raise(s, op, budget, Vector.Program, esr);

    /// <summary>SPE/embedded floating-point unavailable: ESR[SPV].</summary>
    public static long SpeUnavailable(PowerPcState* s, Op* op, long budget) => Raise(s, op, budget, Vector.SpeUnavailable, Esr.Spv);

    /// <summary>
    /// Takes a synchronous exception of the instruction <paramref name="op"/>, which is not executed: SRR0 is its address and ESR is
    /// set to <paramref name="esr"/>. A handler ends with <c>return Exceptions.Raise(…);</c>.
    /// </summary>
    public static long Raise(PowerPcState* s, Op* op, long budget, Vector vector, uint esr)
    {
        s->Esr = esr;
        TakeBase(s, vector, Dispatch.AddressOf(s, op));
        return Dispatch.Leave(op, budget);
    }

    /// <summary>
    /// Takes an exception that comes after <paramref name="op"/>, which is complete: SRR0 is the address of the next instruction.
    /// </summary>
    public static long RaiseAfter(PowerPcState* s, Op* op, long budget, Vector vector, uint esr)
    {
        s->Esr = esr;
        TakeBase(s, vector, Dispatch.AddressOf(s, op) + 4);
        return Dispatch.Leave(op, budget);
    }

    /// <summary>An operand that is not aligned as it must be: DEAR and ESR.</summary>
    public static long Alignment(PowerPcState* s, Op* op, long budget, uint address, uint esr)
    {
        s->Dear = address;
        return Raise(s, op, budget, Vector.Alignment, esr);
    }

    /// <summary>Takes a base-class interrupt: SRR0 and SRR1; MSR keeps CE, ME and DE.</summary>
    public static void TakeBase(PowerPcState* s, Vector vector, uint returnAddress)
    {
        s->Srr0 = returnAddress;
        s->Srr1 = s->Msr;
        Enter(s, vector, returnAddress, Msr.Ce | Msr.Me | Msr.De);
    }

    /// <summary>Takes a critical-class interrupt (critical input, watchdog, debug): CSRR0 and CSRR1; MSR keeps ME.</summary>
    public static void TakeCritical(PowerPcState* s, Vector vector, uint returnAddress)
    {
        s->Csrr0 = returnAddress;
        s->Csrr1 = s->Msr;
        Enter(s, vector, returnAddress, Msr.Me);
    }

    /// <summary>Takes the machine check interrupt: MCSRR0 and MCSRR1; MSR is cleared.</summary>
    public static void TakeMachineCheck(PowerPcState* s, uint returnAddress)
    {
        s->Mcsrr0 = returnAddress;
        s->Mcsrr1 = s->Msr;
        Enter(s, Vector.MachineCheck, returnAddress, 0);
    }

    static void Enter(PowerPcState* s, Vector vector, uint returnAddress, uint keptMsr)
    {
        Context.SetMsr(s, s->Msr & keptMsr);
        s->Pc = (s->Ivpr | s->Ivor[(int)vector]) & ~3u;
        s->Interrupted = 1;
        s->VectorsTaken |= 1u << (int)vector;
        if (s->TraceInterrupts != 0)
            PowerPcCore.Of(s).TraceInterrupt(vector, returnAddress);
    }
}
