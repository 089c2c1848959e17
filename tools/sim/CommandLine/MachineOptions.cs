using System.CommandLine;
using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Boards.Images;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Cli.CommandLine;

/// <summary>The options that say which machine is built. QEMU's spellings are accepted beside ours.</summary>
internal sealed class MachineOptions
{
    public Option<string?> Machine { get; } =
        OptionValues.Value("--machine", "TYPE[,PROP=VAL…]", "Machine type, ppce500 by default, and its properties.", "-M", "-machine");

    public Option<string?> Cpu { get; } = OptionValues.Value("--cpu", "MODEL", "CPU model, such as e500v2.", "-cpu");

    public Option<string?> Smp { get; } = OptionValues.Value("--smp", "N", "Number of CPUs, 1 by default.", "-smp");

    public Option<string?> Memory { get; } =
        OptionValues.Value("--memory", "SIZE", "Guest RAM: 256 or 256M, 1G; 256M by default on the boards.", "-m");

    public Option<string?> Bios { get; } =
        OptionValues.Value("--bios", "FILE|demo", "Firmware: ELF, uImage or the built-in demo; else, without --kernel, installed U-Boot.", "-bios");

    public Option<string?> Kernel { get; } =
        OptionValues.Value("--kernel", "FILE", "Kernel: handed to the firmware, or started itself when there is no --bios.", "-kernel");

    public Option<string?> Initrd { get; } = OptionValues.Value("--initrd", "FILE", "Initial RAM disk.", "-initrd");

    public Option<string?> Append { get; } = OptionValues.Value("--append", "TEXT", "Kernel command line.", "-append");

    public Option<string?> Dtb { get; } = OptionValues.Value("--dtb", "FILE", "Device tree blob in place of the board's own.", "-dtb");

    public Option<string[]> Device { get; } = OptionValues.Values("--device", "TYPE[,PROP=VAL…]", "Adds a device; repeatable.", "-device");

    public Option<string[]> Global { get; } =
        OptionValues.Values("--global", "TYPE.PROP=VAL", "Value of a property for every new object of a type; repeatable.", "-global");

    public Option<string[]> Serial { get; } = OptionValues.Values("--serial", "stdio|null|file:PATH",
        "Where a serial port leads, stdio by default; a second one makes the second port.", "-serial");

    public Option<string?> Schedule { get; } =
        OptionValues.Value("--schedule", "POLICY", "How vCPUs take turns: round-robin (default) or random:SEED.");

    public Option<string?> Quantum { get; } =
        OptionValues.Value("--quantum", "NS", "Length of a scheduling frame in virtual ns, 20000 by default.");

    public Option<string?> IcountShift { get; } =
        OptionValues.Value("--icount-shift", "N", "One instruction takes 2^N ns of virtual time, 0 to 10, 1 by default.");

    public Option<string?> Seed { get; } =
        OptionValues.Value("--seed", "N", "Decides every random value that the machine gives the guest, 0 by default.");

    public Option<string?> RtcBase { get; } =
        OptionValues.Value("--rtc-base", "ISO|now", "The guest's clock at power-on, 2026-01-01T00:00:00 (UTC) by default.");

    public Option<string[]> Plugin { get; } =
        OptionValues.Values("--plugin", "DLL", "Loads device types from a .NET assembly; repeatable.");

    /// <summary>All of them, in the order of the help.</summary>
    public IReadOnlyList<Option> All =>
        [Machine, Cpu, Smp, Memory, Bios, Kernel, Initrd, Append, Dtb, Device, Global, Serial, Schedule, Quantum, IcountShift, Seed,
            RtcBase, Plugin];

    /// <summary>Where the serial ports lead, in order; <c>stdio</c> when the command line says nothing.</summary>
    public IReadOnlyList<string> Serials(ParseResult result) => result.GetValue(Serial) is { Length: > 0 } given ? given : ["stdio"];

    /// <summary>Where the serial ports of a saved machine lead: by default the first one to stdio.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="count">Serial ports that the machine has.</param>
    /// <param name="file">Name of its file, for messages.</param>
    /// <exception cref="SimException">The command line has another number of them.</exception>
    public IReadOnlyList<string> Serials(ParseResult result, int count, string file)
    {
        if (result.GetValue(Serial) is not { Length: > 0 } given)
            return [.. Enumerable.Range(0, Math.Clamp(count, 0, 255)).Select(static index => index == 0 ? "stdio" : "null")];
        return given.Length == count
            ? given
            : throw new SimException(FormattableString.Invariant(
                $"--serial is given {given.Length} times; the machine in {file} has {count} serial ports with a backend."));
    }

