using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>What somebody at a debugger does next; the numbers choose among what there is.</summary>
/// <param name="Kind">What.</param>
/// <param name="Choice">Which address or CPU.</param>
/// <param name="Instructions">How far the machine then runs at most.</param>
internal readonly record struct DebugAction(DebugActionKind Kind, int Choice, int Instructions);

/// <summary>Kinds of actions at a debugger.</summary>
internal enum DebugActionKind
{
    Break,
    BreakOnOne,
    Watch,
    WatchReads,
    Step,
    Stop,
    Peek,
    Clear,
}

/// <summary>A run and what is done to it at a debugger, after so many instructions.</summary>
internal sealed record DebugSession(MachineScenario Scenario, int Start, IReadOnlyList<DebugAction> Actions)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Scenario}, from {Start}, actions: {string.Join(' ', Actions)}";
}

/// <summary>Law L7 for debuggers, and where breakpoints and watchpoints stop beside a trace of the same run.</summary>
public sealed class DebuggerLawTests
{
    /// <summary>Instructions of the demo in which its CPUs are up and take turns.</summary>
    private const long Skipped = 400_000, Traced = 100_000;

    private static readonly Lazy<DebuggedRun> demoTrace = new(static () =>
        DebuggedRun.Trace(new MachineScenario("demo", 2), Skipped, Traced));

    /// <summary>The stwcx. among them: a stop there must keep the reservation.</summary>
    private static readonly Lazy<List<TracedInstruction>> conditional = new(static () =>
        demoTrace.Value.Instructions.FindAll(static at => (at.Word & 0xFC00_07FF) == (Asm.Stwcx(0, 0, 0) & 0xFC00_07FF)));

    private static readonly Arbitrary<MachineScenario> Demos = Arb.From(
        from scenario in MachineScenario.Demos.Generator
        from smp in Gen.Choose(1, 4)
        select scenario with { Smp = smp },
        MachineScenario.Demos.Shrinker);

    private static readonly Arbitrary<DebugSession> Sessions = Arb.From(
        from scenario in Demos.Generator
        from start in Gen.Choose(0, 400_000)
        from count in Gen.Choose(1, 25)
        from actions in ActionGenerator().ListOf(count)
        select new DebugSession(scenario, start, [.. actions]),
        static session => Demos.Shrinker(session.Scenario).Select(scenario => session with { Scenario = scenario })
            .Concat(Shrinking.List(session.Actions).Select(actions => session with { Actions = actions })));

    /// <summary>A stretch of a run, and addresses to stop at, as indices into its trace.</summary>
    private static readonly Arbitrary<(MachineScenario Scenario, int Skipped, int[] Choices)> Stretches = Arb.From(
        from scenario in Demos.Generator
        from skipped in Gen.Choose(0, 500_000)
        from choices in Gen.Choose(0, int.MaxValue).ArrayOf(5)
        select (scenario, skipped, choices));

    private static readonly LawOptions Options = new()
    {
        Runs = 30,
        Required =
        [
            ("several CPUs", 0.4), ("random schedule", 0.2), ("round robin", 0.2), ("Breakpoint", 0.4), ("Watchpoint", 0.15), ("Step", 0.3),
            ("Requested", 0.3), ("inside a slice", 0.4), ("stop of another CPU than 0", 0.2),
        ],
    };

    [Fact]
    public void A_debugger_that_only_observes_leaves_the_run_as_it_is() =>
        Law.Holds("L7, debugger", Sessions, static (session, classes) => AssertUndisturbed(session, static _ => { }, classes), Options);

    [Fact]
    public void A_debugger_whose_stops_end_the_slice_breaks_the_law() => Assert.Throws<LawFailedException>(static () => Law.Holds(
        "L7, debugger",
        Sessions,
        static (session, classes) => AssertUndisturbed(session, static stopped =>
        {
            foreach (var cpu in stopped.Debugger.Cpus)
                cpu.Core.EndSlice();
        }, classes),
        new LawOptions { Runs = 100, MaxShrinkAttempts = 3 }));

