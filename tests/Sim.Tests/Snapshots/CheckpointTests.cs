using Sim.Engine.Memory;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Checkpoints as a library's user sees them.</summary>
public sealed class CheckpointTests
{
    [Fact]
    public void The_readme_holds_the_example()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Sim.Tests", "Snapshots", "CheckpointTests.cs"));
        var start = source.IndexOf("    [Fact]\n    public void Futures_", StringComparison.Ordinal);
        var example = source[start..source.IndexOf("\n\n", start, StringComparison.Ordinal)].Replace("\n    ", "\n", StringComparison.Ordinal)[4..];
        Assert.Contains($"```cs\n{example}\n```", File.ReadAllText(Path.Combine(Repository.Root, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Futures_branch_from_one_moment()
    {
        var token = TestContext.Current.CancellationToken;
        using var session = Session.Boot(TestGuests.UBootMachine());
        session.RunUntilOutput("autoboot:", cancellationToken: token);
        session.Send("\r");
        session.RunUntilOutput("=> ", cancellationToken: token);
        var prompt = session.Checkpoint();
        foreach (var value in (string[])["1", "2", "3"])
        {
            session.Restore(prompt);
            session.Send($"setenv x {value}; echo x is $x\r");
            session.RunUntilOutput($"\nx is {value}", cancellationToken: token);
        }
    }

    [Fact]
    public void Checkpoints_share_the_pages_that_nobody_wrote_in_between()
    {
        using var session = Session.Boot(TestGuests.UBootMachine());
        MachineScenario.RunFor(session, 5_000_000);
        var first = session.Checkpoint().Ram.Single();
        MachineScenario.RunFor(session, 1_000);
        var second = session.Checkpoint().Ram.Single();
        var shared = Pages(first).Zip(Pages(second)).Count(static p => p.First.Length > 0 && p.First.Span == p.Second.Span);
        var filled = Pages(second).Count(static p => p.Length > 0);
        Assert.True(filled > 10 && filled - shared < 8, $"{shared} of {filled} pages are shared.");
    }

    [Fact]
    public void What_waits_to_go_in_belongs_to_the_moment()
    {
        using var session = Session.Boot(TestGuests.DemoMachine(1));
        session.Attach(Script.Parse("x.script", "expect processor\nsend a\nexpect never\n"));
        session.Send("typed");
        var checkpoint = session.Checkpoint();
        Assert.Equal("typed", System.Text.Encoding.ASCII.GetString(checkpoint.Input.Waiting.Single().Bytes.Span));
        session.RunUntilOutput("timebase", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(3, session.Script!.Waiting!.Line);
        session.Restore(checkpoint);
        Assert.Equal(1, session.Script!.Waiting!.Line);
        Assert.True(session.Input.HasWaiting);
        session.RunUntilOutput("timebase", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(3, session.Script!.Waiting!.Line);
    }

    [Fact]
    public void A_checkpoint_of_another_machine_is_refused_and_changes_nothing()
    {
        using var first = Session.Boot(TestGuests.DemoMachine(1));
        using var second = Session.Boot(TestGuests.DemoMachine(2));
        var digest = second.Digest();
        Assert.Throws<ArgumentException>(() => second.Restore(first.Checkpoint()));
        Assert.Equal(digest, second.Digest());
    }

    [Fact]
    public void A_machine_that_was_powered_off_comes_back()
    {
        var token = TestContext.Current.CancellationToken;
        using var session = Session.Boot(TestGuests.DemoMachine(2));
        var start = session.Checkpoint();
        Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: token).Reason);
        var end = session.Digest();
        session.Restore(start);
        Assert.False(session.PoweredOff);
        Assert.Equal(EndReason.PowerOff, session.Run(cancellationToken: token).Reason);
        Assert.Equal(end, session.Digest());
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Pages(RamImage image)
    {
        for (var page = 0UL; page < image.PageCount; page++)
            yield return image[page];
    }
}
