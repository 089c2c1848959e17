using System.Diagnostics.CodeAnalysis;
using Sim.Engine.Qom;

namespace Sim.PropertyKit.Machines;

/// <summary>A value to be assigned to a property.</summary>
/// <param name="Value">The value.</param>
/// <param name="Fits">True when the property's type takes it; a setter may still refuse.</param>
/// <param name="Kind">What kind of value it is: <c>valid</c>, <c>boundary</c>, <c>beyond</c>, <c>wrong kind</c>.</param>
public readonly record struct PropertyValue(object? Value, bool Fits, string Kind);

/// <summary>Values for properties of any type.</summary>
public static class PropertyValues
{
    /// <summary>Values that fit, that just fit, that just do not, and of wrong kinds.</summary>
    public static IEnumerable<PropertyValue> Of(QomObject owner, Property property)
    {
        ArgumentNullException.ThrowIfNull(owner);
        ArgumentNullException.ThrowIfNull(property);
        var type = property.Type;
        if (type == "bool")
            return [.. Fitting(true, false), .. Wrong(1UL, "on", null, owner)];
        if (Range(type) is var (minimum, maximum))
            return Integers(minimum, maximum).Concat(Wrong(true, "1", null, owner));
        if (type.StartsWith("link<", StringComparison.Ordinal))
            return Links(owner, type[5..^1]);
        if (type.StartsWith("child<", StringComparison.Ordinal))
            return Wrong(null, owner, "x", 1UL);
        return [.. Fitting("", "text", "/machine", "Grüße, \0"), .. Wrong(true, 1UL, null, owner)];
    }

    /// <summary>The range of an integer type; null for other types.</summary>
    public static (Int128 Minimum, Int128 Maximum)? Range(string type) => type switch
    {
        "uint8" => (0, byte.MaxValue),
        "uint16" => (0, ushort.MaxValue),
        "uint32" => (0, uint.MaxValue),
        "uint64" or "size" => (0, ulong.MaxValue),
        "int32" => (int.MinValue, int.MaxValue),
        "int" => (0, int.MaxValue),
        _ => null,
    };

    private static IEnumerable<PropertyValue> Integers(Int128 minimum, Int128 maximum)
    {
        yield return new(Box(1, minimum), true, "valid");
        yield return new(Box(7, minimum), true, "valid");
        yield return new(Box(minimum, minimum), true, "boundary");
        yield return new(Box(maximum, minimum), true, "boundary");
        if (minimum - 1 >= long.MinValue)
            yield return new((long)(minimum - 1), false, "beyond");
        if (maximum + 1 <= ulong.MaxValue)
            yield return new((ulong)(maximum + 1), false, "beyond");
    }

    private static IEnumerable<PropertyValue> Links(QomObject owner, string target)
    {
        yield return new(null, true, "valid");
        yield return new(owner, owner.IsA(target), owner.IsA(target) ? "valid" : "wrong kind");
        if (owner.Root.Object.FindChild("machine") is { } machine && Below(machine).Concat(Below(owner.Root.Object))
            .FirstOrDefault(o => o.IsA(target)) is { } found)
            yield return new(found, true, "valid");
        yield return new(1UL, false, "wrong kind");
        yield return new("/machine", false, "wrong kind");
    }

    private static IEnumerable<QomObject> Below(QomObject at) => at.Children.SelectMany(Below).Prepend(at);

    [SuppressMessage("Performance", "CA1859", Justification = "Values are boxed on purpose, as ulong or long.")]
    private static object Box(Int128 value, Int128 minimum) => minimum < 0 ? (long)value : (object)(ulong)value;

    private static IEnumerable<PropertyValue> Fitting(params IEnumerable<object?> values) => values
        .Select(static v => new PropertyValue(v, true, "valid"));

    private static IEnumerable<PropertyValue> Wrong(params IEnumerable<object?> values) =>
        values.Select(static v => new PropertyValue(v, false, "wrong kind"));
}
