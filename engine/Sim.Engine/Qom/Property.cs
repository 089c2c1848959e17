using System.Globalization;
using Sim.Engine.Base;

namespace Sim.Engine.Qom;

/// <summary>Returns a reference to the field of <typeparamref name="TObject"/> that holds a property's value.</summary>
public delegate ref TValue PropertyField<TObject, TValue>(TObject owner);

/// <summary>
/// A named, typed value of an object. Values are boxed: <see cref="bool"/>, <see cref="ulong"/> for unsigned and <see cref="long"/> for signed integers,
/// <see cref="string"/>, or a <see cref="QomObject"/>. QEMU: ObjectProperty (qom/object.h).
/// </summary>
public abstract class Property
{
    /// <summary>Creates a property.</summary>
    /// <param name="name">Its name, QEMU's.</param>
    /// <param name="type">Name of its type as QEMU prints it: <c>bool</c>, <c>uint32</c>, <c>str</c>, <c>link&lt;irq&gt;</c>.</param>
    protected Property(string name, string type)
    {
        Name = name;
        Type = type;
    }

    /// <summary>Name, unique on its object.</summary>
    public string Name { get; }

    /// <summary>Type as QEMU prints it.</summary>
    public virtual string Type { get; }

    /// <summary>What it means, for people; null when QEMU gives none.</summary>
    public string? Description { get; init; }

    /// <summary>The value of a new object; null when the property declares none.</summary>
    public virtual object? Default => null;

    /// <summary>True for a device's configuration, which is fixed once the device is realized. QEMU: qdev_prop_allow_set.</summary>
    public bool FixedAfterRealize { get; init; }

    /// <summary>False when the property can only be read.</summary>
    public virtual bool IsWritable => true;

    /// <summary>The value. QEMU: object_property_get.</summary>
    public abstract object? Get(QomObject owner);

    /// <summary>Changes the value; the caller is <see cref="QomObject.SetProperty(string, object?)"/>. QEMU: object_property_set.</summary>
    public abstract void Set(QomObject owner, object? value);

    /// <summary>Turns command-line text into a value that <see cref="Set"/> takes. QEMU: object_property_parse.</summary>
    public abstract object? Parse(QomObject owner, string text);

    /// <summary>Gives a new object the default. QEMU: object_property_init_defval.</summary>
    public virtual void Initialize(QomObject owner)
    {
        if (Default is not null)
            Set(owner, Default);
    }

