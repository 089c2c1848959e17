using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Qdev;
using static Sim.Engine.Qdev.Qdev;

namespace Sim.PropertyKit.Devices;

/// <summary>How a device is realized, and where that fails.</summary>
/// <param name="Settings">Properties to be set before: which of the writable ones, and which value, modulo their numbers.</param>
/// <param name="FailingStep">Which step of the instantiation flow inside its realize fails; -1 for none.</param>
/// <param name="FailingHandler">Which call of the hotplug handler fails: 0 before the realize function, 1 after it; -1 for none.</param>
/// <param name="Hotplugged">True when the machine runs already.</param>
public sealed record DeviceRealization(IReadOnlyList<(int Property, int Value)> Settings, int FailingStep = -1, int FailingHandler = -1, bool Hotplugged = false)
{
    /// <summary>Realizations of every kind, with a shrinker.</summary>
    public static Arbitrary<DeviceRealization> Any { get; } = Arb.From(
        from count in Gen.Choose(0, 3)
        from settings in Gen.Choose(0, 40).SelectMany(static p => Gen.Choose(0, 20).Select(v => (p, v))).ListOf(count)
        from step in Gen.Frequency((1, Gen.Constant(-1)), (2, Gen.Choose(0, 12)))
        from handler in Gen.Frequency((2, Gen.Constant(-1)), (1, Gen.Constant(0)), (2, Gen.Constant(1)))
        from hotplugged in Gen.Elements(true, false)
        select new DeviceRealization([.. settings], step, handler, hotplugged),
        Shrink);

    /// <summary>The case as C# code.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"new DeviceRealization([{string.Join(", ", Settings)}], FailingStep: {FailingStep}, FailingHandler: {FailingHandler}, Hotplugged: {(Hotplugged ? "true" : "false")})");

    private static IEnumerable<DeviceRealization> Shrink(DeviceRealization tried)
    {
        foreach (var settings in Shrinking.List(tried.Settings))
            yield return tried with { Settings = settings };
        if (tried.Hotplugged)
            yield return tried with { Hotplugged = false };
        if (tried.FailingStep >= 0)
            yield return tried with { FailingStep = -1 };
        if (tried.FailingHandler >= 0)
            yield return tried with { FailingHandler = -1 };
    }
}

/// <summary>Law L5 for one device type: realize and unrealize are atomic, wherever they fail.</summary>
internal static class DeviceRealizeLaw
{
    /// <summary>Realizes a device; when that fails, compares with before and tries again beside a machine that never saw it fail.</summary>
    /// <param name="tried">How it is realized.</param>
    /// <param name="request">The device.</param>
    /// <param name="types">A table with its type and those of <see cref="TestTypes"/>.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void Check(DeviceRealization tried, DeviceRequest request, TypeRegistry types, CaseClasses classes)
    {
        var faults = new Faults();
        MakeClasses(request, types);
        using var machine = Build(types, tried, faults);
        var device = Make(machine, request, tried);
        using var pristine = Build(types, tried, new Faults());
        var twin = Make(pristine, request, tried);
        _ = (DevicePlace.FindBus(machine, device), DevicePlace.FindBus(pristine, twin));
        var (before, structure) = (Dump(machine, device, tried, true), Dump(machine, device, tried, false));
        faults.FailingStep = tried.FailingStep;
        faults.FailingCall = tried.FailingHandler;
        var error = PropertyKit.Check.Caught(() => RealizeIn(machine, device));
        faults.End();
        if (error is not null)
        {
            classes.Add("failed");
            classes.Add("failed after its realize function", faults.FailedAfterRealize);
            PropertyKit.Check.That(error is SimException, $"realize throws something else than a refusal: {error}");
            Compare(before, Dump(machine, device, tried, true), $"what a realize that failed left behind ({error.Message})");
            PropertyKit.Check.That(!device.Realized, "a device that failed is realized");
            error = PropertyKit.Check.Caught(() => RealizeIn(machine, device));
        }

        PropertyKit.Check.Equal(PropertyKit.Check.Caught(() => RealizeIn(pristine, twin))?.Message, error?.Message, "outcome of the second realize");
        Compare(StructuralDump.Of(pristine, true, twin), StructuralDump.Of(machine, true, device), "what differs from a device that never failed");
        if (error is not null)
            return;
        classes.Add("realized");
        CheckUnrealize(machine, device, tried, structure);
    }

