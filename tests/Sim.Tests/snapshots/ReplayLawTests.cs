using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Sim.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L4: a replay equals the recording, and a divergence is named.</summary>
public sealed class ReplayLawTests
{
    [Fact]
    public void A_recorded_run_replays() => ReplayLaws.Replay.Holds();

    [Fact]
    public void A_device_that_draws_from_the_host_is_found()
    {
        var number = 0UL;
        var table = PlantedDevice.Drawing(() => number++);
        var failure = Assert.Throws<LawFailedException>(() =>
            Law.Holds("replay", RecordedRun.Any, (run, classes) => ReplayLaws.RecordAndReplay(run, table, classes), new LawOptions { Runs = 3, MaxShrinkAttempts = 3 }));
        Assert.NotNull(failure.Case);
    }
}
