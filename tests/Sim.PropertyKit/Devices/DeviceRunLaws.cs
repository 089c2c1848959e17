using System.Globalization;
using FsCheck;
using Sim.Engine.Devices.Char;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Devices;

/// <summary>What holds for every run of a device on its own, whatever is done with it.</summary>
internal static class DeviceRunLaws
{
    /// <summary>Calls of <see cref="DeviceBench.Advance"/> after which an untouched device is taken to be too busy to reach a time.</summary>
    private const int MostAdvances = 50;

    /// <summary>The laws, by name.</summary>
    /// <param name="scripts">Makes scripts with steps of a further kind among the others, and a last step.</param>
    /// <param name="first">A bench with the device of a script, from which others are made.</param>
    public static IReadOnlyList<NamedLaw> Of(Func<DeviceStepKind?, DeviceStep?, Arbitrary<DeviceScript>> scripts, Func<DeviceScript, DeviceBench> first)
    {
        NamedLaw Run(string law, string group, string summary, DeviceStepKind? kind, Action<DeviceScript, DeviceBench, CaseClasses> check, DeviceStep? last = null) =>
            NamedLaw.Of(law, group, summary, scripts(kind, last), (script, classes) => check(script, first(script), classes),
                new LawOptions { Required = kind is { } further ? [(further.ToString(), 0.3)] : [("Advance", 0.3)] });
        return
        [
            Run("device-accesses", "memory", "Accesses of any size, alignment and value, lines, time and resets throw nothing.", null, CheckAccesses),
            Run("device-reset", "L5", "After a reset nothing remains of what was done before: no state, no timer, no line, nothing in the memory map.",
                null, CheckReset, new DeviceStep(DeviceStepKind.Reset)),
            Run("device-snapshot", "L2", "A device that is saved anywhere and restored in another machine goes on as if it had not been.",
                DeviceStepKind.SaveAndRestore, static (script, first, classes) => CheckSaved(script, first, DeviceStepKind.SaveAndRestore, classes)),
            Run("device-checkpoint", "L2", "A device that goes back to a saved moment goes on as it did the first time.",
                DeviceStepKind.Detour, static (script, first, classes) => CheckSaved(script, first, DeviceStepKind.Detour, classes)),
            Run("device-determinism", "L1", "The same steps give the same, at any time and beside another machine.", null, CheckTwice),
            Run("device-observing", "L7", "Looking at everything changes nothing, and a peek sees what a read then gives.",
                DeviceStepKind.Observe, CheckObserved),
        ];
    }

    /// <summary>Nothing throws.</summary>
    public static void CheckAccesses(DeviceScript script, DeviceBench first, CaseClasses classes)
    {
        using var bench = first.Fresh();
        Classify(script, DeviceRun.All(bench, script.Steps), bench, classes);
    }

    /// <summary>After a reset a device is as one that nothing was done with, and a second reset changes nothing.</summary>
    public static void CheckReset(DeviceScript script, DeviceBench first, CaseClasses classes)
    {
        using var bench = first.Fresh();
        Classify(script, DeviceRun.All(bench, script.Steps), bench, classes);
        if (bench.Session.PoweredOff || bench.HasWaitingText)
            return;
        script.Last!.Value.Do(bench);
        var once = AfterReset(bench);
        using var untouched = first.Fresh();
        var powerOn = AfterReset(untouched);
        untouched.Reset();
        Compare(powerOn, AfterReset(untouched), "the device at power-on");
        var time = bench.Session.Scheduler.ReachedTime;
        for (var turn = 0; turn < MostAdvances && untouched.Session.Scheduler.ReachedTime < time; turn++)
            untouched.Advance(time - untouched.Session.Scheduler.ReachedTime);
        classes.Add("compared with an untouched device", untouched.Session.Scheduler.ReachedTime == time);
        if (untouched.Session.Scheduler.ReachedTime == time)
        {
            untouched.Reset();
            Compare(AfterReset(untouched), once, "an untouched device after its reset");
        }

        bench.Reset();
        Compare(once, AfterReset(bench), "the first reset");
    }

    /// <summary>Saving and restoring, anywhere and again and again, changes nothing.</summary>
    public static void CheckSaved(DeviceScript script, DeviceBench first, DeviceStepKind kind, CaseClasses classes)
    {
        using var straight = first.Fresh();
        var expected = DeviceRun.All(straight, script.Steps, without: kind);
        using var interrupted = first.Fresh();
        var actual = DeviceRun.All(interrupted, script.Steps);
        DeviceRun.Compare(expected, actual, kind, "the run without it");
        Classify(script, expected, interrupted, classes);
    }

