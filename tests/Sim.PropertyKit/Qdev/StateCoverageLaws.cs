using Sim.Engine.Qom;

namespace Sim.PropertyKit.Qdev;

/// <summary>Law L3 for every registered type.</summary>
public static class StateCoverageLaws
{
    /// <summary>Everything that can change in a device is saved, or says why not. All types are tried, one after the other.</summary>
    public static NamedLaw Coverage { get; } = NamedLaw.Of(
        "state-coverage", "L3", "Everything that can change in a device of any type is saved state, a property, or declared wiring or derived.",
        static options => Try("state-coverage", TestTypes.Registry, TestTypes.Registry.Types, options), new LawOptions());

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Coverage];

    /// <summary>Tries types, one after the other.</summary>
    /// <param name="law">The law, for messages.</param>
    /// <param name="registry">A table with the types and those of <see cref="TestTypes"/>.</param>
    /// <param name="types">The types; those of which the law does not speak are left out.</param>
    /// <param name="options">Who is told, and when to end.</param>
    internal static LawReport Try(string law, TypeRegistry registry, IEnumerable<TypeImpl> types, LawOptions options)
    {
        using var machine = TestMachine.Create(registry);
        PlannedHub.Create(machine);
        var coverage = new CoverageCounts();
        var concerned = types.Where(static t => !t.IsAbstract && StateCoverage.Concerns(t)).ToList();
        foreach (var (index, type) in concerned.Index())
        {
            options.Cancellation.ThrowIfCancellationRequested();
            var violations = StateCoverage.Violations(machine.Root, type);
            if (violations.Count > 0)
                throw new LawFailedException($"Law '{law}' is broken:\n{string.Join('\n', violations)}") { Case = type.Name, Cases = index + 1 };
            var classes = new CaseClasses();
            var made = machine.Root.New(type.Name);
            classes.CoverObject(made);
            made.Unref();
            coverage.Add(classes);
            options.Progress?.Invoke(Report(index + 1, coverage));
        }

        return Report(concerned.Count, coverage);
    }

    private static LawReport Report(int types, CoverageCounts coverage) =>
        new(0, types, new Dictionary<string, int> { ["types"] = types }) { Coverage = coverage };
}
