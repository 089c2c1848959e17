using Sim.Engine.Qom;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>A processor model: what tells it from others of its family.</summary>
/// <param name="Name">Name, such as <c>e500v2_v30</c>.</param>
/// <param name="Family">Type of its family.</param>
/// <param name="ProcessorVersion">Processor version register.</param>
/// <param name="Tlb0Configuration">TLB0CFG: 512 entries of 4 ways, or 256 of 2.</param>
/// <param name="Tlb1Configuration">TLB1CFG: 16 entries, page sizes.</param>
public sealed record PowerPcCpuModel(string Name, string Family, uint ProcessorVersion, uint Tlb0Configuration, uint Tlb1Configuration)
{
    /// <summary>The QOM type of the model. QEMU: POWERPC_CPU_TYPE_NAME.</summary>
    public string TypeName => Name + PowerPcCpu.TypeSuffix;
}

/// <summary>The e500 models as QOM types. QEMU: target/ppc/cpu-models.c.</summary>
public static class PowerPcCpuModels
{
    /// <summary>Type of the e500v1 family (abstract).</summary>
    public const string E500V1Family = "e500v1-family-powerpc-cpu";

    /// <summary>Type of the e500v2 family (abstract).</summary>
    public const string E500V2Family = "e500v2-family-powerpc-cpu";

    /// <summary>The models, oldest first.</summary>
    public static IReadOnlyList<PowerPcCpuModel> All { get; } =
    [
        First("e500_v10", 0x8020_0010),
        First("e500_v20", 0x8020_0020),
        Second("e500v2_v10", 0x8021_0010),
        Second("e500v2_v20", 0x8021_0020),
        Second("e500v2_v21", 0x8021_0021),
        Second("e500v2_v22", 0x8021_0022),
        Second("e500v2_v30", 0x8021_0030),
    ];

    [System.Runtime.CompilerServices.ModuleInitializer]
    internal static void RegisterTypes() => Module.TypeInit(static () =>
    {
        TypeRegistry.Register(new() { Name = E500V1Family, Parent = PowerPcCpu.TypeName, Abstract = true });
        TypeRegistry.Register(new() { Name = E500V2Family, Parent = PowerPcCpu.TypeName, Abstract = true });
        foreach (PowerPcCpuModel model in All)
        {
            TypeRegistry.Register(new()
            {
                Name = model.TypeName,
                Parent = model.Family,
                ClassInit = static (klass, data) => ((PowerPcCpuClass)klass).Model = (PowerPcCpuModel)data!,
                ClassData = model,
            });
        }
    });

    private static PowerPcCpuModel First(string name, uint version) => new(name, E500V1Family, version, 0x0211_0100, 0x1019_C010);

    private static PowerPcCpuModel Second(string name, uint version) => new(name, E500V2Family, version, 0x0411_0200, 0x101C_C010);
}
