using System.Collections;
using System.Globalization;
using System.Reflection;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>One value in a section of state.</summary>
/// <param name="Path">Where it is: <c>Lsr</c>, <c>Sources[3].Priority</c>, <c>Gpr[1]</c>.</param>
/// <param name="Value">The value: a number, a truth value, a text, or bytes.</param>
public readonly record struct StateField(string Path, object? Value)
{
    /// <summary>The value for people: unsigned numbers and bytes in hexadecimal.</summary>
    public string Text => Value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        byte[] bytes => bytes.Length == 0 ? "(empty)" : Convert.ToHexStringLower(bytes),
        byte or ushort or uint or ulong => string.Create(CultureInfo.InvariantCulture, $"0x{Value:x}"),
        _ => Convert.ToString(Value, CultureInfo.InvariantCulture)!,
    };
}

/// <summary>Shows what is in a section of state, field by field, by the names of its State class.</summary>
public static class StateFields
{
    private static readonly MessagePackSerializerOptions Untrusted =
        MessagePackSerializerOptions.Standard.WithSecurity(MessagePackSecurity.UntrustedData);

    /// <summary>All values of a section, in order.</summary>
    /// <param name="section">The section.</param>
    /// <param name="registry">The types; the process-wide table when null.</param>
    /// <exception cref="SimException">The section's type is unknown here (a plugin's, for instance), or the content is none of it.</exception>
    public static IReadOnlyList<StateField> Of(StateSection section, TypeRegistry? registry = null)
    {
        Engine.Qom.Module.CallInit(ModuleInit.Qom);
        registry ??= TypeRegistry.Default;
        var (type, content) = section.Path == StateSections.SchedulerPath
            ? (typeof(SchedulerState), section.Bytes)
            : Describe(section, Find(section, registry));
        try
        {
            return OfObject(MessagePackSerializer.Deserialize(type, content, Untrusted)!);
        }
        catch (MessagePackSerializationException error)
        {
            throw new SimException($"State of '{section.Path}' ({section.Type}) is no {type.Name}.", SimErrorKind.Guest, error);
        }
    }

    /// <summary>All values of an object with MessagePack keys, in order.</summary>
    internal static IReadOnlyList<StateField> OfObject(object value)
    {
        var fields = new List<StateField>();
        Walk(value, "", fields);
        return fields;
    }

    private static (Type Type, ReadOnlyMemory<byte> Content) Describe(StateSection section, StateDescription description) =>
        (description.StateType, description.Upgrade(section.Version, section.Bytes));

    private static StateDescription Find(StateSection section, TypeRegistry registry)
    {
        var found = registry.TryFind(section.Type, out var type)
            ? type.Class is DeviceClass device
                ? device.OwnState.FirstOrDefault(s => s.Name == section.Type)
                : OfInstance(registry, section.Type)
            : null;
        return found ?? throw new SimException(
            $"State of '{section.Path}' has type '{section.Type}', which is unknown here; expected a type of this program or of a --plugin.",
            SimErrorKind.Guest);
    }

    private static StateDescription? OfInstance(TypeRegistry registry, string type)
    {
        var instance = new QomRoot(registry).New(type);
        var found = (instance as IStateful)?.StateDescriptions.FirstOrDefault(s => s.Name == type);
        instance.Unref();
        return found;
    }

    private static void Walk(object? value, string path, List<StateField> fields)
    {
        switch (value)
        {
            case null or string or byte[] or Enum:
            case var _ when value.GetType().IsPrimitive:
                fields.Add(new StateField(path, value is Enum named ? named.ToString() : value));
                break;
            case IList list:
                for (var index = 0; index < list.Count; index++)
                    WalkElement(list[index], path, index, fields);
                break;
            default:
                foreach (var (name, member) in Members(value))
                    Walk(member, path.Length == 0 ? name : $"{path}.{name}", fields);
                break;
        }
    }

    /// <summary>An element that has a name goes by it; a register, which has values besides, by nothing else.</summary>
    private static void WalkElement(object? element, string path, int index, List<StateField> fields)
    {
        var members = element is null || element is string || element.GetType().IsPrimitive ? [] : Members(element).ToList();
        if (members.FirstOrDefault() is not ("Name", string name))
        {
            Walk(element, string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]"), fields);
        }
        else if (members is [_, var (_, only)])
        {
            Walk(only is IList { Count: 1 } single ? single[0] : only, name, fields);
        }
        else
        {
            foreach (var (member, value) in members.Skip(1))
                Walk(value, $"{path}[{name}].{member}", fields);
        }
    }

    private static IEnumerable<(string Name, object? Value)> Members(object value) => value.GetType()
        .GetMembers(BindingFlags.Public | BindingFlags.Instance)
        .Select(static member => (Member: member, member.GetCustomAttribute<KeyAttribute>()?.IntKey))
        .Where(static pair => pair.IntKey is not null)
        .OrderBy(static pair => pair.IntKey)
        .Select(pair => (pair.Member.Name, pair.Member is FieldInfo field ? field.GetValue(value) : ((PropertyInfo)pair.Member).GetValue(value)));
}
