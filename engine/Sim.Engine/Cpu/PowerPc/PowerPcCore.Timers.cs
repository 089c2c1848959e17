using Sim.Engine.Base;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Bits of the timer control register (e500 core reference manual, 2.6.2).</summary>
internal static class Tcr
{
    /// <summary>Watchdog: period, reset control, interrupt enable.</summary>
    public const uint WatchdogReset = 0x3000_0000, WatchdogEnable = 0x0800_0000;

    /// <summary>Decrementer: interrupt enable, auto-reload.</summary>
    public const uint DecrementerEnable = 0x0400_0000, AutoReload = 0x0040_0000;

    /// <summary>Fixed-interval timer: interrupt enable.</summary>
    public const uint FixedIntervalEnable = 0x0080_0000;
}

/// <summary>Bits of the timer status register (e500 core reference manual, 2.6.3).</summary>
internal static class Tsr
{
    /// <summary>Watchdog: next timeout enabled, interrupt pending, reset that happened.</summary>
    public const uint EnableNextWatchdog = 0x8000_0000, Watchdog = 0x4000_0000, WatchdogReset = 0x3000_0000;

    /// <summary>Decrementer interrupt pending.</summary>
    public const uint Decrementer = 0x0800_0000;

    /// <summary>Fixed-interval timer interrupt pending.</summary>
    public const uint FixedInterval = 0x0400_0000;
}

/// <summary>
/// Timebase, decrementer, fixed-interval timer, watchdog. All count ticks of 400 MHz of the vCPU's time: what a guest reads is the
/// observed time, which never runs backwards between CPUs; events happen at the first instruction boundary at which the vCPU's own
/// local time has reached them.
/// </summary>
internal sealed unsafe partial class PowerPcCore
{
    /// <summary>Local time (ns) of the next event of the timers.</summary>
    long nextTimerEvent = VirtualTime.Never;

    /// <summary>Asks for a reset: value of TCR[WRC] or DBCR0[RST], 1 core, 2 chip, 3 system.</summary>
    public Action<int>? ResetRequested { get; set; }

    /// <summary>Ticks complete at a time: 2 in 5 ns.</summary>
    public static long TicksAt(long time) => (long)((ulong)time * 2 / 5);

    /// <summary>First nanosecond of a tick.</summary>
    static long TimeOf(long tick) => tick > VirtualTime.Never / 5 * 2 - 2 ? VirtualTime.Never : (long)(((ulong)tick * 5 + 1) / 2);

    long LocalTick => clock is null ? 0 : TicksAt(clock.LocalTime);

    long ObservedTick => clock is null ? 0 : TicksAt(clock.Observe());

    /// <summary>Power-on: the timebases begin at 0, whatever the virtual time.</summary>
    public void ResetTimers()
    {
        long now = LocalTick;
        State->TimebaseOffset = State->AlternateOffset = (ulong)-now;
        State->DecrementerZero = State->TimerTick = now;
        RefreshTimers();
    }

    /// <summary>False when the state's timers are where no run can have brought them: a file says so.</summary>
    public bool TimersArePossible
    {
        get
        {
            long latest = clock is null ? 0 : Math.Max(LocalTick, TicksAt(clock.LatestObserved));
            return State->TimerTick >= 0 && State->TimerTick <= latest
                && State->DecrementerZero >= 0 && State->DecrementerZero <= latest + uint.MaxValue;
        }
    }

    /// <summary>Value of the timebase at a tick.</summary>
    ulong TimebaseAt(long tick) => (ulong)tick + State->TimebaseOffset;

    /// <summary>Value of the alternate timebase at a tick.</summary>
    ulong AlternateAt(long tick) => (ulong)tick + State->AlternateOffset;

    /// <summary>mfspr of a register other than the timebase that depends on time.</summary>
    public uint ReadTimeRegister(Op* op, long budget, int number)
    {
        long tick = SpecialRegisters.ObservedTick(State, Dispatch.ExecutedBefore(State, op, budget));
        return number switch
        {
            SpecialRegisters.AlternateLower => (uint)AlternateAt(tick),
            SpecialRegisters.AlternateUpper => (uint)(AlternateAt(tick) >> 32),
            _ => DecrementerAt(tick),
        };
    }

    /// <summary>Reads a special register for an observer: nothing changes by it.</summary>
    public uint PeekSpecial(int number, SpecialRegister register)
    {
        if (register.Offset >= 0)
            return *(uint*)((byte*)State + register.Offset);
        ulong timebase = number is SpecialRegisters.AlternateLower or SpecialRegisters.AlternateUpper ? AlternateAt(LocalTick) : Timebase;
        return number switch
        {
            SpecialRegisters.Xer => Flags.GetXer(State),
            SpecialRegisters.Decrementer => DecrementerAt(LocalTick),
            SpecialRegisters.TimebaseUpper or SpecialRegisters.TimebaseUpperWrite or SpecialRegisters.AlternateUpper =>
                (uint)(timebase >> 32),
            _ => (uint)timebase,
        };
    }

