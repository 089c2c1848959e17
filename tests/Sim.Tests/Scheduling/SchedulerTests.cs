using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.PropertyKit.Scheduling;
using Xunit;

namespace Sim.Tests;

/// <summary>Single cases of the scheduler that laws over random machines reach rarely or cannot tell.</summary>
public sealed class SchedulerTests
{
    [Fact]
    public void Without_vcpus_time_jumps_from_timer_to_timer_and_the_run_ends_idle()
    {
        var scheduler = new Scheduler(new());
        var fired = new List<(string, long)>();
        foreach (var (name, deadline) in (ReadOnlySpan<(string, long)>)[("late", 5_000_000_000), ("early", 7)])
            scheduler.CreateTimer(name, () => fired.Add((name, scheduler.Now))).Arm(deadline);
        Assert.Equal(StopReason.Idle, scheduler.Run(StopCondition.None));
        Assert.Equal([("early", 7), ("late", 5_000_000_000)], fired);
        Assert.Equal(0, scheduler.Frame);
    }

    [Fact]
    public void All_idle_time_jumps_to_the_next_deadline_without_frames_on_the_way()
    {
        var machine = Machine([[new(VcpuStepKind.ArmOwn, 0, 3_000_000_000), new(VcpuStepKind.Wait, 0, 0), new(VcpuStepKind.Observe, 0, 0)]], horizon: 3_000_000_100);
        machine.RunToHorizon();
        Assert.Equal(3_000_000_000, machine.Events.First(static e => e.What == "observe").Local);
        Assert.InRange(machine.Scheduler.Frame, 1, 3);
    }

    [Fact]
    public void A_time_inside_idleness_is_reached_exactly()
    {
        var machine = Machine([[new(VcpuStepKind.Wait, 0, 0)]], inputs: [10_000_000], horizon: 20_000_000);
        Assert.Equal(StopReason.Limit, machine.Scheduler.Run(new() { Time = 123_457 }));
        Assert.Equal(123_457, machine.Scheduler.ReachedTime);
        Assert.Equal(StopReason.Idle, machine.RunToHorizon());
        Assert.Equal(10_000_000, machine.Events.First(static e => e.What == "resume").Local);
    }

    [Fact]
    public void A_timer_armed_inside_a_frame_ends_it_for_those_that_have_not_run_yet_and_the_others_run_less_in_the_next()
    {
        var machine = Machine(
            [[new(VcpuStepKind.Work, 0, 1_000_000)], [new(VcpuStepKind.Work, 0, 10), new(VcpuStepKind.Arm, 0, 100), new(VcpuStepKind.Work, 0, 1_000_000)], [new(VcpuStepKind.Work, 0, 1_000_000)]],
            timers: [new(0, -1, 0, false)]);
        machine.OnEvent = happened =>
        {
            if (happened.What == "fire")
                machine.Scheduler.RequestStop();
        };
        Assert.Equal(StopReason.Requested, machine.Scheduler.Run(StopCondition.None));

        // vCPU 0 had run its 20000 ns; vCPU 1 armed the timer in its 11th instruction, for 100 ns after the time that vCPU 0 had not observed.
        Assert.Equal((120, 20_000, 120, 120), (machine.Scheduler.GlobalTime, Local(machine, 0), Local(machine, 1), Local(machine, 2)));
        machine.Scheduler.Run(new() { Vcpu = 1, VcpuInstructions = 61 });
        Assert.Equal((20_120, 122, 120), (Local(machine, 0), Local(machine, 1), Local(machine, 2)));
    }

    [Fact]
    public void Instruction_limits_stop_exactly_in_all_and_per_vcpu()
    {
        var machine = Machine([[new(VcpuStepKind.Work, 0, 1_000_000)], [new(VcpuStepKind.Work, 0, 1_000_000)]]);
        machine.Scheduler.Run(new() { Instructions = 12_345 });
        Assert.Equal(12_345, machine.Scheduler.TotalInstructions);
        Assert.Equal(1, machine.Scheduler.Turn);
        machine.Scheduler.Run(new() { Vcpu = 0, VcpuInstructions = 10_001 });
        Assert.Equal(10_001, machine.Vcpus[0].Clock.Instructions);
        Assert.Equal(10_000, machine.Vcpus[1].Clock.Instructions);
        Assert.Equal(StopReason.Limit, machine.Scheduler.Run(new() { Vcpu = 0, VcpuInstructions = 10_001 }));
        Assert.Equal(20_001, machine.Scheduler.TotalInstructions);
    }

