using Sim.Engine.Memory;
using Sim.PropertyKit.Machines;

namespace Sim.PropertyKit.Devices;

/// <summary>What a device has that a script can use.</summary>
internal sealed class DeviceShape
{
    private readonly MemoryRegionOps[] operations;

    /// <summary>Looks at a device at power-on.</summary>
    public DeviceShape(DeviceBench bench)
    {
        Regions = [.. bench.Regions.Select(static r => r.Size)];
        operations = [.. bench.Regions.Select(r => bench.Session.Machine.Memory.View.TryFind(r.Start, out var range) ? range.Region.Ops! : throw new InvalidOperationException())];
        Inputs = bench.InputCount;
        HasConsole = bench.Device.FindProperty("chardev") is not null;
        Settings =
        [
            .. bench.Device.Properties
                .Where(static p => p.IsWritable && !p.FixedAfterRealize && p.Name != "realized" && !p.Type.StartsWith("link<", StringComparison.Ordinal))
                .SelectMany(p => PropertyValues.Of(bench.Device, p).Where(static v => v.Fits).Select(v => (p.Name, v.Value))),
        ];
    }

    /// <summary>Sizes of the regions, bytes.</summary>
    public IReadOnlyList<ulong> Regions { get; }

    /// <summary>Number of input lines.</summary>
    public int Inputs { get; }

    /// <summary>True when the device talks to a console.</summary>
    public bool HasConsole { get; }

    /// <summary>Properties that the living device takes, with values that fit.</summary>
    public IReadOnlyList<(string Property, object? Value)> Settings { get; }

    /// <summary>The size of access that a driver would use: a register's.</summary>
    public int UsualSize(int region) => Regions[region] <= 8 ? operations[region].MinImplementedSize
        : Math.Clamp(4, operations[region].MinValidSize, operations[region].MaxValidSize);
}
