using Sim.Engine.Qom;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.PropertyKit.Machines;

/// <summary>
/// Laws L1, L2, L4, L6 and L7 at once: a machine's state is decided by its configuration and by what entered it, whatever else was done with
/// it on the way.
/// </summary>
public static class MachineHistoryLaws
{
    /// <summary>Whatever is done with a machine, it is the one that was run straight with the same inputs.</summary>
    public static NamedLaw Histories { get; } = NamedLaw.Of(
        "machine-histories", "L2",
        "A machine that was run in pieces, typed at, saved, restored, taken back, branched, recorded, replayed, looked at and debugged in any "
        + "order is the one that was run straight with the same inputs.",
        MachineHistory.Any, static (history, classes) => CheckHistory(history, null, classes),
        new LawOptions
        {
            Runs = 60,
            MaxShrinkAttempts = 1000,
            PastFailures = [new(8918026278946106019, 25), new(359154563622044705, 38)],
            Required =
            [
                .. Enum.GetNames<MachineOperationKind>().Select(static kind => (kind, kind is "Replay" or "GoBack" or "Branch" ? 0.03 : 0.1)),
                ("program", 0.2), ("echo", 0.1), ("demo", 0.05), ("torture", 0.02), ("several CPUs", 0.5), ("random schedule", 0.4),
                ("inside a slice", 0.5), ("between frames", 0.3), ("typed", 0.3), ("debugger wrote", 0.15), ("printed", 0.03),
                ("replayed inputs", 0.03), ("back before an input", 0.02), ("forward to a checkpoint", 0.005),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Histories];

    /// <summary>Lives through a history and compares with the straight run.</summary>
    /// <param name="history">The machine and what is done with it.</param>
    /// <param name="table">Types of a machine with a <see cref="PlantedDevice"/>; null for one without.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void CheckHistory(MachineHistory history, TypeRegistry? table, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(classes);
        using var run = new MachineHistoryRun(history, table, classes);
        run.Run();
    }

    /// <summary>Records the straight run of a history, as far as the history comes.</summary>
    public static void Record(MachineHistory history, string journal)
    {
        ArgumentNullException.ThrowIfNull(history);
        using var run = new MachineHistoryRun(history, null, new CaseClasses());
        _ = Check.Caught(run.Run);
        Recording? recording = null;
        using var straight = run.RunStraight(session => recording = Recording.Start(session, journal, new RecordingOptions { EmbedImages = true }));
        recording!.Finish(straight.PoweredOff ? EndReason.PowerOff : EndReason.Instructions);
        recording.Dispose();
    }
}
