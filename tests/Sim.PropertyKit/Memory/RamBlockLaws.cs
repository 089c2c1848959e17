using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Memory;
using Sim.PropertyKit.Qdev;

namespace Sim.PropertyKit.Memory;

/// <summary>Accesses of a block of RAM, for a law; the value of each says what is done: a write by a CPU, by DMA, a clear. A read opens a new epoch.</summary>
/// <param name="Accesses">The accesses.</param>
public sealed record RamSequence(IReadOnlyList<PlannedAccess> Accesses)
{
    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Accesses);
}

/// <summary>Guest RAM, its dirty epochs and its listeners beside a byte array and a stamp per page.</summary>
public static class RamBlockLaws
{
    private const ulong Size = 4 * RamBlock.PageSize;

    /// <summary>Accesses of all kinds, with a shrinker.</summary>
    public static Arbitrary<RamSequence> Sequences { get; } = Arb.From(
        from count in Gen.Choose(1, 40)
        from accesses in RegisterPlan.AccessGenerator((int)Size - 8).ListOf(count)
        from edges in Gen.Choose(0, 5).ListOf(count)
        select new RamSequence([.. accesses.Zip(edges, AtTheEdge)]),
        static sequence => Shrinking.List(sequence.Accesses).Select(static accesses => new RamSequence(accesses)));

    /// <summary>RAM keeps bytes and knows since when.</summary>
    public static NamedLaw DirtyEpochs { get; } = NamedLaw.Of(
        "dirty-epochs", "memory", "RAM keeps what is written, whoever writes it, and knows of each page since which epoch.",
        Sequences, static (sequence, classes) => CheckSequence(sequence, 0, classes),
        new LawOptions
        {
            Runs = 300,
            Required =
            [
                ("a page written in two epochs", 0.3), ("a page never written", 0.1), ("across pages", 0.1), ("zeros for an untouched page", 0.05),
                ("cleared", 0.2), ("by DMA", 0.3),
            ],
        });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [DirtyEpochs];

    /// <summary>Moves some accesses across a page's end, and lets some write zeros.</summary>
    private static PlannedAccess AtTheEdge(PlannedAccess access, int edge) => edge switch
    {
        0 => access with { Address = ((access.Address & ~0xFFFUL) | 0xFFC) % (Size - 8) },
        1 when access.Value % 3 < 2 => access with { Value = 0 },
        _ => access,
    };

    /// <summary>Does what the sequence says and compares with an array of bytes.</summary>
    /// <param name="sequence">The accesses.</param>
    /// <param name="unstamped">By how many epochs the model's last page is behind: a planted bug.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void CheckSequence(RamSequence sequence, uint unstamped, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        ArgumentNullException.ThrowIfNull(classes);
        using var machine = TestMachine.Create(ramSize: Size);
        var ram = machine.RamBlocks[0];
        var listener = new Listener();
        ram.AddListener(listener);
        var (model, stamps, told) = (new byte[Size], new uint[ram.PageCount], new List<(ulong, ulong)>());
        var epoch = 1u;
        foreach (var access in sequence.Accesses)
        {
            if (!access.IsWrite)
            {
                Check.Equal(++epoch, ram.OpenEpoch());
                Check.Equal((int)epoch - 1, listener.Epochs);
                continue;
            }

            var clears = access.Value % 3 == 2;
            var bytes = Write(machine.Memory, ram, access, classes);
            bytes.CopyTo(model, (int)access.Address);
            foreach (var (at, length) in clears ? [(access.Address, bytes.Length)] : Pieces(access.Address, bytes.Length))
            {
                // Zeros that a page has anyway, as nobody has written to it, are no write; a clear always is one.
                if (!clears && stamps[at >> 12] == 0 && model.AsSpan((int)at, length).IndexOfAnyExcept((byte)0) < 0)
                {
                    classes.Add("zeros for an untouched page");
                    continue;
                }

                told.Add((at, (ulong)length));
                foreach (var (page, _) in Pieces(at, length))
                {
                    classes.Add("a page written in two epochs", stamps[page >> 12] != 0 && stamps[page >> 12] != epoch);
                    stamps[page >> 12] = page >> 12 == 3 ? epoch - unstamped : epoch;
                }
            }

            classes.Add("across pages", Pieces(access.Address, bytes.Length).Count() > 1);
            Check.That(told.SequenceEqual(listener.Writes), "listeners are told of every write");
        }

        Check.That(ram.Span(0, (int)Size).SequenceEqual(model), "RAM holds what was written");
        classes.Add("a page never written", stamps.Contains(0u));
        for (var since = 0u; since <= epoch + 1; since++)
        {
            var pages = new List<ulong>();
            ram.CollectWritten(since, pages);
            Check.Same(Enumerable.Range(0, stamps.Length).Where(page => stamps[page] >= since).Select(static page => (ulong)page), pages);
        }
    }

    /// <summary>The parts of a write that lie in one page each.</summary>
    private static IEnumerable<(ulong At, int Length)> Pieces(ulong at, int length)
    {
        for (var left = length; left > 0;)
        {
            var count = Math.Min(left, RamBlock.PageSize - (int)(at % RamBlock.PageSize));
            yield return (at, count);
            at += (ulong)count;
            left -= count;
        }
    }

    private static byte[] Write(AddressSpace memory, RamBlock ram, PlannedAccess access, CaseClasses classes)
    {
        var bytes = new byte[access.Size];
        for (var i = 0; i < access.Size; i++)
            bytes[i] = (byte)(access.Value >> (8 * (access.Size - 1 - i)));
        switch (access.Value % 3)
        {
            case 0:
                memory.Write(access.Address, access.Value, access.Size, null);
                break;
            case 1:
                memory.Write(access.Address, (ReadOnlySpan<byte>)bytes);
                classes.Add("by DMA");
                break;
            default:
                ram.Clear(access.Address, (ulong)access.Size);
                bytes.AsSpan().Clear();
                classes.Add("cleared");
                break;
        }

        return bytes;
    }

    private sealed class Listener : IRamListener
    {
        public List<ulong> CodePages { get; } = [];

        public List<(ulong, ulong)> Writes { get; } = [];

        public int Epochs { get; private set; }

        public void OnCodePage(RamBlock ram, ulong page) => CodePages.Add(page);

        public void OnRamWritten(RamBlock ram, ulong offset, ulong length) => Writes.Add((offset, length));

        public void OnEpochOpened() => Epochs++;
    }
}
