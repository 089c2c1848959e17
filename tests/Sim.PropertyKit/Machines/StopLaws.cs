using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>Laws L1 and L7: where a run stops, and what is looked at or dropped there, does not change it.</summary>
public static class StopLaws
{
    private static readonly LawOptions Few = new() { Runs = 10, Required = [("several CPUs", 0.3), ("stopped inside a slice", 0.3)] };

    /// <summary>Stopping and running on is as not stopping.</summary>
    public static NamedLaw Stops { get; } = NamedLaw.Of(
        "stops", "L1", "A run that is stopped anywhere, again and again, goes on as if it had not been.",
        StoppedRun.Any, static (run, classes) => CompareWithStraight(run, static _ => { }, classes),
        Few with
        {
            Runs = 30,
            Required = [("several CPUs", 0.5), ("random schedule", 0.2), ("stopped inside a slice", 0.5), ("stopped by output", 0.2)],
        });

    /// <summary>Dropping decoded code and translations anywhere changes nothing.</summary>
    public static NamedLaw DroppedCaches { get; } = NamedLaw.Of(
        "dropped-caches", "L6", "Decoded code and translations are invisible: dropping them anywhere changes nothing.",
        StoppedRun.Any,
        static (run, classes) => CompareWithStraight(run, static session => Cpus(session).ForEach(static cpu => cpu.DropCaches()), classes),
        Few with { Runs = 15 });

    /// <summary>Observing everything changes nothing.</summary>
    public static NamedLaw Observed { get; } = NamedLaw.Of(
        "observing", "L7", "Looking at everything that can be looked at, anywhere, changes nothing.",
        StoppedRun.Any, static (run, classes) => CompareWithStraight(FirstStops(run, 2), session => LookAt(session, classes), classes), Few);

    /// <summary>Counting from any moment on changes nothing.</summary>
    public static NamedLaw Statistics { get; } = NamedLaw.Of(
        "statistics", "L7", "Counting exceptions, interrupts and register accesses, from any moment on, changes nothing.",
        StoppedRun.Any,
        static (run, classes) => CompareWithStraight(FirstStops(run), static session => session.StartStatistics(), classes),
        Few with { Runs = 15 });

    /// <summary>A digest hashes only the pages written since the last one; one made from nothing hashes all of them.</summary>
    public static NamedLaw IncrementalDigests { get; } = NamedLaw.Of(
        "incremental-digest", "L7", "A digest that hashes only the pages written since the last one is the one made from nothing.",
        StoppedRun.Any, static (run, classes) => CompareWithStraight(FirstStops(run), CompareDigests, classes), Few);

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Stops, DroppedCaches, Observed, Statistics, IncrementalDigests];

    /// <summary>Runs a machine straight and another one from stop to stop, and compares.</summary>
    /// <param name="run">The machine and the stops.</param>
    /// <param name="atStop">What is done at each stop.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    /// <param name="table">Types of machines with a <see cref="PlantedDevice"/>; null for such without.</param>
    public static void CompareWithStraight(StoppedRun run, Action<Session> atStop, CaseClasses classes, TypeRegistry? table = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        run.Scenario.Classify(classes);
        using var session = run.Scenario.Boot(table);
        RunWithStops(session, run.Stops, atStop, classes, run.Scenario.Deadline);
        Check.Equal(run.Scenario.RunStraight(table), run.Scenario.End(session), "the run with stops");
        classes.CoverSession(session);
    }

    /// <summary>Compares the session's digest with one made from nothing.</summary>
    public static void CompareDigests(Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        Check.Equal(new StateDigest(session.Machine).Compute(), session.Digest(), "digest kept up to date");
    }

    private static void LookAt(Session session, CaseClasses classes)
    {
        var before = session.Digest();
        Observation.LookAtEverything(session, classes);
        Check.Equal(before, session.Digest(), "digest after looking at everything");
    }

    /// <summary>Runs a session from stop to stop.</summary>
    /// <param name="session">The session.</param>
    /// <param name="stops">The stops.</param>
    /// <param name="atStop">What is done at each.</param>
    /// <param name="classes">Receives what kind of case it is; null for nobody.</param>
    /// <param name="deadline">Virtual time that no stop lies behind, ns.</param>
    public static void RunWithStops(Session session, IEnumerable<RunStop> stops, Action<Session> atStop, CaseClasses? classes, long deadline = VirtualTime.Never)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(stops);
        ArgumentNullException.ThrowIfNull(atStop);
        foreach (var stop in stops)
        {
            var limits = Limits(session, stop, deadline);
            var reason = session.Run(limits with { Stop = limits.Stop with { Time = Math.Min(limits.Stop.Time, deadline) } }).Reason;
            classes?.CoverOperation(stop.Kind);
            atStop(session);
            if (reason == EndReason.PowerOff)
                return;
            classes?.Add("stopped inside a slice", session.Scheduler.Turn >= 0);
            classes?.Add("stopped between frames", session.Scheduler.AtFrameBoundary);
            classes?.Add("stopped while all idle", session.Scheduler.Clocks.All(static c => c.Vcpu.IsIdle));
            classes?.Add("stopped by output", reason == EndReason.Output);
        }
    }

    private static StoppedRun FirstStops(StoppedRun run, int count = 4) => run with { Stops = [.. run.Stops.Take(count)] };

    private static RunLimits Limits(Session session, RunStop stop, long deadline)
    {
        // An output or a CPU may not come; then a millisecond is the limit, or less in a run that is short.
        var scheduler = session.Scheduler;
        var none = new StopCondition { Time = scheduler.ReachedTime + Math.Min(1000 * VirtualTime.Microsecond, deadline / 16) };
        var vcpu = scheduler.Clocks.Count == 0 ? -1 : stop.Distance % scheduler.Clocks.Count;
        var total = scheduler.TotalInstructions + stop.Distance;
        var own = vcpu < 0 ? long.MaxValue : scheduler.Clocks[vcpu].Instructions + stop.Distance;
        return stop.Kind switch
        {
            StopKind.Instructions => new RunLimits { Stop = new StopCondition { Instructions = total } },
            StopKind.Time => new RunLimits { Stop = new StopCondition { Time = scheduler.ReachedTime + stop.Distance } },
            StopKind.Output when session.Consoles.Count > 0 => new RunLimits { Output = "e.: c0\n"[stop.Distance % 7].ToString(), Stop = none },
            _ => new RunLimits { Stop = none with { Vcpu = vcpu, VcpuInstructions = own } },
        };
    }

    private static List<PowerPcCpu> Cpus(Session session) => [.. session.Machine.Devices().OfType<PowerPcCpu>()];
}
