using Sim.Cli.Running;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Xunit;

namespace Sim.Tests;

/// <summary>The host's side of a run: pacing, the keyboard's inbox, console output, progress.</summary>
public sealed class HostSideTests
{
    private static readonly InputEvent Key = new(0, new byte[] { 65 });

    private static CancellationToken Never => CancellationToken.None;

    [Fact]
    public void Without_pace_an_idle_machine_jumps_at_once() =>
        Assert.Equal(long.MaxValue / 2, new HostPacer(false, new InputInbox(), static () => { }, Never).AdvanceIdle(5, long.MaxValue / 2, Never));

    [Fact]
    public void At_pace_a_key_wakes_an_idle_machine_before_its_deadline()
    {
        var inbox = new InputInbox();
        inbox.Add(Key);
        Assert.InRange(new HostPacer(true, inbox, static () => { }, Never).AdvanceIdle(5, long.MaxValue / 2, Never), 5, long.MaxValue / 2 - 1);
    }

    [Fact]
    public void Cancellation_ends_every_wait()
    {
        using var cancellation = new CancellationTokenSource();
        var pacer = new HostPacer(true, new InputInbox(), static () => { }, cancellation.Token);
        cancellation.Cancel();
        Assert.Equal(5, pacer.AdvanceIdle(5, long.MaxValue / 2, cancellation.Token));
        Assert.False(pacer.WaitForInput(cancellation.Token));
        pacer.Pace(long.MaxValue / 2);
    }

    [Fact]
    public void A_machine_waits_for_input_until_there_is_some_or_none_can_come()
    {
        var inbox = new InputInbox();
        var flushed = 0;
        var pacer = new HostPacer(false, inbox, () => flushed++, Never);
        inbox.Add(Key);
        Assert.True(pacer.WaitForInput(Never));
        Assert.True(inbox.TryTake(out var taken));
        Assert.Equal(Key, taken);
        inbox.End();
        Assert.False(pacer.WaitForInput(Never));
        Assert.Equal(2, flushed);
    }

    [Fact]
    public void Console_output_is_complete_and_knows_where_a_line_begins()
    {
        using var stream = new MemoryStream();
        using var output = new ConsoleOutput(stream, ownsStream: false);
        var text = string.Concat(Enumerable.Range(0, 3000).Select(static n => $"{n},"));
        foreach (var letter in text)
            output.Write((byte)letter);
        output.Flush();
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(stream.ToArray()));
        Assert.False(output.AtLineStart);
        output.Write((byte)'\n');
        output.Flush();
        Assert.True(output.AtLineStart);
    }

    [Fact]
    public void Progress_names_time_instructions_speed_and_the_share_of_the_limit()
    {
        var scheduler = new Scheduler(new SchedulerOptions());
        Assert.Equal(
            "[green]0.000 s[/] virtual  [green]0 M[/] instructions  [green]0[/] MIPS",
            ProgressLine.Text(scheduler, StopCondition.None, TimeSpan.FromSeconds(1)));
        Assert.EndsWith(" 0%", ProgressLine.Text(scheduler, new StopCondition { Time = 1000 }, TimeSpan.FromSeconds(1)), StringComparison.Ordinal);
    }
}
