using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Session;

namespace Sim.Cli.Gdb;

/// <summary>
/// The breakpoints and watchpoints that gdb has set. The machine's are brought in line when it runs on.
/// <para>
/// To get past a breakpoint, or a watchpoint that was hit, gdb takes it away, steps one thread alone, and puts it back. All other CPUs
/// get their turns in that step, as the schedule wants it; so for them the point stays.
/// </para>
/// </summary>
internal sealed class GdbPoints(Debugger debugger)
{
    private readonly HashSet<uint> software = [];
    private readonly HashSet<uint> hardware = [];
    private readonly HashSet<Watchpoint> watchpoints = [];
    private HashSet<Breakpoint> armedBreakpoints = [];
    private HashSet<Watchpoint> armedWatchpoints = [];

    /// <summary>Carries out Z (insert) or z (remove); false for a kind that does not exist or a place where none can be.</summary>
    /// <param name="insert">Z.</param>
    /// <param name="type">0 software, 1 hardware breakpoint, 2 write, 3 read, 4 access watchpoint.</param>
    /// <param name="address">Effective address.</param>
    /// <param name="length">Bytes of a watchpoint.</param>
    public bool Change(bool insert, int type, uint address, uint length)
    {
        if (type <= 1)
        {
            if (address % 4 != 0)
                return false;
            Change(insert, type == 0 ? software : hardware, address);
            return true;
        }

        if (length == 0 || address + (length - 1) < address)
            return false;
        var kind = type switch { 2 => WatchKind.Write, 3 => WatchKind.Read, _ => WatchKind.Access };
        Change(insert, watchpoints, new Watchpoint(address, length, kind));
        return true;
    }

    /// <summary>True when the breakpoint at an address is a hardware breakpoint to gdb.</summary>
    public bool IsHardware(uint address) => hardware.Contains(address) && !software.Contains(address);

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        software.Clear();
        hardware.Clear();
        watchpoints.Clear();
        armedBreakpoints.Clear();
        armedWatchpoints.Clear();
        debugger.Clear();
    }

    /// <summary>Brings the machine's in line before it runs on.</summary>
    /// <param name="alone">CPU that gdb steps alone; -1 for none.</param>
    public void Arm(int alone)
    {
        HashSet<Breakpoint> breaks = [.. software.Union(hardware).Select(static address => new Breakpoint(address))];
        HashSet<Watchpoint> watches = [.. watchpoints];
        if (alone >= 0)
        {
            var pc = debugger.Cpus[alone].Pc;
            foreach (var point in armedBreakpoints.Where(point => point.Address == pc && !breaks.Contains(new Breakpoint(pc))).ToList())
                breaks.UnionWith(Others(alone).Select(vcpu => point with { Vcpu = vcpu }));
            if (debugger.LastStop is { Kind: DebugStopKind.Watchpoint } stop && stop.Vcpu == alone)
            {
                foreach (var point in armedWatchpoints.Where(point => !watchpoints.Contains(point with { Vcpu = -1 })).ToList())
                    watches.UnionWith(Others(alone).Select(vcpu => point with { Vcpu = vcpu }));
            }
        }

        foreach (var point in armedBreakpoints.Except(breaks))
            debugger.Remove(point);
        foreach (var point in breaks.Except(armedBreakpoints))
            debugger.Add(point);
        foreach (var point in armedWatchpoints.Except(watches))
            debugger.Remove(point);
        foreach (var point in watches.Except(armedWatchpoints))
            debugger.Add(point);
        (armedBreakpoints, armedWatchpoints) = (breaks, watches);
    }

    private IEnumerable<int> Others(int alone) => Enumerable.Range(0, debugger.Cpus.Count).Where(vcpu => vcpu != alone);

    private static void Change<T>(bool insert, HashSet<T> points, T point)
    {
        if (insert)
            points.Add(point);
        else
            points.Remove(point);
    }
}
