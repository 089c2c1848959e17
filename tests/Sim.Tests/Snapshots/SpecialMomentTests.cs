using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Guests;
using Sim.PropertyKit.Machines;
using Sim.PropertyKit.Snapshots;
using Xunit;

namespace Sim.Tests;

/// <summary>Moments in which a snapshot is easily wrong: each is shown to be one by what the snapshot says, and to be restored.</summary>
public sealed class SpecialMomentTests
{
    /// <summary>How far the straight and the restored machine run on.</summary>
    private const long Further = 400_000;

    [Theory]
    [InlineData(SavedMoment.Reservation)]
    [InlineData(SavedMoment.SpinTable)]
    [InlineData(SavedMoment.InSlice)]
    [InlineData(SavedMoment.Decrementer)]
    public void A_moment_of_the_demo_is_restored(string moment)
    {
        using var session = Session.Boot(TestGuests.DemoMachine(4));
        Seek(session, moment, 1_009, 2_000);
    }

    [Theory]
    [InlineData(SavedMoment.InService, "round-robin")]
    [InlineData(SavedMoment.Nested, "round-robin")]
    [InlineData(SavedMoment.Nested, "random:2")]
    [InlineData(SavedMoment.Reservation, "random:2")]
    public void A_moment_of_the_torture_guest_is_restored(string moment, string schedule)
    {
        using var session = Session.Boot(new()
        {
            Bios = TortureGuest.Image(),
            Smp = 4,
            Scheduler = new SchedulerOptions { Policy = SchedulePolicy.Parse(schedule) },
        });
        if (moment == SavedMoment.Nested)
            session.RunUntilOutput("interrupts", cancellationToken: TestContext.Current.CancellationToken);
        Seek(session, moment, 97, 40_000);
    }

    [Theory]
    [InlineData(SavedMoment.I2cTransfer, "date", 211)]
    [InlineData(SavedMoment.HalfFullFifo, "echo", 53)]
    [InlineData(SavedMoment.TypedAhead, "echo and more than sixteen characters", 53)]
    public void A_moment_of_U_Boot_is_restored(string moment, string command, int step)
    {
        using var console = new UBootConsole(TestGuests.UBootMachine());
        console.Session.Send(command + "\r");
        Seek(console.Session, moment, step, 20_000);
    }

    [Fact]
    public void U_Boot_wakes_from_a_sleep_that_the_snapshot_is_in_the_middle_of()
    {
        var token = TestContext.Current.CancellationToken;
        using var console = new UBootConsole(TestGuests.UBootMachine());
        var session = console.Session;
        session.Send("sleep 1\r");
        var start = session.Scheduler.ReachedTime;
        session.Run(new RunLimits { Stop = new StopCondition { Time = start + 400_000_000 } }, token);
        using var restored = SnapshotLaws.Restore(SnapshotLaws.Save(session));
        foreach (var machine in (Session[])[session, restored])
            machine.RunUntilOutput("=> ", cancellationToken: token);
        Assert.InRange(restored.Scheduler.ReachedTime - start, 990_000_000, 1_100_000_000);
        Assert.Equal(session.Digest(), restored.Digest());
    }

    [Fact]
    public void A_script_goes_on_in_the_middle_of_a_text()
    {
        var token = TestContext.Current.CancellationToken;
        using var session = Session.Boot(TestGuests.UBootMachine());
        session.Attach(Script.Parse("x.script", "expect Hit any key\nsend\nexpect =>\\x20\nsend poweroff\n"));
        session.RunUntilOutput("Hit an", cancellationToken: token);
        var snapshot = SnapshotLaws.Save(session);
        using (var reader = SnapshotLaws.Open(snapshot))
            Assert.Contains(SavedMoment.PartialMatch, SavedMoment.Of(reader));
        using var restored = SnapshotLaws.Restore(snapshot);
        foreach (var machine in (Session[])[session, restored])
            Assert.Equal(EndReason.PowerOff, machine.Run(cancellationToken: token).Reason);
        Assert.Equal(session.Digest(), restored.Digest());
    }

    /// <summary>Runs in small steps until the moment has come, saves it, and compares the futures.</summary>
    private static void Seek(Session session, string moment, int step, int steps)
    {
        for (var tried = 0; tried < steps; tried++)
        {
            MachineScenario.RunFor(session, step);
            if (!MomentsOf(session).Contains(moment))
                continue;
            var snapshot = SnapshotLaws.Save(session);
            using (var reader = SnapshotLaws.Open(snapshot))
                Assert.Contains(moment, SavedMoment.Of(reader));
            using var restored = SnapshotLaws.Restore(snapshot);
            Assert.Equal(session.Digest(), restored.Digest());
            MachineScenario.RunFor(session, Further);
            MachineScenario.RunFor(restored, Further);
            Assert.Equal(session.Digest(), restored.Digest());
            return;
        }

        Assert.Fail($"The moment '{moment}' has not come.");
    }

    private static IReadOnlySet<string> MomentsOf(Session session) => SavedMoment.Of(StateSections.Collect(session.Machine), session.PendingInput);
}
