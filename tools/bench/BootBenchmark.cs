using System.Globalization;
using System.Text.RegularExpressions;
using Sim.Engine.Base;

namespace Sim.Bench;

/// <summary>The images of a boot, by path.</summary>
/// <param name="Firmware">U-Boot for ppce500.</param>
/// <param name="Kernel">The Linux guest's kernel; null to boot to U-Boot's prompt only.</param>
/// <param name="Initrd">Its initramfs.</param>
public sealed record BootImages(string Firmware, string? Kernel, string? Initrd);

/// <summary>
/// Host time of a boot by U-Boot, its countdown included, to Linux' first process and to the end of that process's workload. Every run is a
/// process of its own, so that program start and compilation count; what the guest prints tells how far it is.
/// </summary>
public static partial class BootBenchmark
{
    private const int Rounds = 3;
    private const string Prompt = "=> ";
    private const string KernelCommandLine = "console=ttyS0 rdinit=/init sim.workload sim.poweroff";
    private const string Aim = "at most 1.5x QEMU's time";

    /// <summary>Measures a boot; each figure is the median of the rounds, in which ours and QEMU's runs alternate.</summary>
    /// <param name="command">The program and its leading arguments, such as <c>dotnet sim.dll</c>.</param>
    /// <param name="images">What is booted.</param>
    /// <param name="options">How much to measure.</param>
    /// <exception cref="SimException">A program failed or its guest did not get to the end; the message has its last words.</exception>
    public static IReadOnlyList<Measurement> Run(IReadOnlyList<string> command, BootImages images, BenchmarkOptions options)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        (string Mark, string Name)[] marks = images.Kernel is null
            ? [(Prompt, "boot: start to U-Boot's prompt")]
            : [("sim: init", "boot: start to Linux' /init"), ("sim: workload done", "boot: start to the end of /init's workload")];
        string[] texts = [.. marks.Select(static mark => mark.Mark)];
        var ours = new List<ConsoleMarks>();
        var qemu = new List<ConsoleMarks>();
        for (var round = 0; round < (options.Small ? 1 : Rounds); round++)
        {
            ours.Add(ConsoleMarks.Run([.. command, "run", .. Machine(images), .. End(images)], texts, isEndless: false));
            if (options.AgainstQemu)
                qemu.Add(ConsoleMarks.Run([.. QemuReference.BootCommand, .. Machine(images)], texts, isEndless: images.Kernel is null));
        }

        var measured = marks.Select((mark, i) => new Measurement(
            mark.Name, "s", Median(ours, run => run.Times[i]), qemu.Count > 0 ? Median(qemu, run => run.Times[i]) : null, Aim));
        return [.. measured, new Measurement("boot: guest instructions, start-up included", "MIPS", Median(ours, Mips), null, "")];
    }

    /// <summary>Options that both programs spell alike.</summary>
    private static string[] Machine(BootImages images)
    {
        string[] machine = ["-M", "ppce500", "-cpu", "e500v2_v30", "-smp", "1", "-m", "256", "-bios", images.Firmware];
        return images.Kernel is null
            ? machine
            : [.. machine, "-kernel", images.Kernel, "-initrd", images.Initrd!, "-append", KernelCommandLine];
    }

    /// <summary>Where our run ends when its guest does not power off.</summary>
    private static string[] End(BootImages images) => images.Kernel is null ? ["--until-output", Prompt] : [];

    private static double Mips(ConsoleMarks run) => InstructionCount().Match(run.Messages) is { Success: true } match
        ? long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) / run.Seconds / 1e6
        : throw new SimException($"The run ended without the line 'end: …': {run.Messages.Trim()}", SimErrorKind.Guest);

    private static double Median(List<ConsoleMarks> runs, Func<ConsoleMarks, double> figure) =>
        runs.Select(figure).Order().ElementAt(runs.Count / 2);

    [GeneratedRegex(@"^end: .* icount=([0-9]+) ", RegexOptions.Multiline)]
    private static partial Regex InstructionCount();
}
