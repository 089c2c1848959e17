using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sim.Bench;
using Sim.Cli.Checking;
using Sim.Cli.CommandLine;
using Sim.Cli.Guests;
using Sim.Cli.Views;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.PropertyKit;

namespace Sim.Cli.Commands;

/// <summary><c>sim bench</c>: how fast this simulator is on this host.</summary>
internal sealed class BenchCommand(CommandHost host, LawSource source, Option<string?> format)
{
    private const string Check = "check";

    private static readonly IReadOnlyList<string> Self = ["dotnet", typeof(BenchCommand).Assembly.Location];

    private static readonly IReadOnlyList<Benchmark> Benchmarks =
    [
        .. Workload.All.Select(static workload => new Benchmark(workload.Name, options => [GuestBenchmark.Run(workload, options)])),
        new("machines", InstantiationBenchmark.Machines),
        new("objects", static options => [InstantiationBenchmark.Devices(options), InstantiationBenchmark.Objects(options)]),
        new("start", static options => [StartBenchmark.FirstInstruction(Self, options)]),
        new("boot", static options => BootBenchmark.Run(Self, Images(options), options)) { OnlyWhenNamed = true },
        new("snapshot", MeasureSnapshots) { OnlyWhenNamed = true },
        new("replay", MeasureReplay) { OnlyWhenNamed = true },
    ];

    private readonly Argument<string[]> names = new("name")
    {
        Arity = ArgumentArity.ZeroOrMore,
        Description = "What to measure: the workloads " + string.Join(", ", Workload.All.Select(static workload => workload.Name))
            + "; machines and objects (made per second); start (time to the first guest instruction); boot (time of U-Boot, Linux and its "
            + "workload, 'sim guests install linux'); snapshot (of Linux at its shell: time and size, in a file and in memory); "
            + "replay (of a Linux boot: cost of recording and replaying, size of the journal; against QEMU also the times of both, on one CPU); "
            + "check (cases per second of each law of 'sim check', generated, run and checked in one process that has warmed up, and machines and objects). "
            + "Without a name all but the last four.",
    };

    private readonly Option<string[]> law = OptionValues.Values("--law", "NAME|GROUP",
        "Only this law, or the laws of this group; can be given several times. Not given: all but those that boot Linux for each case, which takes up to a minute.");
    private readonly Option<string?> seconds =
        OptionValues.Value("--seconds", "S", "How long each law is measured, 0.01 to 3600, warming up aside; 1 when not given.");
    private readonly Option<bool> againstQemu =
        OptionValues.Flag("--against-qemu", "Runs the same on qemu-system-ppc with -icount shift=1,sleep=off, and shows the ratio.");
    private readonly Option<bool> quick =
        OptionValues.Flag("--quick",
            "Measures just enough to show that everything works; the figures mean little. Boots to U-Boot's prompt.");

    public SimCommand Create()
    {
        var command = new SimCommand(
            "bench",
            "Measures how fast this host simulates. Guest MIPS on bare-metal workloads, machines and objects made per second, the time to "
            + "the first guest instruction, that of a Linux boot, and how many cases of a law are tried per second; run a release build of it on an idle host.",
            Execute,
            "sim bench --quick",
            "sim bench boot --against-qemu",
            "sim bench integer memory --against-qemu --format json",
            "sim bench check --law qom --seconds 1") { names };
        return command.With("Options", againstQemu, quick, format).With($"Options of '{Check}'", law, seconds);
    }

    private int Execute(ParseResult result)
    {
        var asJson = OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json") == "json";
        var options = new BenchmarkOptions(result.GetValue(quick), result.GetValue(againstQemu));
        var chosen = Choose(result.GetValue(names) ?? [], [.. Benchmarks, LawsOf(result)]);
        if (options.AgainstQemu && !QemuReference.IsInstalled)
            throw new SimException(
                $"--against-qemu: {QemuReference.Program} is not installed (Debian: sudo apt-get install {QemuReference.Program}).");
        var measured = new List<Measurement>();
        foreach (var measurement in chosen.SelectMany(benchmark => benchmark.Run(options)))
        {
            measured.Add(measurement);
            if (!asJson)
                host.Print(Line(measurement));
        }

        if (asJson)
            host.Print(JsonText.Of(writer => Write(writer, measured)));
        return ExitCodes.Done;
    }

    /// <summary>The benchmarks of these names, each once, in the order in which they are known.</summary>
    private static List<Benchmark> Choose(string[] names, IReadOnlyList<Benchmark> all)
    {
        foreach (var name in names)
        {
            var known = all.Select(static benchmark => benchmark.Name).ToList();
            if (!known.Contains(name))
                throw new SimException($"Unknown benchmark '{name}'; known are {string.Join(", ", known)}.{Nearest.Hint(name, known)}");
        }

        return [.. all.Where(benchmark => names.Length == 0 ? !benchmark.OnlyWhenNamed : names.Contains(benchmark.Name))];
    }