    private static void CheckUnrealize(TestMachine machine, Device device, DeviceRealization tried, string before)
    {
        var alive = StructuralDump.Of(machine, false, device);
        Unrealize(device);
        Compare(before, Dump(machine, device, tried, false), "what realize and unrealize left behind");
        RealizeIn(machine, device);
        Compare(alive, StructuralDump.Of(machine, false, device), "what another realize gives");
        device.Unparent();
        device.Unref();
        PropertyKit.Check.That(device.IsFinalized, "somebody holds the device after its end");
    }

    /// <summary>A device that is hot-plugged is reset in its realize, and keeps the power-on State that this gave it.</summary>
    private static string Dump(TestMachine machine, Device device, DeviceRealization tried, bool withArmings)
    {
        var dump = StructuralDump.Of(machine, withArmings, device);
        return tried.Hotplugged ? string.Join('\n', dump.Split('\n').Where(static line => !line.TrimStart().StartsWith("state ", StringComparison.Ordinal))) : dump;
    }

    private static void Compare(string expected, string actual, string what) =>
        PropertyKit.Check.That(expected == actual, $"{what}:\n{StructuralDump.Difference(expected, actual)}");

    /// <summary>A class is made with its first object, which is no business of a realize.</summary>
    private static void MakeClasses(DeviceRequest request, TypeRegistry types)
    {
        using var machine = TestMachine.Create(types);
        var device = DevicePlace.Make(machine.Root, request);
        PropertyKit.Check.Caught(() => RealizeIn(machine, device));
    }

    private static TestMachine Build(TypeRegistry types, DeviceRealization tried, Faults faults)
    {
        var machine = TestMachine.Create(types, observer: faults);
        machine.IsReady = tried.Hotplugged;
        machine.HotplugHandler = faults.Handler;
        return machine;
    }

    private static Device Make(TestMachine machine, DeviceRequest request, DeviceRealization tried)
    {
        var device = DevicePlace.Make(machine.Root, request);
        var properties = device.Properties.Where(static p => p.IsWritable && p.Name != "realized" && !p.Type.StartsWith("link<", StringComparison.Ordinal)).ToList();
        foreach (var (index, chosen) in tried.Settings.Where(_ => properties.Count > 0))
        {
            var property = properties[index % properties.Count];
            var values = PropertyValues.Of(device, property).Where(static v => v.Fits).ToList();
            PropertyKit.Check.Caught(() => device.SetProperty(property.Name, values[chosen % values.Count].Value));
        }

        return device;
    }

    private static void RealizeIn(TestMachine machine, Device device) => Realize(device, DevicePlace.FindBus(machine, device));

    /// <summary>Makes a realize fail: at a step of the flow, or in the hotplug handler.</summary>
    private sealed class Faults : IFlowObserver
    {
        public Faults() => Handler = new HotplugHandlerClass { PrePlug = _ => Count(), Plug = _ => Count() };

        public HotplugHandlerClass Handler { get; }

        public int FailingStep { get; set; } = -1;

        public int FailingCall { get; set; } = -1;

        public bool FailedAfterRealize { get; private set; }

        private int calls;

        public void End() => (FailingStep, FailingCall) = (-1, -1);

        /// <summary>A class that is made half would stay so for the whole process: no fault comes there.</summary>
        public void Enter(string step, string subject, string detail)
        {
            if (step.StartsWith("class_", StringComparison.Ordinal) || FailingStep < 0 || FailingStep-- > 0)
                return;
            End();
            throw new SimException($"The law lets step '{step}' fail.");
        }

        public void Leave(bool failed) { }

        private void Count()
        {
            if (FailingCall < 0 || calls++ < FailingCall)
                return;
            FailedAfterRealize = FailingCall > 0;
            End();
            throw new SimException("The law lets the hotplug handler refuse.");
        }
    }
}
