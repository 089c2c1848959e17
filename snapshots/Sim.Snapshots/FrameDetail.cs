using System.IO.Hashing;
using Sim.Engine.Boards;
using Sim.Engine.Session;

namespace Sim.Snapshots;

/// <summary>Finds what changed from one frame to the next: sections of state, and pages of RAM.</summary>
internal sealed class FrameDetail
{
    private readonly MachineState machine;
    private readonly uint[] epochs;
    private readonly List<ulong> pages = [];
    private Dictionary<(string Path, string Type), StateSection> present;

    public FrameDetail(MachineState machine)
    {
        this.machine = machine;
        Before = present = StateSections.Collect(machine).ToDictionary(static s => (s.Path, s.Type));
        epochs = [.. machine.RamBlocks.Select(static block => block.OpenEpoch())];
    }

    /// <summary>The sections as they were before what the last call tells.</summary>
    public IReadOnlyDictionary<(string Path, string Type), StateSection> Before { get; private set; }

    /// <summary>What changed since the last call.</summary>
    public FrameEntry Take(MomentRecord moment)
    {
        var sections = StateSections.Collect(machine);
        var changed = sections.Where(IsChanged).ToList();
        Before = present;
        present = sections.ToDictionary(static s => (s.Path, s.Type));
        return new FrameEntry
        {
            Moment = moment,
            Sections =
            [
                .. changed.Select(static s => new SectionRecord { Path = s.Path, Type = s.Type, Version = s.Version, State = s.Bytes.ToArray() }),
            ],
            Pages = [.. Enumerable.Range(0, machine.RamBlocks.Count).SelectMany(WrittenPages)],
        };
    }

    private bool IsChanged(StateSection section) =>
        !present.TryGetValue((section.Path, section.Type), out var old) || !old.Bytes.Span.SequenceEqual(section.Bytes.Span);

    private IEnumerable<ulong> WrittenPages(int index)
    {
        var block = machine.RamBlocks[index];
        pages.Clear();
        block.CollectWritten(epochs[index], pages);
        epochs[index] = block.OpenEpoch();
        return [.. pages.SelectMany(page => (ulong[])[(ulong)index, page, (uint)XxHash3.HashToUInt64(block.Page(page))])];
    }
}
