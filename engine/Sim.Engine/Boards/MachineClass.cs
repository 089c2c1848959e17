using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>Class of a machine type. QEMU: MachineClass (hw/boards.h).</summary>
public class MachineClass : ObjectClass
{
    /// <summary>One line for people. QEMU: mc->desc.</summary>
    public string Description { get; set; } = "";

    /// <summary>Builds the board: makes and wires its devices. QEMU: mc->init.</summary>
    public Action<MachineState>? Init { get; set; }

    /// <summary>Puts the board's own power-on state in place after all devices have been reset: images, boot registers. QEMU: mc->reset.</summary>
    public Action<MachineState>? Reset { get; set; }

    /// <summary>CPU type when the user names none; null for a machine without CPUs. QEMU: mc->default_cpu_type.</summary>
    public string? DefaultCpuType { get; set; }

    /// <summary>Types that CPUs of the board may derive from; empty for any. QEMU: mc->valid_cpu_types.</summary>
    public IReadOnlyList<string> ValidCpuFamilies { get; set; } = [];

    /// <summary>CPUs at most. QEMU: mc->max_cpus.</summary>
    public int MaxCpus { get; set; } = 1;

    /// <summary>RAM in bytes when the user names no size; 0 for none. QEMU: mc->default_ram_size.</summary>
    public ulong DefaultRamSize { get; set; }

    /// <summary>Name of the RAM block. QEMU: mc->default_ram_id.</summary>
    public string RamId { get; set; } = "ram";

    /// <summary>RAM in bytes at most.</summary>
    public ulong MaxRamSize { get; set; }

    /// <summary>RAM comes in multiples of this, bytes.</summary>
    public ulong RamGranularity { get; set; } = 4096;

    /// <summary>Serial ports at most.</summary>
    public int MaxSerials { get; set; }

    /// <inheritdoc/>
    public override void CopyFrom(ObjectClass parent)
    {
        base.CopyFrom(parent);
        if (parent is not MachineClass source)
            return;
        Description = source.Description;
        Init = source.Init;
        Reset = source.Reset;
        DefaultCpuType = source.DefaultCpuType;
        ValidCpuFamilies = source.ValidCpuFamilies;
        MaxCpus = source.MaxCpus;
        DefaultRamSize = source.DefaultRamSize;
        RamId = source.RamId;
        MaxRamSize = source.MaxRamSize;
        RamGranularity = source.RamGranularity;
        MaxSerials = source.MaxSerials;
    }
}
