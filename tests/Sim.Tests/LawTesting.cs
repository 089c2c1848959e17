using System.Globalization;
using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary>How tests try the laws of the property kit.</summary>
internal static class LawTesting
{
    /// <summary>Tries the law's sample, and writes to the test's output what it was tried on: the seed makes the same cases again.</summary>
    public static void Sampled(this NamedLaw law)
    {
        if (law.Missing() is { } missing)
            Assert.Skip(missing);
        law.Holds(law.Sample with { Cancellation = TestContext.Current.CancellationToken }).Print(law.Name);
    }

    /// <summary>Writes to the test's output what a law was tried on; <c>dotnet test --output Detailed</c> shows it also when all is well.</summary>
    public static void Print(this LawReport report, string law)
    {
        var classes = report.Classes.Select(found => string.Create(CultureInfo.InvariantCulture, $"{found.Key} {100.0 * found.Value / report.Runs:F0} %"));
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{law}: seed {report.Seed}, {report.Runs} cases: {string.Join(", ", classes)}"));
    }
}