    /// <summary>Writes a special register for an observer, as mtspr does.</summary>
    public void PokeSpecial(int number, SpecialRegister register, uint value)
    {
        if (register.WriteActs)
            WriteSpecial(number, value);
        else
            *(uint*)((byte*)State + register.Offset) = value & register.WriteMask;
        State->ExitRequested = 1;
    }

    uint DecrementerAt(long tick) => (uint)Math.Max(State->DecrementerZero - tick, 0);

    /// <summary>The timebase as of now, or as of the last instruction executed, without observing it.</summary>
    public ulong Timebase
    {
        get => TimebaseAt(LocalTick);
        set
        {
            ProcessTimers();
            State->TimebaseOffset = value - (ulong)LocalTick;
            RefreshTimers();
        }
    }

    /// <summary>mtspr of a register that does more than remember.</summary>
    public void WriteSpecial(Op* op, long budget, int number, uint value)
    {
        CallOut(op, budget);
        WriteSpecial(number, value);
    }

    void WriteSpecial(int number, uint value)
    {
        PowerPcState* s = State;
        ProcessTimers();
        switch (number)
        {
            case SpecialRegisters.Decrementer:
                s->DecrementerZero = ObservedTick + value;
                s->DecrementerArmed = value != 0 ? (byte)1 : (byte)0;
                break;
            case SpecialRegisters.TimebaseLowerWrite:
                WriteTimebase(0xFFFF_FFFF_0000_0000, value);
                break;
            case SpecialRegisters.TimebaseUpperWrite:
                WriteTimebase(0xFFFF_FFFF, (ulong)value << 32);
                break;
            case SpecialRegisters.Tsr:
                s->Tsr &= ~value;
                break;
            case SpecialRegisters.Tcr:
                // Once set, the watchdog's reset control can only be cleared by a reset.
                s->Tcr = value | (s->Tcr & Tcr.WatchdogReset);
                break;
            case SpecialRegisters.Dbcr0Number:
                s->Dbcr0 = value & ~Dbcr0.Reset;
                Context.SetMsr(s, s->Msr);
                if ((value & Dbcr0.Reset) != 0)
                    ResetRequested?.Invoke((int)(value >> 28 & 3));
                break;
            default:
                WriteContextRegister(number, value);
                break;
        }

        RefreshTimers();
    }

    void WriteContextRegister(int number, uint value)
    {
        PowerPcState* s = State;
        switch (number)
        {
            case SpecialRegisters.Pid0 or SpecialRegisters.Pid1 or SpecialRegisters.Pid2:
                s->Pid[number == SpecialRegisters.Pid0 ? 0 : number - SpecialRegisters.Pid1 + 1] = value & 0xFF;
                DropSoftTlbs();
                break;
            case SpecialRegisters.Dbsr:
                s->Dbsr &= ~value;
                break;
            case SpecialRegisters.Mcsr:
                s->Mcsr &= ~value;
                break;
            case SpecialRegisters.Hid0:
                s->Hid0 = value;
                break;
            case SpecialRegisters.Mmucsr0:
                if ((value & 2) != 0)
                    Invalidate(1, null);
                if ((value & 4) != 0)
                    Invalidate(0, null);
                break;
        }
    }

    void WriteTimebase(ulong kept, ulong value)
    {
        long tick = ObservedTick;
        State->TimebaseOffset = ((TimebaseAt(tick) & kept) | value) - (ulong)tick;
    }

    /// <summary>Bit of the timebase, 0 the least significant, that the fixed-interval timer (or the watchdog) watches.</summary>
    int FixedIntervalBit => 63 - (int)((State->Tcr >> 13 & 15) << 2 | (State->Tcr >> 24 & 3));

    int WatchdogBit => 63 - (int)((State->Tcr >> 17 & 15) << 2 | (State->Tcr >> 30 & 3));

    /// <summary>First tick after <paramref name="tick"/> at which the bit of the timebase goes from 0 to 1; -1 for none in reach.</summary>
    long NextRise(long tick, int bit)
    {
        if (bit > 60)
            return -1;
        ulong period = 2UL << bit, half = 1UL << bit, phase = TimebaseAt(tick) & (period - 1);
        ulong distance = phase < half ? half - phase : period - phase + half;
        return tick > long.MaxValue - (long)distance ? -1 : tick + (long)distance;
    }

