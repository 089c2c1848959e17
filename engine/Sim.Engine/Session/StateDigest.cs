using System.Buffers;
using System.Text;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Session;

/// <summary>A section of machine state: what a snapshot stores and a divergence names.</summary>
/// <param name="Path">Canonical path of the object.</param>
/// <param name="Type">Name of the type level that declares it.</param>
/// <param name="Version">Version of the content.</param>
/// <param name="Bytes">The content, canonical MessagePack.</param>
public readonly record struct StateSection(string Path, string Type, int Version, ReadOnlyMemory<byte> Bytes);

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
    public UInt128 Compute()
    {
        Span<byte> word = stackalloc byte[16];
        foreach (var section in Sections(machine))
        {
            hasher.Append(Encoding.UTF8.GetBytes($"{section.Path}\n{section.Type}\n{section.Version}\n{section.Bytes.Length}\n"));
            hasher.Append(section.Bytes.Span);
        }

        foreach (var block in machine.RamBlocks)
        {
            if (!ram.TryGetValue(block, out var pages))
                ram.Add(block, pages = new RamDigest(block));
            hasher.Append(Encoding.UTF8.GetBytes($"{block.Name}\n{block.Size}\n"));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(word, pages.Compute());
            hasher.Append(word);
        }

        return hasher.Finish();
    }

    /// <summary>All sections of a machine but RAM, in ordinal order of path and then type.</summary>
    public static IEnumerable<StateSection> Sections(MachineState machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        var sections = new List<StateSection>();
        Collect(machine.Root.Object, sections);
        sections.Add(new StateSection("/scheduler", "scheduler", 1, MessagePackSerializer.Serialize(machine.Scheduler.Save())));
        sections.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path) is not 0 and var order ? order : string.CompareOrdinal(a.Type, b.Type));
        return sections;
    }

    private static void Collect(QomObject at, List<StateSection> sections)
    {
        var descriptions = at switch
        {
            Device { Outputs.Count: 0 } device => device.DeviceClass.AllState.Where(static s => s.Name != Device.TypeName),
            Device device => device.DeviceClass.AllState,
            IStateful stateful => stateful.StateDescriptions,
            _ => [],
        };
        foreach (var description in descriptions)
        {
            var writer = new ArrayBufferWriter<byte>();
            description.Write(at, writer);
            sections.Add(new StateSection(at.CanonicalPath, description.Name, description.Version, writer.WrittenMemory));
        }

        foreach (var child in at.Children)
        {
            if (child is not (Irq or MemoryRegion))
                Collect(child, sections);
        }
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
