using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Devices.Intc;

/// <summary>
/// The four global timers of group A, and the shared message registers. MPC8544E Reference Manual, chapter 10. A timer whose base count is
/// n requests an interrupt every n ticks of 40 ns (measured on QEMU, whose timers know no other clock: TFRR is a note of software's to
/// itself).
/// </summary>
public sealed partial class OpenPic
{
    /// <summary>GTBCR: no counting.</summary>
    internal const uint CountInhibit = 0x8000_0000;

    private const uint Toggle = 0x8000_0000;
    private const uint TimerBlock = 0x10F0;
    private const long NanosecondsPerTick = 40;

    [Wiring] private readonly VirtualTimer[] timers = new VirtualTimer[OpenPicState.TimerCount];

    /// <summary>
    /// Four registers for each timer at 0x1100; the block does not decode the address bits above them, so they appear again at 0x1200 and
    /// 0x1300.
    /// </summary>
    private uint ReadTimer(uint blockOffset, BusInitiator? initiator, bool change)
    {
        var offset = blockOffset + TimerBlock;
        var timer = (int)(offset >> 6 & 3);
        if (offset == TimerBlock)
            return State.TimerFrequency;
        return (offset & 0x3F) switch
        {
            0x00 => CurrentCount(timer, change ? Machine.Scheduler.Now : Machine.Scheduler.PeekNow),
            0x10 => State.TimerBase[timer],
            0x20 => ReadVectorPriority(OpenPicState.FirstTimer + timer),
            0x30 => State.Destination[OpenPicState.FirstTimer + timer],
            _ => NoSuchRegister("read of a timer register that does not exist", offset, change),
        };
    }

    private void WriteTimer(uint blockOffset, uint value)
    {
        var offset = blockOffset + TimerBlock;
        var timer = (int)(offset >> 6 & 3);
        if (offset == TimerBlock)
        {
            State.TimerFrequency = value;
            return;
        }

        switch (offset & 0x3F)
        {
            case 0x00:
                break;
            case 0x10:
                WriteTimerBase(timer, value);
                break;
            case 0x20:
                WriteVectorPriority(OpenPicState.FirstTimer + timer, value);
                break;
            case 0x30:
                WriteDestination(OpenPicState.FirstTimer + timer, value);
                break;
            default:
                NoSuchRegister("write to a timer register that does not exist", offset, true);
                break;
        }
    }

    /// <summary>GTCCR: the toggle bit above what is left of the present round.</summary>
    private uint CurrentCount(int timer, long now)
    {
        var elapsed = (now - State.TimerStarted[timer]) / NanosecondsPerTick;
        var left = (uint)Math.Max(0, State.TimerLoaded[timer] - elapsed);
        return State.TimerToggle[timer] ? left | Toggle : left;
    }

    /// <summary>GTBCR: counting starts when the inhibit bit falls. While it goes on, a new base count is for the next round.</summary>
    private void WriteTimerBase(int timer, uint value)
    {
        var before = State.TimerBase[timer];
        State.TimerBase[timer] = value;
        if ((value & CountInhibit) != 0)
        {
            State.TimerLoaded[timer] = 0;
            State.TimerToggle[timer] = false;
            timers[timer].Disarm();
        }
        else if ((before & CountInhibit) != 0)
        {
            State.TimerToggle[timer] = false;
            BeginRound(timer, Machine.Scheduler.Now);
        }
    }

    /// <summary>Counts from the base count; a base of 0 stops the timer.</summary>
    private void BeginRound(int timer, long start)
    {
        State.TimerLoaded[timer] = State.TimerBase[timer] & ~CountInhibit;
        State.TimerStarted[timer] = start;
        if (State.TimerLoaded[timer] != 0)
            timers[timer].Arm(RoundEnd(timer));
    }

    private long RoundEnd(int timer) => State.TimerStarted[timer] + State.TimerLoaded[timer] * NanosecondsPerTick;

    /// <summary>The next round begins where the last one ended, however late the callback: rounds do not drift.</summary>
    private void TimerExpired(int timer)
    {
        State.TimerToggle[timer] = !State.TimerToggle[timer];
        BeginRound(timer, RoundEnd(timer));
        RequestEdge(OpenPicState.FirstTimer + timer);
        UpdateSource(OpenPicState.FirstTimer + timer);
    }

    /// <summary>
    /// Refuses timers that no run can have left: one that counts fires at its round's end, which is not long past. (Rounds begin where the
    /// last one ended, so that one from long ago would fire once for every round since.)
    /// </summary>
    private void CheckTimers()
    {
        var scheduler = Machine.Scheduler;
        for (var timer = 0; timer < OpenPicState.TimerCount; timer++)
        {
            var counts = State.TimerLoaded[timer] != 0;
            LoadedState.Require(
                this,
                State.TimerLoaded[timer] < CountInhibit && counts == timers[timer].IsArmed
                    && (!counts || (timers[timer].Deadline == RoundEnd(timer) && State.TimerStarted[timer] >= 0
                        && timers[timer].Deadline > scheduler.GlobalTime - VirtualTime.Second)),
                "a timer that counts fires at the end of its round, and no other does");
        }
    }

    /// <summary>After a reset no timer counts.</summary>
    private void StopTimers()
    {
        foreach (var timer in timers)
            timer.Disarm();
    }

    /// <summary>Reading MSIR0 to MSIR7 takes the messages out; MSISR tells which of them hold some.</summary>
    private uint ReadMessage(uint offset, BusInitiator? initiator, bool change)
    {
        switch (offset)
        {
            case 0x00 or 0x10 or 0x20 or 0x30 or 0x40 or 0x50 or 0x60 or 0x70:
                var register = (int)(offset >> 4);
                var messages = State.Messages[register];
                if (change && messages != 0)
                {
                    State.Messages[register] = 0;
                    UpdateSource(OpenPicState.FirstMessage + register);
                }

                return messages;
            case 0x120:
                var summary = 0u;
                for (var i = 0; i < OpenPicState.MessageCount; i++)
                    summary |= State.Messages[i] != 0 ? 1u << i : 0;
                return summary;
            default:
                return (offset & 15) == 0 ? 0 : NoSuchRegister("read of a message register that does not exist", offset, change);
        }
    }

    /// <summary>
    /// MSIIR: the top three bits name a register, the next five a bit in it. It is where message-signalled interrupts of PCI devices
    /// arrive.
    /// </summary>
    private void WriteMessage(uint offset, uint value)
    {
        if (offset != 0x140)
        {
            LogGuestError("write to a message register that cannot be written", offset);
            return;
        }

        var register = (int)(value >> 29);
        State.Messages[register] |= 1u << (int)(value >> 24 & 31);
        UpdateSource(OpenPicState.FirstMessage + register);
    }
}
