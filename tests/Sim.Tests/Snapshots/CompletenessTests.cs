using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L3: a restored machine equals the saved one in every private field; what a snapshot left out would be found.</summary>
public sealed class CompletenessTests
{
    [Theory]
    [InlineData(1, "round-robin", 40_000)]
    [InlineData(2, "random:3", 300_001)]
    [InlineData(4, "random:8", 455_555)]
    [InlineData(8, "round-robin", 612_345)]
    public void Every_private_field_of_a_restored_machine_is_as_in_the_saved_one(int smp, string schedule, long instructions)
    {
        using var straight = Run(smp, schedule, instructions);
        using var restored = SnapshotLaws.Restore(SnapshotLaws.Save(straight));
        var graph = new ObjectGraph();
        Assert.Empty(graph.Compare(straight, restored));
        Assert.True(graph.Objects > 2_000, $"Only {graph.Objects} objects were compared.");
    }

    [Fact]
    public void So_is_that_of_a_machine_that_goes_on_from_a_checkpoint_and_of_one_that_went_back()
    {
        using var straight = Run(3, "random:5", 333_333);
        var checkpoint = straight.Checkpoint();
        using var other = Session.Open(checkpoint);
        Assert.Empty(new ObjectGraph().Compare(straight, other));
        MachineScenario.RunFor(other, 100_000);
        Assert.NotEmpty(new ObjectGraph().Compare(straight, other));
        other.Restore(checkpoint);
        Assert.Empty(new ObjectGraph().Compare(straight, other));
    }

    [Fact]
    public void U_Boot_in_the_middle_of_a_command_is_restored_in_every_field()
    {
        using var console = new UBootConsole(TestGuests.UBootMachine());
        console.Session.Send("date\r");
        MachineScenario.RunFor(console.Session, 150_001);
        using var restored = SnapshotLaws.Restore(SnapshotLaws.Save(console.Session));
        Assert.Empty(new ObjectGraph().Compare(console.Session, restored));
    }

    [Fact]
    public void Every_field_on_the_list_of_host_only_ones_exists()
    {
        using var straight = Run(1, "round-robin", 40_000);
        straight.Checkpoint();
        var graph = new ObjectGraph();
        graph.Compare(straight, straight);
        Assert.Empty(ObjectGraph.HostOnly.Keys.Except(graph.Skipped));
        Assert.All(ObjectGraph.HostOnly.Values, static reason => Assert.EndsWith(".", reason, StringComparison.Ordinal));
    }

    /// <summary>A field that is not in the snapshot would keep its power-on value: every one of them, changed in one machine only, is found.</summary>
    [Fact]
    public void Any_field_of_any_State_that_a_snapshot_dropped_would_be_found()
    {
        using var first = Run(2, "random:3", 300_001);
        using var second = SnapshotLaws.Restore(SnapshotLaws.Save(first));
        var tried = 0;
        foreach (var (owner, description) in StateSections.Owners(first.Machine))
        {
            if (!ReferenceEquals(description.GetState(owner), description.GetState(owner)))
                continue;   // Converted: the tests below.
            foreach (var leaf in StateLeaves.Of(description.GetState(owner)).DistinctBy(static leaf => WithoutIndices(leaf.Path)))
            {
                leaf.Set(leaf.OtherValues().First());
                var found = new ObjectGraph().Compare(first, second);
                Assert.True(found.Count == 1, $"{owner.CanonicalPath} {description.Name} {leaf.Path}: {string.Join(", ", found)}");
                Assert.Contains(WithoutIndices(leaf.Path).Split('.')[^1], found[0], StringComparison.Ordinal);
                leaf.Set(leaf.Value);
                tried++;
            }
        }

        Assert.True(tried > 60, $"Only {tried} fields were tried.");
        Assert.Empty(new ObjectGraph().Compare(first, second));
    }

