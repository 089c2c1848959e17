using Sim.Engine.Devices.I2c;
using Sim.Engine.Devices.Pci;
using Sim.Engine.Memory;
using Sim.PropertyKit.Machines;

namespace Sim.PropertyKit.Devices;

/// <summary>What a device has that a script can use.</summary>
internal sealed class DeviceShape
{
    /// <summary>Bytes at the start of each region in which registers are looked for.</summary>
    private const ulong MostProbed = 0x2000;

    private readonly MemoryRegionOps[] operations;

    /// <summary>Looks at a device at power-on.</summary>
    public DeviceShape(DeviceBench bench)
    {
        Regions = [.. bench.Regions.Select(static r => r.Size)];
        operations = [.. bench.Regions.Select(r => bench.Session.Machine.Memory.View.TryFind(r.Start, out var range) ? range.Region.Ops! : throw new InvalidOperationException())];
        Inputs = bench.InputCount;
        IsI2cSlave = bench.Device is I2cSlave;
        HasConsole = bench.Device.FindProperty("chardev") is not null;
        Settings =
        [
            .. bench.Device.Properties
                .Where(static p => p.IsWritable && !p.FixedAfterRealize && p.Name != "realized" && !p.Type.StartsWith("link<", StringComparison.Ordinal))
                .SelectMany(p => PropertyValues.Of(bench.Device, p).Where(static v => v.Fits).Select(v => (p.Name, v.Value))),
        ];
        using var tried = bench.Fresh();
        Registers = [.. Regions.Select((_, region) => FindRegisters(tried, region))];
        BaseAddresses = [.. tried.PciDevices.Select(FindBaseAddresses)];
    }

    /// <summary>Sizes of the regions, bytes.</summary>
    public IReadOnlyList<ulong> Regions { get; }

    /// <summary>Offsets in each region at which a write changes something, as far as all ones, with and without the highest bit, and zeros show it.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Registers { get; }

    /// <summary>Offsets of the base address registers that each PCI device of the machine has.</summary>
    public IReadOnlyList<IReadOnlyList<int>> BaseAddresses { get; }

    /// <summary>True when the device is reached over I2C.</summary>
    public bool IsI2cSlave { get; }

    /// <summary>Number of input lines.</summary>
    public int Inputs { get; }

    /// <summary>True when the device talks to a console.</summary>
    public bool HasConsole { get; }

    /// <summary>Properties that the living device takes, with values that fit.</summary>
    public IReadOnlyList<(string Property, object? Value)> Settings { get; }

    /// <summary>The size of access that a driver would use: a register's.</summary>
    public int UsualSize(int region) => Regions[region] <= 8 ? operations[region].MinImplementedSize
        : Math.Clamp(4, operations[region].MinValidSize, operations[region].MaxValidSize);

    private List<int> FindRegisters(DeviceBench bench, int region)
    {
        var (found, size) = (new List<int>(), UsualSize(region));
        for (var offset = 0; offset + size <= (int)Math.Min(Regions[region], MostProbed); offset += size)
        {
            // The highest bit resets some devices.
            var (at, ones) = ((ulong)offset, ulong.MaxValue >> (64 - (8 * size)));
            if (Changes(ones) | Changes(ones >> 1) | Changes(0))
                found.Add(offset);

            bool Changes(ulong value)
            {
                var before = bench.Session.Digest();
                return Check.Caught(() => bench.Write(at, value, size, region)) is not null || bench.Session.Digest() != before;
            }
        }

        return found;
    }

    private static List<int> FindBaseAddresses(PciDevice device)
    {
        var found = new List<int>();
        for (var offset = PciConfiguration.BaseAddress0; offset < PciConfiguration.BaseAddress0 + (4 * 6); offset += 4)
        {
            device.WriteConfiguration(offset, uint.MaxValue, 4);
            if (device.ReadConfiguration(offset, 4) != 0)
                found.Add(offset);
        }

        return found;
    }
}
