using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Guests;

/// <summary>How many vCPUs a guest runs on, and how time is dealt to them.</summary>
/// <param name="Vcpus">Number of vCPUs, 1 to 8.</param>
/// <param name="Options">Policy, quantum and shift.</param>
public sealed record GuestSchedule(int Vcpus, SchedulerOptions Options)
{
    /// <summary>The schedule that a machine has when nothing is said.</summary>
    public static GuestSchedule Default(int vcpus) => new(vcpus, new SchedulerOptions());

    /// <summary>Any number of vCPUs under any policy, with quanta from the shortest, 64 instructions.</summary>
    /// <param name="largestQuantum">Longest quantum in instructions, as a power of two.</param>
    /// <param name="largestShift">Largest shift.</param>
    public static Gen<GuestSchedule> Generator(int largestQuantum = 14, int largestShift = 4) =>
        from vcpus in Gen.Choose(1, 8)
        from random in Gen.Frequency((1, Gen.Constant(false)), (2, Gen.Constant(true)))
        from seed in Gen.Choose(0, int.MaxValue)
        from shift in Gen.Choose(0, largestShift)
        from power in Gen.Choose(6, largestQuantum - 1)
        from more in Gen.Choose(0, (1 << power) - 1)
        from odd in Gen.Choose(0, (1 << shift) - 1)
        select new GuestSchedule(vcpus, new SchedulerOptions
        {
            Policy = random ? SchedulePolicy.Random((ulong)seed) : SchedulePolicy.RoundRobin,
            Quantum = (((1L << power) + more) << shift) + odd,
            Shift = shift,
        });

    /// <summary>Schedules that are easier to think about.</summary>
    public IEnumerable<GuestSchedule> Shrink()
    {
        foreach (var vcpus in Shrinking.Number(Vcpus, least: 1))
            yield return this with { Vcpus = (int)vcpus };
        var plain = new SchedulerOptions();
        if (Options.Policy != plain.Policy)
            yield return this with { Options = Options with { Policy = plain.Policy } };
        if (Options.Shift != plain.Shift && Options.Quantum >= 64L << plain.Shift)
            yield return this with { Options = Options with { Shift = plain.Shift } };
        if (Options.Quantum != plain.Quantum && plain.Quantum >= 64L << Options.Shift)
            yield return this with { Options = Options with { Quantum = plain.Quantum } };
    }

    /// <summary>Says what kind of schedule this is.</summary>
    public void Classify(CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        classes.Add(Vcpus switch { 1 => "1 vCPU", <= 4 => "2 to 4 vCPUs", _ => "5 to 8 vCPUs" });
        classes.Add(Options.Policy.Kind == SchedulePolicyKind.Random ? "random schedule" : "round robin");
        classes.Add("quantum under 512 instructions", Options.Quantum >> Options.Shift < 512);
        classes.Add("another shift than the default", Options.Shift != new SchedulerOptions().Shift);
    }

    /// <summary>The options of <c>sim run</c> that choose it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"--smp {Vcpus} --schedule {Options.Policy} --quantum {Options.Quantum} --icount-shift {Options.Shift}");
}
