namespace Sim.Engine.Qdev;

/// <summary>
/// Says that a field connects the device to others (lines, regions, buses, timers, links) and is set while the machine is built. A test refuses every mutable
/// field of a device that is neither State, nor a property, nor wiring, nor derived (law L3).
/// </summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class WiringAttribute : Attribute;

/// <summary>Says that a field holds the value of the named property, which the machine's configuration decides.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class ConfigurationAttribute(string property) : Attribute
{
    /// <summary>Name of the property.</summary>
    public string Property { get; } = property;
}

/// <summary>Says that a field follows from State, properties and wiring, and is computed again after a load.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class DerivedAttribute(string reason) : Attribute
{
    /// <summary>What it follows from.</summary>
    public string Reason { get; } = reason;
}
