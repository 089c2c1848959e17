using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Sim.PropertyKit.Cpu;

/// <summary>What happens to translations, or uses them.</summary>
public enum TranslationStepKind
{
    /// <summary>tlbwe.</summary>
    WriteEntry,

    /// <summary>tlbivax: by address or all.</summary>
    Invalidate,

    /// <summary>mtspr PID0 to PID2, and the latest access again.</summary>
    SetPid,

    /// <summary>Another MSR: address spaces and user mode.</summary>
    SetMsr,

    /// <summary>A load.</summary>
    Load,

    /// <summary>A store.</summary>
    Store,

    /// <summary>An instruction fetch.</summary>
    Fetch,

    /// <summary>A memory region appears over RAM, or goes: registers, other RAM, ROM.</summary>
    Remap,

    /// <summary>A new dirty epoch, and the latest store again.</summary>
    OpenEpoch,
}

/// <summary>One step.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Page">Which page of the window, or which entry.</param>
/// <param name="Number">Chooses among the ways.</param>
public readonly record struct TranslationStep(TranslationStepKind Kind, int Page, int Number)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind}({Page},{Number})");
}

/// <summary>Changes and uses of address translation.</summary>
/// <param name="Steps">The steps.</param>
public sealed record TranslationSequence(IReadOnlyList<TranslationStep> Steps)
{
    /// <summary>Random sequences, with a shrinker.</summary>
    public static Arbitrary<TranslationSequence> Any { get; } = Arb.From(
        from count in Gen.Choose(4, 60)
        from steps in StepGenerator().ListOf(count)
        select new TranslationSequence([.. steps]),
        static sequence => Shrinking.List(sequence.Steps, ShrinkStep).Select(static steps => new TranslationSequence(steps)));

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', Steps);

    private static Gen<TranslationStep> StepGenerator() =>
        from kind in Gen.Frequency(
            (4, Gen.Constant(TranslationStepKind.WriteEntry)),
            (6, Gen.Elements(TranslationStepKind.Load, TranslationStepKind.Store, TranslationStepKind.Fetch)),
            (3, Gen.Elements(Enum.GetValues<TranslationStepKind>())),
            (1, Gen.Constant(TranslationStepKind.OpenEpoch)),
            (2, Gen.Constant(TranslationStepKind.SetPid)))
        from page in Gen.Frequency((3, Gen.Choose(0, 1)), (1, Gen.Choose(0, 7)))
        from number in Gen.Choose(0, 9999)
        select new TranslationStep(kind, page, number);

    private static IEnumerable<TranslationStep> ShrinkStep(TranslationStep step)
    {
        if (step.Page > 0)
            yield return step with { Page = 0 };
        foreach (var number in Shrinking.Number(step.Number))
            yield return step with { Number = (int)number };
    }
}
