using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Qom;

namespace Sim.PropertyKit.Machines;

/// <summary>An assignment of one property of one type.</summary>
/// <param name="Type">Name of the type.</param>
/// <param name="Property">Which of its properties, modulo their number; three in four numbers are those of writable ones.</param>
/// <param name="Value">Which value (<see cref="PropertyValues"/>), modulo their number.</param>
/// <param name="Realized">True to try it on a realized device, where that can be realized on its own.</param>
public sealed record PropertyCase(string Type, int Property, int Value, bool Realized)
{
    /// <summary>Assignments to all properties of the types of a table, with a shrinker.</summary>
    public static Arbitrary<PropertyCase> Of(TypeRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return OfTypes(DeviceWorkbench.TypeNames(registry).Where(name => !registry.Find(name).IsAbstract));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"new PropertyCase(\"{Type}\", Property: {Property}, Value: {Value}, Realized: {(Realized ? "true" : "false")})");

    /// <summary>Assignments to all properties of some types, with a shrinker.</summary>
    public static Arbitrary<PropertyCase> OfTypes(params IEnumerable<string> types)
    {
        return Arb.From(
            from type in Gen.Elements(types.ToArray())
            from property in Gen.Choose(0, 60)
            from value in Gen.Choose(0, 20)
            from realized in Gen.Elements(true, false)
            select new PropertyCase(type, property, value, realized),
            static tried => tried.Realized ? [tried with { Realized = false }] : []);
    }
}
