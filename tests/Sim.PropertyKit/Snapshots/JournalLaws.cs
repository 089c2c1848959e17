using FsCheck;
using FsCheck.Fluent;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.Snapshots;

namespace Sim.PropertyKit.Snapshots;

/// <summary>A corrupted journal: which one, and how.</summary>
/// <param name="Seed">Decides both.</param>
/// <param name="Hostile">True for a file whose checks are all right.</param>
public sealed record CorruptedJournal(ulong Seed, bool Hostile);

/// <summary>Law L8: a corrupted journal is refused in one sentence, or replays as the prefix that it still is; it is never misread.</summary>
public static class JournalLaws
{
    private static readonly Lazy<byte[][]> Originals = new(MakeOriginals);

    /// <summary>Corrupted journals are refused precisely, replay as a prefix, or diverge.</summary>
    public static NamedLaw Corrupted { get; } = NamedLaw.Of(
        "corrupt-journals",
        "L8",
        "A corrupted journal, with checks or without, is refused in one sentence, diverges, or replays as a valid prefix and says so.",
        Arb.From(
            from high in Gen.Choose(0, int.MaxValue)
            from low in Gen.Choose(0, int.MaxValue)
            from hostile in Gen.Elements(true, false)
            select new CorruptedJournal(((ulong)high << 31) | (uint)low, hostile)),
        CheckOne,
        new LawOptions
        {
            Runs = 150,
            PastFailures = [new(5605918713704168326, 57), new(5977318250701109740, 2)],
            Required =
            [
                ("hostile", 0.3), ("torn", 0.3), ("a prefix", 0.1), ("refused", 0.2), ("diverged", 0.02), ("several records replayed", 0.05),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Corrupted];

    private static void CheckOne(CorruptedJournal corrupted, CaseClasses classes)
    {
        var random = Prng.FromSeed(corrupted.Seed);
        var journal = Originals.Value[random.Below(Originals.Value.Length)];
        var other = Originals.Value[random.Below(Originals.Value.Length)];
        classes.Add(corrupted.Hostile ? "hostile" : "torn");
        if (corrupted.Hostile)
        {
            var records = JournalRecords.Of(journal);
            var what = records.Change(JournalRecords.Of(other), ref random);
            Try(records.ToBytes(), null, what, classes);
            return;
        }

        var torn = SnapshotCorruption.Torn(journal, other, ref random, out var how);
        Try(torn, torn.AsSpan().StartsWith(other) && !torn.AsSpan().StartsWith(journal.AsSpan(0, 40)) ? other : journal, how, classes);
    }

    /// <summary>Opens and replays a file: no other outcome than a refusal, a divergence or an equal run.</summary>
    /// <param name="file">The file.</param>
    /// <param name="original">What it was before it was torn: what can still be read is a beginning of that; null for a hostile file.</param>
    /// <param name="what">How it was changed.</param>
    /// <param name="classes">Receives what became of it.</param>
    private static void Try(byte[] file, byte[]? original, string what, CaseClasses classes)
    {
        try
        {
            using var journal = Open(file);
            if (original is not null)
                CheckPrefix(journal, original, what);
            classes.Add("a prefix", journal.End is null);
            Check.Equal(journal.End is null, journal.Problem is not null, $"{what}: the journal says why it ends");
            using var replayer = new Replayer(journal, findImage: static _ => LawGuests.Demo.Bytes);
            var result = replayer.Run(new RunLimits { Stop = StopCondition.None with { Time = 2 * VirtualTime.Second } });
            Check.That(
                result.Reason is EndReason.Replayed or EndReason.Divergence, $"{what}: the replay did not end by itself ({result.Reason}).");
            Check.That(original is null || result.Divergence is null, $"{what}: the prefix diverged: {result.Divergence?.Text}");
            Check.Equal(result.Divergence is null && journal.End is null, result.IsPrefix, $"{what}: prefix");
            if (result is { Divergence: null, IsPrefix: false })
                Check.Equal(JournalReader.Digest(journal.End!.Digest), replayer.Session.Digest(), $"{what}: the recorded end");
            classes.Add("diverged", result.Divergence is not null);
            classes.Add("several records replayed", replayer.DigestsCompared > 2);
            classes.CoverSession(replayer.Session);
        }
        catch (SimException error)
        {
            classes.Add("refused");
            Check.Sentence(error.Message, "memory.simrec: ", $"{what}: the refusal");
        }
        catch (Exception error) when (error is not (OutOfMemoryException or CheckFailedException))
        {
            throw new CheckFailedException($"{what}: {error}");
        }
    }

    /// <summary>All that a torn file still says stands in the original, in the same order.</summary>
    private static void CheckPrefix(JournalReader torn, byte[] original, string what)
    {
        using var whole = Open(original);
        CheckBeginning(whole.Inputs, torn.Inputs, what);
        CheckBeginning(whole.Writes, torn.Writes, what);
        CheckBeginning(whole.Digests, torn.Digests, what);
        CheckBeginning(whole.Marks, torn.Marks, what);
        Check.That(torn.End is null || torn.Length == original.Length, $"{what}: a torn journal has an end.");
    }

    private static void CheckBeginning<T>(IReadOnlyList<T> whole, IReadOnlyList<T> torn, string what)
    {
        Check.That(torn.Count <= whole.Count, $"{what}: {torn.Count} records where there were {whole.Count}.");
        Check.That(
            MessagePackSerializer.Serialize(whole.Take(torn.Count).ToArray()).AsSpan().SequenceEqual(MessagePackSerializer.Serialize(torn.ToArray())),
            $"{what}: a {typeof(T).Name} was misread.");
    }

    private static JournalReader Open(byte[] bytes) => JournalReader.Open(new MemoryStream(bytes, writable: false), "memory.simrec");

    /// <summary>Short recordings of the demo: from power-on and from the middle, in detail and not, with inputs, writes and marks.</summary>
    private static byte[][] MakeOriginals()
    {
        var originals = new List<byte[]>();
        foreach (var (smp, schedule, start, detail) in
            ((int, string, long, bool)[])[(1, "round-robin", 0, false), (2, "random:4", 20_000, false), (3, "random:9", 0, true)])
        {
            var scenario = new MachineScenario("demo", smp, schedule);
            using var session = scenario.Boot();
            if (start > 0)
                MachineScenario.RunFor(session, start);
            using var file = new TemporaryJournal();
            var options = new RecordingOptions { DigestInterval = 5 * VirtualTime.Microsecond, Detail = detail, Marks = [(20_000, "first")] };
            using (var recording = Recording.Start(session, file.Path, options))
            {
                var debugger = new RandomDebugger(session, 5, stopsPerFrame: 2);
                for (var piece = 0; piece < 6; piece++)
                {
                    session.Send($"typed {piece}");
                    MachineScenario.RunFor(session, 5_000);
                }

                debugger.Dispose();
                recording.Finish(EndReason.Instructions);
            }

            originals.Add(File.ReadAllBytes(file.Path));
        }

        return [.. originals];
    }
}
