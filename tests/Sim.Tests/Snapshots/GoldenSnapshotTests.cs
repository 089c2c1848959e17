using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Snapshots of every format version ever released, in <c>snapshots/golden</c>, load and run on to the digest on file there. With the
/// environment variable SIM_UPDATE_GOLDENS=1 a missing snapshot of the present version is made and the digests are written anew.
/// </summary>
public sealed class GoldenSnapshotTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "snapshots", "golden");
    private static readonly string Digests = Path.Combine(Folder, "digests.txt");
    private static readonly string Newest = string.Create(CultureInfo.InvariantCulture, $"v{SnapshotFormat.Version}-demo.simsnap");

    [Fact]
    public void Every_released_version_loads_and_runs_on_to_its_digest()
    {
        var update = Environment.GetEnvironmentVariable("SIM_UPDATE_GOLDENS") == "1";
        if (update && !File.Exists(Path.Combine(Folder, Newest)))
            Make();
        var found = Directory.GetFiles(Folder, "*.simsnap").Order(StringComparer.Ordinal).Select(RunOn).ToList();
        if (update)
            File.WriteAllLines(Digests, found);
        Assert.Contains(found, static line => line.StartsWith(Newest, StringComparison.Ordinal));
        Assert.Equal(File.ReadAllLines(Digests), found);
    }

    [Fact]
    public void They_are_small() => Assert.All(Directory.GetFiles(Folder), static file => Assert.InRange(new FileInfo(file).Length, 1, 100_000));

    private static string RunOn(string path)
    {
        using var session = Snapshot.Restore(path);
        var result = session.Run(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(EndReason.PowerOff, result.Reason);
        Assert.EndsWith("All counts agree. Power off.\r\n\r\n", session.Console.Text, StringComparison.Ordinal);
        return $"{Path.GetFileName(path)} {StateHasher.Format(session.Digest())}";
    }

    /// <summary>The demo in the middle of its work, with typed bytes that nobody reads.</summary>
    private static void Make()
    {
        Directory.CreateDirectory(Folder);
        using var session = Session.Boot(TestGuests.DemoMachine(2) with { Memory = 64 << 20 });
        session.Send("typed while nobody reads");
        MachineScenario.RunFor(session, 300_001);
        Snapshot.Save(session, Path.Combine(Folder, Newest));
    }
}
