using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Session;

/// <summary>Why a debugger has stopped the machine.</summary>
public enum DebugStopKind
{
    /// <summary><see cref="Debugger.RequestStop"/> was called.</summary>
    Requested,

    /// <summary>The instruction at a breakpoint is next.</summary>
    Breakpoint,

    /// <summary>The instruction before made a watched access.</summary>
    Watchpoint,

    /// <summary>The CPU to be stepped has executed one instruction.</summary>
    Step,
}

/// <summary>A stop of the machine, between two instructions.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Vcpu">Index of the CPU that it is about; with <see cref="DebugStopKind.Requested"/> the one whose turn it is.</param>
/// <param name="Pc">Address of the instruction that this CPU executes next.</param>
/// <param name="Watchpoint">The watchpoint; null for other stops.</param>
/// <param name="Address">The first watched effective address that was accessed; 0 for other stops.</param>
public readonly record struct DebugStop(DebugStopKind Kind, int Vcpu, uint Pc, Watchpoint? Watchpoint = null, uint Address = 0);

/// <summary>A debugger that takes part in a run: it is asked when the machine stops, and the same run then goes on.</summary>
public interface IDebuggerClient
{
    /// <summary>True when the debugger wants the machine stopped; asked between frames.</summary>
    bool WantsStop { get; }

    /// <summary>The machine has stopped. Looks at it, changes it; the run goes on when this returns.</summary>
    void Stopped(DebugStop stop);

    /// <summary>The machine has been reset.</summary>
    void MachineReset();
}

/// <summary>
/// Execution control: breakpoints, watchpoints, single steps. A stop lies between two instructions and moves no frame or slice boundary,
/// so that a run with any number of stops is the run without them (law L7); what is not written through <see cref="Session.Input"/>
/// stays as it was. Use it between runs, or inside <see cref="IDebuggerClient.Stopped"/>.
/// </summary>
public sealed class Debugger
{
    private readonly Session session;
    private readonly List<Breakpoint> breakpoints = [];
    private readonly List<Watchpoint> watchpoints = [];
    private readonly HashSet<int> stepping = [];
    private readonly (uint Address, long Instructions)?[] passed;
    private DebugStop? pending;
    private bool changed;

    internal Debugger(Session session)
    {
        this.session = session;
        Cpus = [.. session.Machine.Devices().OfType<PowerPcCpu>().OrderBy(static cpu => cpu.CpuIndex)];
        passed = new (uint, long)?[Cpus.Count];
        if (session.Scheduler.Reset is not { } reset)
            return;
        session.Scheduler.Reset = () =>
        {
            reset();
            Client?.MachineReset();
        };
    }

    /// <summary>The CPUs by index.</summary>
    public IReadOnlyList<PowerPcCpu> Cpus { get; }

    /// <summary>Who is asked when the machine stops; null ends the run with <see cref="EndReason.Debugger"/> instead.</summary>
    public IDebuggerClient? Client { get; set; }

    /// <summary>The latest stop; null before the first.</summary>
    public DebugStop? LastStop { get; private set; }

    /// <summary>All breakpoints.</summary>
    public IReadOnlyList<Breakpoint> Breakpoints => breakpoints;

    /// <summary>All watchpoints.</summary>
    public IReadOnlyList<Watchpoint> Watchpoints => watchpoints;

    /// <summary>Adds a breakpoint; one that is there already stays as it is.</summary>
    /// <exception cref="SimException">The address is no multiple of 4, or there is no such CPU.</exception>
    public void Add(Breakpoint breakpoint)
    {
        CheckVcpu(breakpoint.Vcpu, -1);
        if (breakpoint.Address % 4 != 0)
        {
            throw new SimException(FormattableString.Invariant(
                $"A breakpoint cannot be at 0x{breakpoint.Address:x}: expected a multiple of 4."));
        }

        AddTo(breakpoints, breakpoint);
    }

    /// <summary>Adds a watchpoint; one that is there already stays as it is.</summary>
    /// <exception cref="SimException">
    /// It has no bytes, reaches beyond the address space or waits for nothing, or there is no such CPU.
    /// </exception>
    public void Add(Watchpoint watchpoint)
    {
        CheckVcpu(watchpoint.Vcpu, -1);
        if (watchpoint.Length == 0 || watchpoint.Last < watchpoint.Address || (watchpoint.Kind & WatchKind.Access) == 0)
        {
            throw new SimException(FormattableString.Invariant(
                $"A watchpoint cannot be at 0x{watchpoint.Address:x} with {watchpoint.Length} bytes: ")
                + "expected 1 byte or more, up to the end of the address space, and an access to wait for.");
        }

        AddTo(watchpoints, watchpoint);
    }

