using System.CommandLine;
using System.Globalization;
using Sim.Cli.Gdb;
using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Cli.CommandLine;

/// <summary>The options that say how a machine is run and where the run ends.</summary>
internal sealed class RunOptions
{
    public Option<string?> Script { get; } = OptionValues.Value("--script", "FILE",
        "Talks to the first console: lines 'expect TEXT', 'send TEXT', 'save FILE', 'quit', with C escapes; stdin is then not read.");

    public Option<string?> UntilOutput { get; } =
        OptionValues.Value("--until-output", "TEXT", "Ends the run when the first console has printed this; C escapes.");

    public Option<string?> UntilTime { get; } =
        OptionValues.Value("--until-time", "TIME", "Ends the run at a virtual time: 2.5s, 100ms, 64ns.");

    public Option<string?> UntilIcount { get; } =
        OptionValues.Value("--until-icount", "N|CPU:N", "Ends the run when all vCPUs together, or one, have executed N instructions.");

    public Option<string?> Save { get; } = OptionValues.Value("--save", "FILE.simsnap",
        "Saves a snapshot where the run ends, for 'sim restore'; an old file of that name is replaced.");

    public Option<bool> NoEmbed { get; } = OptionValues.Flag("--no-embed",
        "Snapshots keep checksums of firmware, kernel and initrd instead of their contents; a restore then needs the files.");

    public Option<string?> Pace { get; } =
        OptionValues.Value("--pace", "real|max", "Keep to the host's clock (default at a terminal) or run as fast as possible.");

    public Option<bool> Progress { get; } =
        OptionValues.Flag("--progress", "Shows virtual time and speed while running, when stderr is a terminal.");

    public Option<string?> HostTimeout { get; } =
        OptionValues.Value("--host-timeout", "SECONDS", "Ends the run after this time of the host's clock, with exit code 5.");

    public Option<bool> Stats { get; } = OptionValues.Flag("--stats",
        "Prints at the end what each vCPU did: instructions, exceptions, TLB misses, interrupts, idle share; and accesses to registers.");

    public Option<string?> Log { get; } = OptionValues.Value("--log", "CATEGORIES",
        "Traces the guest: int, mmio, exec, tlb, unimp, guest_errors, separated by commas; to stderr or --log-file.");

    public Option<string?> LogFile { get; } = OptionValues.Value("--log-file", "FILE", "Where the trace goes.");

    public Option<string?> LogRange { get; } =
        OptionValues.Value("--log-range", "A-B", "Traces exec only for program counters from A to B, hexadecimal.");

    public Option<string?> Gdb { get; } = OptionValues.Value("--gdb", "PORT",
        "Lets gdb connect at a port (HOST:PORT; the loopback address without HOST), at any time; it stops the machine.", "-gdb");

    public Option<bool> GdbDefault { get; } = OptionValues.Flag("-s", "Short for --gdb 1234.");

    public Option<bool> GdbWait { get; } = OptionValues.Flag("-S", "Waits for gdb before the first instruction.");

    public IReadOnlyList<Option> All =>
    [
        Script, UntilOutput, UntilTime, UntilIcount, Save, NoEmbed, Pace, Progress, HostTimeout, Stats, Log, LogFile, LogRange, Gdb, GdbDefault,
        GdbWait,
    ];

    /// <summary>Those that make sense for a run whose input and end are recorded.</summary>
    public IReadOnlyList<Option> ForReplay =>
        [Save, NoEmbed, Pace, Progress, HostTimeout, Stats, Log, LogFile, LogRange, Gdb, GdbDefault, GdbWait];

    /// <summary>What the command line says, checked.</summary>
    /// <exception cref="SimException">A value is wrong or the script cannot be read.</exception>
    public RunSettings Read(ParseResult result) => new()
    {
        Script = result.GetValue(Script) is { } path ? ReadScript(path) : null,
        Limits = new RunLimits { Output = ReadOutput(result.GetValue(UntilOutput)), Stop = ReadStop(result) },
        Save = result.GetValue(Save) is { } save ? CheckFolder(save) : null,
        EmbedImages = !result.GetValue(NoEmbed),
        Pace = result.GetValue(Pace) is { } pace ? OptionValues.OneOf("--pace", pace, "real", "max") : null,
        Progress = result.GetValue(Progress),
        HostTimeout = result.GetValue(HostTimeout) is { } seconds ? ReadSeconds(seconds) : null,
        Stats = result.GetValue(Stats),
        Log = ReadLog(result),
        Gdb = ReadGdb(result),
    };

    private StopCondition ReadStop(ParseResult result)
    {
        var stop = StopCondition.None;
        if (result.GetValue(UntilTime) is { } time)
            stop = stop with { Time = VirtualTime.Parse(time, "--until-time") };
        if (result.GetValue(UntilIcount) is not { } icount)
            return stop;
        var colon = icount.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return stop with { Instructions = Count(icount) };
        var vcpu = (int)OptionValues.Number("--until-icount CPU", icount[..colon], 0, 255);
        return stop with { Vcpu = vcpu, VcpuInstructions = Count(icount[(colon + 1)..]) };
    }