    [Fact]
    public unsafe void Any_register_that_a_snapshot_dropped_would_be_found()
    {
        using var first = Run(2, "random:3", 300_001);
        using var second = SnapshotLaws.Restore(SnapshotLaws.Save(first));
        var state = (byte*)first.Machine.Devices().OfType<PowerPcCpu>().Last().Core.State;
        Assert.True(RegisterFile.Fields.Count > 70, "Registers are missing from the list.");
        foreach (var (name, offset, length) in RegisterFile.Fields)
        {
            state[offset + length - 1] ^= 1;
            Assert.Contains(new ObjectGraph().Compare(first, second), found => found.EndsWith(".State." + name, StringComparison.Ordinal));
            state[offset + length - 1] ^= 1;
        }
    }

    [Fact]
    public void Anything_of_the_scheduler_that_a_snapshot_dropped_would_be_found()
    {
        using var first = Run(2, "random:3", 300_001);
        var inSlice = FieldsThatTakeNoOtherValue(first);
        while (!first.Scheduler.AtFrameBoundary)
            MachineScenario.RunFor(first, 1);
        var atBoundary = FieldsThatTakeNoOtherValue(first);
        Assert.All(inSlice.Intersect(atBoundary), static path => Assert.EndsWith(".Name", path, StringComparison.Ordinal));
    }

    /// <summary>Changes every value in the scheduler's state, and requires that it is found; some belong to others and are refused alone.</summary>
    private static List<string> FieldsThatTakeNoOtherValue(Session first)
    {
        using var second = SnapshotLaws.Restore(SnapshotLaws.Save(first));
        var saved = first.Scheduler.Save();
        var refused = new List<string>();
        for (var index = 0; index < StateLeaves.Of(saved).Count(); index++)
        {
            var changed = first.Scheduler.Save();
            var leaf = StateLeaves.Of(changed).ElementAt(index);
            if (!leaf.OtherValues().Any(other => TryLoad(first.Scheduler, changed, leaf, other)))
            {
                refused.Add(leaf.Path);
                continue;
            }

            Assert.True(new ObjectGraph().Compare(first, second).Count > 0, leaf.Path);
            first.Scheduler.Load(saved);
        }

        return refused;
    }

    [Fact]
    public void A_line_level_and_waiting_bytes_that_a_snapshot_dropped_would_be_found()
    {
        using var first = Run(2, "random:3", 300_001);
        using var second = SnapshotLaws.Restore(SnapshotLaws.Save(first));
        var line = first.Machine.Devices().First(static d => d.Outputs.Count > 0).Outputs[0];
        var level = line.Level;
        line.Restore(!level);
        Assert.NotEmpty(new ObjectGraph().Compare(first, second));
        line.Restore(level);
        Assert.Empty(new ObjectGraph().Compare(first, second));
        first.Consoles[1].Chardev.Send("more than a UART without FIFO takes"u8);
        Assert.Contains(new ObjectGraph().Compare(first, second), static path => path.EndsWith(".Waiting", StringComparison.Ordinal));
    }

    private static string WithoutIndices(string path) => System.Text.RegularExpressions.Regex.Replace(path, @"\[\d+\]", "");

    private static bool TryLoad(Scheduler scheduler, SchedulerState changed, StateLeaf leaf, object other)
    {
        try
        {
            leaf.Set(other);
            scheduler.Load(changed);
            return true;
        }
        catch (Engine.Base.SimException)
        {
            return false;
        }
    }

    /// <summary>The demo in the middle of its work, with typed bytes that wait and a script under way.</summary>
    private static Session Run(int smp, string schedule, long instructions)
    {
        var session = Session.Boot(TestGuests.DemoMachine(smp) with
        {
            Serials = 2,
            Scheduler = new SchedulerOptions { Policy = SchedulePolicy.Parse(schedule) },
        });
        session.Attach(Script.Parse("waiting.script", "expect processor\nexpect nothing of the kind\n"));
        session.Send("waiting to be read, longer than the FIFO is");
        MachineScenario.RunFor(session, instructions);
        session.Send("and this has not entered");
        return session;
    }
}
