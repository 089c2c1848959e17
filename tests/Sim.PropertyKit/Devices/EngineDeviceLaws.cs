using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.PropertyKit.Devices;

/// <summary>The laws of <see cref="DeviceLaws"/> that scripts try, for devices of every type that needs no properties, each on its own.</summary>
public static class EngineDeviceLaws
{
    private static readonly Lazy<IReadOnlyList<(string Code, DeviceBench First, DeviceScripts Scripts)>> Devices = new(MakeAll);

    private static readonly string[] Types =
        ["openpic", "serial-mm", "mpc-i2c", "ds1338", "e500-pcihost", "e500-host-bridge", "mpc8xxx_gpio", "mpc8544-guts", "e500-spin", "e500v2_v30-powerpc-cpu"];

    /// <summary>The laws of this file. The others of <see cref="DeviceLaws"/> hold where these do, or are laws of all types already.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } =
    [
        .. DeviceRunLaws.Of(Scripts, static script => Devices.Value.First(device => device.Code == script.Bench).First)
            .Where(static law => law.Name is not ("device-accesses" or "device-determinism"))
            .Select(static law => law.On(law.Sample with { Runs = 300, Required = [.. law.Sample.Required, .. Types.Select(static type => (type, 0.02))] })),
    ];

    private static Arbitrary<DeviceScript> Scripts(DeviceStepKind? kind, DeviceStep? last) => Arb.From(
        from which in Gen.Choose(0, int.MaxValue)
        from script in Devices.Value[which % Devices.Value.Count].Scripts.With(kind, last).Generator
        select script,
        DeviceScripts.Shrink);

    private static List<(string Code, DeviceBench First, DeviceScripts Scripts)> MakeAll()
    {
        var devices = new List<(string, DeviceBench, DeviceScripts)>();
        foreach (var type in DeviceTypes.Sealed(null).Types.Where(static type => type.IsA(Device.TypeName) && !type.IsAbstract && IsTried(type.Name)))
        {
            DeviceBench? first = null;
            if (Check.Caught(() => first = new DeviceBench(type.Name)) is not SimException)
                devices.Add((Code(type.Name), first!, new DeviceScripts(Code(type.Name), new DeviceShape(first!))));
        }

        return devices;
    }

    private static string Code(string type) => $"new DeviceBench(\"{type}\")";

    /// <summary>Of the many CPUs, which differ in numbers only, one.</summary>
    private static bool IsTried(string type) => !type.EndsWith(CpuModels.Suffix, StringComparison.Ordinal) || Types.Contains(type);
}
