using System.Buffers;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.PropertyKit.Devices;
using Sim.PropertyKit.Qdev;
using static Sim.Engine.Qdev.Qdev;

namespace Sim.PropertyKit.Machines;

/// <summary>Properties of objects of every type.</summary>
public static class PropertyLaws
{
    /// <summary>A property takes what fits its type, gives it back, and refuses all else by name.</summary>
    public static NamedLaw Assignments { get; } = NamedLaw.Of(
        "property-assignments", "qom",
        "A property of any type takes what fits and gives it back; it refuses by name what does not fit, and changes "
        + "of a realized device's configuration, and keeps its value.",
        PropertyCase.Of(TestTypes.Registry), static (tried, classes) => Assign(tried, TestTypes.Registry, classes),
        new LawOptions
        {
            Runs = 600,
            Required =
            [
                ("accepted", 0.1), ("boundary", 0.03), ("beyond", 0.02), ("wrong kind", 0.1), ("read-only", 0.15),
                ("fixed after realize", 0.03),
                ("bool", 0.1), ("integer", 0.03), ("text", 0.05), ("link", 0.05), ("default", 0.2),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Assignments];

    /// <summary>Makes an object, looks at its defaults, and assigns a property.</summary>
    /// <param name="tried">What is assigned.</param>
    /// <param name="registry">The types.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    /// <param name="device">What an object that is to be realized needs; null for nothing.</param>
    public static void Assign(PropertyCase tried, TypeRegistry registry, CaseClasses classes, DeviceRequest? device = null)
    {
        ArgumentNullException.ThrowIfNull(tried);
        ArgumentNullException.ThrowIfNull(classes);
        using var machine = TestMachine.Create(registry);
        PlannedHub.Create(machine);
        var made = machine.Root.New(tried.Type);
        classes.CoverObject(made);
        foreach (var declared in made.Class.AllProperties.Where(static p => p.Default is not null))
        {
            Check.Equal(declared.Default, declared.Get(made), $"default of {tried.Type}.{declared.Name}");
            classes.CoverProperty(made, declared);
            classes.Add("default");
        }

        var isRealized = tried.Realized && made is Device living && TryRealize(machine, living, device);
        var properties = made.Properties.Where(static p => p.Name != "realized").ToList();
        var writable = properties.FindAll(static p => p.IsWritable);
        if (tried.Property % 4 > 0 && writable.Count > 0)
            properties = writable;
        var property = properties[tried.Property % properties.Count];
        var values = PropertyValues.Of(made, property).ToList();
        Assign(made, property, values[tried.Value % values.Count], isRealized, classes);
        AssignText(made, property);
    }

    private static void Assign(QomObject made, Property property, PropertyValue value, bool isRealized, CaseClasses classes)
    {
        classes.CoverProperty(made, property);
        var before = property.Get(made);
        var saved = Saved(made);
        var kind = property.Type.Split('<')[0] switch
        {
            "bool" => "bool",
            "link" => "link",
            "child" => "child",
            var type when PropertyValues.Range(type) is not null => "integer",
            _ => "text"
        };
        classes.Add(kind);
        classes.Add(value.Kind, property.IsWritable);
        var error = Check.Caught(() => made.SetProperty(property.Name, value.Value));
        if (error is null)
        {
            Check.That(property.IsWritable && value.Fits && !(IsConfiguration(made, property) && isRealized),
                $"{made.Class.Type.Name}.{property.Name} took {Show(value)}");
            Check.Equal(value.Value, property.Get(made), $"{made.Class.Type.Name}.{property.Name}");
            Check.That(!isRealized || made is PlannedHub || kind is "link" || property is AliasProperty || property.Name == "realized" || Equals(before, value.Value) || saved != Saved(made),
                $"{made.Class.Type.Name}.{property.Name} took {Show(value)} after realize, and no saved state shows it: fix it once realized, or make it State");
            classes.Add("accepted");
            return;
        }

        Check.That(error is SimException, $"something else than a refusal: {error}");
        Check.Equal(before, property.Get(made), $"{made.Class.Type.Name}.{property.Name} after a refusal");
        if (property is AliasProperty)
            return;
        Check.That(error.Message.Contains($"'{made.Class.Type.Name}.{property.Name}'", StringComparison.Ordinal),
            $"the refusal does not name the property: {error.Message}");
        classes.Add("read-only", !property.IsWritable);
        var isFixed = property.IsWritable && IsConfiguration(made, property) && isRealized;
        Check.That(!isFixed || error.Message.Contains($"'{made.CanonicalPath}'", StringComparison.Ordinal),
            $"the refusal does not name the device: {error.Message}");
        classes.Add("fixed after realize", isFixed);
    }

    /// <summary>What a property prints it takes as text, and text of another kind it refuses.</summary>
    private static void AssignText(QomObject made, Property property)
    {
        if (!property.IsWritable || property is AliasProperty)
            return;
        if (property.Type == "bool" || PropertyValues.Range(property.Type) is not null)
        {
            // As in QEMU a PCI address that is not set prints as <unset>, which is no value.
            var printed = property.Print(made);
            if (!printed.StartsWith('<'))
                Check.Equal(property.Get(made), property.Parse(made, printed), $"{made.Class.Type.Name}.{property.Name} printed and read");
            foreach (var text in (string[])["", " 1", "0x", "maybe", "1e3", "99999999999999999999999"])
                Check.Throws<SimException>(() => property.Parse(made, text), $"{made.Class.Type.Name}.{property.Name} of '{text}'");
        }
        else if (property.Type.StartsWith("link<", StringComparison.Ordinal))
            Check.Throws<SimException>(() => property.Parse(made, "/no/such/object"),
                $"{made.Class.Type.Name}.{property.Name} of a path that leads nowhere");
    }

    /// <summary>
    /// True for a value with a default that a device keeps in a field that is marked as its configuration, and for what says so itself.
    /// Properties that functions set have no default, and may be set at any time.
    /// </summary>
    private static bool IsConfiguration(QomObject made, Property property) =>
        property.FixedAfterRealize || (property.Default is not null && StateCoverage.IsConfiguration(made, property.Name));

    private static bool TryRealize(TestMachine machine, Device device, DeviceRequest? request)
    {
        try
        {
            if (request is not null)
                DevicePlace.Configure(device, request);
            Realize(device, DevicePlace.FindBus(machine, device));
            return true;
        }
        catch (SimException)
        {
            return false;
        }
    }

    /// <summary>A device's saved state.</summary>
    private static string Saved(QomObject made)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var state in (made as Device)?.DeviceClass.AllState ?? [])
            state.Write(made, bytes);
        return Convert.ToHexString(bytes.WrittenSpan);
    }

    private static string Show(PropertyValue value) => $"{value.Value ?? "nothing"} ({value.Kind})";
}
