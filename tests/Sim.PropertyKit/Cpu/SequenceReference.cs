namespace Sim.PropertyKit.Cpu;

/// <summary>Runs sequences on the reference implementation: <c>qemu-system-ppc</c>, machine <c>mpc8544ds</c>.</summary>
internal sealed class SequenceReference : IDisposable
{
    readonly QemuGdb qemu;
    readonly int count;

    /// <summary>Starts the run; <see cref="Finish"/> waits for its end.</summary>
    public SequenceReference(byte[] image, int cases)
    {
        count = cases;
        qemu = new QemuGdb(BareElf.Make(image, SequenceProgram.Entry), SequenceMachine.Cpu, SequenceMachine.Board);
        qemu.BeginRunTo(SequenceProgram.Done);
    }

    /// <summary>The outcome of each sequence, in order.</summary>
    public List<SequenceOutcome> Finish()
    {
        qemu.EndRunTo(SequenceProgram.Done);
        return SequenceMachine.ReadOutcomes(qemu.Save(SequenceLayout.Records, count * SequenceLayout.RecordSize), count);
    }

    /// <summary>The outcome of each sequence, in order.</summary>
    public static List<SequenceOutcome> Run(IReadOnlyList<SequenceCase> cases)
    {
        using var run = new SequenceReference(SequenceProgram.Build(cases), cases.Count);
        return run.Finish();
    }

    /// <summary>Says what to do when the reference is not installed; null when it is.</summary>
    public static string? Missing() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(static directory => File.Exists(Path.Combine(directory, "qemu-system-ppc")))
            ? null : "qemu-system-ppc is not installed: sudo apt-get install qemu-system-ppc";

    /// <inheritdoc/>
    public void Dispose() => qemu.Dispose();
}
