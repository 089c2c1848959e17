using Sim.Engine.Scheduling;

namespace Sim.Engine.Session;

/// <summary>Where a run ends at the latest.</summary>
public sealed record RunLimits
{
    /// <summary>No limit.</summary>
    public static RunLimits None { get; } = new();

    /// <summary>Limits in virtual time and instructions.</summary>
    public StopCondition Stop { get; init; } = StopCondition.None;

    /// <summary>Ends the run when the first console has printed this, at the instruction that writes its last byte; null for never.</summary>
    public string? Output { get; init; }
}

/// <summary>Why a run ended.</summary>
public enum EndReason
{
    /// <summary>The guest powered the machine off.</summary>
    PowerOff,

    /// <summary>All vCPUs idle and nothing pending that could wake one.</summary>
    Idle,

    /// <summary>The limit in virtual time was reached.</summary>
    Time,

    /// <summary>A limit in instructions was reached.</summary>
    Instructions,

    /// <summary>The awaited output came.</summary>
    Output,

    /// <summary>The script, or the user at the terminal or in a debugger, ended it.</summary>
    Quit,

    /// <summary>The debugger stopped it: <see cref="Debugger.LastStop"/> says why. It can be run on.</summary>
    Debugger,

    /// <summary>The caller cancelled it.</summary>
    Interrupted,

    /// <summary>A replay has come to the end of what was recorded, or to the moment asked for.</summary>
    Replayed,

    /// <summary>A replay is not what was recorded.</summary>
    Divergence,
}

/// <summary>Names of the reasons, as the end line prints them.</summary>
public static class EndReasons
{
    /// <summary>The name in the end line.</summary>
    public static string Name(EndReason reason) => reason switch
    {
        EndReason.PowerOff => "poweroff",
        EndReason.Idle => "idle",
        EndReason.Time => "until-time",
        EndReason.Instructions => "until-icount",
        EndReason.Output => "until-output",
        EndReason.Quit => "quit",
        EndReason.Replayed => "replayed",
        EndReason.Divergence => "divergence",
        EndReason.Debugger => "debugger",
        _ => "interrupted",
    };
}

/// <summary>How a run ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="OutputCame">False when an awaited output had not come by then.</param>
public readonly record struct RunResult(EndReason Reason, bool OutputCame);
