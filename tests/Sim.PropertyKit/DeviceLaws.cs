using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit.Devices;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Qdev;

namespace Sim.PropertyKit;

/// <summary>
/// Everything that must hold for a device of one's own, in one line of a test: <c>DeviceLaws.Check&lt;MyDevice&gt;()</c>. The device is tried on its own
/// (<see cref="DeviceBench"/>) and among others in the machines that there are; a case that breaks a law is made smaller and printed as C# code.
/// </summary>
public static class DeviceLaws
{
    /// <summary>Tries all laws on the type that a class registers.</summary>
    /// <param name="properties">Names and values of the properties that it needs, as on the command line.</param>
    /// <returns>What each law was tried on.</returns>
    /// <exception cref="LawFailedException">A law is broken, or the device cannot be realized with these properties.</exception>
    public static IReadOnlyDictionary<string, LawReport> Check<TDevice>(params IEnumerable<(string Name, string Value)> properties) where TDevice : Device =>
        Check<TDevice>(null, properties);

    /// <summary>Tries all laws on the type that a class registers.</summary>
    /// <param name="options">How often and on what, with cases that failed once; null for the sample of each law.</param>
    /// <param name="properties">Names and values of the properties that it needs, as on the command line.</param>
    /// <returns>What each law was tried on.</returns>
    /// <exception cref="LawFailedException">A law is broken, or the device cannot be realized with these properties.</exception>
    public static IReadOnlyDictionary<string, LawReport> Check<TDevice>(LawOptions? options, params IEnumerable<(string Name, string Value)> properties) where TDevice : Device =>
        Check(For<TDevice>(properties), options);

    /// <summary>Tries all laws on a device.</summary>
    /// <param name="device">Its type, and the properties that it needs.</param>
    /// <param name="types">The table that its type is in; the process-wide one when null.</param>
    /// <param name="options">How often and on what; null for the sample of each law.</param>
    /// <returns>What each law was tried on.</returns>
    /// <exception cref="LawFailedException">A law is broken, or the device cannot be realized with these properties.</exception>
    public static IReadOnlyDictionary<string, LawReport> Check(DeviceRequest device, TypeRegistry? types = null, LawOptions? options = null) =>
        Check(For(device, types), options);

    /// <summary>The laws for the type that a class registers, to be tried one by one.</summary>
    /// <param name="properties">Names and values of the properties that it needs, as on the command line.</param>
    /// <exception cref="LawFailedException">The device cannot be realized with these properties.</exception>
    public static IReadOnlyList<NamedLaw> For<TDevice>(params IEnumerable<(string Name, string Value)> properties) where TDevice : Device
    {
        var device = DeviceTypes.Request(DeviceTypes.NameOf(typeof(TDevice)), properties);
        return For(device, null, $"DeviceBench.Of<{typeof(TDevice).Name}>({Arguments(device)})");
    }

    /// <summary>The laws for a device, to be tried one by one.</summary>
    /// <param name="device">Its type, and the properties that it needs.</param>
    /// <param name="types">The table that its type is in; the process-wide one when null.</param>
    /// <exception cref="LawFailedException">The device cannot be realized with these properties.</exception>
    public static IReadOnlyList<NamedLaw> For(DeviceRequest device, TypeRegistry? types = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        return For(device, types, $"new DeviceBench({string.Join(", ", ((string[])[$"\"{device.Type}\"", Arguments(device)]).Where(static a => a.Length > 0))})");
    }

    private static string Arguments(DeviceRequest device) => string.Join(", ", device.Properties.Select(static p => $"(\"{p.Key}\", \"{p.Value}\")"));

    private static Dictionary<string, LawReport> Check(IReadOnlyList<NamedLaw> laws, LawOptions? options) =>
        laws.ToDictionary(static law => law.Name, law => law.Holds(options is null ? null : options with { Required = law.Sample.Required }));

    private static List<NamedLaw> For(DeviceRequest device, TypeRegistry? registry, string code)
    {
        var types = TestTypes.Over(DeviceTypes.Sealed(registry));
        using var first = Make(device, types);
        return [.. Instantiation(device, types, first), .. Runs(first, code)];
    }

    private static DeviceBench Make(DeviceRequest device, TypeRegistry types)
    {
        try
        {
            return new DeviceBench(device, types);
        }
        catch (SimException refusal)
        {
            throw new LawFailedException($"Device '{device.Type}' cannot be tried: {refusal.Message} "
                + "Properties that it needs are given with its type: DeviceLaws.Check<MyDevice>((\"name\", \"value\")).", refusal);
        }
    }

    private static IEnumerable<NamedLaw> Instantiation(DeviceRequest device, TypeRegistry types, DeviceBench first)
    {
        string[] made = [.. ((string?[])[device.Type, first.Device.ParentBus?.ParentDevice?.Class.Type.Name]).OfType<string>()];
        var name = device.Type;
        yield return NamedLaw.Of(
            "device-state", "L3", $"Everything that can change in a {name} is saved state, a property, or declared wiring or derived.",
            options => StateCoverageLaws.Try("device-state", types, [types.Find(name)], options), new LawOptions());
        yield return NamedLaw.Of(
            "device-realize", "L5", $"A {name} whose realize fails, at any step, leaves nothing behind and can be realized then; so after an unrealize.",
            DeviceRealization.Any, (tried, classes) => DeviceRealizeLaw.Check(tried, device, types, classes),
            new LawOptions { Required = [("failed", 0.2), ("realized", 0.2)] });
        yield return NamedLaw.Of(
            "device-properties", "qom", $"Properties of a {name} take what fits and give it back, refuse the rest by name, and are fixed once it is realized.",
            PropertyCase.OfTypes(name), (tried, classes) => PropertyLaws.Assign(tried, types, classes, device),
            new LawOptions { Runs = 300 });
        yield return NamedLaw.Of(
            "device-lifecycle", "L5", $"A {name} is made, plugged, realized, used, reset and taken away in any order as a simple model says.",
            DeviceSequence.Any, (sequence, classes) => DeviceOperationLaws.RunSequence(sequence, types, classes, made),
            new LawOptions { Runs = 50, Required = [("refused", 0.2)] });
    }

    private static IEnumerable<NamedLaw> Runs(DeviceBench first, string code)
    {
        var scripts = new DeviceScripts(code, new DeviceShape(first));
        return DeviceRunLaws.Of(scripts.With, _ => first);
    }
}
