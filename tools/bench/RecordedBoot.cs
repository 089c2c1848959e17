namespace Sim.Bench;

/// <summary>
/// A boot that is recorded and replayed, each time in a process of its own, here and on QEMU: host time from the start of the process to a
/// text on the console. QEMU records on one CPU alone, and its replays are known not to end, so each has a deadline.
/// </summary>
/// <param name="command">Our program and its leading arguments.</param>
/// <param name="images">What is booted.</param>
/// <param name="mark">The text that ends the measured part.</param>
/// <param name="options">How much to measure.</param>
internal sealed class RecordedBoot(IReadOnlyList<string> command, BootImages images, string mark, BenchmarkOptions options)
{
    private const int Rounds = 2;

    /// <summary>A replay of QEMU that takes longer than this many times its recording, and a minute, is given up.</summary>
    private const double Patience = 5;

    private readonly List<double> recorded = [], replayed = [], qemuRecorded = [], qemuReplayed = [];

    /// <summary>KiB of QEMU's log.</summary>
    public double QemuLogSize { get; private set; }

    /// <summary>Measures; the least times of the rounds are the undisturbed ones.</summary>
    public IReadOnlyList<Measurement> Run()
    {
        var folder = Directory.CreateTempSubdirectory("sim-bench-");
        string? unfinished = null;
        try
        {
            for (var round = 0; round < (options.Small ? 1 : Rounds); round++)
            {
                MeasureOurs(Path.Combine(folder.FullName, "boot.simrec"));
                unfinished ??= MeasureQemu(Path.Combine(folder.FullName, "boot.rr"));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return
        [
            new Measurement("replay: the boot, recorded, on one CPU", "s", recorded.Min(), qemuRecorded.Min(), ""),
            new Measurement("replay: the boot, replayed", "s", replayed.Min(), qemuReplayed.Count > 0 ? qemuReplayed.Min() : null, unfinished ?? ""),
        ];
    }

    private void MeasureOurs(string journal)
    {
        recorded.Add(ConsoleMarks.Run([.. command, "record", journal, .. Machine], [mark], isEndless: false).Times[0]);
        replayed.Add(ConsoleMarks.Run([.. command, "replay", journal], [mark], isEndless: false).Times[0]);
    }

    /// <summary>What QEMU did not do within its time; null when it did all.</summary>
    private string? MeasureQemu(string log)
    {
        qemuRecorded.Add(ConsoleMarks.Run(Qemu("record", log), [mark], isEndless: false).Times[0]);
        QemuLogSize = new FileInfo(log).Length / 1024.0;
        var deadline = TimeSpan.FromSeconds(Math.Round(60 + (Patience * qemuRecorded[^1])));
        var replay = ConsoleMarks.Run(Qemu("replay", log), [mark], isEndless: false, deadline);
        qemuReplayed.AddRange(replay.Times);
        return replay switch
        {
            { HasEnded: true } => null,
            { Times.Count: 0 } => FormattableString.Invariant($"QEMU's replay did not get there within {deadline.TotalSeconds:F0} s"),
            _ => FormattableString.Invariant($"QEMU's replay got there, and did not end within {deadline.TotalSeconds:F0} s"),
        };
    }

    /// <summary>Options that both programs spell alike.</summary>
    private string[] Machine =>
    [
        "-M", "ppce500", "-cpu", "e500v2_v30", "-smp", "1", "-m", "256", "-bios", images.Firmware,
        .. images.Kernel is null
            ? (string[])[]
            : ["-kernel", images.Kernel, "-initrd", images.Initrd!, "-append", "console=ttyS0 rdinit=/init sim.workload sim.poweroff"],
    ];

    private string[] Qemu(string mode, string log) =>
    [
        QemuReference.Program, "-nic", "none", "-display", "none", "-monitor", "none", "-serial", "stdio", "-icount", $"shift=1,rr={mode},rrfile={log}",
        .. Machine,
    ];
}
