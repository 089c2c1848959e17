namespace Sim.Engine.Qdev;

/// <summary>An object that is no device and still has saved state, such as a character backend with input waiting in it.</summary>
public interface IStateful
{
    /// <summary>The object's state; as for a device, sections are keyed by its path and these names.</summary>
    IReadOnlyList<StateDescription> StateDescriptions { get; }
}
