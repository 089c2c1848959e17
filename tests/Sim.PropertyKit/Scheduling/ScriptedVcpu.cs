using Sim.Engine.Base;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Scheduling;

/// <summary>The state of a scripted vCPU; a snapshot keeps all of it.</summary>
/// <param name="Step">Number of the next step.</param>
/// <param name="Done">Instructions of that step that are done already.</param>
/// <param name="Waiting">True after a wait, until it has resumed.</param>
/// <param name="Woken">True when somebody has woken it and it has not resumed.</param>
/// <param name="Deadline">Local time of its own timer, ns.</param>
public readonly record struct ScriptedVcpuState(int Step, long Done, bool Waiting, bool Woken, long Deadline)
{
    /// <summary>The power-on state.</summary>
    public ScriptedVcpuState() : this(0, 0, false, false, VirtualTime.Never) { }
}

/// <summary>
/// A vCPU that executes a program of <see cref="VcpuStep"/>s, and keeps to the letter of <see cref="IVcpu"/>: it can be stopped and saved after every instruction.
/// </summary>
public class ScriptedVcpu : IVcpu
{
    private readonly ScheduledMachine machine;
    private readonly IReadOnlyList<VcpuStep> program;
    private bool exitRequested;

    /// <summary>Makes a vCPU of a machine.</summary>
    public ScriptedVcpu(ScheduledMachine machine, int index)
    {
        ArgumentNullException.ThrowIfNull(machine);
        this.machine = machine;
        Index = index;
        program = machine.Plan.Programs[index];
    }

    /// <summary>Its number.</summary>
    public int Index { get; }

    /// <summary>Its clock.</summary>
    public VcpuClock Clock { get; set; } = null!;

    /// <summary>Its whole state.</summary>
    public ScriptedVcpuState State { get; set; } = new();

    /// <inheritdoc/>
    public bool IsIdle => State.Waiting && !State.Woken;

    /// <inheritdoc/>
    public long NextDeadline => State.Deadline;

    /// <inheritdoc/>
    public ulong ProgramCounter => (ulong)State.Step;

    /// <inheritdoc/>
    public void RequestExit() => exitRequested = true;

    /// <inheritdoc/>
    public void EndSlice() { }

    /// <summary>Somebody wakes the vCPU.</summary>
    /// <param name="by">Number of the vCPU that does, -1 for a timer or an input.</param>
    public void ReceiveWake(int by)
    {
        var wasIdle = IsIdle;
        State = State with { Woken = true };
        if (!wasIdle)
            return;
        machine.Record("wake", Index, Clock.LocalTime, machine.Scheduler.Now);
        Clock.Wake();
    }

    /// <inheritdoc/>
    public virtual long Run(long budget)
    {
        exitRequested = false;
        var executed = 0L;
        while (executed < budget && !exitRequested)
        {
            Clock.Executed = executed;
            TakeOwnTimer();
            if (IsIdle)
                break;
            if (State.Waiting)
            {
                State = State with { Waiting = false, Woken = false };
                machine.Record("resume", Index, Clock.LocalTime);
            }

            var end = Math.Min(machine.Scheduler.Timers.NextDeadline, machine.Scheduler.NextInput);
            executed += Execute(program[State.Step], budget - executed);
            var last = Clock.LocalTime + ((executed - Clock.Executed - 1) << Clock.Shift);
            machine.OnExecuted?.Invoke(this, Clock.LocalTime, last, end);
            if (State.Waiting)
            {
                Clock.Executed = executed;
                machine.Record(State.Woken ? "wait-in-vain" : "wait", Index, Clock.LocalTime, State.Deadline);
                if (!State.Woken)
                    break;
            }
        }

        return executed;
    }

    /// <summary>The time that the vCPU observes. A test plants a bug here.</summary>
    protected virtual long ObserveTime() => Clock.Observe();

    private void TakeOwnTimer()
    {
        if (Clock.LocalTime < State.Deadline)
            return;
        machine.Record("own-timer", Index, Clock.LocalTime, State.Deadline);
        State = State with { Deadline = VirtualTime.Never, Woken = State.Waiting || State.Woken };
    }

    private long Execute(VcpuStep step, long budget)
    {
        if (step.Kind == VcpuStepKind.Work)
        {
            machine.NoteDone(step.Kind);
            return Work(step, budget);
        }

        State = State with { Step = (State.Step + 1) % program.Count };
        var timers = machine.Timers;
        switch (step.Kind)
        {
            case VcpuStepKind.Observe:
                machine.Record("observe", Index, Clock.LocalTime, ObserveTime());
                break;
            case VcpuStepKind.ObserveDevice:
                machine.Record("observe", Index, Clock.LocalTime, machine.Scheduler.Now);
                break;
            case VcpuStepKind.Arm when timers.Count > 0:
                Arm(step.Target % timers.Count, machine.Scheduler.Now + step.Value);
                break;
            case VcpuStepKind.ArmAligned when timers.Count > 0:
                Arm(step.Target % timers.Count, (machine.Scheduler.Now + Math.Abs(step.Value) + 511) & ~511L);
                break;
            case VcpuStepKind.Disarm when timers.Count > 0:
                timers[step.Target % timers.Count].Disarm();
                machine.Record("disarm", step.Target % timers.Count, Clock.LocalTime);
                break;
            case VcpuStepKind.ArmOwn:
                State = State with { Deadline = Clock.LocalTime + Math.Max(1, step.Value) };
                break;
            case VcpuStepKind.Wait:
                State = State with { Waiting = true };
                break;
            case VcpuStepKind.Wake:
                machine.Vcpus[step.Target % machine.Vcpus.Count].ReceiveWake(Index);
                break;
            case VcpuStepKind.Reset:
                machine.RequestReset(Index);
                break;
            case VcpuStepKind.PowerOff:
                machine.Record("power-off", Index, Clock.LocalTime);
                machine.Scheduler.RequestPowerOff();
                break;
            default:
                return 1;   // There is no timer.
        }

        machine.NoteDone(step.Kind);
        return 1;
    }

    private void Arm(int timer, long deadline)
    {
        machine.Timers[timer].Arm(deadline);
        machine.Record("arm", timer, Clock.LocalTime, deadline);
    }

    /// <summary>Executes as much of the work as budget and own timer allow, at once.</summary>
    private long Work(VcpuStep step, long budget)
    {
        var count = Math.Min(budget, step.Value - State.Done);
        var untilTimer = State.Deadline - Clock.LocalTime;
        if (untilTimer < count << Clock.Shift)
            count = Math.Max(1, (untilTimer + (1L << Clock.Shift) - 1) >> Clock.Shift);
        State = State.Done + count >= step.Value
            ? State with { Done = 0, Step = (State.Step + 1) % program.Count }
            : State with { Done = State.Done + count };
        return count;
    }
}
