using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Machines;

/// <summary>A machine as a user configures it: what the options say.</summary>
/// <param name="Machine">Machine type.</param>
/// <param name="Cpu">CPU model; null for the default.</param>
/// <param name="Smp">CPUs.</param>
/// <param name="Mebibytes">RAM; null for the default.</param>
/// <param name="Schedule">Policy.</param>
/// <param name="Quantum">ns.</param>
/// <param name="Shift">log2 of ns per instruction.</param>
/// <param name="Serials">Serial ports.</param>
public sealed record ConfigurationPlan(
    string Machine, string? Cpu = null, int Smp = 1, long? Mebibytes = null, string Schedule = "round-robin", long Quantum = 20_000,
        int Shift = 1, int Serials = 1)
{
    private static readonly string[] Machines = ["ppce500", "mpc8544ds", "none"];

    private static readonly string?[] Cpus = [null, "e500v2", "e500", "MPC8548E", "e500_v10", "mpc8540", "e500v2_v30-powerpc-cpu"];

    /// <summary>Configurations, two in five of which ask for something that there is not, with a shrinker.</summary>
    public static Arbitrary<ConfigurationPlan> Any { get; } = Arb.From(
        from valid in ValidGenerator()
        from mistake in Gen.Choose(0, 19)
        from number in Gen.Choose(1, 1_000_000)
        select Spoil(valid, mistake, number),
        Shrink);

    /// <summary>The option that asks for too much, by the naive rules of the boards; null when all are right.</summary>
    public string? WrongOption
    {
        get
        {
            var isEmpty = Machine == "none";
            if (!Machines.Contains(Machine))
                return "machine";
            if (Shift is < 0 or > 10)
                return "--icount-shift";
            if (Quantum < 64L << Shift || Quantum > VirtualTime.Second)
                return "--quantum";
            if (Smp < 1 || Smp > (isEmpty ? 1 : Machine == "ppce500" ? 32 : 15))
                return "--smp";
            if (Serials < 0 || Serials > (isEmpty ? 1 : 2))
                return "--serial";
            if (Mebibytes is { } size && (isEmpty ? size > 65536 : size % 64 != 0 || size <= 0
                || size > (Machine == "ppce500" ? 49152 : 3072)))
                return "--memory";
            return Cpu is not null && (isEmpty || !Cpus.Contains(Cpu)) ? "CPU" : null;
        }
    }

    /// <summary>The configuration, with the demo firmware where a board needs one.</summary>
    /// <exception cref="SimException">The schedule is none.</exception>
    public MachineConfiguration ToConfiguration() => new()
    {
        Machine = Machine,
        Cpu = Cpu,
        Smp = Smp,
        Memory = Mebibytes is { } size ? (ulong)size << 20 : null,
        Scheduler = new SchedulerOptions { Policy = SchedulePolicy.Parse(Schedule), Quantum = Quantum, Shift = Shift },
        Serials = Serials,
        Bios = Machine == "none" ? null : LawGuests.Demo,
    };

    private static Gen<ConfigurationPlan> ValidGenerator() =>
        from machine in Gen.Frequency((5, Gen.Constant("ppce500")), (3, Gen.Constant("mpc8544ds")), (1, Gen.Constant("none")))
        let isEmpty = machine == "none"
        from cpu in Gen.Elements(isEmpty ? [null] : Cpus)
        from smp in Gen.OneOf(Gen.Choose(1, isEmpty ? 1 : 4), Gen.Choose(1, isEmpty ? 1 : machine == "ppce500" ? 32 : 15))
        from blocks in Gen.Choose(0, 16)
        from seed in Gen.Choose(0, 99)
        from shift in Gen.Choose(0, 10)
        from instructions in Gen.Choose(64, 20_000)
        from serials in Gen.Choose(0, isEmpty ? 1 : 2)
        select new ConfigurationPlan(
            machine, cpu, smp, blocks == 0 ? null : 64L * blocks, seed % 2 == 0 ? "round-robin"
                : string.Create(CultureInfo.InvariantCulture, $"random:{seed}"),
            (long)instructions << shift, shift, serials);

    private static ConfigurationPlan Spoil(ConfigurationPlan valid, int mistake, int number) => mistake switch
    {
        0 => valid with { Machine = "ppce501" },
        1 => valid with { Cpu = number % 2 == 0 ? "e600" : "e500v3" },
        2 => valid with { Smp = number % 3 == 0 ? 0 : number % 3 == 1 ? -1 : 33 + number % 100 },
        3 => valid with { Mebibytes = number % 3 == 0 ? 65 : number % 3 == 1 ? 1 << 20 : 17 },
        4 => valid with { Schedule = number % 2 == 0 ? "fair" : "random:x" },
        5 => valid with { Quantum = number % 2 == 0 ? (64L << valid.Shift) - 1 : VirtualTime.Second + number },
        6 => valid with { Shift = number % 2 == 0 ? -1 : 11 },
        7 => valid with { Serials = number % 2 == 0 ? -1 : 3 },
        _ => valid,
    };

    private static IEnumerable<ConfigurationPlan> Shrink(ConfigurationPlan plan)
    {
        if (plan.Cpu is not null)
            yield return plan with { Cpu = null };
        foreach (var smp in Shrinking.Number(plan.Smp, 1))
            yield return plan with { Smp = (int)smp };
        if (plan.Mebibytes is not null)
            yield return plan with { Mebibytes = null };
        if (plan.Schedule != "round-robin")
            yield return plan with { Schedule = "round-robin" };
        if (plan.Serials != 1)
            yield return plan with { Serials = 1 };
        if (plan is not { Quantum: 20_000, Shift: 1 })
            yield return plan with { Quantum = 20_000, Shift = 1 };
    }
}
