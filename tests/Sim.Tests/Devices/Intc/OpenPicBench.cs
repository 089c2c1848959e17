using Sim.Engine.Devices.Intc;
using Sim.Engine.Memory;

namespace Sim.Tests;

/// <summary>An interrupt controller on a bench, with its registers by name.</summary>
internal sealed class OpenPicBench : IDisposable
{
    public const ulong Base = 0xE004_0000;

    /// <summary>Source number of the first interprocessor interrupt, timer and shared message.</summary>
    public const int FirstIpi = 256, FirstTimer = 260, FirstMessage = 224;

    public const uint Mask = 0x8000_0000, Activity = 0x4000_0000, Polarity = 0x0080_0000, Sense = 0x0040_0000;

    public OpenPicBench(uint model = OpenPic.ModelMpic42, uint cpus = 2, bool acceptAll = true)
    {
        Pic = Bench.Add<OpenPic>(OpenPic.TypeName, Base, ("model", (ulong)model), ("nb_cpus", (ulong)cpus));
        for (var cpu = 0; acceptAll && cpu < cpus; cpu++)
            SetTaskPriority(cpu, 0);
    }

    public DeviceBench Bench { get; } = new();

    public OpenPic Pic { get; }

    public uint this[uint offset]
    {
        get => Bench.ReadWord(Base + offset);
        set => Bench.WriteWord(Base + offset, value);
    }

    public static uint Cpu(int cpu, uint offset) => 0x20000 + (uint)cpu * 0x1000 + offset;

    /// <summary>Offset of a source's vector/priority register.</summary>
    public static uint VectorPriority(int source) => source switch
    {
        < FirstIpi => 0x10000 + (uint)source * 0x20,
        < FirstTimer => 0x10A0 + (uint)(source - FirstIpi) * 0x10,
        _ => 0x1120 + (uint)(source - FirstTimer) * 0x40,
    };

    /// <summary>Offset of a source's destination register; interprocessor interrupts have none.</summary>
    public static uint Destination(int source) => VectorPriority(source) + 0x10;

    public static uint InternalLevel(int source) => VectorPriority(source) + 0x18;

    /// <summary>Offsets of a timer's registers.</summary>
    public static uint Count(int timer) => 0x1100 + (uint)timer * 0x40;

    public static uint BaseCount(int timer) => 0x1110 + (uint)timer * 0x40;

    /// <summary>Enables a source; its vector is its number plus 0x100.</summary>
    public void Enable(int source, int priority, uint flags = 0, uint? destination = null)
    {
        if (destination is { } cpus)
            this[Destination(source)] = cpus;
        this[VectorPriority(source)] = flags | (uint)priority << 16 | Vector(source);
    }

    public static uint Vector(int source) => (uint)source + 0x100;

    public void Input(int source, bool level)
    {
        if (Pic.GetGpioIn(source).Level != level)
            Pic.GetGpioIn(source).DriverChanged(level);
    }

    public void Pulse(int source)
    {
        Input(source, true);
        Input(source, false);
    }

    public bool Output(int cpu, int output = OpenPic.OutputExternal) => Pic.Irqs[cpu * OpenPic.OutputsPerCpu + output].Level;

    public uint Acknowledge(int cpu) => this[Cpu(cpu, 0xA0)];

    public void EndOfInterrupt(int cpu) => this[Cpu(cpu, 0xB0)] = 0;

    public void SetTaskPriority(int cpu, uint priority) => this[Cpu(cpu, 0x80)] = priority;

    public void SendIpi(int from, int ipi, uint cpus) => this[Cpu(from, 0x40 + (uint)ipi * 0x10)] = cpus;

    public uint ReadAs(int cpu, uint offset) => (uint)Bench.Machine.Memory.Read(Base + offset, 4, new Initiator(cpu));

    public void WriteAs(int cpu, uint offset, uint value) => Bench.Machine.Memory.Write(Base + offset, value, 4, new Initiator(cpu));

    public uint Peek(uint offset)
    {
        Span<byte> bytes = stackalloc byte[4];
        Assert(Bench.Machine.Memory.TryPeek(Base + offset, bytes));
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    /// <summary>A second controller that has loaded what this one saves, its inputs driven as here.</summary>
    public OpenPicBench Copy(uint model, uint cpus)
    {
        var copy = new OpenPicBench(model, cpus, acceptAll: false);
        for (var source = 0; source < OpenPic.InputCount; source++)
            copy.Pic.GetGpioIn(source).CountDriver(Pic.GetGpioIn(source).Level, +1);
        copy.Bench.Load(Bench.Save(), Bench.Machine.Scheduler.Save());
        return copy;
    }

    public void Dispose() => Bench.Dispose();

    private static void Assert(bool condition) => Xunit.Assert.True(condition);

    private sealed class Initiator(int cpu) : BusInitiator
    {
        public override int CpuIndex => cpu;

        public override uint ProcessorVersion => 0;
    }
}