    /// <summary>Removes a breakpoint; false when it is not there.</summary>
    public bool Remove(Breakpoint breakpoint)
    {
        changed = true;
        return breakpoints.Remove(breakpoint);
    }

    /// <summary>Removes a watchpoint; false when it is not there.</summary>
    public bool Remove(Watchpoint watchpoint)
    {
        changed = true;
        return watchpoints.Remove(watchpoint);
    }

    /// <summary>Removes all breakpoints and watchpoints and forgets steps.</summary>
    public void Clear()
    {
        breakpoints.Clear();
        watchpoints.Clear();
        stepping.Clear();
        changed = true;
    }

    /// <summary>
    /// Lets the run stop once a CPU has executed its next instruction, breakpoint there or not. The others get their turns as ever, and
    /// the run may stop for them first; then the step is forgotten.
    /// </summary>
    /// <exception cref="SimException">There is no such CPU.</exception>
    public void Step(int vcpu)
    {
        CheckVcpu(vcpu, 0);
        stepping.Add(vcpu);
        Pass(vcpu);
    }

    /// <summary>Stops the run at the next instruction boundary; outside of a run, the next one before its first instruction.</summary>
    public void RequestStop() => Stop(new DebugStop(DebugStopKind.Requested, -1, 0));

    /// <summary>Hands the points to the CPUs, before the machine runs.</summary>
    internal void Arm()
    {
        if (Client?.WantsStop == true)
            RequestStop();
        if (!changed)
            return;
        changed = false;
        foreach (var cpu in Cpus)
            cpu.Core.SetDebugPoints(PointsOf(cpu.CpuIndex));
    }

    /// <summary>Between frames: stops if the client wants it.</summary>
    internal void Poll()
    {
        if (Client?.WantsStop == true)
            RequestStop();
    }

    /// <summary>The run ends for another reason at the same instruction.</summary>
    internal void ForgetStop() => pending = null;

    /// <summary>Tells the client of the stop that has been asked for; false when there is none, or nobody to go on after it.</summary>
    internal bool TellStop(out bool goesOn)
    {
        goesOn = Client is not null;
        if (pending is not { } stop)
            return false;
        pending = null;
        if (stepping.Count > 0)
        {
            stepping.Clear();
            changed = true;
        }

        if (stop.Kind == DebugStopKind.Requested)
            stop = stop with { Vcpu = Math.Max(session.Scheduler.Turn, 0) };
        else
            Pass(stop.Vcpu);
        LastStop = stop = stop with { Pc = stop.Vcpu < Cpus.Count ? Cpus[stop.Vcpu].Pc : 0 };
        Client?.Stopped(stop);
        return true;
    }

    /// <summary>From here on the breakpoint at which a CPU stands, if any, is behind it.</summary>
    private void Pass(int vcpu)
    {
        passed[vcpu] = (Cpus[vcpu].Pc, session.Scheduler.Clocks[vcpu].Instructions);
        changed = true;
    }

    private void AddTo<T>(List<T> points, T point)
    {
        changed = true;
        if (!points.Contains(point))
            points.Add(point);
    }

    private void CheckVcpu(int vcpu, int least)
    {
        if (vcpu < least || vcpu >= Cpus.Count)
            throw new SimException(FormattableString.Invariant($"There is no CPU {vcpu}: the machine has {Cpus.Count}, counted from 0."));
    }

    private DebugPoints? PointsOf(int vcpu)
    {
        var breaks = breakpoints.Where(point => point.Vcpu < 0 || point.Vcpu == vcpu).Select(static point => point.Address).ToList();
        var watches = watchpoints.Where(point => point.Vcpu < 0 || point.Vcpu == vcpu).ToList();
        var steps = stepping.Contains(vcpu);
        if (breaks.Count == 0 && watches.Count == 0 && !steps)
            return null;
        return new DebugPoints(breaks, watches)
        {
            BreakpointReached = () => Stop(new DebugStop(DebugStopKind.Breakpoint, vcpu, 0)),
            WatchpointReached = (point, address) => Stop(new DebugStop(DebugStopKind.Watchpoint, vcpu, 0, point, address)),
            Stepped = () => Stop(new DebugStop(DebugStopKind.Step, vcpu, 0)),
            Stepping = steps,
            Passed = passed[vcpu],
        };
    }

    /// <summary>Asks for a stop; the first reason counts.</summary>
    private void Stop(DebugStop stop)
    {
        pending ??= stop;
        session.Scheduler.RequestStop();
    }
}
