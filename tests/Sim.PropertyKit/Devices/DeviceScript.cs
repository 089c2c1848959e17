using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Devices.Pci;

namespace Sim.PropertyKit.Devices;

/// <summary>What is done with a device in one step: a method of <see cref="DeviceBench"/>.</summary>
public enum DeviceStepKind
{
    /// <summary>Writes registers.</summary>
    Write,

    /// <summary>Reads registers.</summary>
    Read,

    /// <summary>Writes configuration space of a PCI device.</summary>
    Configure,

    /// <summary>Sends and receives over I2C.</summary>
    Transfer,

    /// <summary>Drives an input line.</summary>
    Input,

    /// <summary>Sends text to the console.</summary>
    Type,

    /// <summary>Sets a property of the living device.</summary>
    Set,

    /// <summary>Lets time pass.</summary>
    Advance,

    /// <summary>Resets the machine.</summary>
    Reset,

    /// <summary>Saves the machine and goes on in another one.</summary>
    SaveAndRestore,

    /// <summary>Saves the machine, uses it for something else, and loads it again.</summary>
    Detour,

    /// <summary>Looks at everything.</summary>
    Observe,
}

/// <summary>One step.</summary>
/// <param name="Kind">What is done.</param>
/// <param name="Target">Which region, line or PCI device; number of bytes received by a transfer.</param>
/// <param name="Offset">Offset in the region or in configuration space, bytes; 0 for a transfer that is left under way.</param>
/// <param name="Value">Value, level or ns; the bytes sent by a transfer, the first one lowest.</param>
/// <param name="Size">Bytes of an access; number of bytes sent by a transfer.</param>
/// <param name="Property">Name of a property.</param>
/// <param name="Setting">Its value, or the text to be sent.</param>
public readonly record struct DeviceStep(
    DeviceStepKind Kind, int Target = 0, ulong Offset = 0, ulong Value = 0, int Size = 4, string Property = "", object? Setting = null)
{
    /// <summary>Does the step.</summary>
    /// <returns>The value that was read; null where nothing is.</returns>
    public ulong? Do(DeviceBench bench)
    {
        ArgumentNullException.ThrowIfNull(bench);
        switch (Kind)
        {
            case DeviceStepKind.Write:
                bench.Write(Offset, Value, Size, Target);
                break;
            case DeviceStepKind.Read:
                return bench.Read(Offset, Size, Target);
            case DeviceStepKind.Configure:
                bench.Configure((int)Offset, (uint)Value, Size, Target);
                break;
            case DeviceStepKind.Transfer:
                return bench.Transfer(Sent, Target, Offset != 0).Aggregate(0UL, static (value, octet) => value << 8 | octet);
            case DeviceStepKind.Input:
                bench.Input(Target, Value != 0);
                break;
            case DeviceStepKind.Type:
                bench.Type((string)Setting!);
                break;
            case DeviceStepKind.Set:
                bench.Set(Property, Setting);
                break;
            case DeviceStepKind.Advance:
                bench.Advance((long)Value);
                break;
            case DeviceStepKind.Reset:
                bench.Reset();
                break;
            case DeviceStepKind.SaveAndRestore:
                bench.SaveAndRestore();
                break;
            case DeviceStepKind.Detour:
                bench.Detour();
                break;
            default:
                bench.Observe();
                break;
        }

        return null;
    }

    /// <summary>The step as C# code.</summary>
    public override string ToString() => Kind switch
    {
        DeviceStepKind.Write => string.Create(CultureInfo.InvariantCulture, $"bench.Write(0x{Offset:x}, 0x{Value:x}{Access})"),
        DeviceStepKind.Read => string.Create(CultureInfo.InvariantCulture, $"bench.Read(0x{Offset:x}{Access})"),
        DeviceStepKind.Configure => string.Create(CultureInfo.InvariantCulture, $"bench.Configure(0x{Offset:x}, 0x{Value:x}, {Size}, {Target})"),
        DeviceStepKind.Transfer => string.Create(CultureInfo.InvariantCulture,
            $"bench.Transfer([{string.Join(", ", Sent.Select(static octet => string.Create(CultureInfo.InvariantCulture, $"0x{octet:x}")))}], {Target}, {(Offset != 0 ? "true" : "false")})"),
        DeviceStepKind.Input => string.Create(CultureInfo.InvariantCulture, $"bench.Input({Target}, {(Value != 0 ? "true" : "false")})"),
        DeviceStepKind.Advance => string.Create(CultureInfo.InvariantCulture, $"bench.Advance({Value})"),
        DeviceStepKind.Type => $"bench.Type({Code(Setting)})",
        DeviceStepKind.Set => $"bench.Set(\"{Property}\", {Code(Setting)})",
        _ => $"bench.{Kind}()",
    };

    private byte[] Sent => BitConverter.GetBytes(Value)[..Size];

    private string Access => (Size == 4 ? "" : string.Create(CultureInfo.InvariantCulture, $", size: {Size}"))
        + (Target == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", region: {Target}"));

    private static string Code(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => string.Concat(text.Select(static c => c is < ' ' or > '~' or '"' or '\\' ? $"\\u{(int)c:x4}" : c.ToString())) is var escaped ? $"\"{escaped}\"" : "",
        ulong number => string.Create(CultureInfo.InvariantCulture, $"{number}UL"),
        long number => string.Create(CultureInfo.InvariantCulture, $"{number}L"),
        var other => other.ToString() ?? "",
    };
}

