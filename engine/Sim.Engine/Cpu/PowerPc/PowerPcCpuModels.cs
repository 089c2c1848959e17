using Sim.Engine.Qom;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>A processor model: what tells it from others of its family.</summary>
/// <param name="Name">Name, such as <c>e500v2_v30</c>.</param>
/// <param name="Family">Type of its family.</param>
/// <param name="ProcessorVersion">Processor version register.</param>
/// <param name="SystemVersion">System version register of the chip that the core is in; 0 for a core alone.</param>
/// <param name="Tlb0Configuration">TLB0CFG: 512 entries of 4 ways, or 256 of 2.</param>
/// <param name="Tlb1Configuration">TLB1CFG: 16 entries, page sizes.</param>
public sealed record PowerPcCpuModel(
    string Name, string Family, uint ProcessorVersion, uint SystemVersion, uint Tlb0Configuration, uint Tlb1Configuration)
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

    /// <summary>The models: cores alone, then chips by name. QEMU 7.2 lists the same, with these versions.</summary>
    public static IReadOnlyList<PowerPcCpuModel> All { get; } =
    [
        First("e500_v10", 0x8020_0010),
        First("e500_v20", 0x8020_0020),
        Second("e500v2_v10", 0x8021_0010),
        Second("e500v2_v20", 0x8021_0020),
        Second("e500v2_v21", 0x8021_0021),
        Second("e500v2_v22", 0x8021_0022),
        Second("e500v2_v30", 0x8021_0030),
        Second("mpc8533_v10", 0x8021_0021, 0x8034_0010),
        Second("mpc8533_v11", 0x8021_0022, 0x8034_0011),
        Second("mpc8533e_v10", 0x8021_0021, 0x803C_0010),
        Second("mpc8533e_v11", 0x8021_0022, 0x803C_0011),
        First("mpc8540_v10", 0x8020_0010, 0x8030_0010),
        First("mpc8540_v20", 0x8020_0020, 0x8030_0020),
        First("mpc8540_v21", 0x8020_0020, 0x8030_0021),
        First("mpc8541_v10", 0x8020_0020, 0x8072_0010),
        First("mpc8541_v11", 0x8020_0020, 0x8072_0011),
        First("mpc8541e_v10", 0x8020_0020, 0x807A_0010),
        First("mpc8541e_v11", 0x8020_0020, 0x807A_0011),
        Second("mpc8543_v10", 0x8021_0010, 0x8032_0010),
        Second("mpc8543_v11", 0x8021_0011, 0x8032_0011),
        Second("mpc8543_v20", 0x8021_0020, 0x8032_0020),
        Second("mpc8543_v21", 0x8021_0021, 0x8032_0021),
        Second("mpc8543e_v10", 0x8021_0010, 0x803A_0010),
        Second("mpc8543e_v11", 0x8021_0011, 0x803A_0011),
        Second("mpc8543e_v20", 0x8021_0020, 0x803A_0020),
        Second("mpc8543e_v21", 0x8021_0021, 0x803A_0021),
        Second("mpc8544_v10", 0x8021_0021, 0x8034_0110),
        Second("mpc8544_v11", 0x8021_0022, 0x8034_0111),
        Second("mpc8544e_v10", 0x8021_0021, 0x803C_0110),
        Second("mpc8544e_v11", 0x8021_0022, 0x803C_0111),
        Second("mpc8545_v20", 0x8021_0020, 0x8031_0220),
        Second("mpc8545_v21", 0x8021_0021, 0x8031_0221),
        Second("mpc8545e_v20", 0x8021_0020, 0x8039_0220),
        Second("mpc8545e_v21", 0x8021_0021, 0x8039_0221),
        Second("mpc8547e_v20", 0x8021_0020, 0x8039_0120),
        Second("mpc8547e_v21", 0x8021_0021, 0x8039_0121),
        Second("mpc8548_v10", 0x8021_0010, 0x8031_0010),
        Second("mpc8548_v11", 0x8021_0011, 0x8031_0011),
        Second("mpc8548_v20", 0x8021_0020, 0x8031_0020),
        Second("mpc8548_v21", 0x8021_0021, 0x8031_0021),
        Second("mpc8548e_v10", 0x8021_0010, 0x8039_0010),
        Second("mpc8548e_v11", 0x8021_0011, 0x8039_0011),
        Second("mpc8548e_v20", 0x8021_0020, 0x8039_0020),
        Second("mpc8548e_v21", 0x8021_0021, 0x8039_0021),
        First("mpc8555_v10", 0x8020_0020, 0x8071_0010),
        First("mpc8555_v11", 0x8020_0020, 0x8071_0011),
        First("mpc8555e_v10", 0x8020_0020, 0x8079_0010),
        First("mpc8555e_v11", 0x8020_0020, 0x8079_0011),
        First("mpc8560_v10", 0x8020_0010, 0x8070_0010),
        First("mpc8560_v20", 0x8020_0020, 0x8070_0020),
        First("mpc8560_v21", 0x8020_0020, 0x8070_0021),
        Second("mpc8567", 0x8021_0022, 0x8075_0111),
        Second("mpc8567e", 0x8021_0022, 0x807D_0111),
        Second("mpc8568", 0x8021_0022, 0x8075_0011),
        Second("mpc8568e", 0x8021_0022, 0x807D_0011),
        Second("mpc8572", 0x8021_0030, 0x80E0_0010),
        Second("mpc8572e", 0x8021_0030, 0x80E8_0010),
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

    private static PowerPcCpuModel First(string name, uint version, uint system = 0) =>
        new(name, E500V1Family, version, system, 0x0211_0100, 0x1019_C010);

    private static PowerPcCpuModel Second(string name, uint version, uint system = 0) =>
        new(name, E500V2Family, version, system, 0x0411_0200, 0x101C_C010);
}
