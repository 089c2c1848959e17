using FsCheck;

namespace Sim.PropertyKit;

/// <summary>A law that can be chosen by name and tried as often as wished: what <c>sim check</c> runs and what tests run a sample of.</summary>
public sealed class NamedLaw
{
    private readonly Func<LawOptions, LawReport> run;

    private NamedLaw(Func<LawOptions, LawReport> run)
    {
        this.run = run;
    }

    /// <summary>Short name in the style of options: <c>atomic-realize</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The law of the design that it is part of: <c>L5</c>; or what it is about: <c>cpu</c>, <c>memory</c>.</summary>
    public required string Group { get; init; }

    /// <summary>What holds, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>How a test run tries it: the size of the sample, the classes that must not be rare and the cases that failed once.</summary>
    public required LawOptions Sample { get; init; }

    /// <summary>Says in one sentence what the law needs and this host lacks, with the command that provides it; null when it can be tried.</summary>
    public Func<string?> Missing { get; private init; } = static () => null;

    /// <summary>Makes a law from cases and what must hold for each of them, see <see cref="Law.Holds"/>.</summary>
    public static NamedLaw Of<T>(string name, string group, string summary, Arbitrary<T> cases, Action<T, CaseClasses> check, LawOptions sample) =>
        new(options => Law.Holds(name, cases, check, options)) { Name = name, Group = group, Summary = summary, Sample = sample };

    /// <summary>Makes a law that tries itself, for one whose cases are cheaper in bulk.</summary>
    /// <param name="name">Its <see cref="Name"/>.</param>
    /// <param name="group">Its <see cref="Group"/>.</param>
    /// <param name="summary">Its <see cref="Summary"/>.</param>
    /// <param name="run">Tries it.</param>
    /// <param name="sample">Its <see cref="Sample"/>.</param>
    public static NamedLaw Of(string name, string group, string summary, Func<LawOptions, LawReport> run, LawOptions sample) =>
        new(run) { Name = name, Group = group, Summary = summary, Sample = sample };

    /// <summary>Tries the law.</summary>
    /// <param name="options">How often and on what; the sample of a test run when null.</param>
    /// <exception cref="LawFailedException">The law is broken, or a required class is too rare.</exception>
    public LawReport Holds(LawOptions? options = null) => run(options ?? Sample);

    /// <summary>The same law, which needs something that a host may lack: see <see cref="Missing"/>.</summary>
    public NamedLaw Needing(Func<string?> missing) =>
        new(run) { Name = Name, Group = Group, Summary = Summary, Sample = Sample, Missing = missing };

    /// <summary>The same law with another sample.</summary>
    public NamedLaw On(LawOptions sample) =>
        new(run) { Name = Name, Group = Group, Summary = Summary, Sample = sample, Missing = Missing };

    /// <inheritdoc/>
    public override string ToString() => Name;
}