    [Fact]
    public void The_turn_is_part_of_the_saved_state()
    {
        // vCPU 2 wakes vCPU 0, whose turn is over: stopped right there, it must not resume in this frame.
        var plan = Plan([[new(VcpuStepKind.Wait, 0, 0)], [new(VcpuStepKind.Work, 0, 1_000_000)], [new(VcpuStepKind.Wake, 0, 0), new(VcpuStepKind.Wait, 0, 0)], [new(VcpuStepKind.Work, 0, 9)]]);
        var straight = new ScheduledMachine(plan);
        straight.RunToHorizon();
        var (same, different) = (0, 0);
        foreach (var stop in Enumerable.Range(0, 10).Concat(Enumerable.Range(9_995, 20)))
        {
            same += RunThrough(plan, stop, forgetTurn: false).SequenceEqual(straight.Events) ? 0 : 1;
            different += RunThrough(plan, stop, forgetTurn: true).SequenceEqual(straight.Events) ? 0 : 1;
        }

        Assert.Equal(0, same);
        Assert.True(different > 0);
    }

    [Fact]
    public void Reset_ends_the_frame_and_all_go_on_from_the_latest_local_time()
    {
        var machine = Machine([[new(VcpuStepKind.Work, 0, 1_000_000)], [new(VcpuStepKind.Work, 0, 50), new(VcpuStepKind.Reset, 0, 0)], [new(VcpuStepKind.Work, 0, 1_000_000)]]);
        machine.OnEvent = happened =>
        {
            if (happened.What == "reset")
                machine.Scheduler.RequestStop();
        };
        machine.Scheduler.Run(StopCondition.None);
        Assert.Equal(20_000, machine.Scheduler.GlobalTime);
        Assert.All(machine.Vcpus, static v => Assert.Equal(20_000, v.Clock.LocalTime));
        Assert.Equal((10_000, 51, 0), (machine.Vcpus[0].Clock.Instructions, machine.Vcpus[1].Clock.Instructions, machine.Vcpus[2].Clock.Instructions));
        Assert.All(machine.Vcpus, static v => Assert.Equal(new ScriptedVcpuState(), v.State));
    }

    [Fact]
    public void Power_off_takes_effect_after_its_instruction_and_stays()
    {
        var machine = Machine([[new(VcpuStepKind.Work, 0, 4), new(VcpuStepKind.PowerOff, 0, 0), new(VcpuStepKind.Work, 0, 1_000)]]);
        Assert.Equal(StopReason.PowerOff, machine.Scheduler.Run(StopCondition.None));
        Assert.Equal(5, machine.Scheduler.TotalInstructions);
        Assert.Equal(10, machine.Scheduler.GlobalTime);
        Assert.Equal(StopReason.PowerOff, machine.Scheduler.Run(StopCondition.None));
        Assert.Equal(5, machine.Scheduler.TotalInstructions);
    }

    [Fact]
    public void A_reset_that_a_timer_requested_is_kept_by_a_save_at_the_frame_boundary()
    {
        var plan = Plan([[new(VcpuStepKind.Work, 0, 1_000_000)]], timers: [new(0, -1, 0, Resets: true)]);
        var machine = new ScheduledMachine(plan);
        ScheduledMachineState? saved = null;
        machine.Timers[0].Arm(1000);
        machine.OnEvent = happened => saved ??= happened.What == "boundary" ? machine.Save() : null;
        machine.Scheduler.Run(new() { Time = 2000 });
        var restored = new ScheduledMachine(plan);
        restored.Load(saved!);
        restored.Scheduler.Run(new() { Time = 2000 });
        Assert.Equal(1000, Assert.Single(restored.Events, static e => e.What == "reset").Global);
    }

    [Fact]
    public void A_vcpu_that_is_removed_leaves_the_others_turns_as_they_are()
    {
        var machine = Machine([[new(VcpuStepKind.Work, 0, 1_000_000)], [new(VcpuStepKind.Work, 0, 1_000_000)], [new(VcpuStepKind.Work, 0, 1_000_000)]]);
        machine.Scheduler.Run(new() { Instructions = 15_000 });
        machine.Scheduler.RemoveVcpu(machine.Vcpus[0].Clock);
        Assert.Equal(0, machine.Scheduler.Turn);
        machine.Scheduler.Run(new() { Instructions = 20_000 });
        Assert.Equal((10_000, 10_000), (machine.Vcpus[1].Clock.Instructions, machine.Vcpus[2].Clock.Instructions));
    }

    [Fact]
    public void A_timer_cannot_be_armed_after_its_owner_has_gone()
    {
        var scheduler = new Scheduler(new());
        var timer = scheduler.CreateTimer("gone", static () => { });
        scheduler.Timers.Remove(timer);
        Assert.Throws<InvalidOperationException>(() => timer.Arm(1));
        Assert.Equal(StopReason.Idle, scheduler.Run(StopCondition.None));
    }

    [Fact]
    public void A_timers_name_is_unique() => Assert.Contains("'twin'", Assert.Throws<SimException>(static () =>
    {
        var scheduler = new Scheduler(new());
        scheduler.CreateTimer("twin", static () => { });
        scheduler.CreateTimer("twin", static () => { });
    }).Message, StringComparison.Ordinal);

