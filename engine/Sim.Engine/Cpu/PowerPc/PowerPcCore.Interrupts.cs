namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Input lines of the core. QEMU: PPCE500_INPUT_* (target/ppc/cpu.h).</summary>
internal static class InputLine
{
    /// <summary>Resets the core at a rising edge.</summary>
    public const int Reset = 0;

    /// <summary>Machine check at a rising edge.</summary>
    public const int MachineCheck = 1;

    /// <summary>Critical input.</summary>
    public const int Critical = 3;

    /// <summary>External input.</summary>
    public const int External = 4;

    /// <summary>Unconditional debug event at a rising edge.</summary>
    public const int Debug = 6;

    /// <summary>Number of lines; 2 and 5 are not connected to anything.</summary>
    public const int Count = 7;
}

/// <summary>Input lines, the interrupts that are pending, and waiting for them.</summary>
internal sealed unsafe partial class PowerPcCore
{
    /// <summary>HID0[DOZE, NAP, SLEEP].</summary>
    const uint PowerSaving = 0x00E0_0000;

    /// <summary>MCSR[MCP]: machine check from the input line.</summary>
    const uint MachineCheckInput = 0x8000_0000;

    /// <summary>
    /// External proxy: acknowledges the external interrupt that is taken and returns its vector, or null when the interrupt controller
    /// is not
    /// in that mode. It is called with the time of the interrupt in the vCPU's clock.
    /// </summary>
    public Func<uint?>? ExternalAcknowledge { get; set; }

    /// <inheritdoc/>
    public bool IsIdle => State->Held != 0 || (IsWaiting && PendingInterrupt() is null);

    bool IsWaiting => (State->Msr & Msr.We) != 0 && (State->Hid0 & PowerSaving) != 0;

    /// <summary>Sets the level of an input line.</summary>
    public void SetLine(int line, bool level)
    {
        PowerPcState* s = State;
        bool wasIdle = IsIdle;
        uint bit = 1u << line;
        bool rises = level && (s->Lines & bit) == 0;
        s->Lines = level ? s->Lines | bit : s->Lines & ~bit;
        if (rises && line == InputLine.MachineCheck)
        {
            s->Mcsr |= MachineCheckInput;
            s->MachineCheckPending = 1;
        }
        else if (rises && line == InputLine.Debug)
        {
            s->Dbsr |= Dbcr0.Unconditional;
        }
        else if (rises && line == InputLine.Reset)
        {
            ResetRequested?.Invoke(1);
        }

        s->ExitRequested = 1;
        WakeIf(wasIdle);
    }

    /// <summary>Holds the core, or lets a held core go: it begins at its PC.</summary>
    public void SetHeld(bool held)
    {
        bool wasIdle = IsIdle;
        State->Held = held ? (byte)1 : (byte)0;
        State->ExitRequested = 1;
        WakeIf(wasIdle);
    }

    /// <summary>Lets a core that waited, and does no longer, go on.</summary>
    public void WakeIf(bool wasIdle)
    {
        if (wasIdle && !IsIdle)
            clock?.Wake();
    }

    /// <summary>
    /// The interrupt that is to be taken now, the most urgent of those pending and enabled (e500 core reference manual, 5.10).
    /// </summary>
    Vector? PendingInterrupt()
    {
        PowerPcState* s = State;
        uint msr = s->Msr;
        if (s->MachineCheckPending != 0 && (msr & Msr.Me) != 0)
            return Vector.MachineCheck;
        if ((s->Dbsr & Dbcr0.Unconditional) != 0 && (msr & Msr.De) != 0 && (s->Dbcr0 & Dbcr0.InternalDebug) != 0)
            return Vector.Debug;
        if ((msr & Msr.Ce) != 0)
        {
            if ((s->Lines & 1u << InputLine.Critical) != 0)
                return Vector.CriticalInput;
            if ((s->Tsr & Tsr.Watchdog) != 0 && (s->Tcr & Tcr.WatchdogEnable) != 0)
                return Vector.Watchdog;
        }

        if ((msr & Msr.Ee) == 0)
            return null;
        if ((s->Lines & 1u << InputLine.External) != 0)
            return Vector.ExternalInput;
        if ((s->Tsr & Tsr.FixedInterval) != 0 && (s->Tcr & Tcr.FixedIntervalEnable) != 0)
            return Vector.FixedIntervalTimer;
        return (s->Tsr & Tsr.Decrementer) != 0 && (s->Tcr & Tcr.DecrementerEnable) != 0 ? Vector.Decrementer : null;
    }

    /// <summary>Takes the pending interrupt, between instructions. It takes no time.</summary>
    void TakePendingInterrupt()
    {
        if (State->Held != 0 || PendingInterrupt() is not { } vector)
            return;
        PowerPcState* s = State;
        switch (vector)
        {
            case Vector.MachineCheck:
                s->MachineCheckPending = 0;
                Exceptions.TakeMachineCheck(s, s->Pc);
                break;
            case Vector.Debug or Vector.CriticalInput or Vector.Watchdog:
                Exceptions.TakeCritical(s, vector, s->Pc);
                break;
            default:
                Exceptions.TakeBase(s, vector, s->Pc);
                break;
        }

        if (vector == Vector.ExternalInput && ExternalAcknowledge?.Invoke() is { } acknowledged)
            s->Epr = acknowledged;
    }
}
