using System.Globalization;
using Sim.Engine.Base;

namespace Sim.Engine.Scheduling;

/// <summary>How a frame's time is dealt to vCPUs.</summary>
public enum SchedulePolicyKind
{
    /// <summary>Frames of one quantum; in each, every vCPU runs to the frame's end in index order.</summary>
    RoundRobin,

    /// <summary>Frame lengths, turns and slice lengths are drawn from a seeded generator that is part of the saved state.</summary>
    Random,
}

/// <summary>The configured policy: <c>round-robin</c> or <c>random:SEED</c>.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Seed">Seed of <see cref="SchedulePolicyKind.Random"/>; 0 otherwise.</param>
public readonly record struct SchedulePolicy(SchedulePolicyKind Kind, ulong Seed)
{
    /// <summary>The default policy.</summary>
    public static SchedulePolicy RoundRobin => new(SchedulePolicyKind.RoundRobin, 0);

    /// <summary>The random policy with that seed.</summary>
    public static SchedulePolicy Random(ulong seed) => new(SchedulePolicyKind.Random, seed);

    /// <summary>Reads the option's text.</summary>
    /// <exception cref="SimException">It is neither form.</exception>
    public static SchedulePolicy Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "round-robin")
            return RoundRobin;
        if (text.StartsWith("random:", StringComparison.Ordinal)
            && ulong.TryParse(text.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out var seed))
        {
            return Random(seed);
        }

        throw new SimException($"Schedule '{text}' is unknown: expected round-robin or random:SEED with a whole number.");
    }

    /// <inheritdoc/>
    public override string ToString() => Kind == SchedulePolicyKind.RoundRobin
        ? "round-robin"
        : string.Create(CultureInfo.InvariantCulture, $"random:{Seed}");
}

/// <summary>The scheduler's part of a machine's configuration.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Who runs when.</summary>
    public SchedulePolicy Policy { get; init; } = SchedulePolicy.RoundRobin;

    /// <summary>Length of a round-robin frame in ns, 20 µs by default; at least 64 instructions.</summary>
    public long Quantum { get; init; } = 20 * VirtualTime.Microsecond;

    /// <summary>log2 of the nanoseconds that one instruction takes, 0 to 10; 1 by default. QEMU: -icount shift.</summary>
    public int Shift { get; init; } = 1;

    /// <summary>Length that no frame exceeds, ns: the random policy draws up to twice the quantum.</summary>
    internal long LongestFrame => Policy.Kind == SchedulePolicyKind.RoundRobin ? Quantum : 2 * Quantum;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="SimException">A value is out of range.</exception>
    public void Validate()
    {
        if (Shift is < 0 or > 10)
            throw new SimException(string.Create(CultureInfo.InvariantCulture, $"--icount-shift {Shift} is out of range: expected 0 to 10."));
        if (Quantum < 64L << Shift || Quantum > VirtualTime.Second)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"--quantum {Quantum} is out of range: expected {64L << Shift} ns (64 instructions) to {VirtualTime.Second} ns."));
        }
    }
}
