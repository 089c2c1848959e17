namespace Sim.Engine.Session;

/// <summary>Versions that matter to whoever keeps the results of runs.</summary>
public static class Versions
{
    /// <summary>
    /// Raised by every change after which the same configuration and inputs give another digest chain; each step has a line in snapshots/BEHAVIOUR.md. A recorded run replays only with the
    /// behaviour version that recorded it.
    /// </summary>
    public const int Behaviour = 1;
}
