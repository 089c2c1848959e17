using System.Buffers.Binary;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// CPUs with RAM from address 0 and nothing else: 64 MiB, mapped effective = physical by TLB1 entry 0 with all rights. Registers that
/// tests add are
/// device registers at their physical address.
/// </summary>
internal sealed unsafe class BareCpu : IDisposable
{
    public const uint RamSize = 64 << 20;

    readonly QomRoot _root = new();
    readonly MemoryRegion _system;

    public BareCpu(int cpus = 1, SchedulerOptions? options = null, PowerPcCpuModel? model = null)
    {
        var owner = _root.GetContainer("/machine");
        _system = MemoryRegion.NewContainer(owner, "system", MemoryRegion.WholeSpace);
        _system.AddSubregion(0, MemoryRegion.NewRam(owner, "ram", Ram));
        Memory = new AddressSpace(_system, "memory");
        Scheduler = new Scheduler(options ?? new SchedulerOptions());
        var code = new CodeCache();
        for (int i = 0; i < cpus; i++)
        {
            var core = new PowerPcCore();
            core.SetModel(model ?? PowerPcCpuModels.All[^1]);
            core.Connect(i, Memory, code);
            core.PowerOn(held: false);
            core.Start(Scheduler.AddVcpu(core));
            core.State->TlbMas1[512] = 0x8000_0800;
            core.State->TlbMas73[512] = 0x3F;
            core.State->Pc = 0x1000;
            Cores.Add(core);
        }
    }

    public RamBlock Ram { get; } = new("ram", RamSize);
    public AddressSpace Memory { get; }
    public Scheduler Scheduler { get; }
    public List<PowerPcCore> Cores { get; } = [];
    public PowerPcCore Core => Cores[0];
    public PowerPcState* State => Core.State;

    /// <summary>Root of the physical map.</summary>
    public MemoryRegion System => _system;

    /// <summary>Places device registers in the physical map.</summary>
    public void AddRegisters(ulong address, uint size, RegisterRead read, RegisterWrite write) =>
        _system.AddSubregion(address, NewRegisters(size, read, write));

    /// <summary>Device registers that are not placed yet.</summary>
    public MemoryRegion NewRegisters(uint size, RegisterRead read, RegisterWrite write)
    {
        var ops = new MemoryRegionOps { Read = read, Write = write, Peek = read, AcceptsUnaligned = true, MaxImplementedSize = 8 };
        return MemoryRegion.NewIo(_root.Object, ops, "registers", size);
    }

    /// <summary>RAM or ROM over a block, not placed yet.</summary>
    public MemoryRegion NewRam(RamBlock block, bool readOnly) => MemoryRegion.NewRam(_root.Object, "more", block, readOnly);

    /// <summary>Writes instruction words, as a loader does.</summary>
    public void Load(uint address, params ReadOnlySpan<uint> words)
    {
        var bytes = new byte[4 * words.Length];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 * i), words[i]);
        Ram.Write(address, bytes);
    }

    public uint Word(uint address) => BinaryPrimitives.ReadUInt32BigEndian(Ram.Span(address, 4));

    /// <summary>Executes exactly that many instructions, of all CPUs together.</summary>
    public void Run(long instructions) =>
        Scheduler.Run(new StopCondition { Instructions = Scheduler.TotalInstructions + instructions });

    /// <summary>Sets IVPR to 0 and IVOR n to 0x100 times (n + 1), so that a vector shows in the PC.</summary>
    public void SetVectors()
    {
        for (int i = 0; i < 20; i++)
            State->Ivor[i] = (uint)(0x100 * (i + 1));
    }

    /// <summary>The vector that <see cref="SetVectors"/> put where the PC is.</summary>
    public Vector VectorTaken => (Vector)(State->Pc / 0x100 - 1);

    public void Dispose()
    {
        foreach (var core in Cores)
        {
            core.Disconnect();
            core.Dispose();
        }

        Ram.Dispose();
    }
}
