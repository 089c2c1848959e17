using System.Globalization;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qdev;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>An instruction about to be executed, as the trace tells it.</summary>
internal readonly record struct TracedInstruction(int Vcpu, uint Pc, uint Word);

/// <summary>A byte range that an instruction accesses, worked out from its word and the registers.</summary>
internal readonly record struct TracedAccess(int Vcpu, uint Pc, uint Address, uint Size, bool IsStore);

/// <summary>
/// A run instruction by instruction, from the guest's trace: what breakpoints and watchpoints are compared with. Loads and stores are
/// decoded here, not by the engine.
/// </summary>
internal sealed class DebuggedRun
{
    private const uint StoreConditional = 150;

    private readonly List<PowerPcCpu> cpus;
    private readonly Dictionary<int, TracedAccess> conditional = [];

    private DebuggedRun(Session session) => cpus = [.. session.Debugger.Cpus];

    /// <summary>The instructions, in order of execution.</summary>
    public List<TracedInstruction> Instructions { get; } = [];

    /// <summary>The accesses, in order; those of a stwcx. only where it stored.</summary>
    public List<TracedAccess> Accesses { get; } = [];

    /// <summary>Traces so many instructions after those skipped.</summary>
    public static DebuggedRun Trace(MachineScenario scenario, long skipped, long count)
    {
        using var session = scenario.Boot();
        RunTo(session, skipped);
        var run = new DebuggedRun(session);
        session.Machine.Log.Enable(LogCategories.Exec, (_, line) => run.See(session.Scheduler.RunningVcpu, line));
        RunTo(session, skipped + count);
        for (var vcpu = 0; vcpu < run.cpus.Count; vcpu++)
            run.Resolve(vcpu);
        return run;
    }

    /// <summary>Runs until all CPUs together have executed so many instructions, or the debugger stops.</summary>
    public static EndReason RunTo(Session session, long instructions) => session.Run(
        new RunLimits { Stop = new StopCondition { Instructions = instructions } }, TestContext.Current.CancellationToken).Reason;

    private void See(int vcpu, string line)
    {
        Resolve(vcpu);
        var pc = uint.Parse(line.AsSpan(2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var word = uint.Parse(line.AsSpan(12, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        Instructions.Add(new TracedInstruction(vcpu, pc, word));
        if (Decode(cpus[vcpu], word) is not { } access)
            return;
        var traced = new TracedAccess(vcpu, pc, access.Address, access.Size, access.IsStore);
        if (word >> 26 == 31 && (word >> 1 & 1023) == StoreConditional)
            conditional[vcpu] = traced;
        else
            Accesses.Add(traced);
    }

    /// <summary>Whether a stwcx. has stored is known after it: CR0[EQ].</summary>
    private void Resolve(int vcpu)
    {
        if (conditional.Remove(vcpu, out var access) && (cpus[vcpu].ReadRegister("cr") & 0x2000_0000) != 0)
            Accesses.Add(access);
    }

    private static (uint Address, uint Size, bool IsStore)? Decode(PowerPcCpu cpu, uint word)
    {
        uint opcode = word >> 26, d = word >> 21 & 31, a = word >> 16 & 31, b = word >> 11 & 31;
        uint Base(bool update) => a == 0 && !update ? 0 : cpu.GetGpr((int)a);
        if (opcode is >= 32 and <= 47)
        {
            var address = Base((opcode & 1) != 0 && opcode < 46) + (uint)(short)word;
            return opcode switch
            {
                46 or 47 => (address, 4 * (32 - d), opcode == 47),
                _ => (address, (opcode >> 1) switch { 16 or 18 => 4u, 17 or 19 => 1u, _ => 2u }, opcode >> 1 is 18 or 19 or 22),
            };
        }

        if (opcode != 31)
            return null;
        var extended = word >> 1 & 1023;
        var indexed = Base(extended is 55 or 119 or 183 or 247 or 311 or 375 or 439) + cpu.GetGpr((int)b);
        return extended switch
        {
            20 or 23 or 55 or 534 => (indexed, 4, false),
            87 or 119 => (indexed, 1, false),
            279 or 311 or 343 or 375 or 790 => (indexed, 2, false),
            StoreConditional or 151 or 183 or 662 => (indexed, 4, true),
            215 or 247 => (indexed, 1, true),
            407 or 439 or 918 => (indexed, 2, true),
            1014 => (indexed & ~31u, 32, true),
            _ => null,
        };
    }
}
