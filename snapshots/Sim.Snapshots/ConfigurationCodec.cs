using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Snapshots;

/// <summary>A machine's configuration as files keep it.</summary>
public static class ConfigurationCodec
{
    /// <summary>The images of a configuration with their roles, in the order in which files keep them.</summary>
    public static IEnumerable<(string Role, GuestImage Image)> Images(MachineConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var images = new (string Role, GuestImage? Image)[]
        {
            ("bios", configuration.Bios), ("kernel", configuration.Kernel), ("initrd", configuration.Initrd), ("dtb", configuration.Dtb),
        };
        return images.Where(static pair => pair.Image is not null).Select(static pair => (pair.Role, pair.Image!));
    }

    /// <summary>What files keep of a configuration, images apart.</summary>
    public static ConfigurationRecord ToRecord(MachineConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return new ConfigurationRecord
        {
            Machine = configuration.Machine,
            MachineProperties = Values(configuration.MachineProperties),
            Cpu = configuration.Cpu,
            Smp = configuration.Smp,
            Memory = configuration.Memory,
            Append = configuration.Append,
            Devices = [.. configuration.Devices.Select(static d => new DeviceRecord { Type = d.Type, Properties = Values(d.Properties) })],
            Globals = [.. configuration.Globals.Select(static g => (string[])[g.Driver, g.Property, g.Value])],
            Serials = configuration.Serials,
            Schedule = configuration.Scheduler.Policy.ToString(),
            Quantum = configuration.Scheduler.Quantum,
            Shift = configuration.Scheduler.Shift,
            Seed = configuration.Seed,
            RtcBase = configuration.RtcBase,
        };
    }

    /// <summary>The configuration that a record describes.</summary>
    /// <param name="record">The record.</param>
    /// <param name="images">The images by role.</param>
    /// <exception cref="SimException">The record is not complete, or a value is out of range.</exception>
    public static MachineConfiguration ToConfiguration(ConfigurationRecord record, IReadOnlyDictionary<string, GuestImage> images)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(images);
        Require(record.Machine is not null && record.Append is not null && record.Schedule is not null && record.Devices is not null, "is not complete");
        Require(record.Globals?.All(static g => g is { Length: 3 } && g.All(static text => text is not null)) == true, "has a global without value");
        Require(record.Devices!.All(static d => d?.Type is not null), "has a device without type");
        var configuration = new MachineConfiguration
        {
            Machine = record.Machine!,
            MachineProperties = Pairs(record.MachineProperties),
            Cpu = record.Cpu,
            Smp = record.Smp,
            Memory = record.Memory,
            Bios = images.GetValueOrDefault("bios"),
            Kernel = images.GetValueOrDefault("kernel"),
            Initrd = images.GetValueOrDefault("initrd"),
            Dtb = images.GetValueOrDefault("dtb"),
            Append = record.Append!,
            Devices = [.. record.Devices!.Select(static d => new DeviceRequest(d.Type, Pairs(d.Properties)))],
            Globals = [.. record.Globals!.Select(static g => new GlobalProperty(g[0], g[1], g[2]))],
            Serials = record.Serials,
            Scheduler = new SchedulerOptions
            {
                Policy = SchedulePolicy.Parse(record.Schedule!),
                Quantum = record.Quantum,
                Shift = record.Shift,
            },
            Seed = record.Seed,
            RtcBase = record.RtcBase,
        };
        configuration.Scheduler.Validate();
        return configuration;
    }

    private static NamedValue[] Values(IEnumerable<KeyValuePair<string, string>> pairs) =>
        [.. pairs.Select(static p => new NamedValue { Name = p.Key, Value = p.Value })];

    private static KeyValuePair<string, string>[] Pairs(NamedValue[]? values)
    {
        Require(values?.All(static v => v?.Name is not null && v.Value is not null) == true, "has a property without name or value");
        return [.. values!.Select(static v => new KeyValuePair<string, string>(v.Name, v.Value))];
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
            throw new SimException($"The configuration {what}.", SimErrorKind.Guest);
    }
}