    /// <summary>The laws, and the machines and devices that they make, with the options that are about them.</summary>
    private Benchmark LawsOf(ParseResult result)
    {
        var wanted = result.GetValue(law) ?? [];
        var given = result.GetValue(seconds);
        var named = result.GetValue(names)?.Contains(Check) == true;
        if (!named && (wanted.Length > 0 || given is not null))
            throw new SimException($"{(wanted.Length > 0 ? law.Name : seconds.Name)} is about laws: 'sim bench {Check}' measures them.");
        var time = TimeSpan.FromSeconds(given is null ? 1 : Seconds(given));
        var laws = named ? source.Laws.Choose(wanted).Where(law => wanted.Length > 0 || law.Sample.Runs >= LawBenchmark.FewestCases) : [];
        return new Benchmark(Check, options => MeasureLaws(laws, options.Small ? TimeSpan.Zero : time)
            .Concat(InstantiationBenchmark.Machines(options)).Append(InstantiationBenchmark.Devices(options)))
        { OnlyWhenNamed = true };
    }

    private IEnumerable<Measurement> MeasureLaws(IEnumerable<NamedLaw> laws, TimeSpan time)
    {
        foreach (var tried in laws)
        {
            if (tried.Missing() is { } missing)
                host.Say($"Law {tried.Name} is not run: {missing}");
            else
                yield return LawBenchmark.Run(tried, time);
        }
    }

    private static double Seconds(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value is >= 0.01 and <= 3600
            ? value
            : throw new SimException($"--seconds '{text}' is not possible: expected a number from 0.01 to 3600.");

    private static IReadOnlyList<Measurement> MeasureSnapshots(BenchmarkOptions options)
    {
        if (options.Small)
        {
            var workload = new MachineConfiguration { Bios = new GuestImage("memory", Workload.All[0].Image(1)) };
            return [.. SnapshotBenchmark.Run(Self, workload, null, options)];
        }

        var linux = GuestCache.OfUser().FindLinux()
            ?? throw new SimException("bench snapshot: Linux is not installed; 'sim guests install linux' does that.", SimErrorKind.Guest);
        var machine = new MachineConfiguration { Kernel = linux.Kernel, Initrd = linux.Initrd, Append = "console=ttyS0 rdinit=/init" };
        return [.. SnapshotBenchmark.Run(Self, machine, "sim# ", options)];
    }

    private static IReadOnlyList<Measurement> MeasureReplay(BenchmarkOptions options)
    {
        if (options.Small)
            return MeasureReplayOfDemo(options);
        var images = Images(options);
        var linux = GuestCache.OfUser().FindLinux()!;
        var machine = new MachineConfiguration
        {
            Bios = GuestCache.OfUser().FindUBoot(),
            Kernel = linux.Kernel,
            Initrd = linux.Initrd,
            Append = "console=ttyS0 rdinit=/init sim.workload sim.poweroff",
        };
        return [.. ReplayBenchmark.Run(Self, machine, images, "sim: workload done", options)];
    }

    private static IReadOnlyList<Measurement> MeasureReplayOfDemo(BenchmarkOptions options)
    {
        var machine = Running.Firmware.Demo();
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, machine.Bios!.Bytes.Span);
            return [.. ReplayBenchmark.Run(Self, machine, new BootImages(file, null, null), "All counts agree.", options)];
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static BootImages Images(BenchmarkOptions options)
    {
        var cache = GuestCache.OfUser();
        var firmware = cache.FindUBoot()
            ?? throw new SimException("bench boot: U-Boot is not installed; 'sim guests install u-boot' does that.", SimErrorKind.Guest);
        if (options.Small)
            return new BootImages(firmware.Name, null, null);
        var linux = cache.FindLinux()
            ?? throw new SimException("bench boot: Linux is not installed; 'sim guests install linux' does that.", SimErrorKind.Guest);
        return new BootImages(firmware.Name, linux.Kernel.Name, linux.Initrd.Name);
    }

    private static string Line(Measurement measurement)
    {
        var figure = measurement.Unit == "s" || measurement.Value < 1 ? "F2" : "F1";
        var culture = CultureInfo.InvariantCulture;
        var line = $"{measurement.Name,-52} {measurement.Value.ToString(figure, culture),12} {measurement.Unit,-10}";
        if (measurement.Reference is { } reference)
        {
            line += $"  QEMU {reference.ToString(figure, culture),8}  {measurement.Ratio!.Value.ToString("F2", culture)}x";
            line += measurement.Lesser is { } lesser ? $" its {lesser}, below 1 is better" : "";
        }

        return (measurement.Aim.Length > 0 ? $"{line}  ({measurement.Aim})" : line).TrimEnd() + "\n";
    }

    private static void Write(Utf8JsonWriter writer, List<Measurement> measured)
    {
        writer.WriteStartArray();
        foreach (var measurement in measured)
        {
            writer.WriteStartObject();
            writer.WriteString("name", measurement.Name);
            writer.WriteString("unit", measurement.Unit);
            writer.WriteString("better", measurement.Lesser is null ? "higher" : "lower");
            writer.WriteNumber("value", measurement.Value);
            if (measurement.Reference is { } reference)
            {
                writer.WriteNumber("qemu", reference);
                writer.WriteNumber("ratio", measurement.Ratio!.Value);
            }

            writer.WriteString("aim", measurement.Aim);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>A part of <c>sim bench</c>.</summary>
    /// <param name="Name">How it is asked for.</param>
    /// <param name="Run">Measures.</param>
    private sealed record Benchmark(string Name, Func<BenchmarkOptions, IEnumerable<Measurement>> Run)
    {
        /// <summary>True when it is not measured unasked: it runs guests that the user has to install, or takes minutes.</summary>
        public bool OnlyWhenNamed { get; init; }
    }
}
