using System.Text.Json.Serialization;

namespace Sim.PropertyKit;

/// <summary>What the coverage of a campaign is told of.</summary>
public enum CoverageKind
{
    /// <summary>Types of the object model: an instance, or one of a type that derives from it or implements it, was made.</summary>
    [JsonStringEnumMemberName("types")] Types,

    /// <summary>Properties that classes declare: it was read or set, or a value refused.</summary>
    [JsonStringEnumMemberName("properties")] Properties,

    /// <summary>Steps of cases: it was done.</summary>
    [JsonStringEnumMemberName("operations")] Operations,

    /// <summary>Groups of instructions: one of it was executed, or stood in a block that was.</summary>
    [JsonStringEnumMemberName("instructionGroups")] InstructionGroups,

    /// <summary>Exceptions and interrupts: a CPU took it.</summary>
    [JsonStringEnumMemberName("exceptionKinds")] ExceptionKinds,
}
