using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>Names of CPU models as users write them. QEMU: cpu_class_by_name, ppc_cpu_aliases (target/ppc/cpu-models.c).</summary>
public static class CpuModels
{
    /// <summary>Ending of every CPU type's name. QEMU: POWERPC_CPU_TYPE_SUFFIX.</summary>
    public const string Suffix = "-powerpc-cpu";

    /// <summary>Short names and the models that they stand for, as QEMU lists them.</summary>
    public static IReadOnlyDictionary<string, string> Aliases { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["e500"] = "e500v2_v22",
        ["e500v1"] = "e500_v20",
        ["e500v2"] = "e500v2_v22",
        ["mpc8533"] = "mpc8533_v11",
        ["mpc8533e"] = "mpc8533e_v11",
        ["mpc8540"] = "mpc8540_v21",
        ["mpc8541"] = "mpc8541_v11",
        ["mpc8541e"] = "mpc8541e_v11",
        ["mpc8543"] = "mpc8543_v21",
        ["mpc8543e"] = "mpc8543e_v21",
        ["mpc8544"] = "mpc8544_v11",
        ["mpc8544e"] = "mpc8544e_v11",
        ["mpc8545"] = "mpc8545_v21",
        ["mpc8545e"] = "mpc8545e_v21",
        ["mpc8547e"] = "mpc8547e_v21",
        ["mpc8548"] = "mpc8548_v21",
        ["mpc8548e"] = "mpc8548e_v21",
        ["mpc8555"] = "mpc8555_v11",
        ["mpc8555e"] = "mpc8555e_v11",
        ["mpc8560"] = "mpc8560_v21",
    };

    /// <summary>The type name of a model, an alias, or a type itself; letters' case does not matter.</summary>
    /// <exception cref="SimException">There is no such CPU.</exception>
    public static string Resolve(TypeRegistry registry, string model)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(model);
        var types = registry.Types.Where(static t => t.Name.EndsWith(Suffix, StringComparison.Ordinal) && !t.IsAbstract).Select(static t => t.Name).ToList();
        var name = model;
        if (Aliases.FirstOrDefault(alias => alias.Key.Equals(model, StringComparison.OrdinalIgnoreCase)) is { Value: { } target })
            name = target;
        return types.Find(type => type.Equals(name, StringComparison.OrdinalIgnoreCase) || type.Equals(name + Suffix, StringComparison.OrdinalIgnoreCase))
            ?? throw new SimException($"Unknown CPU '{model}'.{Nearest.Hint(model, types.Select(static t => t[..^Suffix.Length]).Concat(Aliases.Keys))}");
    }
}
