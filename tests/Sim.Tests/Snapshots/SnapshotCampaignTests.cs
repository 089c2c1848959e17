using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Guests;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// Law L2 with real guests and in fresh processes: a run stops at random instructions and is saved there; a process that has nothing but
/// the file, in an empty folder, runs on and comes to the digest of the uninterrupted run. A test run tries a few points early in each
/// guest; with the environment variable SIM_SNAPSHOT_POINTS=N each row tries N points, anywhere up to the guest's end.
/// </summary>
public sealed class SnapshotCampaignTests : IDisposable
{
    private const string LinuxReady = "sim: init";

    /// <summary>Instructions in which a test run's points lie.</summary>
    private const long EarlyInstructions = 30_000_000;

    private static readonly int Points = int.TryParse(Environment.GetEnvironmentVariable("SIM_SNAPSHOT_POINTS"), out var points) ? points : 0;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("sim-snapshot-");

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData("u-boot", 1, "round-robin")]
    [InlineData("u-boot", 2, "random:11")]
    [InlineData("u-boot", 4, "round-robin")]
    [InlineData("u-boot", 8, "random:12")]
    [InlineData("torture", 1, "random:13")]
    [InlineData("torture", 2, "round-robin")]
    [InlineData("torture", 4, "random:14")]
    [InlineData("torture", 8, "round-robin")]
    [InlineData("linux-boot", 1, "round-robin")]
    [InlineData("linux-boot", 2, "random:15")]
    [InlineData("linux-boot", 4, "round-robin")]
    [InlineData("linux-boot", 8, "random:16")]
    [InlineData("linux-load", 1, "random:17")]
    [InlineData("linux-load", 2, "round-robin")]
    [InlineData("linux-load", 4, "random:18")]
    [InlineData("linux-load", 8, "round-robin")]
    public void A_fresh_process_goes_on_as_the_uninterrupted_run(string guest, int smp, string schedule)
    {
        var (first, last) = Range(guest, smp, schedule);
        var random = Prng.FromSeed((ulong)(smp + guest.Length) + BitConverter.ToUInt64(Guid.NewGuid().ToByteArray()));
        var moments = new SortedDictionary<string, int>(StringComparer.Ordinal);
        using var session = Boot(guest, smp, schedule);
        var at = new List<(long Saved, long Further)>();
        for (var point = 0; point < Math.Max(Points, 1); point++)
            at.Add((first + random.Below(last - first), 1 + random.Below(guest.StartsWith("linux", StringComparison.Ordinal) ? 20_000_000 : 4_000_000)));
        var open = new List<(string File, long Saved, long End)>();
        foreach (var (saved, further) in at.OrderBy(static point => point.Saved))
        {
            FinishUpTo(session, open, saved);
            RunTo(session, saved);
            var file = Path.Combine(directory.FullName, string.Create(CultureInfo.InvariantCulture, $"{saved}-{further}.simsnap"));
            Snapshot.Save(session, file);
            open.Add((file, saved, saved + further));
            foreach (var moment in SavedMoment.Of(StateSections.Collect(session.Machine), session.PendingInput))
                moments[moment] = moments.GetValueOrDefault(moment) + 1;
        }

        FinishUpTo(session, open, long.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"{guest} {smp} {schedule}: {at.Count} points; {string.Join(", ", moments)}");
    }

    /// <summary>Takes the straight run to each point's end, in order, and compares.</summary>
    private void FinishUpTo(Session session, List<(string File, long Saved, long End)> open, long limit)
    {
        foreach (var point in open.Where(p => p.End <= limit).OrderBy(static p => p.End).ToList())
        {
            RunTo(session, point.End);
            var empty = Directory.CreateDirectory(Path.Combine(directory.FullName, "empty"));
            var result = HostTool.Run("env", ["-C", empty.FullName, "dotnet", Path.Combine(AppContext.BaseDirectory, "sim.dll"), "restore", point.File,
                "--until-icount", point.End.ToString(CultureInfo.InvariantCulture)]);
            var line = result.Error.TrimEnd('\n').Split('\n')[^1];
            Assert.True(
                line.Contains($"digest={StateHasher.Format(session.Digest())}", StringComparison.Ordinal),
                $"Saved at {point.Saved}, run to {point.End}: {line}; the uninterrupted run has {StateHasher.Format(session.Digest())}.");
            Assert.Empty(empty.GetFileSystemInfos());
            File.Delete(point.File);
            open.Remove(point);
        }
    }

    private static void RunTo(Session session, long instructions) =>
        session.Run(new RunLimits { Stop = new StopCondition { Instructions = instructions } }, TestContext.Current.CancellationToken);

    /// <summary>The instructions between which the guest does what its name says.</summary>
    private static (long First, long Last) Range(string guest, int smp, string schedule)
    {
        using var session = Boot(guest, smp, schedule);
        var token = TestContext.Current.CancellationToken;
        var first = 0L;
        if (Points == 0)
        {
            RunTo(session, EarlyInstructions);
            return (first, session.Scheduler.TotalInstructions);
        }

        if (guest == "linux-load")
        {
            session.RunUntilOutput(LinuxReady, cancellationToken: token);
            first = session.Scheduler.TotalInstructions;
        }

        if (guest == "linux-boot")
            session.RunUntilOutput(LinuxReady, cancellationToken: token);
        else
            Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: token).Reason);
        return (first, session.Scheduler.TotalInstructions);
    }

    private static Session Boot(string guest, int smp, string schedule)
    {
        var configuration = new MachineConfiguration { Smp = smp, Scheduler = new SchedulerOptions { Policy = SchedulePolicy.Parse(schedule) } };
        switch (guest)
        {
            case "u-boot":
                var session = Session.Boot(configuration with { Bios = TestGuests.UBoot() });
                session.Attach(Script.Parse("uboot-session.script", LawGuests.UBootScript));
                return session;
            case "torture":
                return Session.Boot(configuration with { Bios = TortureGuest.Image() with { Name = "torture.elf" } });
            default:
                var kernel = InstalledGuests.LinuxKernel;
                Assert.SkipWhen(kernel is null, "The Linux guest is not installed: sim guests install linux");
                return Session.Boot(configuration with
                {
                    Kernel = kernel! with { Name = "uImage" },
                    Initrd = InstalledGuests.LinuxInitrd! with { Name = "initramfs.cpio.gz" },
                    Append = "console=ttyS0 rdinit=/init sim.workload sim.poweroff",
                });
        }
    }
}