    /// <summary>Finds the next event again, after the state has changed. It follows from the state alone.</summary>
    public void RefreshTimers() => nextTimerEvent = FindNextTimerEvent(forIdle: false);

    /// <summary>Lets the events happen that local time has reached.</summary>
    void ProcessTimers()
    {
        PowerPcState* s = State;
        long now = LocalTick;
        if (s->DecrementerArmed != 0 && s->DecrementerZero <= now)
            ExpireDecrementer(now);
        if (s->TimerTick < now)
        {
            if (NextRise(s->TimerTick, FixedIntervalBit) is var fixedInterval && fixedInterval >= 0 && fixedInterval <= now)
                s->Tsr |= Tsr.FixedInterval;
            // Three timeouts reach the last stage; more change nothing.
            long tick = s->TimerTick;
            for (int stage = 0; stage < 3 && NextRise(tick, WatchdogBit) is var timeout && timeout >= 0 && timeout <= now; stage++)
            {
                TimeOutWatchdog();
                tick = timeout;
            }

            s->TimerTick = now;
        }

        RefreshTimers();
    }

    void ExpireDecrementer(long now)
    {
        PowerPcState* s = State;
        s->Tsr |= Tsr.Decrementer;
        if ((s->Tcr & Tcr.AutoReload) != 0 && s->Decar != 0)
            s->DecrementerZero += ((now - s->DecrementerZero) / s->Decar + 1) * s->Decar;
        else
            s->DecrementerArmed = 0;
    }

    void TimeOutWatchdog()
    {
        PowerPcState* s = State;
        if ((s->Tsr & Tsr.EnableNextWatchdog) == 0)
        {
            s->Tsr |= Tsr.EnableNextWatchdog;
        }
        else if ((s->Tsr & Tsr.Watchdog) == 0)
        {
            s->Tsr |= Tsr.Watchdog;
        }
        else if ((s->Tcr & Tcr.WatchdogReset) != 0)
        {
            s->Tsr = (s->Tsr & ~Tsr.WatchdogReset) | (s->Tcr & Tcr.WatchdogReset);
            ResetRequested?.Invoke((int)(s->Tcr >> 28 & 3));
        }
    }

    /// <summary>Local time of the next event that changes anything or, for an idle core, that wakes it.</summary>
    long FindNextTimerEvent(bool forIdle)
    {
        PowerPcState* s = State;
        long tick = long.MaxValue;
        bool external = !forIdle || (s->Msr & Msr.Ee) != 0;
        if (s->DecrementerArmed != 0 && external && (!forIdle || (s->Tcr & Tcr.DecrementerEnable) != 0))
            tick = s->DecrementerZero;
        if ((s->Tsr & Tsr.FixedInterval) == 0 && external && (!forIdle || (s->Tcr & Tcr.FixedIntervalEnable) != 0)
            && NextRise(s->TimerTick, FixedIntervalBit) is var interval && interval >= 0)
            tick = Math.Min(tick, interval);
        if (WatchdogEvent(forIdle) is var timeout && timeout >= 0)
            tick = Math.Min(tick, timeout);
        return tick == long.MaxValue ? VirtualTime.Never : TimeOf(tick);
    }

    /// <summary>
    /// Tick of the watchdog's timeout that changes anything or, for an idle core, interrupts or resets it; -1 for none in reach. The first timeouts only
    /// count: an idle core sleeps through them.
    /// </summary>
    long WatchdogEvent(bool forIdle)
    {
        PowerPcState* s = State;
        bool enabled = (s->Tsr & Tsr.EnableNextWatchdog) != 0, pending = (s->Tsr & Tsr.Watchdog) != 0, resets = (s->Tcr & Tcr.WatchdogReset) != 0;
        bool interrupts = !pending && (s->Tcr & Tcr.WatchdogEnable) != 0 && (s->Msr & Msr.Ce) != 0;
        bool acts = forIdle ? interrupts || resets : !enabled || !pending || resets;
        int timeouts = forIdle ? (enabled ? 1 : 2) + (pending || interrupts ? 0 : 1) : 1;
        long tick = acts ? s->TimerTick : -1;
        for (; timeouts > 0 && tick >= 0; timeouts--)
            tick = NextRise(tick, WatchdogBit);
        return tick;
    }

    long InstructionsUntilTimerEvent() =>
        nextTimerEvent == VirtualTime.Never ? long.MaxValue : Math.Max(clock!.InstructionsUntil(nextTimerEvent), 1);

    /// <inheritdoc/>
    public long NextDeadline => State->Held != 0 ? VirtualTime.Never : FindNextTimerEvent(forIdle: true);
}
