using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Memory;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>A moment of a machine, and what is changed in its state then.</summary>
/// <param name="Moment">The machine, and how far it has run.</param>
/// <param name="Place">Chooses bytes and pages.</param>
public sealed record ChangedState(ResetMoment Moment, int Place)
{
    /// <summary>Any machine at any moment, with a shrinker.</summary>
    public static Arbitrary<ChangedState> Any { get; } = Arb.From(
        from moment in ResetMoment.Any.Generator
        from place in Gen.Choose(0, int.MaxValue)
        select new ChangedState(moment, place),
        static changed => ResetMoment.Any.Shrinker(changed.Moment).Select(moment => changed with { Moment = moment }));

    /// <summary>The case as C# code.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"new ChangedState({Moment}, {Place})");
}

/// <summary>What laws L1, L2 and L4 rest on: a digest that sees all of the state.</summary>
public static class DigestLaws
{
    /// <summary>Machines in different states have different digests.</summary>
    public static NamedLaw Distinguishes { get; } = NamedLaw.Of(
        "digest-distinguishes", "L4", "A digest changes with any byte of any section, with any byte of RAM, and when two pages change places; and comes back with them.",
        ChangedState.Any, Check,
        new LawOptions { Runs = 20, Required = [("several CPUs", 0.5), ("pages exchanged", 0.25), ("page of zeros written", 0.5)] });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [Distinguishes];

    private static void Check(ChangedState changed, CaseClasses classes)
    {
        changed.Moment.Scenario.Classify(classes);
        using var session = changed.Moment.Scenario.Boot();
        MachineScenario.RunFor(session, changed.Moment.Instructions);
        CheckSections(session, changed.Place);
        foreach (var block in session.Machine.RamBlocks)
            CheckRam(session, block, changed.Place, classes);
        classes.CoverSession(session);
    }

    private static void CheckSections(Session session, int place)
    {
        var sections = StateSections.Collect(session.Machine);
        var digest = session.Digest();
        var seen = new HashSet<UInt128> { digest };
        for (var index = 0; index < sections.Count; index++)
        {
            var section = sections[index];
            var bytes = section.Bytes.ToArray();
            bytes[place % bytes.Length] ^= (byte)(1 << (place % 8));
            foreach (var other in (StateSection[])[section with { Bytes = bytes }, section with { Path = section.Path + "x" }, section with { Type = section.Type + "x" }])
            {
                StateSection[] others = [.. sections.Take(index), other, .. sections.Skip(index + 1)];
                PropertyKit.Check.That(
                    seen.Add(new StateDigest(session.Machine).Compute(others, null)),
                    $"The digest does not see a change of section '{section.Path}' ({section.Type}).");
            }
        }
    }

    private static void CheckRam(Session session, RamBlock block, int place, CaseClasses classes)
    {
        var pages = new List<ulong>();
        block.CollectWritten(1, pages);
        var used = pages.Where(page => block.Page(page).ContainsAnyExcept((byte)0)).ToList();
        var first = used[place % used.Count];
        var at = place % RamBlock.PageSize;
        Differs(session, block, "a byte of RAM", [(first, With(block.Page(first), at))]);

        // One that the guest has not used, and so most likely one that nobody has written.
        var empty = block.PageCount - 1 - (ulong)(place % 16);
        classes.Add("page of zeros written", !block.Page(empty).ContainsAnyExcept((byte)0));
        Differs(session, block, "a page that was not written", [(empty, With(block.Page(empty), at))]);
        if (used.Find(page => !block.Page(page).SequenceEqual(block.Page(first))) is not (> 0 and var second))
            return;
        classes.Add("pages exchanged");
        Differs(session, block, "an exchange of two pages", [(first, block.Page(second).ToArray()), (second, block.Page(first).ToArray())]);
    }

    /// <summary>Changes pages and takes that back.</summary>
    private static void Differs(Session session, RamBlock block, string what, (ulong Page, byte[] Content)[] changes)
    {
        var contents = Array.ConvertAll(changes, change => (change.Page, Content: block.Page(change.Page).ToArray()));
        // A write takes a reservation from the CPU that holds it.
        Write(contents);
        var before = session.Digest();
        Write(changes);
        PropertyKit.Check.That(session.Digest() != before, string.Create(CultureInfo.InvariantCulture, $"The digest does not see {what}, page {changes[0].Page}."));
        StopLaws.CompareDigests(session);
        Write(contents);
        PropertyKit.Check.Equal(before, session.Digest(), $"digest after {what} was taken back");

        void Write((ulong Page, byte[] Content)[] pages)
        {
            foreach (var (page, content) in pages)
                block.Write(page << RamBlock.PageShift, content);
        }
    }

    private static byte[] With(ReadOnlySpan<byte> page, int at)
    {
        var bytes = page.ToArray();
        bytes[at] ^= 0xFF;
        return bytes;
    }
}