    [Fact]
    public void An_exception_inside_a_vcpu_leaves_the_scheduler_able_to_tell_the_time()
    {
        var machine = Machine([[new(VcpuStepKind.Work, 0, 3), new(VcpuStepKind.Observe, 0, 0)]]);
        machine.OnEvent = static _ => throw new SimException("A device broke.");
        Assert.Throws<SimException>(() => machine.Scheduler.Run(StopCondition.None));
        Assert.Equal(-1, machine.Scheduler.RunningVcpu);
        Assert.Equal(0, machine.Scheduler.ReachedTime);
    }

    [Theory]
    [MemberData(nameof(WrongStates))]
    public void A_state_that_no_run_can_have_is_refused(string expected, Action<SchedulerState> damage)
    {
        var plan = Plan([[new(VcpuStepKind.Arm, 0, 500), new(VcpuStepKind.Arm, 1, 600), new(VcpuStepKind.Work, 0, 1_000_000)]], timers: [new(0, -1, 0, false), new(0, -1, 0, false)]);
        var machine = new ScheduledMachine(plan);
        machine.Scheduler.Run(new() { Instructions = 100 });
        var state = machine.Scheduler.Save();
        machine.Scheduler.Load(state);
        damage(state);
        var error = Assert.Throws<SimException>(() => machine.Scheduler.Load(state));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(SimErrorKind.Guest, error.Kind);
        Assert.True(machine.Timers[0].IsArmed, "the refused load must change nothing");
    }

    public static TheoryData<string, Action<SchedulerState>> WrongStates => new()
    {
        { "not complete", static s => s.Timers = null! },
        { "not complete", static s => s.Clocks = [null!] },
        { "2 vCPUs and the machine has 1", static s => s.Clocks = [s.Clocks[0], s.Clocks[0]] },
        { "timer 'timer9'", static s => s.Timers[0].Name = "timer9" },
        { "timer twice", static s => s.Timers = [s.Timers[0], s.Timers[0]] },
        { "timer twice", static s => s.Timers[1].Sequence = s.Timers[0].Sequence },
        { "never armed", static s => s.Timers[0].Sequence = 99 },
        { "negative", static s => s.Clocks[0].IdleTime = -1 },
        { "negative", static s => s.Now = -1 },
        { "frame", static s => s.Turn = 1 },
        { "frame", static s => s.Turn = -1 },
        { "frame", static s => s.FrameEnd = s.Now - 1 },
    };

    [Theory]
    [InlineData(-1, 20_000, "--icount-shift -1")]
    [InlineData(11, 2_000_000, "--icount-shift 11")]
    [InlineData(1, 127, "--quantum 127")]
    [InlineData(0, 1_000_000_001, "--quantum 1000000001")]
    public void Options_out_of_range_are_refused(int shift, long quantum, string expected) =>
        Assert.Contains(expected, Assert.Throws<SimException>(() => new Scheduler(new() { Shift = shift, Quantum = quantum })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_policy_is_read_as_it_is_written()
    {
        foreach (var policy in (SchedulePolicy[])[SchedulePolicy.RoundRobin, SchedulePolicy.Random(0), SchedulePolicy.Random(ulong.MaxValue)])
            Assert.Equal(policy, SchedulePolicy.Parse(policy.ToString()));
        foreach (var wrong in (string[])["", "random", "random:", "random:-1", "random:x", "roundrobin", "random:18446744073709551616"])
            Assert.Contains($"'{wrong}'", Assert.Throws<SimException>(() => SchedulePolicy.Parse(wrong)).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<ScheduleEvent> RunThrough(SchedulePlan plan, long stop, bool forgetTurn)
    {
        var before = new ScheduledMachine(plan);
        before.Scheduler.Run(new() { Instructions = stop });
        var saved = before.Save();
        if (forgetTurn && !saved.Scheduler.SliceOpen)
            saved.Scheduler.Turn = -1;
        var after = new ScheduledMachine(plan);
        after.Load(saved);
        after.RunToHorizon();
        return before.Events.Concat(after.Events);
    }

    private static long Local(ScheduledMachine machine, int vcpu) => machine.Vcpus[vcpu].Clock.LocalTime;

    private static ScheduledMachine Machine(
        IReadOnlyList<IReadOnlyList<VcpuStep>> programs, IReadOnlyList<TimerPlan>? timers = null, IReadOnlyList<long>? inputs = null, long horizon = 60_000) =>
        new(Plan(programs, timers, inputs, horizon));

    private static SchedulePlan Plan(
        IReadOnlyList<IReadOnlyList<VcpuStep>> programs, IReadOnlyList<TimerPlan>? timers = null, IReadOnlyList<long>? inputs = null, long horizon = 60_000) =>
        new() { Options = new(), Programs = programs, Timers = timers ?? [], Inputs = inputs ?? [], Horizon = horizon };
}
