using Sim.Engine.Session;

namespace Sim.Cli.Running;

/// <summary>How a run ended, for the end line and the exit code.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Name">The reason's name in the end line.</param>
/// <param name="Code">The exit code.</param>
internal sealed record RunEnd(EndReason Reason, string Name, int Code)
{
    /// <summary>False when an awaited output had not come.</summary>
    public bool OutputCame { get; init; } = true;

    /// <summary>A sentence to say before the end line; null for none.</summary>
    public string? Message { get; init; }

    /// <summary>The end of a plain run.</summary>
    public static RunEnd Of(RunResult result) =>
        new(result.Reason, EndReasons.Name(result.Reason), ExitCodes.Done) { OutputCame = result.OutputCame };
}
