using Sim.PropertyKit;

namespace Sim.Cli.Checking;

/// <summary>What a campaign does, as its command line says.</summary>
internal sealed record CheckSettings
{
    /// <summary>Seed that every case of the campaign follows from.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Cases of each law and round; null for each law's own sample.</summary>
    public int? Runs { get; init; }

    /// <summary>The only case to try; null for a campaign.</summary>
    public CaseSeed? Case { get; init; }

    /// <summary>Host time after which the campaign ends, going round over the laws until then; null for one round.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Laws that are tried at the same time.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>True to end the campaign with the first law that fails.</summary>
    public bool FirstFailure { get; init; }

    /// <summary>Smaller cases tried at most when one fails; null for as many as each law's sample says.</summary>
    public int? Shrink { get; init; }

    /// <summary>Folder in which failures are saved.</summary>
    public string Failures { get; init; } = "sim-check-failures";

    /// <summary>The options that make a law try the same again, after the failing case alone if that is known.</summary>
    public string Again(string law, CaseSeed? failing) => $"sim check --law {law} " + ((failing ?? Case) is { } one
        ? $"--case {one}"
        : FormattableString.Invariant($"--seed {Seed}") + (Runs is { } runs ? FormattableString.Invariant($" --runs {runs}") : ""));
}
