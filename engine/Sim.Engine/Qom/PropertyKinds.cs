using System.Globalization;
using Sim.Engine.Base;

namespace Sim.Engine.Qom;

internal sealed class BoolProperty(string name, Func<QomObject, bool> get, Action<QomObject, bool>? set, bool? defaultValue) : Property(name, "bool")
{
    public override object? Default { get; } = defaultValue;

    public override bool IsWritable => set is not null;

    public override object? Get(QomObject owner) => get(owner);

    public override void Set(QomObject owner, object? value) => set!(owner, value as bool? ?? throw Wrong(owner, value, "on or off"));

    public override object? Parse(QomObject owner, string text) => text switch
    {
        "on" or "yes" or "true" or "y" => true,
        "off" or "no" or "false" or "n" => false,
        _ => throw Wrong(owner, text, "on or off"),
    };
}

internal sealed class IntegerProperty(
    string name, string type, Int128 minimum, Int128 maximum, Func<QomObject, Int128> get, Action<QomObject, Int128>? set, Int128? defaultValue) : Property(name, type)
{
    public override object? Default { get; } = defaultValue is { } value ? Box(value, minimum) : null;

    public override bool IsWritable => set is not null;

    public override object? Get(QomObject owner) => Box(get(owner), minimum);

    public override void Set(QomObject owner, object? value)
    {
        Int128 number = value switch
        {
            ulong u => u,
            long l => l,
            int i => i,
            uint u => u,
            short s => s,
            ushort u => u,
            byte b => b,
            sbyte s => s,
            _ => throw Wrong(owner, value, Expected()),
        };
        if (number < minimum || number > maximum)
            throw Wrong(owner, value, Expected());
        set!(owner, number);
    }

    public override object? Parse(QomObject owner, string text)
    {
        var negative = text.StartsWith('-');
        var digits = negative ? text[1..] : text;
        var scale = 1UL;
        if (Type == "size" && digits.Length > 1 && "KMGT".IndexOf(char.ToUpperInvariant(digits[^1]), StringComparison.Ordinal) is >= 0 and var power)
        {
            scale = 1UL << (10 * (power + 1));
            digits = digits[..^1];
        }

        var parsed = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var magnitude)
            : ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out magnitude);
        var value = (Int128)magnitude * scale * (negative ? -1 : 1);
        if (!parsed || value < minimum || value > maximum)
            throw Wrong(owner, text, Expected());
        return Box(value, minimum);
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1859", Justification = "Values are boxed on purpose, as ulong or long.")]
    private static object Box(Int128 value, Int128 minimum) => minimum < 0 ? (long)value : (object)(ulong)value;

    private string Expected() => string.Create(CultureInfo.InvariantCulture, $"a number from {minimum} to {maximum}");
}

internal sealed class TextProperty(string name, string type, Func<QomObject, string> get, Action<QomObject, string>? set) : Property(name, type)
{
    public override bool IsWritable => set is not null;

    public override object? Get(QomObject owner) => get(owner);

    public override void Set(QomObject owner, object? value) => set!(owner, value as string ?? throw Wrong(owner, value, "text"));

    public override object? Parse(QomObject owner, string text) => text;
}

internal sealed class LinkProperty(string name, string targetType, Func<QomObject, QomObject?> get, Action<QomObject, QomObject?>? set)
    : Property(name, $"link<{targetType}>")
{
    public override bool IsWritable => set is not null;

    public override object? Get(QomObject owner) => get(owner);

    public override void Set(QomObject owner, object? value)
    {
        var target = value as QomObject;
        if (value is not null && target?.IsA(targetType) != true)
            throw Wrong(owner, value, $"an object of type '{targetType}'");
        var old = get(owner);
        if (ReferenceEquals(old, target))
            return;

        // A setter that refuses leaves all counts as they are.
        set!(owner, target);
        target?.Ref();
        old?.Unref();
    }

    public override object? Parse(QomObject owner, string text)
    {
        if (text.Length == 0)
            return null;
        return owner.Root.ResolvePath(text, targetType) ?? throw Wrong(owner, text, $"the path of an object of type '{targetType}'");
    }

    public override void Release(QomObject owner)
    {
        if (IsWritable && get(owner) is not null)
            Set(owner, null);
    }
}

internal sealed class ChildProperty(string name, QomObject child) : Property(name, "")
{
    /// <summary>Made on demand: boards have hundreds of children whose types nobody asks for.</summary>
    public override string Type => $"child<{child.Class.Type.Name}>";

    public QomObject Child => child;

    public override bool IsWritable => false;

    public override object? Get(QomObject owner) => child;

    public override void Set(QomObject owner, object? value) => throw Wrong(owner, value, "no change: it is a child");

    public override object? Parse(QomObject owner, string text) => throw Wrong(owner, text, "no change: it is a child");

    public override void Release(QomObject owner) => child.LeaveParent();
}

internal sealed class AliasProperty(string name, QomObject target, Property property) : Property(name, property.Type)
{
    public override object? Default => property.Default;

    public override bool IsWritable => property.IsWritable;

    public override object? Get(QomObject owner) => target.GetProperty(property.Name);

    public override void Set(QomObject owner, object? value) => target.SetProperty(property.Name, value);

    public override object? Parse(QomObject owner, string text) => property.Parse(target, text);

    public override string Print(QomObject owner) => property.Print(target);

    /// <summary>The object behind an alias of a child or a link; null when it stands for another kind.</summary>
    public QomObject? Resolve() => target.ResolveComponent(property.Name);
}
