namespace Sim.PropertyKit.Cpu;

/// <summary>Address translation with its soft TLBs beside a naive walk of TLB0 and TLB1.</summary>
public static class TranslationLaws
{
    /// <summary>Every access goes where a walk of the TLBs leads, whatever was cached.</summary>
    public static NamedLaw SoftTlb { get; } = NamedLaw.Of(
        "soft-tlb", "cpu",
        "Every load, store and fetch goes where a walk of all TLB entries leads, after any TLB write, invalidation, "
        + "change of PID, MSR or memory map, and stamps its page.",
        TranslationSequence.Any, static (sequence, classes) => Run(sequence, null, classes),
        new LawOptions
        {
            Runs = 300,
            Required =
            [
                ("loaded", 0.3), ("stored", 0.3), ("fetched", 0.2), ("used again", 0.1), ("fault DataTlbError", 0.3),
                ("fault DataStorage", 0.1),
                ("fault InstructionTlbError", 0.3), ("fault InstructionStorage", 0.05), ("remapped", 0.3),
                ("stored to registers or ROM", 0.01),
                ("stepped in user mode", 0.2), ("stored again in a new epoch", 0.2), ("accessed again in another context", 0.01), ("accessed again with another PID", 0.2),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [SoftTlb];

    /// <summary>Does the steps and compares each access with the walk.</summary>
    /// <param name="sequence">The steps.</param>
    /// <param name="disturb">Does something after each step; a test plants a bug here.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    internal static unsafe void Run(TranslationSequence sequence, Action<BareCpu>? disturb, CaseClasses classes)
    {
        using var bench = new TranslationBench(classes);
        foreach (var step in sequence.Steps)
        {
            bench.Do(step);
            classes.CoverOperation(step.Kind);
            disturb?.Invoke(bench.Cpu);
            classes.Add("stepped in user mode", (bench.Cpu.State->Msr & Engine.Cpu.PowerPc.Msr.Pr) != 0);
        }

        classes.CoverCores(bench.Cpu.Cores);
    }
}