    [Fact]
    public void A_debugger_that_writes_its_breakpoints_into_memory_breaks_the_law() => Assert.Throws<LawFailedException>(
        static () => Law.Holds("L7, debugger", Sessions, static (session, classes) => AssertUndisturbed(session, static stopped =>
        {
            var point = stopped.Debugger.Breakpoints.Select(static point => point.Address).FirstOrDefault(0x0010_0534u);
            stopped.Input.Apply(new MemoryWrite(0, point, new byte[] { 0x7F, 0xE0, 0x00, 0x08 }));
        }, classes),
        new LawOptions { Runs = 20, MaxShrinkAttempts = 3 }));

    /// <summary>It failed once: a taken branch in the middle of a block went on in a block with a breakpoint.</summary>
    [Fact]
    public void Breakpoints_stop_where_the_trace_says() => Law.Holds(
        "breakpoints are exact",
        Stretches,
        static (stretch, classes) => AssertBreakpoints(stretch.Scenario, stretch.Skipped, stretch.Choices, 0, classes),
        new LawOptions
        {
            Runs = 25,
            PastFailures = [new CaseSeed(3658575574772302588, 25)],
            Required = [("several CPUs", 0.4), ("random schedule", 0.2), ("stops", 0.6), ("many stops", 0.08), ("one CPU's", 0.2)],
        });

    [Fact]
    public void A_breakpoint_set_an_instruction_late_is_found() => Assert.Throws<LawFailedException>(static () => Law.Holds(
        "breakpoints are exact",
        Stretches,
        static (stretch, classes) => AssertBreakpoints(stretch.Scenario, stretch.Skipped, stretch.Choices, 4, classes),
        new LawOptions { Runs = 30, MaxShrinkAttempts = 1 }));

    [Fact]
    public void Watchpoints_stop_after_the_accesses_that_the_trace_says() => Law.Holds(
        "watchpoints are exact",
        Stretches,
        static (stretch, classes) => AssertWatchpoint(stretch.Scenario, stretch.Skipped, stretch.Choices, classes),
        new LawOptions
        {
            Runs = 25,
            Required = [("several CPUs", 0.4), ("random schedule", 0.2), ("stops", 0.6), ("many stops", 0.08), ("reads", 0.08),
                ("writes", 0.15)],
        });

    private static void AssertUndisturbed(DebugSession plan, Action<Session> atStop, CaseClasses classes)
    {
        plan.Scenario.Classify(classes);
        using var session = plan.Scenario.Boot();
        DebuggedRun.RunTo(session, plan.Start);
        foreach (var action in plan.Actions)
        {
            Act(session, action);
            var end = session.Scheduler.TotalInstructions + action.Instructions;
            for (var stops = 0; stops < 8 && DebuggedRun.RunTo(session, end) == EndReason.Debugger; stops++)
            {
                var stop = session.Debugger.LastStop!.Value;
                Assert.Equal(session.Debugger.Cpus[stop.Vcpu].Pc, stop.Pc);
                classes.Add(stop.Kind.ToString());
                classes.Add("inside a slice", session.Scheduler.Turn >= 0);
                classes.Add("stop of another CPU than 0", stop.Vcpu > 0);
                atStop(session);
            }
        }

        session.Debugger.Clear();
        Assert.Equal(plan.Scenario.RunStraight(), MachineScenario.Finish(session));
    }

    private static void Act(Session session, DebugAction action)
    {
        var debugger = session.Debugger;
        var vcpu = action.Choice % debugger.Cpus.Count;
        var instructions = action.Choice % 3 == 0 ? conditional.Value : demoTrace.Value.Instructions;
        var instruction = instructions[action.Choice % instructions.Count];
        var access = demoTrace.Value.Accesses[action.Choice % demoTrace.Value.Accesses.Count];
        switch (action.Kind)
        {
            case DebugActionKind.Break:
                debugger.Add(new Breakpoint(instruction.Pc));
                break;
            case DebugActionKind.BreakOnOne:
                debugger.Add(new Breakpoint(instruction.Pc, vcpu));
                break;
            case DebugActionKind.Watch:
                debugger.Add(new Watchpoint(access.Address, access.Size, WatchKind.Write));
                break;
            case DebugActionKind.WatchReads:
                debugger.Add(new Watchpoint(access.Address, access.Size, WatchKind.Access, vcpu));
                break;
            case DebugActionKind.Step:
                debugger.Step(vcpu);
                break;
            case DebugActionKind.Stop:
                debugger.RequestStop();
                break;
            case DebugActionKind.Peek:
                Observation.LookAt(debugger.Cpus[vcpu]);
                break;
            default:
                debugger.Clear();
                break;
        }
    }

