using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sim.Bench;
using Sim.Cli.CommandLine;
using Sim.Cli.Views;
using Sim.Engine.Base;

namespace Sim.Cli.Commands;

/// <summary><c>sim bench</c>: how fast this simulator is on this host.</summary>
internal sealed class BenchCommand(CommandHost host, Option<string?> format)
{
    private readonly Option<bool> againstQemu =
        OptionValues.Flag("--against-qemu", "Runs the same on qemu-system-ppc with -icount shift=1,sleep=off, and shows the ratio.");
    private readonly Option<bool> quick =
        OptionValues.Flag("--quick", "Measures just enough to show that everything works; the figures mean little.");

    public SimCommand Create() => new SimCommand(
        "bench",
        "Measures how fast this host simulates. Guest MIPS on bare-metal workloads, machines and objects made per second, and the time to "
        + "the first guest instruction; run it on an idle host.",
        Execute,
        "sim bench --quick",
        "sim bench --against-qemu --format json").With("Options", againstQemu, quick, format);

    private int Execute(ParseResult result)
    {
        var asJson = OptionValues.OneOf("--format", result.GetValue(format) ?? "text", "text", "json") == "json";
        var options = new BenchmarkOptions(result.GetValue(quick), result.GetValue(againstQemu));
        if (options.AgainstQemu && !QemuReference.IsInstalled)
            throw new SimException(
                $"--against-qemu: {QemuReference.Program} is not installed (Debian: sudo apt-get install {QemuReference.Program}).");
        var measured = new List<Measurement>();
        foreach (var measure in Measurements(options))
        {
            measured.Add(measure());
            if (!asJson)
                host.Print(Line(measured[^1]));
        }

        if (asJson)
            host.Print(JsonText.Of(writer => Write(writer, measured)));
        return ExitCodes.Done;
    }

    private static IEnumerable<Func<Measurement>> Measurements(BenchmarkOptions options)
    {
        foreach (var workload in Workload.All)
            yield return () => GuestBenchmark.Run(workload, options);
        yield return () => InstantiationBenchmark.Machines(options);
        yield return () => InstantiationBenchmark.Objects(options);
        yield return () => StartBenchmark.FirstInstruction(["dotnet", typeof(BenchCommand).Assembly.Location], options);
    }

    private static string Line(Measurement measurement)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{measurement.Name,-52} {measurement.Value,12:F1} {measurement.Unit,-10}");
        if (measurement.Reference is { } reference)
            line += string.Create(CultureInfo.InvariantCulture, $"  QEMU {reference,8:F1}  {measurement.Ratio:F2}x");
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
}
