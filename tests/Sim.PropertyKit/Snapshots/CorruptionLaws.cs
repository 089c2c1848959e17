using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.Snapshots;

namespace Sim.PropertyKit.Snapshots;

/// <summary>A corrupted snapshot: which one, and how.</summary>
/// <param name="Seed">Decides both.</param>
/// <param name="Hostile">True for a file whose checksums are all right.</param>
public sealed record CorruptedSnapshot(ulong Seed, bool Hostile);

/// <summary>Law L8: a corrupted snapshot is refused in one sentence; what is accepted runs.</summary>
public static class CorruptionLaws
{
    /// <summary>Bytes that refusing or restoring a snapshot may allocate besides some copies of the file.</summary>
    private const long Allowance = 256L << 20;

    private static readonly Lazy<byte[][]> Originals = new(MakeOriginals);

    /// <summary>Corrupted snapshots are refused precisely; one that is accepted runs on without a fault of the simulator.</summary>
    public static NamedLaw Corrupted { get; } = NamedLaw.Of(
        "corrupt-snapshots", "L8", "A corrupted snapshot, with checksums or without, is refused in one sentence, or restores to a machine that runs.",
        Arb.From(
            from high in Gen.Choose(0, int.MaxValue)
            from low in Gen.Choose(0, int.MaxValue)
            from hostile in Gen.Frequency((1, Gen.Constant(false)), (4, Gen.Constant(true)))
            select new CorruptedSnapshot(((ulong)high << 31) | (uint)low, hostile)),
        CheckOne,
        new LawOptions
        {
            Runs = 400,
            PastFailures = [new(351590388624466971, 50), new(16288690084403127392, 2)],
            Required = [("hostile", 0.5), ("torn", 0.1), ("accepted", 0.02), ("refused by its state", 0.1)],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Corrupted];

    private static void CheckOne(CorruptedSnapshot corrupted, CaseClasses classes)
    {
        var random = Prng.FromSeed(corrupted.Seed);
        var snapshot = Originals.Value[random.Below(Originals.Value.Length)];
        var other = Originals.Value[random.Below(Originals.Value.Length)];
        classes.Add(corrupted.Hostile ? "hostile" : "torn");
        if (!corrupted.Hostile)
        {
            var torn = SnapshotCorruption.Torn(snapshot, other, ref random, out var how);
            if (!torn.AsSpan().SequenceEqual(snapshot) && !torn.AsSpan().SequenceEqual(other))
                Check.That(Try(torn, how, classes) is not null, $"A torn file was accepted ({how}).");
            return;
        }

        var records = SnapshotCorruption.Hostile(snapshot, other, ref random, out var what);
        records.FollowScheduler();
        var refusal = Try(records.ToBytes(), what, classes);
        if (refusal is { Kind: SimErrorKind.Divergence } && Digest(refusal.Message) is { } digest)
        {
            // The state was accepted, and is not the one of the digest: now it is.
            records.SetDigest(digest);
            refusal = Try(records.ToBytes(), what, classes);
        }

        classes.Add("accepted", refusal is null);
    }

    /// <summary>Restores a file and lets the machine run a little; the error if it is refused.</summary>
    private static SimException? Try(byte[] file, string what, CaseClasses classes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var reader = SnapshotLaws.Open(file);
            classes.Add("refused by its state");
            using var session = reader.Restore(new SessionOptions { Save = static (_, _) => { } }, static image => throw new SimException($"No image {image.Role}."));
            var stop = new StopCondition { Instructions = session.Scheduler.TotalInstructions + 100_000 };
            session.Run(new RunLimits { Stop = stop });
            _ = session.Digest();
            classes.CoverSession(session);
            return null;
        }
        catch (SimException error)
        {
            Check.Sentence(error.Message, "memory.simsnap: ");
            return error;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new CheckFailedException($"{what}: {error}");
        }
        finally
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Check.That(allocated < Allowance + (8L * file.Length), $"{what}: {allocated} bytes were allocated.");
        }
    }

    private static UInt128? Digest(string message)
    {
        const string Before = "has digest ";
        var at = message.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return at >= Before.Length && at + 32 <= message.Length
            && UInt128.TryParse(message.AsSpan(at, 32), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var digest)
            ? digest
            : null;
    }

    /// <summary>Snapshots of the demo at different moments, with waiting input, a script and timers.</summary>
    private static byte[][] MakeOriginals()
    {
        var originals = new List<byte[]>();
        foreach (var (smp, schedule, instructions) in ((int, string, long)[])[(1, "round-robin", 30_000), (2, "random:4", 300_000), (4, "round-robin", 450_000)])
        {
            using var session = Session.Boot(new MachineConfiguration
            {
                Bios = LawGuests.Demo,
                Smp = smp,
                Memory = 64 << 20,
                Serials = 2,
                Scheduler = new SchedulerOptions { Policy = SchedulePolicy.Parse(schedule) },
            });
            session.Attach(Script.Parse("corrupt.script", "expect processor\nexpect out of nothing\nsend x\n"));
            session.Send("typed before, and more than the UART takes at once");
            MachineScenario.RunFor(session, instructions);
            session.Send("waiting");
            originals.Add(SnapshotLaws.Save(session));
        }

        return [.. originals];
    }
}
