using Sim.PropertyKit.Cpu;

namespace Sim.Tests;

/// <summary>Runs cases on the reference implementation.</summary>
public static class QemuPowerPc
{
    /// <summary>The outcome of each case, in order.</summary>
    public static List<PowerPcCase.Outcome> Run(IReadOnlyList<PowerPcCase> cases, string cpu = "e500v2_v30")
    {
        var outcomes = new List<PowerPcCase.Outcome>(cases.Count);
        foreach (var batch in cases.Chunk(ConformanceProgram.MaxCases))
        {
            using var qemu = new QemuGdb(ConformanceProgram.ToElf(ConformanceProgram.Build(batch)), cpu);
            qemu.RunTo(ConformanceProgram.Done);
            var memory = qemu.Save(ConformanceProgram.Records, batch.Length * ConformanceProgram.RecordSize);
            for (int i = 0; i < batch.Length; i++)
                outcomes.Add(PowerPcCase.Outcome.Read(memory.AsSpan(i * ConformanceProgram.RecordSize, ConformanceProgram.RecordSize)));
        }
        return outcomes;
    }
}