/// <summary>A device and what is done with it.</summary>
/// <param name="Bench">C# code that makes the bench.</param>
/// <param name="Steps">The steps.</param>
/// <param name="Last">What is done at the end in every case of a law; null for nothing.</param>
public sealed record DeviceScript(string Bench, IReadOnlyList<DeviceStep> Steps, DeviceStep? Last = null)
{
    /// <summary>The case as C# code.</summary>
    public override string ToString() =>
        string.Concat(Steps.Concat(Last is { } last ? [last] : []).Select(static step => $"\n{step};").Prepend($"using var bench = {Bench};"));
}

/// <summary>Makes scripts for one device.</summary>
/// <param name="bench">C# code that makes the bench.</param>
/// <param name="shape">What the device has.</param>
internal sealed class DeviceScripts(string bench, DeviceShape shape)
{
    private const int MostSteps = 24;

    /// <summary>Scripts with steps of a further kind among the others, with a shrinker.</summary>
    /// <param name="kind">The kind; null for none.</param>
    /// <param name="last">What is done at the end; null for nothing.</param>
    public Arbitrary<DeviceScript> With(DeviceStepKind? kind, DeviceStep? last) => Arb.From(
        from count in Gen.Choose(1, MostSteps)
        from steps in StepGenerator(kind).ListOf(count)
        select new DeviceScript(bench, [.. steps], last),
        Shrink);

    /// <summary>Smaller scripts.</summary>
    public static IEnumerable<DeviceScript> Shrink(DeviceScript script) =>
        Shrinking.List(script.Steps, ShrinkStep).Select(steps => script with { Steps = steps });

    private Gen<DeviceStep> StepGenerator(DeviceStepKind? kind)
    {
        var choices = new List<(int Weight, Gen<DeviceStep> Step)> { (4, Advances()), (1, Gen.Constant(new DeviceStep(DeviceStepKind.Reset))) };
        if (shape.Regions.Count > 0)
        {
            choices.Add((9, Accesses(DeviceStepKind.Write)));
            choices.Add((5, Accesses(DeviceStepKind.Read)));
        }

        if (shape.BaseAddresses.Count > 0)
            choices.Add((9, Configurations()));
        if (shape.IsI2cSlave)
            choices.Add((9, Transfers()));
        if (shape.Inputs > 0)
            choices.Add((3, from line in Gen.Choose(0, shape.Inputs - 1) from level in Gen.Choose(0, 1) select new DeviceStep(DeviceStepKind.Input, line, Value: (ulong)level)));
        if (shape.HasConsole)
            choices.Add((2, Gen.Elements("x", "Hello\r", "\0\u00ff!", "0123456789abcdefghij").Select(static text => new DeviceStep(DeviceStepKind.Type, Setting: text))));
        if (shape.Settings.Count > 0)
            choices.Add((1, Gen.Elements(shape.Settings.ToArray()).Select(static s => new DeviceStep(DeviceStepKind.Set, Property: s.Property, Setting: s.Value))));
        if (kind is { } further)
            choices.Add((4, Gen.Constant(new DeviceStep(further))));
        return Gen.Frequency(choices);
    }

    /// <summary>From a nanosecond to two seconds, short times as often as long ones.</summary>
    private static Gen<DeviceStep> Advances() =>
        from bits in Gen.Choose(0, 31)
        from fraction in Gen.Choose(0, 255)
        let time = (1L << bits) + (fraction * (1L << bits) / 256)
        select new DeviceStep(DeviceStepKind.Advance, Value: (ulong)time);

