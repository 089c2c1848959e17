using System.Globalization;

namespace Sim.PropertyKit.Qdev;

/// <summary>What a planned device does as one step of its realize.</summary>
public enum PlanStepKind
{
    /// <summary>Makes a timer and arms it.</summary>
    Timer,

    /// <summary>Moves the deadline of the hub's timer.</summary>
    ArmHubTimer,

    /// <summary>Disarms the hub's timer.</summary>
    DisarmHubTimer,

    /// <summary>Makes a register region and maps it.</summary>
    MapRegion,

    /// <summary>Maps a window on the hub's region.</summary>
    MapAlias,

    /// <summary>Moves, resizes, hides or unmaps the hub's region, or turns its window elsewhere.</summary>
    ChangeHubRegion,

    /// <summary>Makes an address space over the system's memory.</summary>
    AddressSpace,

    /// <summary>Declares input lines.</summary>
    Inputs,

    /// <summary>Declares an output line and connects it to the hub.</summary>
    ConnectToHub,

    /// <summary>Declares an input line and connects an output of the hub to it.</summary>
    ConnectFromHub,

    /// <summary>Adds a vCPU.</summary>
    Vcpu,

    /// <summary>Makes and realizes a child device.</summary>
    Child,

    /// <summary>Makes and realizes a device elsewhere in the tree.</summary>
    Elsewhere,

    /// <summary>Makes a bus, and a device on it.</summary>
    OwnBus,

    /// <summary>Makes a device and plugs it into the hub's bus.</summary>
    HubSlot,

    /// <summary>Adds a property to itself.</summary>
    AddProperty,

    /// <summary>Adds an alias of the hub's property.</summary>
    AddAlias,

    /// <summary>Removes the hub's extra property.</summary>
    RemoveHubProperty,

    /// <summary>Sets the hub's text.</summary>
    SetHubText,

    /// <summary>Makes itself the target of the hub's link.</summary>
    SetHubLink,

    /// <summary>Makes a container somewhere in the tree.</summary>
    Container,

    /// <summary>Makes an object, gives it properties and lets it go.</summary>
    Temporary,

    /// <summary>Makes and realizes a device elsewhere, and goes on when that fails.</summary>
    Optional,

    /// <summary>Fails: throws.</summary>
    FailThrow,

    /// <summary>Fails: sets a property that does not exist.</summary>
    FailNoProperty,

    /// <summary>Fails: text that is no value of the property.</summary>
    FailBadValue,

    /// <summary>Fails: a link that must be set is not.</summary>
    FailMissingLink,

    /// <summary>Fails: a second timer of the same name.</summary>
    FailTimerTwice,

    /// <summary>Fails: a region that is mapped already.</summary>
    FailMappedTwice,

    /// <summary>Fails: an input line that does not exist.</summary>
    FailNoLine,

    /// <summary>Fails: a device of a type that does not exist.</summary>
    FailNoType,

    /// <summary>Fails: a device on a bus of the wrong kind.</summary>
    FailWrongBus,

    /// <summary>Fails: more devices on a bus than it takes.</summary>
    FailBusFull,

    /// <summary>Leaves something behind that nobody takes back: the bug that law L5 must find. Never generated.</summary>
    Leak,
}

/// <summary>One step of a planned device's realize.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Number">Which line, address, or way of doing it.</param>
/// <param name="Device">The device that it makes, where it makes one.</param>
public sealed record PlanStep(PlanStepKind Kind, int Number = 0, DevicePlan? Device = null)
{
    /// <summary>True for the steps that fail.</summary>
    public bool Fails => Kind is >= PlanStepKind.FailThrow and <= PlanStepKind.FailBusFull;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind}({Number}{(Device is null ? "" : $", {Device}")})");
}

/// <summary>What a planned device does when it is realized.</summary>
/// <param name="Steps">Its steps, in order.</param>
public sealed record DevicePlan(IReadOnlyList<PlanStep> Steps)
{
    /// <summary>The steps of this device and of all that it makes, in the order in which they happen.</summary>
    public IEnumerable<PlanStep> AllSteps => Steps.SelectMany(static step => step.Device is null ? [step] : step.Device.AllSteps.Append(step));

    /// <summary>True when its realize fails.</summary>
    public bool Fails => Steps.Any(static step => step.Fails || (step.Kind != PlanStepKind.Optional && step.Device?.Fails == true));

    /// <summary>The same plan without what fails.</summary>
    public DevicePlan WithoutFailures() =>
        new([.. Steps.Where(static step => !step.Fails).Select(static step => step with { Device = step.Device?.WithoutFailures() })]);

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(' ', Steps)}]";
}
