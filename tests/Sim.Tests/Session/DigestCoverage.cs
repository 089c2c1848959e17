using System.Buffers;
using System.Globalization;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.Tests;

/// <summary>
/// Changes every single thing that a machine remembers, one at a time, and notes which changes a digest does not see. Everything is put
/// back, which the digest must see as well.
/// </summary>
internal sealed class DigestCoverage(Session session, Func<UInt128> digest)
{
    private readonly UInt128 before = digest();

    /// <summary>Changes that left the digest as it was, or that it still saw when they were taken back.</summary>
    public List<string> Unseen { get; } = [];

    /// <summary>Every change that was made.</summary>
    public HashSet<string> Tried { get; } = [];

    /// <summary>Things that took no other value here, because the machine would be in a state that no run can reach.</summary>
    public HashSet<string> Refused { get; } = [];

    /// <summary>Every value in every State object, and everything that is kept in another form.</summary>
    public void TryState()
    {
        foreach (var owner in Tree(session.Machine.Root.Object))
        {
            foreach (var description in Descriptions(owner))
            {
                if (description.StateType == typeof(PowerPcCpuState))
                    continue;   // Native memory: TryRegisters.
                var name = $"{owner.CanonicalPath} {description.Name} ";
                if (ReferenceEquals(description.GetState(owner), description.GetState(owner)))
                    TryInPlace(name, description.GetState(owner));
                else
                    TryByLoading(name, owner, description);
            }
        }
    }

    /// <summary>Every register of the CPUs, TLB entries among them.</summary>
    /// <param name="all">False to try the first and last element of an array only.</param>
    public unsafe void TryRegisters(PowerPcCpu cpu, bool all)
    {
        var state = cpu.Core.State;
        foreach (var register in PowerPcRegisters.All)
        {
            for (var element = 0; element < register.Count; element += all ? 1 : Math.Max(1, register.Count - 1))
            {
                var value = PowerPcStateSection.Read(state, register, element);
                var bit = 1UL << (element % (8 * register.Width));
                PowerPcStateSection.Write(state, register, element, value ^ bit);
                Compare(string.Create(CultureInfo.InvariantCulture, $"{cpu.CanonicalPath} {register.Name}[{element}]"));
                PowerPcStateSection.Write(state, register, element, value);
            }
        }

        CompareRestored(cpu.CanonicalPath);
    }

    /// <summary>Every field of the scheduler's state, its pending timers, generator and clocks.</summary>
    public void TryScheduler()
    {
        var count = StateLeaves.Of(session.Scheduler.Save()).Count();
        for (var index = 0; index < count; index++)
        {
            var saved = session.Scheduler.Save();
            var changed = session.Scheduler.Save();
            var leaf = StateLeaves.Of(changed).ElementAt(index);
            var others = leaf.Value is string
                ? session.Scheduler.Timers.Timers.Where(static t => !t.IsArmed).Select(static t => (object)t.Name)
                : leaf.OtherValues();
            var name = "scheduler " + leaf.Path;
            if (!others.Any(other => TryLoad(() =>
            {
                leaf.Set(other);
                session.Scheduler.Load(changed);
            })))
            {
                Refused.Add(name);
                continue;
            }

            Compare(name);
            session.Scheduler.Load(saved);
            CompareRestored(name);
        }
    }

    /// <summary>A bit of RAM, changed as DMA would.</summary>
    public void TryRam(RamBlock block, ulong offset, int bit)
    {
        var value = block.Span(offset, 1)[0];
        block.Write(offset, [(byte)(value ^ (1 << bit))]);
        var name = string.Create(CultureInfo.InvariantCulture, $"{block.Name} 0x{offset:x}");
        Compare(name);
        block.Write(offset, [value]);
        CompareRestored(name);
    }

    private void TryInPlace(string name, object state)
    {
        foreach (var leaf in StateLeaves.Of(state))
        {
            foreach (var other in leaf.OtherValues().Take(2))
            {
                leaf.Set(other);
                Compare(name + leaf.Path);
            }

            leaf.Set(leaf.Value);
        }

        CompareRestored(name);
    }

    private void TryByLoading(string name, QomObject owner, StateDescription description)
    {
        var writer = new ArrayBufferWriter<byte>();
        description.Write(owner, writer);
        var count = StateLeaves.Of(description.GetState(owner)).Count();
        for (var index = 0; index < count; index++)
        {
            var changed = description.GetState(owner);
            var leaf = StateLeaves.Of(changed).ElementAt(index);
            if (leaf.OtherValues().Any(other => TryLoad(() =>
            {
                leaf.Set(other);
                description.Read(owner, MessagePackSerializer.Serialize(description.StateType, changed));
            })))
                Compare(name + leaf.Path);
            else
                Refused.Add(name + leaf.Path);
            description.Read(owner, writer.WrittenMemory);
        }

        CompareRestored(name);
    }

    private static bool TryLoad(Action load)
    {
        try
        {
            load();
            return true;
        }
        catch (SimException)
        {
            return false;
        }
    }

    private void Compare(string name)
    {
        Tried.Add(name);
        if (digest() == before)
            Unseen.Add(name);
    }

    private void CompareRestored(string name)
    {
        if (digest() != before)
            Unseen.Add(name + " (taken back)");
    }

    private static IEnumerable<StateDescription> Descriptions(QomObject owner) => owner switch
    {
        Device device => device.DeviceClass.AllState,
        IStateful stateful => stateful.StateDescriptions,
        _ => [],
    };

    private static IEnumerable<QomObject> Tree(QomObject at) => at.Children.SelectMany(Tree).Prepend(at);
}
