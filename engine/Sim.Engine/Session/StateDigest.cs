using System.Text;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Memory;

namespace Sim.Engine.Session;

/// <summary>
/// Digest of machine state, a function of that alone: XXH3-128 over every section in order of path and type, and over RAM page by page, of which only pages
/// written since the last time are hashed again.
/// </summary>
public sealed class StateDigest
{
    private readonly MachineState machine;
    private readonly Dictionary<RamBlock, RamDigest> ram = new(ReferenceEqualityComparer.Instance);
    private readonly StateHasher hasher = new();

    /// <summary>Prepares digests of a machine.</summary>
    public StateDigest(MachineState machine) => this.machine = machine;

    /// <summary>The digest of the state as it stands.</summary>
    public UInt128 Compute() => Compute(StateSections.Collect(machine), null);

    /// <summary>The digest of the state as it stands, and a short hash of each of its parts, by which a difference is found.</summary>
    /// <param name="sections">The sections, as <see cref="StateSections.Collect"/> gives them.</param>
    /// <param name="parts">Takes a hash of each section and then of each block of RAM; null for none.</param>
    public UInt128 Compute(IReadOnlyList<StateSection> sections, ICollection<uint>? parts)
    {
        ArgumentNullException.ThrowIfNull(sections);
        Span<byte> word = stackalloc byte[16];
        foreach (var section in sections)
        {
            hasher.Append(Encoding.UTF8.GetBytes($"{section.Path}\n{section.Type}\n{section.Version}\n{section.Bytes.Length}\n"));
            hasher.Append(section.Bytes.Span);
            parts?.Add((uint)System.IO.Hashing.XxHash3.HashToUInt64(section.Bytes.Span));
        }

        foreach (var block in machine.RamBlocks)
        {
            if (!ram.TryGetValue(block, out var pages))
                ram.Add(block, pages = new RamDigest(block));
            hasher.Append(Encoding.UTF8.GetBytes($"{block.Name}\n{block.Size}\n"));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(word, pages.Compute());
            hasher.Append(word);
            parts?.Add((uint)System.IO.Hashing.XxHash3.HashToUInt64(word));
        }

        return hasher.Finish();
    }

    /// <summary>
    /// Sum over all pages of the hash of content and address; an all-zero page adds nothing, so that pages never touched cost nothing.
    /// </summary>
    private sealed class RamDigest(RamBlock block)
    {
        private readonly Dictionary<ulong, UInt128> pages = [];
        private readonly List<ulong> written = [];
        private UInt128 sum;
        private uint epoch = 1;

        public UInt128 Compute()
        {
            written.Clear();
            block.CollectWritten(epoch, written);
            epoch = block.OpenEpoch();
            foreach (var page in written)
            {
                var content = block.Page(page);
                var hash = content.ContainsAnyExcept((byte)0) ? System.IO.Hashing.XxHash128.HashToUInt128(content, (long)page) : UInt128.Zero;
                pages.Remove(page, out var old);
                sum += hash - old;
                if (hash != UInt128.Zero)
                    pages[page] = hash;
            }

            return sum;
        }
    }
}
