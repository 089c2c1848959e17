using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>Machine configurations, right and wrong.</summary>
public static class ConfigurationLaws
{
    private const long Instructions = 20_000;

    /// <summary>A right configuration boots and runs alike every time; a wrong one is refused in a sentence that names the
    /// option.</summary>
    public static NamedLaw Configurations { get; } = NamedLaw.Of(
        "machine-configurations", "L1",
        "A possible machine boots, runs and is reset alike every time; an impossible one is refused in one sentence "
        + "that names the option, and leaves nothing behind.",
        ConfigurationPlan.Any, static (plan, classes) => Boot(plan, Session.Boot, classes),
        new LawOptions
        {
            Runs = 60,
            Required =
            [
                ("possible", 0.3), ("ppce500", 0.2), ("mpc8544ds", 0.1), ("none", 0.02), ("several CPUs", 0.15), ("random schedule", 0.1),
                ("CPU model", 0.15),
                ("wrong --smp", 0.01), ("wrong --memory", 0.01), ("wrong CPU", 0.005), ("wrong machine", 0.01), ("wrong --quantum", 0.01),
                ("wrong --icount-shift", 0.01), ("wrong --serial", 0.01), ("wrong schedule", 0.01),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Configurations];

    /// <summary>Boots a machine as a plan says, or sees it refused.</summary>
    /// <param name="plan">The machine.</param>
    /// <param name="boot">Boots it: <see cref="Session.Boot"/>, or something with a bug.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void Boot(ConfigurationPlan plan, Func<MachineConfiguration, SessionOptions?, Session> boot, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(boot);
        ArgumentNullException.ThrowIfNull(classes);
        var wrong = Check.Caught(() => SchedulePolicy.Parse(plan.Schedule)) is not null ? "schedule" : plan.WrongOption;
        if (wrong is not null)
        {
            CheckRefused(plan, wrong, boot);
            classes.Add($"wrong {wrong}");
            return;
        }

        classes.Add("possible");
        classes.Add(plan.Machine);
        classes.Add("several CPUs", plan.Smp > 1);
        classes.Add("random schedule", plan.Schedule != "round-robin");
        classes.Add("CPU model", plan.Cpu is not null);
        Check.Same(Run(plan, boot, classes), Run(plan, boot, classes), "digests of the second run");
    }

    private static void CheckRefused(ConfigurationPlan plan, string option, Func<MachineConfiguration, SessionOptions?, Session> boot)
    {
        // The observer sees every step that is entered left again, and no machine is left in the process to be seen.
        var open = new OpenSteps();
        var error = Check.Caught(() => boot(plan.ToConfiguration(), new SessionOptions { Observer = open }).Dispose());
        Check.That(error is SimException, $"expected a refusal of {option}: {error?.ToString() ?? "the machine was built"}");
        Check.That(error!.Message.Contains(option, StringComparison.OrdinalIgnoreCase),
            $"the refusal does not name {option}: {error.Message}");
        Check.Sentence(error.Message);
        Check.Equal(0, open.Depth, "steps that are still open");
    }

    /// <summary>Digests at power-on, after a while, and after a reset.</summary>
    private static UInt128[] Run(ConfigurationPlan plan, Func<MachineConfiguration, SessionOptions?, Session> boot, CaseClasses classes)
    {
        using var session = boot(plan.ToConfiguration(), null);
        Check.Equal(plan.Machine == "none" ? 0 : plan.Smp, session.Scheduler.Clocks.Count, "CPUs");
        Check.Equal(plan.Serials, session.Consoles.Count, "serial consoles");
        var digests = new List<UInt128> { session.Digest() };
        MachineScenario.RunFor(session, Instructions);
        Check.Equal(plan.Machine == "none" ? 0 : Instructions, session.Scheduler.TotalInstructions, "instructions executed");
        digests.Add(session.Digest());
        session.Scheduler.RequestReset();
        MachineScenario.RunFor(session, Instructions / 4);
        digests.Add(session.Digest());
        classes.CoverSession(session);
        return [.. digests];
    }

    private sealed class OpenSteps : IFlowObserver
    {
        public int Depth { get; private set; }

        public void Enter(string step, string subject, string detail) => Depth++;

        public void Leave(bool failed) => Depth--;
    }
}
