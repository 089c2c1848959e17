using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Qom;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Qdev;
using Sim.Snapshots;

namespace Sim.PropertyKit.Devices;

/// <summary>What was seen of a device after a step.</summary>
/// <param name="Step">The step.</param>
/// <param name="Saw">What it gave: a value read, changes of lines, what was printed, a refusal.</param>
/// <param name="Digest">Of the whole machine.</param>
/// <param name="State">All saved state.</param>
/// <param name="Properties">The device's properties with their values.</param>
/// <param name="Map">The memory regions of the machine.</param>
/// <param name="Types">The machine's types.</param>
internal sealed record DeviceMoment(DeviceStep Step, string Saw, UInt128 Digest, IReadOnlyList<StateSection> State, string Properties, string Map, TypeRegistry Types);

/// <summary>Carries out scripts and compares what they give.</summary>
internal static class DeviceRun
{
    private const int MostDifferences = 4;

    /// <summary>Does all steps but those of a kind.</summary>
    public static List<DeviceMoment> All(DeviceBench bench, IEnumerable<DeviceStep> steps, DeviceStepKind? without = null) =>
        [.. steps.Where(step => step.Kind != without).Select(step => Do(bench, step))];

    /// <summary>Does a step.</summary>
    public static DeviceMoment Do(DeviceBench bench, DeviceStep step)
    {
        var saw = "";
        try
        {
            if (step.Do(bench) is { } value)
                saw = string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");
        }
        catch (SimException error) when (step.Kind == DeviceStepKind.Set)
        {
            saw = error.Message;
        }
        catch (Exception error) when (error is not (OutOfMemoryException or CheckFailedException))
        {
            throw new CheckFailedException($"{step} throws {error.GetType().Name}: {error.Message}", error);
        }

        return Look(bench, step, $"{saw} {bench.TakeEvents()}".Trim());
    }

    /// <summary>The moment as it is, after a step.</summary>
    public static DeviceMoment Look(DeviceBench bench, DeviceStep step, string saw)
    {
        var machine = bench.Session.Machine;
        DeviceModel.CheckLines([.. DevicePlace.Tree(machine)], []);
        return new(step, saw, bench.Session.Digest(), StateSections.Collect(machine), Properties(bench), StructuralDump.MemoryMap(machine), machine.Root.Registry);
    }

    /// <summary>Compares two runs, of which the second has further steps of a kind, which may give nothing.</summary>
    /// <param name="expected">The first run.</param>
    /// <param name="actual">The second one.</param>
    /// <param name="further">The kind; null for none.</param>
    /// <param name="what">Says what is expected of the second run, for messages.</param>
    public static void Compare(IReadOnlyList<DeviceMoment> expected, IReadOnlyList<DeviceMoment> actual, DeviceStepKind? further, string what)
    {
        var at = 0;
        foreach (var moment in actual)
        {
            if (moment.Step.Kind == further)
            {
                Check.That(moment.Saw.Length == 0, $"{moment.Step} must do nothing, and there it is: {moment.Saw}");
                if (at > 0)
                    CompareState(expected[at - 1], moment, what);
                continue;
            }

            var other = expected[at++];
            Check.That(moment.Saw == other.Saw, $"{moment.Step} gives {Text(moment.Saw)}; {what} gives {Text(other.Saw)}.");
            CompareState(other, moment, what);
        }
    }

    /// <summary>Compares the state of two machines.</summary>
    public static void CompareState(DeviceMoment expected, DeviceMoment actual, string what)
    {
        if (expected.Properties != actual.Properties)
            throw new CheckFailedException($"After {actual.Step} the properties differ from those of {what}: {actual.Properties}; expected {expected.Properties}.");
        CompareMaps(expected, actual, what);
        if (expected.Digest == actual.Digest)
            return;
        CompareSections(expected.State, actual.State, actual, what);
        throw new CheckFailedException($"After {actual.Step} the RAM differs from that of {what}.");
    }

    /// <summary>Compares the memory maps of two machines.</summary>
    public static void CompareMaps(DeviceMoment expected, DeviceMoment actual, string what) => Check.That(
        expected.Map == actual.Map, $"After {actual.Step} the memory map differs from that of {what}:\n{StructuralDump.Difference(expected.Map, actual.Map)}");

    /// <summary>Compares sections of state, field by field.</summary>
    public static void CompareSections(IEnumerable<StateSection> expected, IEnumerable<StateSection> actual, DeviceMoment moment, string what)
    {
        var differences = Differences(expected, actual, moment.Types);
        Check.That(differences.Length == 0, $"After {moment.Step} the state differs from that of {what}:{differences}");
    }

    /// <summary>The fields in which sections of state differ, one line each; empty when they do not.</summary>
    public static string Differences(IEnumerable<StateSection> expected, IEnumerable<StateSection> actual, TypeRegistry types)
    {
        var found = SnapshotComparison.CompareSections(expected, actual, types).ToList();
        var lines = found.Take(MostDifferences).Select(static d => $"\n  {d.Where} {d.What}: {d.Second}; expected {d.First}");
        return string.Concat(lines) + (found.Count > MostDifferences ? "\n  ..." : "");
    }

    private static string Text(string saw) => saw.Length == 0 ? "nothing" : saw;

    private static string Properties(DeviceBench bench) => string.Join(", ", bench.Device.Properties
        .Where(static p => !p.Type.StartsWith("link<", StringComparison.Ordinal) && !p.Type.StartsWith("child<", StringComparison.Ordinal))
        .Select(p => $"{p.Name}={p.Print(bench.Device)}"));
}
