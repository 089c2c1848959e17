using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;

namespace Sim.PropertyKit.Guests;

/// <summary>A moment of a machine that boots Linux and then has work on all CPUs.</summary>
/// <param name="Machine">Index of the machine, 0 to <see cref="Machines"/> - 1.</param>
/// <param name="Number">Which of its moments, 0 to <see cref="Count"/> - 1.</param>
public sealed record LinuxMoment(int Machine, int Number)
{
    /// <summary>Moments of a machine. The first two thirds, about, are the kernel's boot.</summary>
    public const int Count = 80;

    /// <summary>Virtual time at which the boot ends, ns at shift 0: 97 to 113 million instructions, by schedule, as measured.</summary>
    public const long BootTime = 105_000_000;

    /// <summary>Instructions of a CPU from one moment to the next.</summary>
    private const long Interval = 2_000_000;

    /// <summary>
    /// Work in the background: processes that come and go, with pipes and files, and floating point, which the kernel emulates. In the
    /// foreground the console prints, and the clock chip is read.
    /// </summary>
    private static readonly string Work = """
        expect sim#\x20
        send for i in 1 2 3 4 5 6; do while :; do seq 1 $i$i$i | sha256sum >/tmp/$i; done & done
        expect sim#\x20
        send awk 'BEGIN { for (x = 1; ; ) x = sin(x) + 1 }' & while :; do cat /proc/interrupts /sys/class/rtc/rtc0/time; done

        """;

    private static readonly Run[] Runs =
    [
        new(new GuestSchedule(1, new SchedulerOptions())),
        new(new GuestSchedule(2, new SchedulerOptions { Policy = SchedulePolicy.Random(2), Quantum = 700, Shift = 0 })),
        new(new GuestSchedule(4, new SchedulerOptions { Policy = SchedulePolicy.Random(4), Quantum = 30_000, Shift = 2 })),
        new(new GuestSchedule(8, new SchedulerOptions { Quantum = 9_000 })),
    ];

    /// <summary>How many machines there are.</summary>
    public static int Machines => Runs.Length;

    /// <summary>Runs of up to half a million instructions that begin at any moment.</summary>
    public static Arbitrary<MachineScenario> Scenarios { get; } = Arb.From(
        from machine in Gen.Choose(0, Machines - 1)
        from number in Gen.Choose(0, Count - 1)
        from instructions in Gen.Choose(1000, 500_000)
        select new LinuxMoment(machine, number).Scenario(instructions));

    private Run Of => Runs[Machine];

    /// <summary>A run that begins here.</summary>
    /// <param name="instructions">Its length where all CPUs are busy all the time.</param>
    public MachineScenario Scenario(int instructions)
    {
        var options = Of.Schedule.Options;
        return new MachineScenario("linux", Of.Schedule.Vcpus, options.Policy.ToString(), options.Quantum, options.Shift)
        {
            Own = new OwnMachine(Of.Configuration, ((long)instructions << options.Shift) / Of.Schedule.Vcpus)
            {
                Start = new StartMoment(Time, Checkpoint, string.Create(CultureInfo.InvariantCulture, $"new LinuxMoment({Machine}, {Number}).Scenario({instructions})")),
            },
        };
    }

    /// <summary>Virtual time, ns.</summary>
    public long Time => (Number + 1) * Interval << Of.Schedule.Options.Shift;

    private Checkpoint Checkpoint() => Of.At(this);

    /// <summary>A machine, run as far as moments of it were asked for.</summary>
    private sealed class Run(GuestSchedule schedule)
    {
        private readonly Lock gate = new();
        private readonly List<Checkpoint> checkpoints = [];
        private MachineConfiguration? configuration;
        private Session? session;

        public GuestSchedule Schedule => schedule;

        public MachineConfiguration Configuration => configuration ??= LinuxGuest.Machine(
            new LinuxBoot(schedule, Memory: 128, UBoot: false, Shell: true, Recorded: false));

        public Checkpoint At(LinuxMoment moment)
        {
            lock (gate)
            {
                if (session is null)
                {
                    session = Session.Boot(Configuration);
                    session.Attach(Script.Parse("work.script", Work));
                }

                while (checkpoints.Count <= moment.Number)
                {
                    var reason = session.Run(new RunLimits { Stop = new StopCondition { Time = (moment with { Number = checkpoints.Count }).Time } }).Reason;
                    Check.Equal(EndReason.Time, reason, "end of the run to a moment");
                    checkpoints.Add(session.Checkpoint());
                }

                return checkpoints[moment.Number];
            }
        }
    }
}
