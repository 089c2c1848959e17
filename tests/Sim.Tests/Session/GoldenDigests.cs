using System.Globalization;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Digests of known runs, in data/golden-digests.txt: the same in every build, on every host. A change that alters one alters what every
/// recorded run gives, so it raises
/// <see cref="Versions.Behaviour"/>. With the environment variable SIM_UPDATE_GOLDENS=1 a test run writes the file anew instead of
/// comparing; review its diff.
/// </summary>
internal static class GoldenDigests
{
    private const string Switch = "SIM_UPDATE_GOLDENS";

    private static readonly Lock Writing = new();

    private static readonly string BehaviourLine = string.Create(CultureInfo.InvariantCulture, $"behaviour {Versions.Behaviour}");

    private static string Source => Path.Combine(Repository.Root, "tests", "Sim.Tests", "Session", "data", "golden-digests.txt");

    /// <summary>Compares a run's digest with the one on file, or writes it there.</summary>
    /// <param name="name">Names the run.</param>
    /// <param name="digest">32 hexadecimal digits.</param>
    public static void Check(string name, string digest)
    {
        if (Environment.GetEnvironmentVariable(Switch) == "1")
        {
            Update(name, digest);
            return;
        }

        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Session", "data", "golden-digests.txt"));
        Assert.Equal(BehaviourLine, lines[0]);
        var line = lines.SingleOrDefault(line => line.StartsWith(name + ": ", StringComparison.Ordinal));
        Assert.True(
            line == $"{name}: {digest}",
            $"The digest of '{name}' is {digest}; on file is '{line}'. "
            + $"If that is meant, raise Versions.Behaviour once per release and run the tests with {Switch}=1.");
    }

    private static void Update(string name, string digest)
    {
        lock (Writing)
        {
            var lines = File.Exists(Source) ? File.ReadAllLines(Source).Skip(1) : [];
            var others = lines.Where(line => !line.StartsWith(name + ": ", StringComparison.Ordinal));
            File.WriteAllLines(Source, others.Append($"{name}: {digest}").Order(StringComparer.Ordinal).Prepend(BehaviourLine));
        }
    }
}
