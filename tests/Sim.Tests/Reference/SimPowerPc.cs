using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Tests;

/// <summary>
/// Runs cases on our own core: the same program as <see cref="QemuPowerPc"/>, in the memory of a machine that has nothing else.
/// </summary>
internal static unsafe class SimPowerPc
{
    /// <summary>The outcome of each case, in order.</summary>
    public static List<PowerPcCase.Outcome> Run(IReadOnlyList<PowerPcCase> cases, string model = "e500v2_v30")
    {
        var outcomes = new List<PowerPcCase.Outcome>(cases.Count);
        foreach (var batch in cases.Chunk(ConformanceProgram.MaxCases))
        {
            var records = RunProgram(ConformanceProgram.Build(batch), batch.Length * ConformanceProgram.RecordSize, model);
            for (int i = 0; i < batch.Length; i++)
                outcomes.Add(PowerPcCase.Outcome.Read(records.AsSpan(i * ConformanceProgram.RecordSize, ConformanceProgram.RecordSize)));
        }

        return outcomes;
    }

    static byte[] RunProgram(byte[] image, int recordBytes, string model)
    {
        var root = new QomRoot();
        using var ram = new RamBlock("ram", 64 << 20);
        var system = MemoryRegion.NewContainer(root.Object, "system", MemoryRegion.WholeSpace);
        system.AddSubregion(0, MemoryRegion.NewRam(root.Object, "ram", ram));
        var memory = new AddressSpace(system, "memory");
        memory.Write(0, image);

        var core = new PowerPcCore();
        core.SetModel(PowerPcCpuModels.All.Single(m => m.Name == model));
        core.Connect(0, memory, new CodeCache());
        core.Start(new Scheduler(new SchedulerOptions()).AddVcpu(core));
        core.PowerOn(held: false);
        // As the board leaves it: 64 MiB mapped to themselves by the first entry of TLB1, all accesses allowed.
        core.State->TlbMas1[PowerPcState.Tlb0Entries] = 0xC000_0800;
        core.State->TlbMas73[PowerPcState.Tlb0Entries] = 0x3F;
        core.State->Pc = ConformanceProgram.Entry;
        core.StateReplaced();

        PowerPcState* s = core.State;
        long limit = 1000L * (recordBytes / ConformanceProgram.RecordSize) + 10_000;
        for (long executed = 0; core.State->Pc != ConformanceProgram.Done; executed += core.Run(10_000))
            if (executed > limit)
                throw new InvalidOperationException($"The program does not end; it is at 0x{s->Pc:x}, at record 0x{s->Sprg[0]:x}.");
        var records = new byte[recordBytes];
        memory.Read(ConformanceProgram.Records, records);
        core.Disconnect();
        core.Dispose();
        return records;
    }
}
