using System.Collections;
using System.Reflection;
using System.Runtime.InteropServices;
using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Devices.Char;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Tests;

/// <summary>
/// Compares everything that two sessions remember, private fields included, by walking both object graphs side by side. It knows nothing
/// of State, properties or serialization; what it does not compare is listed with the reason.
/// </summary>
internal sealed class ObjectGraph
{
    /// <summary>Fields that hold nothing of the machine: caches of the host, and the session's own business.</summary>
    public static readonly IReadOnlyDictionary<string, string> HostOnly = new Dictionary<string, string>
    {
        ["RamBlock.allocation"] = "Address in the host; the pages are compared.",
        ["RamBlock.<Host>k__BackingField"] = "Address in the host; the pages are compared.",
        ["RamBlock.stamps"] = "When a page was written last, for digests and checkpoints: law incremental-digest.",
        ["RamBlock.codePages"] = "Which pages hold decoded code, for dropping it: law dropped-caches.",
        ["RamBlock.<Epoch>k__BackingField"] = "Counts observations: law observing.",
        ["RamBlock.listeners"] = "Decoded code listens from a core's first run on, or from a restore with a reservation: laws dropped-caches, machine-histories.",
        ["AddressSpace.view"] = "The flat view, made of the regions when it is asked for; the regions are compared.",
        ["AddressSpace.latest"] = "The range of the latest access, to find the next one faster: law flat-view.",
        ["Script.steps"] = "A restored script has only the lines that are left; the progress is compared.",
        ["Script.next"] = "Counts the lines that are done; the progress is compared.",
        ["PowerPcCore.<State>k__BackingField"] = "Address in the host; the register file is compared field by field.",
        ["PowerPcCore.scratch"] = "Address in the host of instructions that are decoded for one use.",
        ["PowerPcCore.self"] = "Handle of the host's garbage collector.",
        ["PowerPcCore.code"] = "Decoded code: law dropped-caches.",
        ["PowerPcCore.hearsAllRam"] = "Whether it listens to all RAM yet: made up for when it next executes, with a reservation at once (law machine-histories).",
        ["PowerPcCore.stopRequested"] = "Lives within one run: set to false when the next one begins.",
        ["SerialConsole.output"] = "What was printed since power-on or the last restore: outside of the machine.",
        ["Session.digest"] = "Hashes of pages: law incremental-digest.",
        ["Session.ramHistories"] = "Pages of the last checkpoint: law checkpoints.",
        ["Session.<Script>k__BackingField"] = "A restored script has only the lines that are left; the progress is compared.",
        ["Session.save"] = "Where a script's snapshots go: the host's.",
        ["Session.cancellation"] = "How the host ends a run.",
        ["Chardev.input"] = "Holds bytes that were taken already before those that wait, which are compared.",
        ["Chardev.next"] = "Begins the bytes that wait.",
        ["VirtualTimer.<Sequence>k__BackingField"] = "Means something only while the timer is armed, when it is compared.",
        ["MachineState.<Configuration>k__BackingField"] = "What the machine was built from, immutable: compared by the codec's test.",
    };

    private readonly Dictionary<object, object> partners = new(ReferenceEqualityComparer.Instance);
    private readonly Stack<(object? First, object? Second, string Path)> open = new();
    private readonly List<string> differences = [];

    /// <summary>Fields of <see cref="HostOnly"/> that were met.</summary>
    public HashSet<string> Skipped { get; } = [];

    /// <summary>Number of objects that were compared.</summary>
    public int Objects => partners.Count;

    /// <summary>Where two sessions differ: paths of fields.</summary>
    public IReadOnlyList<string> Compare(Session first, Session second)
    {
        open.Push((first, second, ""));
        while (open.TryPop(out var pair))
            Visit(pair.First, pair.Second, pair.Path);
        return differences;
    }

    private void Visit(object? first, object? second, string path)
    {
        if (first is null || second is null || first.GetType() != second.GetType())
        {
            Require(first is null && second is null, path);
            return;
        }

        var type = first.GetType();
        if (type.IsPrimitive || type.IsEnum || first is string or decimal or UInt128 or Int128)
            Require(first.Equals(second), FormattableString.Invariant($"{path}: {first}, {second}"));
        else if (first is Delegate)
            VisitDelegates((Delegate)first, (Delegate)second, path);
        else if (first is MemberInfo or Pointer or GCHandle or CancellationToken)
            Require(first is not MemberInfo || first.Equals(second), path);
        else if (type.IsValueType)
            VisitFields(first, second, path);
        else if (partners.TryGetValue(first, out var partner))
            Require(ReferenceEquals(partner, second), path + " (refers to another object)");
        else
        {
            partners.Add(first, second);
            VisitObject(first, second, path);
        }
    }

