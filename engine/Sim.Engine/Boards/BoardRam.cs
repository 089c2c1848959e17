using Sim.Engine.Memory;
using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>The object that provides a machine's RAM, <c>/objects/ID</c>. QEMU: backends/hostmem-ram.c.</summary>
public sealed class MemoryBackendRam : QomObject
{
    /// <summary>Name of the type. QEMU: TYPE_MEMORY_BACKEND_RAM.</summary>
    public new const string TypeName = "memory-backend-ram";

    /// <summary>Name of the abstract parent type. QEMU: TYPE_MEMORY_BACKEND.</summary>
    public const string BaseTypeName = "memory-backend";

    /// <summary>The region with the memory; null before it was asked for.</summary>
    public MemoryRegion? Region { get; internal set; }

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () =>
    {
        TypeRegistry.Register(new()
        {
            Name = BaseTypeName,
            Parent = QomObject.TypeName,
            Abstract = true,
            ClassInit = static (klass, _) => klass.AddProperty(
                Property.Integer("size", "int", 0, ulong.MaxValue, static o => ((MemoryBackendRam)o).Region is { } region ? (Int128)region.Size : 0, null, "Size of the memory region (ex: 500M)")),
        });
        TypeRegistry.Register(new() { Name = TypeName, Parent = BaseTypeName, New = static () => new MemoryBackendRam() });
    });
}

/// <summary>Gives a board its main memory.</summary>
internal static class BoardRam
{
    /// <summary>Makes the machine's RAM and maps it at physical address 0; without RAM it does nothing.</summary>
    public static void Map(MachineState machine)
    {
        if (machine.RamSize == 0)
            return;
        var id = machine.MachineClass.RamId;
        var backend = machine.Root.GetContainer("/objects").NewChild<MemoryBackendRam>(id, MemoryBackendRam.TypeName);
        backend.Region = MemoryRegion.NewRam(backend, id, machine.AddRam(id, machine.RamSize));
        machine.MemoryBackend = backend;
        machine.SystemMemory.AddSubregion(0, backend.Region);
    }
}
