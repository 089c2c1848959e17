using System.Diagnostics;
using System.Globalization;

namespace Sim.Bench;

/// <summary>Runs programs on the reference implementation, as a black box.</summary>
public static class QemuReference
{
    /// <summary>Name of the program.</summary>
    public const string Program = "qemu-system-ppc";

    /// <summary>True when the program is installed.</summary>
    public static bool IsInstalled => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(static folder => File.Exists(Path.Combine(folder, Program)));

    /// <summary>
    /// The program and its leading arguments for a machine that is as deterministic as QEMU's can be: the console on standard output, no
    /// network card, virtual time counted by instructions as ours is, without waiting for the host's clock.
    /// </summary>
    public static IReadOnlyList<string> BootCommand { get; } =
    [
        Program, "-nic", "none", "-display", "none", "-monitor", "none", "-serial", "stdio",
        "-icount", "shift=1,sleep=off", "-rtc", "base=2026-01-01T00:00:00",
    ];

    /// <summary>Host time in seconds of a whole run, from process start to power-off, with virtual time counted by instructions as ours is.</summary>
    public static double Run(string imagePath)
    {
        var watch = Stopwatch.StartNew();
        Run("", "-M", "ppce500", "-m", "256", "-nic", "none", "-nographic", "-icount", "shift=1,sleep=off", "-bios", imagePath);
        return watch.Elapsed.TotalSeconds;
    }

    /// <summary>Builds a machine of so many vCPUs, which executes nothing, in a process that ends then.</summary>
    public static void Build(int cpus, string imagePath) => Run(
        "quit\n", "-M", "ppce500", "-m", "256", "-nic", "none", "-display", "none", "-serial", "none", "-monitor", "stdio", "-S",
        "-smp", cpus.ToString(CultureInfo.InvariantCulture), "-bios", imagePath);

    private static void Run(string input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{Program} did not start.");
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{Program} failed: {errors.Result}");
    }
}