    /// <summary>The value as text that <see cref="Parse"/> takes. QEMU: object_property_print.</summary>
    public virtual string Print(QomObject owner) => Get(owner) switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        QomObject target => target.CanonicalPath,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        var other => other.ToString() ?? "",
    };

    /// <summary>Run when the property leaves its object; a child lets go of its object here. QEMU: ObjectPropertyRelease.</summary>
    public virtual void Release(QomObject owner) { }

    /// <summary>The error that every wrong value ends in.</summary>
    protected SimException Wrong(QomObject owner, object? value, string expected)
    {
        ArgumentNullException.ThrowIfNull(owner);
        var shown = value switch { null => "nothing", string text => $"'{text}'", QomObject target => $"'{target.CanonicalPath}'", _ => Convert.ToString(value, CultureInfo.InvariantCulture) };
        return new SimException($"Property '{owner.Class.Type.Name}.{Name}' cannot be {shown}: expected {expected}.");
    }

    /// <summary>A boolean field. Text: on/off, yes/no, true/false, y/n.</summary>
    public static Property Bool<T>(string name, PropertyField<T, bool> field, bool defaultValue = false, string? description = null) where T : QomObject =>
        new BoolProperty(name, o => field((T)o), (o, v) => field((T)o) = v, defaultValue) { Description = description, FixedAfterRealize = true };

    /// <summary>A boolean with functions instead of a field; <paramref name="set"/> null makes it read-only. QEMU: object_class_property_add_bool.</summary>
    public static Property Bool(string name, Func<QomObject, bool> get, Action<QomObject, bool>? set, string? description = null) =>
        new BoolProperty(name, get, set, null) { Description = description };

    /// <summary>An unsigned 8-bit field.</summary>
    public static Property U8<T>(string name, PropertyField<T, byte> field, byte? defaultValue = null, string? description = null) where T : QomObject =>
        new IntegerProperty(name, "uint8", 0, byte.MaxValue, o => field((T)o), (o, v) => field((T)o) = (byte)v, defaultValue) { Description = description, FixedAfterRealize = true };

    /// <summary>An unsigned 16-bit field.</summary>
    public static Property U16<T>(string name, PropertyField<T, ushort> field, ushort? defaultValue = null, string? description = null) where T : QomObject =>
        new IntegerProperty(name, "uint16", 0, ushort.MaxValue, o => field((T)o), (o, v) => field((T)o) = (ushort)v, defaultValue) { Description = description, FixedAfterRealize = true };

    /// <summary>An unsigned 32-bit field.</summary>
    public static Property U32<T>(string name, PropertyField<T, uint> field, uint? defaultValue = null, string? description = null) where T : QomObject =>
        new IntegerProperty(name, "uint32", 0, uint.MaxValue, o => field((T)o), (o, v) => field((T)o) = (uint)v, defaultValue) { Description = description, FixedAfterRealize = true };

    /// <summary>An unsigned 64-bit field.</summary>
    public static Property U64<T>(string name, PropertyField<T, ulong> field, ulong? defaultValue = null, string? description = null) where T : QomObject =>
        new IntegerProperty(name, "uint64", 0, ulong.MaxValue, o => field((T)o), (o, v) => field((T)o) = (ulong)v, defaultValue) { Description = description, FixedAfterRealize = true };

    /// <summary>A signed 32-bit field.</summary>
    public static Property I32<T>(string name, PropertyField<T, int> field, int? defaultValue = null, string? description = null) where T : QomObject =>
        new IntegerProperty(name, "int32", int.MinValue, int.MaxValue, o => field((T)o), (o, v) => field((T)o) = (int)v, defaultValue) { Description = description, FixedAfterRealize = true };

    /// <summary>An integer with functions instead of a field; <paramref name="set"/> null makes it read-only.</summary>
    public static Property Integer(string name, string type, Int128 minimum, Int128 maximum, Func<QomObject, Int128> get, Action<QomObject, Int128>? set, string? description = null) =>
        new IntegerProperty(name, type, minimum, maximum, get, set, null) { Description = description };

    /// <summary>A text field; empty by default. QEMU: DEFINE_PROP_STRING.</summary>
    public static Property Text<T>(string name, PropertyField<T, string> field, string? description = null) where T : QomObject =>
        new TextProperty(name, "str", o => field((T)o), (o, v) => field((T)o) = v) { Description = description, FixedAfterRealize = true };

    /// <summary>A text with functions instead of a field; <paramref name="set"/> null makes it read-only. QEMU: object_class_property_add_str.</summary>
    public static Property Text(string name, string type, Func<QomObject, string> get, Action<QomObject, string>? set, string? description = null) =>
        new TextProperty(name, type, get, set) { Description = description };

    /// <summary>A link that holds a reference to an object of type <paramref name="targetType"/>. QEMU: DEFINE_PROP_LINK.</summary>
    public static Property Link<T, TTarget>(string name, string targetType, PropertyField<T, TTarget?> field, string? description = null)
        where T : QomObject where TTarget : QomObject =>
        new LinkProperty(name, targetType, o => field((T)o), (o, v) => field((T)o) = (TTarget?)v) { Description = description, FixedAfterRealize = true };

    /// <summary>A link with functions instead of a field; <paramref name="set"/> null makes it read-only. QEMU: object_property_add_link.</summary>
    public static Property Link(string name, string targetType, Func<QomObject, QomObject?> get, Action<QomObject, QomObject?>? set, string? description = null) =>
        new LinkProperty(name, targetType, get, set) { Description = description };
}
