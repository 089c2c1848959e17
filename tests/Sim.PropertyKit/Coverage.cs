using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qom;
using Sim.Engine.Session;
using Sim.PropertyKit.Cpu;
using Sim.PropertyKit.Devices;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Memory;
using Sim.PropertyKit.Qdev;
using Sim.PropertyKit.Scheduling;

namespace Sim.PropertyKit;

/// <summary>
/// What laws can cover, and what a case has covered of it. Nothing is watched while a case runs: a law says at the end of a run what there is, and notes
/// operations when they are done.
/// </summary>
public static class Coverage
{
    /// <summary>The enumerations that say what cases do, and what the operations are called together.</summary>
    private static readonly (Type Kind, string Subject)[] Generators =
    [
        (typeof(DeviceOperationKind), "device"),
        (typeof(DeviceStepKind), "device alone"),
        (typeof(PlanStepKind), "realize"),
        (typeof(MachineOperationKind), "machine"),
        (typeof(StopKind), "stop"),
        (typeof(GuestPartKind), "program"),
        (typeof(TranslationStepKind), "translation"),
        (typeof(RegionChangeKind), "memory map"),
        (typeof(VcpuStepKind), "schedule"),
    ];

    /// <summary>
    /// Everything of a kind that there is in this process: the types of <see cref="TypeRegistry.Default"/>; the properties that their classes declare, as
    /// <c>type.property</c>; the steps that cases consist of; the groups of the decoder; the kinds of exceptions that the CPU
    /// can raise.
    /// </summary>
    public static IReadOnlyList<string> All(CoverageKind kind) => kind switch
    {
        CoverageKind.Types => [.. Types().Select(static type => type.Name)],
        CoverageKind.Properties => [.. Types().SelectMany(static type => type.Class.OwnProperties.Select(property => Name(type, property)))],
        CoverageKind.Operations => [.. Generators.SelectMany(static g => Enum.GetNames(g.Kind).Select(name => Name(g.Subject, name)))],
        CoverageKind.InstructionGroups => Enum.GetNames<InstructionGroup>(),
        CoverageKind.ExceptionKinds => [.. PowerPcCpu.ExceptionKinds.Except(PowerPcCpu.ExceptionKindsWithoutSource)],
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>
    /// Notes what a session has come to: the types of all objects of its tree, the exceptions that its CPUs have taken, and the groups of the instructions
    /// that they have decoded to execute them. Nothing of the machine changes.
    /// </summary>
    public static void CoverSession(this CaseClasses classes, Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        classes.CoverObject(session.Machine.Root.Object);
        classes.CoverCores(session.Machine.Devices().OfType<PowerPcCpu>().Select(static cpu => cpu.Core));
    }

    /// <summary>
    /// Notes the types of an object and of all below it in the tree: its own, those that it derives from, and the interfaces that it implements. Types of
    /// tables that tests make for themselves are left out.
    /// </summary>
    public static void CoverObject(this CaseClasses classes, QomObject made)
    {
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(made);
        var found = new HashSet<ObjectClass>();
        Collect(made, found);
        foreach (var klass in found)
        {
            foreach (var type in klass.Interfaces.SelectMany(static i => i.Type.Ancestry).Concat(klass.Type.Ancestry))
            {
                if (IsOurs(type))
                    classes.Cover(CoverageKind.Types, type.Name);
            }
        }
    }

    /// <summary>Notes that a property was read, set, or refused; one that was added to the object alone is left out.</summary>
    public static void CoverProperty(this CaseClasses classes, QomObject owner, Property property)
    {
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(owner);
        for (var klass = owner.Class; klass is not null; klass = klass.Parent)
        {
            if (IsOurs(klass.Type) && klass.OwnProperties.Contains(property))
                classes.Cover(CoverageKind.Properties, Name(klass.Type, property));
        }
    }

    /// <summary>Notes that a step of a case was done.</summary>
    internal static void CoverOperation<TKind>(this CaseClasses classes, TKind done) where TKind : struct, Enum =>
        classes.Cover(CoverageKind.Operations, Operations<TKind>.Names[done]);

    /// <summary>Notes what CPUs of one machine have executed and the exceptions that they have taken.</summary>
    internal static unsafe void CoverCores(this CaseClasses classes, IEnumerable<PowerPcCore> cores)
    {
        CodeCache? shared = null;
        foreach (var core in cores)
        {
            for (var kind = 0; kind < PowerPcCpu.ExceptionKinds.Count; kind++)
            {
                if ((core.State->VectorsTaken >> kind & 1) != 0)
                    classes.Cover(CoverageKind.ExceptionKinds, PowerPcCpu.ExceptionKinds[kind]);
            }

            shared ??= core.Code;
        }

        foreach (var group in shared?.DecodedGroups() ?? [])
            classes.CoverInstruction(group);
    }

    /// <summary>Notes that an instruction of a group was executed.</summary>
    internal static void CoverInstruction(this CaseClasses classes, InstructionGroup group) =>
        classes.Cover(CoverageKind.InstructionGroups, Enum.GetName(group)!);

    private static IEnumerable<TypeImpl> Types()
    {
        Module.CallInit(ModuleInit.Qom);
        TypeRegistry.Default.Seal();
        return TypeRegistry.Default.Types;
    }

    private static bool IsOurs(TypeImpl type) => ReferenceEquals(type.Registry, TypeRegistry.Default);

    private static void Collect(QomObject at, HashSet<ObjectClass> found)
    {
        found.Add(at.Class);
        foreach (var child in at.Children)
            Collect(child, found);
    }

    private static string Name(TypeImpl type, Property property) => $"{type.Name}.{property.Name}";

    private static string Name(string subject, string operation) => $"{subject}: {operation}";

    /// <summary>The names of the operations of an enumeration, made once.</summary>
    private static class Operations<TKind> where TKind : struct, Enum
    {
        public static readonly Dictionary<TKind, string> Names = Enum.GetValues<TKind>().ToDictionary(
            static kind => kind, static kind => Name(Generators.First(static g => g.Kind == typeof(TKind)).Subject, Enum.GetName(kind)!));
    }
}