    /// <summary>The configuration that the command line describes. Its files have been read.</summary>
    /// <exception cref="SimException">A value is wrong or a file cannot be read.</exception>
    public MachineConfiguration Read(ParseResult result) => Read(result, new MachineConfiguration());

    /// <summary>A configuration with what the command line says in place of what it says there.</summary>
    /// <exception cref="SimException">A value is wrong or a file cannot be read.</exception>
    public MachineConfiguration Read(ParseResult result, MachineConfiguration defaults)
    {
        var (machine, properties) =
            result.GetValue(Machine) is { } text ? KeyValueText.Parse("--machine", text, "type") : (defaults.Machine, defaults.MachineProperties);
        return new MachineConfiguration
        {
            Machine = machine,
            MachineProperties = properties,
            Cpu = result.GetValue(Cpu) ?? defaults.Cpu,
            Smp = result.GetValue(Smp) is { } smp ? CpuCount(smp) : defaults.Smp,
            Memory = result.GetValue(Memory) is { } memory ? MachineConfiguration.ParseMemorySize(memory) : defaults.Memory,
            Bios = (result.GetValue(Bios) == "demo" ? Running.Firmware.DemoImage() : Image(result, Bios, "firmware")) ?? defaults.Bios,
            Kernel = Image(result, Kernel, "kernel") ?? defaults.Kernel,
            Initrd = Image(result, Initrd, "initial RAM disk") ?? defaults.Initrd,
            Dtb = Image(result, Dtb, "device tree") ?? defaults.Dtb,
            Append = result.GetValue(Append) ?? defaults.Append,
            Devices = result.GetValue(Device) is { Length: > 0 } devices ? [.. devices.Select(DeviceOf)] : defaults.Devices,
            Globals = result.GetValue(Global) is { Length: > 0 } globals ? [.. globals.Select(GlobalOf)] : defaults.Globals,
            Serials = result.GetValue(Serial) is { Length: > 0 } serials ? serials.Length : defaults.Serials,
            Scheduler = ReadScheduler(result, defaults.Scheduler),
            Seed = result.GetValue(Seed) is { } seed ? OptionValues.Number("--seed", seed, 0, ulong.MaxValue) : defaults.Seed,
            RtcBase = result.GetValue(RtcBase) is { } start ? ReadRtcBase(start) : defaults.RtcBase,
        };
    }

    private SchedulerOptions ReadScheduler(ParseResult result, SchedulerOptions options)
    {
        if (result.GetValue(Schedule) is { } policy)
            options = options with { Policy = SchedulePolicy.Parse(policy) };
        if (result.GetValue(Quantum) is { } quantum)
            options = options with { Quantum = (long)OptionValues.Number("--quantum", quantum, 1, VirtualTime.Second) };
        if (result.GetValue(IcountShift) is { } shift)
            options = options with { Shift = (int)OptionValues.Number("--icount-shift", shift, 0, 10) };
        options.Validate();
        return options;
    }

    private static int CpuCount(string text)
    {
        var digits = text.StartsWith("cpus=", StringComparison.Ordinal) ? text[5..] : text;
        return int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count)
            ? count
            : throw new SimException($"--smp '{text}' is not a number of CPUs.");
    }

    private static GuestImage? Image(ParseResult result, Option<string?> option, string role) =>
        result.GetValue(option) is { } path ? ImageFile.Read(path, role) : null;

    private static DeviceRequest DeviceOf(string text)
    {
        var (type, properties) = KeyValueText.Parse("--device", text, "driver");
        return new DeviceRequest(type, properties);
    }

    private static GlobalProperty GlobalOf(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var dot = equals < 0 ? -1 : text.LastIndexOf('.', equals);
        if (dot <= 0 || dot + 1 == equals)
            throw new SimException($"--global {text}: expected TYPE.PROP=VAL.");
        return new GlobalProperty(text[..dot], text[(dot + 1)..equals], text[(equals + 1)..]);
    }

    /// <summary>"now" is the one place where the host's clock enters a run: the value becomes part of the configuration.</summary>
    private static long ReadRtcBase(string text)
    {
        if (text == "now")
            return DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        string[] forms = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd' 'HH:mm:ss"];
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, Utc, out var moment)
            ? moment.ToUnixTimeSeconds()
            : throw new SimException($"--rtc-base '{text}' is no date: expected now, or UTC such as 2026-01-31 or 2026-01-31T12:00:00.");
    }
}
