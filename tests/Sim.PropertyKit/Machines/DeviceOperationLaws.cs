using Sim.Engine.Qom;

namespace Sim.PropertyKit.Machines;

/// <summary>Sequences of operations on devices of every type in real machines, beside a naive model.</summary>
public static class DeviceOperationLaws
{
    /// <summary>Devices of every type can be made, wired, used and taken away in any order; nothing but refusals comes of wrong
    /// operations.</summary>
    public static NamedLaw Operations { get; } = NamedLaw.Of(
        "device-operations", "L5",
        "Devices of every type are made, set, plugged, realized, used, reset and taken away in any order as a simple "
        + "model says; a refused step changes nothing.",
        DeviceSequence.Any, static (sequence, classes) => RunSequence(sequence, null, classes),
        new LawOptions
        {
            Runs = 150,
            PastFailures = [new(10271473463855619047, 46), new(11581353899869171149, 48), new(6535495501514176388, 30)],
            Required =
            [
                ("realized", 0.5), ("refused", 0.5), ("unrealized", 0.15), ("unrealized with a device on its bus", 0.002),
                ("register access", 0.2), ("several drivers", 0.005), ("reset to power-on", 0.1),
                ("line raised", 0.06), ("connected", 0.03), ("CPU executes", 0.03), ("ppce500", 0.04),
                ("realized on a bus of a new device", 0.02),
                ("refused: Realize", 0.1), ("refused: Set", 0.05), ("refused: Unplug", 0.05), ("refused: Plug", 0.03),
                ("refused: Connect", 0.1),
                ("realized openpic", 0.05), ("realized serial", 0.05), ("realized mpc-i2c", 0.05), ("realized ds1338", 0.01),
                ("realized e500-pcihost", 0.003),
                ("realized e500-host-bridge", 0.003), ("realized mpc8xxx_gpio", 0.05), ("realized e500-spin", 0.05),
                ("realized e500v2_v30-powerpc-cpu", 0.05),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Operations];

    /// <summary>Does the steps on a machine and compares with the model after each.</summary>
    /// <param name="sequence">The machine and the steps.</param>
    /// <param name="registry">The types; null for those that there are.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    /// <param name="types">Names of the types of which objects are made; null for all.</param>
    public static void RunSequence(DeviceSequence sequence, TypeRegistry? registry, CaseClasses classes, IReadOnlyList<string>? types = null)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(classes);
        classes.Add(sequence.Machine);
        using var bench = new DeviceWorkbench(sequence.Machine, registry, classes, types);
        bench.Run(sequence.Operations);
    }
}
