using System.Buffers;
using System.Collections;
using System.Reflection;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.PropertyKit.Qdev;

/// <summary>
/// Law L3: everything that can change in a device is saved state, configuration, wiring or derived, and says which. The claims are tried: a property must really be
/// kept in the field that is marked with its name, and a change of any field of a State object must show in the bytes that a snapshot keeps.
/// </summary>
public static class StateCoverage
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>What breaks the law in a type, one line each, naming type and field. Types that are no devices and have no state break nothing.</summary>
    /// <param name="root">A tree that objects of the type can be made in.</param>
    /// <param name="type">The type.</param>
    public static IReadOnlyList<string> Violations(QomRoot root, TypeImpl type)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(type);
        if (type.IsAbstract || !Concerns(type))
            return [];
        var made = root.New(type.Name);
        var violations = new List<string>();
        foreach (var field in Fields(made.GetType()))
            violations.AddRange(CheckField(root, type, made, field).Select(problem => $"{type.Name}: {field.DeclaringType!.Name}.{Name(field)} {problem}"));
        foreach (var state in States(made))
            violations.AddRange(CheckStateClass(state.StateType, []).Select(problem => $"{type.Name}: state section '{state.Name}': {problem}"));
        if (violations.Count == 0)
            violations.AddRange(CheckStateBytes(made).Select(problem => $"{type.Name}: {problem}"));
        made.Unref();
        return violations;
    }

    /// <summary>True when the law speaks of the type: of devices, and of other objects that have saved state.</summary>
    public static bool Concerns(TypeImpl type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.IsA(Device.TypeName) || (!type.IsAbstract && type.Ancestry.Any(static t => t.Info.New is not null) && Allocate(type) is IStateful);
    }

    /// <summary>Whether an object keeps a property in a field that is marked as configuration.</summary>
    public static bool IsConfiguration(QomObject made, string property)
    {
        ArgumentNullException.ThrowIfNull(made);
        return Fields(made.GetType()).Any(field => Mark<ConfigurationAttribute>(field)?.Property == property);
    }

    private static QomObject Allocate(TypeImpl type) => type.Ancestry.First(static t => t.Info.New is not null).Info.New!();

    /// <summary>The fields of a class and its ancestors, without those of the object model itself.</summary>
    private static IEnumerable<FieldInfo> Fields(Type type)
    {
        for (var level = type; level is not null && level != typeof(QomObject); level = level.BaseType)
        {
            foreach (var field in level.GetFields(Own))
                yield return field;
        }
    }

    private static IEnumerable<StateDescription> States(QomObject owner) => owner switch
    {
        Device device => device.DeviceClass.AllState,
        IStateful stateful => stateful.StateDescriptions,
        _ => [],
    };

    private static IEnumerable<string> CheckField(QomRoot root, TypeImpl type, QomObject made, FieldInfo field)
    {
        var value = field.GetValue(made);
        if (Mark<DerivedAttribute>(field) is { } derived)
            return derived.Reason.Length > 0 ? [] : ["is marked [Derived] without a reason."];
        if (Mark<WiringAttribute>(field) is not null)
            return MayBeWiring(field) ? [] : [$"is marked [Wiring], but a {field.FieldType.Name} is a value: make it State or a property."];
        if (Mark<ConfigurationAttribute>(field) is { } configuration)
            return CheckConfiguration(root, type, field, configuration.Property);
        if (States(made).Any(state => state.StateType == field.FieldType && ReferenceEquals(state.GetState(made), value)))
            return [];
        if (field.DeclaringType!.GetEvent(field.Name, Own) is not null || (field.IsInitOnly && IsReadOnlyWiring(field.FieldType, value)))
            return [];
        if (!field.IsInitOnly && ShowsInState(root, type, field))
            return [];
        return [field.IsInitOnly
            ? $"is a {field.FieldType.Name} that can change inside: make it part of the State, or mark it [Wiring] or [Derived]."
            : "can change: make it part of the State, or mark it [Configuration], [Wiring] or [Derived]."];
    }

    /// <summary>Values that change must be State; a device's own levels of the object model are the exception.</summary>
    private static bool MayBeWiring(FieldInfo field) => !field.FieldType.IsValueType || field.DeclaringType == typeof(Device) || field.DeclaringType == typeof(Bus);

    private static bool IsReadOnlyWiring(Type type, object? value) =>
        type.IsPrimitive || type.IsEnum || type == typeof(string) || value is null
        || value is IrqLine or QomObject or MemoryRegionOps or Delegate or StateDescription or GuestLog
        || (value is IEnumerable && ElementType(value.GetType()) is { } element && IsWiringElement(element));

    private static bool IsWiringElement(Type element) =>
        element.IsAssignableTo(typeof(QomObject)) || element == typeof(IrqLine) || element == typeof(StateDescription) || element.IsAssignableTo(typeof(Delegate))
        || (element.IsGenericType && element.GetGenericArguments().Any(IsWiringElement)) || element == typeof(KeyValuePair<string, int>);

    private static Type? ElementType(Type type) => type.IsArray
        ? type.GetElementType()
        : type.GetInterfaces().FirstOrDefault(static i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IEnumerable<>))?.GetGenericArguments()[0];

    private static IEnumerable<string> CheckConfiguration(QomRoot root, TypeImpl type, FieldInfo field, string name)
    {
        var owner = root.New(type.Name);
        try
        {
            if (owner.FindProperty(name) is not { } property)
                return [$"is marked [Configuration(\"{name}\")], and there is no such property."];
            var before = field.GetValue(owner);
            foreach (var candidate in Candidates(root, property))
            {
                try
                {
                    owner.SetProperty(name, candidate);
                }
                catch (SimException)
                {
                    continue;
                }

                if (!Equals(before, field.GetValue(owner)))
                    return [];
            }

            return [$"is marked [Configuration(\"{name}\")], but setting that property does not change it."];
        }
        finally
        {
            owner.Unref();
        }
    }

    private static IEnumerable<object> Candidates(QomRoot root, Property property)
    {
        if (property.Type.StartsWith("link<", StringComparison.Ordinal))
        {
            var target = root.Registry.Types.FirstOrDefault(t => t.IsA(property.Type[5..^1]) && !t.IsAbstract);
            return target is null ? [] : [root.New(target.Name)];
        }

        return [true, false, 1UL, 2UL, 0UL, 7UL, 1L, -1L, "other", "1", ""];
    }

    /// <summary>True when a change of the field changes the saved bytes: the state of a device whose State is converted lives in its own fields.</summary>
    private static bool ShowsInState(QomRoot root, TypeImpl type, FieldInfo field)
    {
        var owner = root.New(type.Name);
        try
        {
            if (!States(owner).Any())
                return false;

            // A counter into an array only shows when the array has something in it, so the other fields are changed first.
            foreach (var other in Fields(owner.GetType()).Where(f => f != field && !f.IsInitOnly && f.FieldType.IsArray))
                other.SetValue(owner, Changed(other.GetValue(owner), other.FieldType));
            var before = Bytes(owner);
            field.SetValue(owner, Changed(field.GetValue(owner), field.FieldType));
            return before != Bytes(owner);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException or NullReferenceException or IndexOutOfRangeException)
        {
            return false;
        }
        finally
        {
            owner.Unref();
        }
    }

    private static string Bytes(QomObject owner)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var state in States(owner))
            state.Write(owner, bytes);
        return Convert.ToHexString(bytes.WrittenSpan);
    }

    /// <summary>Every field of a State class, and of the classes in it, has a key of its own.</summary>
    private static IEnumerable<string> CheckStateClass(Type type, HashSet<Type> seen)
    {
        if (!seen.Add(type) || Leaf(type))
            yield break;
        if (ElementType(type) is { } element)
        {
            foreach (var problem in CheckStateClass(element, seen))
                yield return problem;
            yield break;
        }

        var keys = new HashSet<int>();
        foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            if (KeyOf(field) is not { } key)
                yield return $"field {type.Name}.{Name(field)} has no [Key]: a snapshot would leave it out.";
            else if (!keys.Add(key))
                yield return $"field {type.Name}.{Name(field)} has key {key}, as another one has.";
            foreach (var problem in CheckStateClass(field.FieldType, seen))
                yield return problem;
        }
    }

    /// <summary>Changes one field after another and looks for the change in the saved bytes.</summary>
    private static IEnumerable<string> CheckStateBytes(QomObject made)
    {
        foreach (var state in States(made).Where(static s => s.StateType.GetConstructor(Type.EmptyTypes) is not null))
        {
            var saved = state.GetState(made);
            foreach (var field in state.StateType.GetFields(BindingFlags.Instance | BindingFlags.Public))
            {
                if (field.IsInitOnly || Changed(field.GetValue(saved), field.FieldType) is not { } changed)
                    continue;
                var before = MessagePackSerializer.Serialize(state.StateType, saved);
                var old = field.GetValue(saved);
                field.SetValue(saved, changed);
                if (before.AsSpan().SequenceEqual(MessagePackSerializer.Serialize(state.StateType, saved)))
                    yield return $"a change of {state.StateType.Name}.{field.Name} does not show in the saved bytes.";
                field.SetValue(saved, old);
            }
        }
    }

    /// <summary>A value of the type that differs; null when none is known.</summary>
    private static object? Changed(object? value, Type type)
    {
        if (type == typeof(bool))
            return !(bool)value!;
        if (type == typeof(string))
            return value + "x";
        if (type.IsEnum)
            return Enum.ToObject(type, Convert.ToInt64(value, null) ^ 1);
        if (type.IsPrimitive)
            return Convert.ChangeType(Convert.ToInt64(value, null) == 1 ? 2 : 1, type, null);
        if (type.IsArray && type.GetElementType()!.IsPrimitive)
            return Array.CreateInstance(type.GetElementType()!, ((Array?)value)?.Length + 1 ?? 3);
        return null;
    }

    private static bool Leaf(Type type) => type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(Prng) || type == typeof(UInt128);

    private static TAttribute? Mark<TAttribute>(FieldInfo field) where TAttribute : Attribute =>
        field.GetCustomAttribute<TAttribute>() ?? Behind(field)?.GetCustomAttribute<TAttribute>();

    private static int? KeyOf(FieldInfo field) => (field.GetCustomAttribute<KeyAttribute>() ?? Behind(field)?.GetCustomAttribute<KeyAttribute>())?.IntKey;

    /// <summary>The property or event whose field the compiler made.</summary>
    private static MemberInfo? Behind(FieldInfo field) =>
        (MemberInfo?)field.DeclaringType!.GetProperty(Name(field), Own) ?? field.DeclaringType.GetEvent(Name(field), Own);

    private static string Name(FieldInfo field) => field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
}
