using FsCheck;
using FsCheck.Fluent;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>Laws L2 and L8: snapshots anywhere, checkpoints, corrupted files.</summary>
public sealed class SnapshotLawTests
{
    [Fact]
    public void Saving_and_restoring_anywhere_changes_nothing() => SnapshotLaws.Anywhere.Sampled();

    [Fact]
    public void A_restored_machine_is_saved_with_the_same_bytes() => SnapshotLaws.Bytes.Sampled();

    [Fact]
    public void Going_back_to_a_checkpoint_brings_back_its_moment() => SnapshotLaws.Checkpoints.Sampled();

    [Fact]
    public void Corrupted_files_are_refused_in_one_sentence() => CorruptionLaws.Corrupted.Sampled();

    [Fact]
    public void A_device_that_remembers_something_outside_of_its_State_breaks_the_law()
    {
        var table = PlantedDevice.Forgetting();
        Assert.Throws<LawFailedException>(() => Law.Holds(
            "snapshot-anywhere",
            Arb.From(StoppedRun.Any.Generator.Where(static run => run.Scenario.Guest == "demo")),
            (run, classes) => SnapshotLaws.CheckAnywhere(run, table, classes),
            new LawOptions { Runs = 5, MaxShrinkAttempts = 3 }));
    }
}