    private void VisitObject(object first, object second, string path)
    {
        if (first is IEnumerable elements && (first is Array || first.GetType().Namespace?.StartsWith("System.Collections", StringComparison.Ordinal) == true))
        {
            VisitElements(elements, (IEnumerable)second, path);
            return;
        }

        if (first.GetType().Namespace?.StartsWith("System", StringComparison.Ordinal) == true)
            return;   // The runtime's own.

        // Objects of the tree go by their paths, others by their types: the way by which the walk came to them says little.
        var name = first is QomObject { Parent: not null } at ? at.CanonicalPath : first.GetType().Name;
        Special(first, second, name);
        VisitFields(first, second, name);
    }

    /// <summary>What is not in fields, or only in part.</summary>
    private unsafe void Special(object first, object second, string path)
    {
        switch (first)
        {
            case RamBlock ram:
                for (var page = 0UL; page < ram.PageCount; page++)
                    Require(ram.Page(page).SequenceEqual(((RamBlock)second).Page(page)), FormattableString.Invariant($"{path} page {page}"));
                break;
            case PowerPcCore core:
                foreach (var (name, offset, length) in RegisterFile.Fields)
                {
                    var own = new ReadOnlySpan<byte>((byte*)core.State + offset, length);
                    Require(own.SequenceEqual(new ReadOnlySpan<byte>((byte*)((PowerPcCore)second).State + offset, length)), $"{path}.State.{name}");
                }

                break;
            case VirtualTimer { IsArmed: true } timer:
                Require(timer.Sequence == ((VirtualTimer)second).Sequence, path + ".Sequence");
                break;
            case Chardev chardev:
                Require(chardev.Waiting == ((Chardev)second).Waiting && Waiting(chardev).SequenceEqual(Waiting((Chardev)second)), path + ".Waiting");
                break;
            case Session session:
                Require(Describe(session.Script?.Progress) == Describe(((Session)second).Script?.Progress), path + ".Script.Progress");
                break;
        }
    }

    private static string Describe(ScriptProgress? progress) =>
        progress is null ? "" : $"{progress.Name} {progress.Matched} {string.Join('|', progress.Steps)}";

    private static byte[] Waiting(Chardev chardev)
    {
        var fields = typeof(Chardev);
        var input = (byte[])fields.GetField("input", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(chardev)!;
        return input[(int)fields.GetField("next", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(chardev)!..];
    }

    private void VisitDelegates(Delegate first, Delegate second, string path)
    {
        Delegate[] left = first.GetInvocationList(), right = second.GetInvocationList();
        Require(left.Length == right.Length, path + " (subscribers)");
        foreach (var (a, b) in left.Zip(right))
        {
            Require(a.Method.Equals(b.Method), path + " (method)");
            open.Push((a.Target, b.Target, path + "()"));
        }
    }

    private void VisitElements(IEnumerable first, IEnumerable second, string path)
    {
        object?[] left = [.. first.Cast<object?>()], right = [.. second.Cast<object?>()];
        Require(left.Length == right.Length, path + " (count)");
        for (var index = 0; index < Math.Min(left.Length, right.Length); index++)
            open.Push((left[index], right[index], FormattableString.Invariant($"{path}[{index}]")));
    }

    private void VisitFields(object first, object second, string path)
    {
        for (var type = first.GetType(); type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                var name = $"{type.Name}.{field.Name}";
                if (HostOnly.ContainsKey(name))
                    Skipped.Add(name);
                else if (!field.FieldType.IsPointer)
                    open.Push((field.GetValue(first), field.GetValue(second), $"{path}.{field.Name}"));
                else
                    Require(false, $"{path}.{field.Name} is a pointer that nobody compares");
            }
        }
    }

    private void Require(bool equal, string path)
    {
        if (!equal)
            differences.Add(path);
    }
}

/// <summary>The fields of a core's register file that are not derived, found by their offsets in memory.</summary>
internal static class RegisterFile
{
    /// <summary>Name, offset and length in bytes.</summary>
    public static IReadOnlyList<(string Name, int Offset, int Length)> Fields { get; } = Find();

    private static List<(string Name, int Offset, int Length)> Find()
    {
        var fields = typeof(PowerPcState).GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(static field => (Field: field, Offset: (int)Marshal.OffsetOf<PowerPcState>(field.Name))).OrderBy(static f => f.Offset).ToList();
        return
        [
            .. fields.Where(static f => f.Field.GetCustomAttributes().All(static a => a is not DerivedAttribute))
                .Select(f => (f.Field.Name, f.Offset, Length(f.Field))),
        ];
    }

    private static int Length(FieldInfo field) => Marshal.SizeOf(field.FieldType);
}