    private static long Count(string text) => (long)OptionValues.Number("--until-icount", text, 0, long.MaxValue - 1);

    private static string? ReadOutput(string? text)
    {
        if (text is null)
            return null;
        try
        {
            _ = new OutputMatcher(Engine.Session.Script.Encode(text));
            return text;
        }
        catch (SimException error)
        {
            throw new SimException($"--until-output '{text}': {error.Message}", error);
        }
    }

    private static Script ReadScript(string path)
    {
        try
        {
            return Engine.Session.Script.Parse(path, File.ReadAllText(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SimException($"--script {path}: the file cannot be read ({error.Message.TrimEnd('.')}).", SimErrorKind.Guest, error);
        }
    }

    /// <summary>A folder that is missing is told before the run, not after it.</summary>
    private static string CheckFolder(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder)
        ? throw new SimException($"--save {path}: the folder {folder} does not exist.")
        : path;

    private static TimeSpan ReadSeconds(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > 0 and < 4_000_000
            ? TimeSpan.FromSeconds(seconds)
            : throw new SimException($"--host-timeout '{text}' is not possible: expected seconds, more than 0 and less than 4000000.");

    private GdbSettings? ReadGdb(ParseResult result)
    {
        var port = result.GetValue(Gdb);
        var waits = result.GetValue(GdbWait);
        if (port is null && !result.GetValue(GdbDefault))
            return waits ? throw new SimException("-S waits for a debugger: it needs -s or --gdb PORT.") : null;
        return new GdbSettings(GdbSettings.Parse(port ?? GdbSettings.DefaultPort.ToString(CultureInfo.InvariantCulture)), waits);
    }

    private LogSettings? ReadLog(ParseResult result)
    {
        var file = result.GetValue(LogFile);
        var range = result.GetValue(LogRange);
        if (result.GetValue(Log) is not { } categories)
        {
            return file is null && range is null
                ? null
                : throw new SimException($"{(file is null ? "--log-range" : "--log-file")} needs --log CATEGORIES.");
        }

        var (first, last) = range is null ? (0UL, ulong.MaxValue) : ReadRange(range);
        return new LogSettings(ReadCategories(categories), file, first, last);
    }

    private static LogCategories ReadCategories(string text)
    {
        var names = LogSettings.Names;
        var all = LogCategories.None;
        foreach (var name in text.Split(','))
        {
            all |= names.TryGetValue(name, out var category)
                ? category
                : throw new SimException(
                    $"--log '{name}' is no category: expected {string.Join(", ", names.Keys)}.{Nearest.Hint(name, names.Keys)}");
        }

        return all;
    }

    private static (ulong First, ulong Last) ReadRange(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash > 0 && Hex(text[..dash]) is { } first && Hex(text[(dash + 1)..]) is { } last && first <= last)
            return (first, last);
        throw new SimException($"--log-range '{text}' is no range: expected two hexadecimal addresses, such as f00000-f01fff.");
    }

    private static ulong? Hex(string text)
    {
        var digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}

/// <summary>The run options, read.</summary>
internal sealed record RunSettings
{
    public Script? Script { get; init; }

    public RunLimits Limits { get; init; } = RunLimits.None;

    /// <summary>Where a snapshot goes at the end; null for nowhere.</summary>
    public string? Save { get; init; }

    /// <summary>Whether snapshots hold the images.</summary>
    public bool EmbedImages { get; init; } = true;

    /// <summary>real, max, or null for the default.</summary>
    public string? Pace { get; init; }

    public bool Progress { get; init; }

    public TimeSpan? HostTimeout { get; init; }

    public bool Stats { get; init; }

    public LogSettings? Log { get; init; }

    /// <summary>Where gdb connects; null for nowhere.</summary>
    public GdbSettings? Gdb { get; init; }
}

/// <summary>What is traced, and where to.</summary>
/// <param name="Categories">The categories.</param>
/// <param name="File">Path; null for standard error.</param>
/// <param name="First">First program counter of exec lines.</param>
/// <param name="Last">Last one.</param>
internal sealed record LogSettings(LogCategories Categories, string? File, ulong First, ulong Last)
{
    /// <summary>The categories by the names of <c>--log</c>.</summary>
    public static IReadOnlyDictionary<string, LogCategories> Names { get; } = new Dictionary<string, LogCategories>
    {
        ["int"] = LogCategories.Int,
        ["mmio"] = LogCategories.Mmio,
        ["exec"] = LogCategories.Exec,
        ["tlb"] = LogCategories.Tlb,
        ["unimp"] = LogCategories.Unimp,
        ["guest_errors"] = LogCategories.GuestErrors,
    };
}