    /// <summary>Mostly the command register and base addresses.</summary>
    private Gen<DeviceStep> Configurations() =>
        from device in Gen.Choose(0, shape.BaseAddresses.Count - 1)
        let bars = shape.BaseAddresses[device]
        from step in Gen.Frequency(
            (3, Gen.Choose(0, 7).Select(static bits => Configure(PciConfiguration.Command, (ulong)bits, 2))),
            (bars.Count > 0 ? 3 : 0, from bar in Gen.Elements(bars.DefaultIfEmpty().ToArray()) from place in Gen.Choose(0, 255) select Configure(bar, (ulong)place << 24, 4)),
            (2, from offset in Gen.Choose(0, PciConfiguration.Size - 1) from size in Gen.Elements(1, 2, 4) from value in Values(size) select Configure(offset & -size, value, size)))
        select step with { Target = device };

    private static DeviceStep Configure(int offset, ulong value, int size) => new(DeviceStepKind.Configure, Offset: (ulong)offset, Value: value, Size: size);

    private static Gen<DeviceStep> Transfers() =>
        from first in Gen.Choose(0, 70)
        from more in Gen.Choose(0, int.MaxValue)
        from count in Gen.Choose(0, 4)
        from received in Gen.Choose(0, 8)
        from stops in Gen.Frequency((3, Gen.Constant(1UL)), (1, Gen.Constant(0UL)))
        select new DeviceStep(DeviceStepKind.Transfer, received, stops, ((ulong)(uint)more << 8) | (uint)first, count);

    private Gen<DeviceStep> Accesses(DeviceStepKind kind) =>
        from region in Gen.Choose(0, shape.Regions.Count - 1)
        let bytes = (long)Math.Min(shape.Regions[region], 1 << 20)
        from offset in Gen.Frequency(
            (shape.Registers[region].Count > 0 ? 11 : 0, Gen.Elements(shape.Registers[region].DefaultIfEmpty().ToArray())),
            (5, Gen.Choose(0, (int)Math.Min(bytes - 1, 63)).Select(static o => o & ~3)),
            (2, Gen.Choose(0, (int)Math.Min(bytes - 1, 63))),
            (2, Gen.Choose(0, (int)bytes - 1).Select(static o => o & ~3)),
            (1, Gen.Choose(0, (int)bytes - 1)),
            (1, Gen.Choose(1, 8).Select(back => (int)Math.Max(0, bytes - back))))
        from size in Gen.Frequency((6, Gen.Constant(shape.UsualSize(region))), (3, Gen.Elements(1, 2, 4, 8)))
        from value in kind == DeviceStepKind.Write ? Values(size) : Gen.Constant(0UL)
        select new DeviceStep(kind, region, (ulong)offset, value, size);

    /// <summary>Small numbers, single bits, the highest bit, which often enables, with a small number, and any.</summary>
    private static Gen<ulong> Values(int size)
    {
        var ones = ulong.MaxValue >> (64 - (8 * size));
        return Gen.Frequency(
            (4, Gen.Choose(0, 15).Select(static n => (ulong)n)),
            (2, Gen.Choose(0, (8 * size) - 1).Select(static bit => 1UL << bit)),
            (1, Gen.Choose(0, 31).Select(n => ones - (ones >> 1) + (ulong)n)),
            (1, Gen.Constant(ones)),
            (2, from high in Gen.Choose(0, int.MaxValue) from low in Gen.Choose(0, int.MaxValue) select ((ulong)high << 33 ^ (ulong)low) & ones));
    }

    private static IEnumerable<DeviceStep> ShrinkStep(DeviceStep step)
    {
        if (step.Kind == DeviceStepKind.Advance)
        {
            foreach (var time in Shrinking.Number((long)step.Value, 1))
                yield return step with { Value = (ulong)time };
            yield break;
        }

        if (step.Kind == DeviceStepKind.Transfer && step.Size > 0)
            yield return step with { Size = step.Size - 1 };
        if (step.Kind is not (DeviceStepKind.Write or DeviceStepKind.Configure))
            yield break;
        if (step.Value > 1)
            yield return step with { Value = 1 };
        if ((step.Value & (step.Value - 1)) != 0)
        {
            yield return step with { Value = step.Value & (step.Value - 1) };
            yield return step with { Value = step.Value & ~(1UL << (63 - System.Numerics.BitOperations.LeadingZeroCount(step.Value))) };
        }
    }
}
