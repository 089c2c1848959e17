using System.IO.Pipes;
using FsCheck;
using FsCheck.Fluent;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Check = Sim.PropertyKit.Check;

namespace Sim.PlantedLaws;

/// <summary>Laws that go every way a law can go.</summary>
internal static class Planted
{
    /// <summary>Names the environment variable with the name of the pipe that <c>endless</c> connects to, once it is being tried.</summary>
    public const string PipeVariable = "SIM_TEST_PIPE";

    private static readonly Arbitrary<int> Numbers =
        Arb.From(Gen.Choose(0, 999), static number => Shrinking.Number(number).Select(static n => (int)n));

    /// <summary>A case that failed once, as far as <c>fails-at-past</c> goes.</summary>
    private static readonly CaseSeed Past = new(8722637202461243168, 28);

    private static readonly LawOptions Sample = new() { Runs = 100 };

    /// <summary>The laws.</summary>
    public static IReadOnlyList<NamedLaw> Laws { get; } =
    [
        Of("holds", "good", Parity, Sample with { Required = [("even", 0.2)] }),
        Of("holds-too", "good", Any, Sample),
        Of("fails", "bad", static (number, _) => Check.That(number < 500, "It is not below 500."), Sample),
        Of("rare", "bad", static (number, classes) => classes.Add("negative", number < 0), Sample with { Required = [("negative", 0.5)] }),
        Of("fails-as-before", "past", static (number, _) => Check.That(number != Law.Make(Numbers, Past), "It is the past one."),
            Sample with { Runs = 1, Seed = 1, PastFailures = [Past], MaxShrinkAttempts = 0 }),
        NamedLaw.Of(
            "throws", "crash", "The law itself is defective.", static _ => throw new InvalidOperationException("No such thing."), Sample),
        Of("crashes", "crash", static (number, _) => Crash(number), Sample),
        Of("endless", "long", static (_, _) => Wait(), Sample),
        Lacking,
        NamedLaw.Of("run-fails", "run", "A machine never ends.", MachineScenario.Demos, static (_, _) => Check.That(false, "It ends."), Sample),
    ];

    private static NamedLaw Lacking =>
        Of("lacks", "lacking", static (_, _) => { }, Sample).Needing(static () => "plan9 is not installed: sudo apt-get install plan9");

    private static NamedLaw Of(string name, string group, Action<int, CaseClasses> check, LawOptions sample) =>
        NamedLaw.Of(name, group, $"Numbers are as law '{name}' wants them.", Numbers, check, sample);

    private static void Parity(int number, CaseClasses classes)
    {
        classes.Add("even", number % 2 == 0);
        classes.Cover(CoverageKind.Operations, number % 2 == 0 ? "number: even" : "number: odd");
    }

    private static void Any(int number, CaseClasses classes)
    {
        classes.Add("any");
        classes.Cover(CoverageKind.Operations, "number: odd");
        classes.Cover(CoverageKind.Operations, "number: odd");
        classes.Cover(CoverageKind.Types, "device");
    }

    private static void Crash(int number)
    {
        if (number > 500)
            Environment.FailFast("The planted crash.");
    }

    /// <summary>Tells the test that it is being tried, and does not return.</summary>
    private static void Wait()
    {
        using var pipe = new NamedPipeClientStream(Environment.GetEnvironmentVariable(PipeVariable) ?? "sim-test");
        pipe.Connect();
        Thread.Sleep(Timeout.Infinite);
    }
}