    /// <summary>Looking changes nothing, and a peek sees what a read then gives.</summary>
    public static void CheckObserved(DeviceScript script, DeviceBench first, CaseClasses classes)
    {
        using var straight = first.Fresh();
        var expected = DeviceRun.All(straight, script.Steps, without: DeviceStepKind.Observe);
        using var observed = first.Fresh();
        var actual = new List<DeviceMoment>();
        foreach (var step in script.Steps)
        {
            var peeked = step.Kind == DeviceStepKind.Read && observed.PeeksAsItReads(step.Offset, step.Size, step.Target)
                ? observed.Peek(step.Offset, step.Size, step.Target) : null;
            actual.Add(DeviceRun.Do(observed, step));
            if (peeked is not { } value)
                continue;
            var seen = string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");
            Check.That(actual[^1].Saw.Split(' ')[0] == seen, $"{step} gives {actual[^1].Saw}; the peek before it sees {seen}.");
            classes.Add("peeked and read");
        }

        DeviceRun.Compare(expected, actual, DeviceStepKind.Observe, "the run that nobody looks at");
        Classify(script, expected, observed, classes);
    }

    /// <summary>The same steps give the same, later and beside another machine as well.</summary>
    public static void CheckTwice(DeviceScript script, DeviceBench first, CaseClasses classes)
    {
        using var once = first.Fresh();
        var expected = DeviceRun.All(once, script.Steps);

        // A device that reads the host's clock must not find it where it was.
        var tick = Environment.TickCount64;
        SpinWait.SpinUntil(() => Environment.TickCount64 != tick);
        using var again = first.Fresh();
        using var other = first.Fresh();
        var actual = new List<DeviceMoment>();
        foreach (var (step, otherStep) in script.Steps.Zip(script.Steps.Reverse()))
        {
            DeviceRun.Do(other, otherStep);
            actual.Add(DeviceRun.Do(again, step));
        }

        DeviceRun.Compare(expected, actual, null, "the first run");
        Classify(script, expected, once, classes);
    }

    private static void Classify(DeviceScript script, List<DeviceMoment> run, DeviceBench bench, CaseClasses classes)
    {
        classes.CoverSession(bench.Session);
        classes.Add(bench.Device.Class.Type.Name);
        foreach (var step in script.Steps)
        {
            classes.Add(step.Kind.ToString());
            classes.CoverOperation(step.Kind);
        }

        classes.Add("line changed", run.Any(static m => m.Saw.Contains("line ", StringComparison.Ordinal)));
        classes.Add("state changed", run.Select(static m => m.Digest).Distinct().Count() > 1);
    }

    /// <summary>What a reset decides: all but virtual time, the schedule, RAM and what waits outside to be typed.</summary>
    private static (IReadOnlyList<StateSection> State, string Timers, DeviceMoment Moment) AfterReset(DeviceBench bench)
    {
        var moment = DeviceRun.Look(bench, new DeviceStep(DeviceStepKind.Reset), "");
        var armed = bench.Session.Scheduler.Timers.Timers.Where(static t => t.IsArmed).Select(Describe);
        return ([.. moment.State.Where(static s => s.Type is not (StateSections.SchedulerType or Chardev.TypeName))], string.Join(", ", armed), moment);
    }

    private static string Describe(VirtualTimer timer) => string.Create(CultureInfo.InvariantCulture, $"{timer.Name} (at {timer.Deadline} ns)");

    private static void Compare(
        (IReadOnlyList<StateSection> State, string Timers, DeviceMoment Moment) expected,
        (IReadOnlyList<StateSection> State, string Timers, DeviceMoment Moment) actual, string what)
    {
        DeviceRun.CompareSections(expected.State, actual.State, actual.Moment, what);
        DeviceRun.CompareMaps(expected.Moment, actual.Moment, what);
        Check.That(expected.Timers == actual.Timers, $"After the reset these timers are armed: {Text(actual.Timers)}; of {what}: {Text(expected.Timers)}.");
        Check.Equal(expected.Moment.Properties, actual.Moment.Properties, "properties after the reset");
    }

    private static string Text(string timers) => timers.Length == 0 ? "none" : timers;
}