    private static Gen<DebugAction> ActionGenerator() =>
        from kind in Gen.Elements(Enum.GetValues<DebugActionKind>())
        from choice in Gen.Choose(0, int.MaxValue)
        from scale in Gen.Elements(3, 300, 30_000, 200_000)
        from instructions in Gen.Choose(1, scale)
        select new DebugAction(kind, choice, instructions);

    private static void AssertBreakpoints(MachineScenario scenario, long skipped, int[] choices, uint shift, CaseClasses classes)
    {
        scenario.Classify(classes);
        var trace = DebuggedRun.Trace(scenario, skipped, 20_000).Instructions;
        if (trace.Count == 0)
            return;
        var points = choices.Select(choice => trace[choice % trace.Count].Pc).Distinct()
            .Select((pc, index) => new Breakpoint(pc, index == 0 ? choices[0] % scenario.Smp : -1)).ToList();
        classes.Add("one CPU's", scenario.Smp > 1);
        var expected = trace.Where(at => points.Exists(point => point.Address == at.Pc && (point.Vcpu < 0 || point.Vcpu == at.Vcpu)))
            .Select(static at => (at.Vcpu, at.Pc)).Take(300).ToList();

        using var session = scenario.Boot();
        DebuggedRun.RunTo(session, skipped);
        points.ForEach(point => session.Debugger.Add(point with { Address = point.Address + shift }));
        var stops = new List<(int, uint)>();
        while (stops.Count < 300 && DebuggedRun.RunTo(session, skipped + trace.Count) == EndReason.Debugger)
            stops.Add((session.Debugger.LastStop!.Value.Vcpu, session.Debugger.LastStop.Value.Pc));
        classes.Add("stops", stops.Count > 0);
        classes.Add("many stops", stops.Count > 50);
        Assert.Equal(expected, stops);
    }

    private static void AssertWatchpoint(MachineScenario scenario, long skipped, int[] choices, CaseClasses classes)
    {
        scenario.Classify(classes);
        var trace = DebuggedRun.Trace(scenario, skipped, 40_000);
        if (trace.Accesses.Count == 0)
            return;
        var chosen = trace.Accesses[choices[0] % trace.Accesses.Count];
        var kind = choices[1] % 3 == 0 ? WatchKind.Access : chosen.IsStore ? WatchKind.Write : WatchKind.Read;
        var address = chosen.Address + ((uint)choices[2] % chosen.Size);
        var point = new Watchpoint(address, (uint)(choices[3] % 12) + 1, kind, choices[4] % 2 == 0 ? -1 : chosen.Vcpu);
        var expected = trace.Accesses
            .Where(access => (kind & (access.IsStore ? WatchKind.Write : WatchKind.Read)) != 0
                && (point.Vcpu < 0 || point.Vcpu == access.Vcpu)
                && access.Address <= point.Last && point.Address < access.Address + access.Size)
            .Select(access => (access.Vcpu, Math.Max(access.Address, point.Address))).Take(300).ToList();

        using var session = scenario.Boot();
        DebuggedRun.RunTo(session, skipped);
        session.Debugger.Add(point);
        var stops = new List<(int, uint)>();
        while (stops.Count < 300 && DebuggedRun.RunTo(session, skipped + trace.Instructions.Count) == EndReason.Debugger)
            stops.Add((session.Debugger.LastStop!.Value.Vcpu, session.Debugger.LastStop.Value.Address));
        classes.Add("stops", stops.Count > 0);
        classes.Add("many stops", stops.Count > 10);
        classes.Add("reads", stops.Count > 0 && kind == WatchKind.Read);
        classes.Add("writes", stops.Count > 0 && kind == WatchKind.Write);
        Assert.Equal(expected, stops);
    }
}
