using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Scheduling;

/// <summary>Something that happened in a planned machine.</summary>
/// <param name="What">What.</param>
/// <param name="Who">Number of the vCPU, timer or input.</param>
/// <param name="Local">The vCPU's local time, ns; -1 outside of one.</param>
/// <param name="Observed">Time that was observed, ns; -1 when none was.</param>
/// <param name="Global">Global time, ns.</param>
/// <param name="Frame">Number of the frame.</param>
/// <param name="Instructions">Instructions executed by all vCPUs.</param>
public readonly record struct ScheduleEvent(string What, int Who, long Local, long Observed, long Global, long Frame, long Instructions)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{What} {Who}: local {Local}, observed {Observed}, global {Global}, frame {Frame}, icount {Instructions}");
}

/// <summary>All that a snapshot of a planned machine keeps.</summary>
/// <param name="Scheduler">The scheduler's state.</param>
/// <param name="Vcpus">The vCPUs' states.</param>
/// <param name="Resets">Resets so far.</param>
/// <param name="NextInput">Number of the next input.</param>
public sealed record ScheduledMachineState(SchedulerState Scheduler, IReadOnlyList<ScriptedVcpuState> Vcpus, int Resets, int NextInput);

/// <summary>
/// A planned machine: the real scheduler with scripted vCPUs. Everything that happens is recorded, so that runs can be compared and laws checked.
/// </summary>
public class ScheduledMachine
{
    private readonly List<ScriptedVcpu> vcpus = [];
    private readonly List<VirtualTimer> timers = [];
    private readonly List<ScheduleEvent> events = [];
    private readonly HashSet<VcpuStepKind> done = [];
    private int nextInput;

    /// <summary>Builds the machine.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="makeVcpu">Makes a vCPU; null for <see cref="ScriptedVcpu"/>. A test plants its bugs here.</param>
    public ScheduledMachine(SchedulePlan plan, Func<ScheduledMachine, int, ScriptedVcpu>? makeVcpu = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        Plan = plan;
        Scheduler = new Scheduler(plan.Options) { Reset = OnReset };
        Scheduler.FrameBoundary += OnFrameBoundary;
        for (var i = 0; i < plan.Timers.Count; i++)
        {
            var number = i;
            timers.Add(Scheduler.CreateTimer(string.Create(CultureInfo.InvariantCulture, $"timer{i}"), () => OnTimer(number), plan.Timers[i].Priority));
        }

        for (var i = 0; i < plan.Programs.Count; i++)
        {
            var vcpu = makeVcpu?.Invoke(this, i) ?? new ScriptedVcpu(this, i);
            vcpu.Clock = Scheduler.AddVcpu(vcpu);
            vcpus.Add(vcpu);
        }

        UpdateNextInput();
    }

    /// <summary>What it was built from.</summary>
    public SchedulePlan Plan { get; }

    /// <summary>The scheduler.</summary>
    public Scheduler Scheduler { get; }

    /// <summary>The vCPUs.</summary>
    public IReadOnlyList<ScriptedVcpu> Vcpus => vcpus;

    /// <summary>The timers.</summary>
    public IReadOnlyList<VirtualTimer> Timers => timers;

    /// <summary>All that has happened, in order.</summary>
    public IReadOnlyList<ScheduleEvent> Events => events;

    /// <summary>The kinds of steps that vCPUs have done.</summary>
    public IReadOnlySet<VcpuStepKind> Done => done;

    /// <summary>Resets so far.</summary>
    public int Resets { get; private set; }

    /// <summary>Called as each event is recorded; null for nobody.</summary>
    public Action<ScheduleEvent>? OnEvent { get; set; }

    /// <summary>
    /// Called when a vCPU has executed instructions at a stretch, with the local times at which the first and the last of them began and that
    /// of the next timer or input that was known when the first did, ns; null for nobody.
    /// </summary>
    public Action<ScriptedVcpu, long, long, long>? OnExecuted { get; set; }

    /// <summary>Runs to the plan's horizon, or until the machine stops of itself.</summary>
    public StopReason RunToHorizon() => Scheduler.Run(new StopCondition { Time = Plan.Horizon });

    /// <summary>All that decides how the run goes on.</summary>
    public virtual ScheduledMachineState Save() => new(Scheduler.Save(), [.. vcpus.Select(static v => v.State)], Resets, nextInput);

    /// <summary>Puts a saved state back.</summary>
    public void Load(ScheduledMachineState saved)
    {
        ArgumentNullException.ThrowIfNull(saved);
        Scheduler.Load(saved.Scheduler);
        for (var i = 0; i < vcpus.Count; i++)
            vcpus[i].State = saved.Vcpus[i];
        Resets = saved.Resets;
        nextInput = saved.NextInput;
        UpdateNextInput();
    }

    /// <summary>Records an event.</summary>
    public void Record(string what, int who, long local = -1, long observed = -1)
    {
        var happened = new ScheduleEvent(what, who, local, observed, Scheduler.GlobalTime, Scheduler.Frame, Scheduler.TotalInstructions);
        events.Add(happened);
        OnEvent?.Invoke(happened);
    }

    /// <summary>Notes that a vCPU has done a step.</summary>
    internal void NoteDone(VcpuStepKind kind) => done.Add(kind);

    /// <summary>Requests a reset, unless there were two.</summary>
    internal void RequestReset(int who)
    {
        if (Resets >= 2)
            return;
        Resets++;
        Record("request-reset", who);
        Scheduler.RequestReset();
    }

    private void OnReset()
    {
        foreach (var vcpu in vcpus)
            vcpu.State = new ScriptedVcpuState();
        Record("reset", 0);
    }

    private void OnTimer(int number)
    {
        var plan = Plan.Timers[number];
        Record("fire", number, observed: Scheduler.Now);
        if (plan.Period > 0)
        {
            timers[number].Arm(Scheduler.GlobalTime + plan.Period);
            Record("arm", number, observed: timers[number].Deadline);
        }

        if (plan.Wakes >= 0 && vcpus.Count > 0)
            vcpus[plan.Wakes % vcpus.Count].ReceiveWake(-1);
        if (plan.Resets)
            RequestReset(-1);
    }

    private void OnFrameBoundary()
    {
        Record("boundary", 0);
        while (nextInput < Plan.Inputs.Count && Plan.Inputs[nextInput] <= Scheduler.GlobalTime)
        {
            Record("input", nextInput, observed: Scheduler.Now);
            if (vcpus.Count > 0)
                vcpus[nextInput % vcpus.Count].ReceiveWake(-1);
            nextInput++;
        }

        UpdateNextInput();
    }

    private void UpdateNextInput() => Scheduler.NextInput = nextInput < Plan.Inputs.Count ? Plan.Inputs[nextInput] : VirtualTime.Never;
}
