using Sim.Engine.Base;
using Sim.Engine.Scheduling;
using Sim.PropertyKit;
using Sim.PropertyKit.Scheduling;
using Xunit;

namespace Sim.Tests;

/// <summary>Frames, slices, timers and wake-ups of the scheduler as laws over random machines of scripted vCPUs (DESIGN section 5).</summary>
public sealed class SchedulerLawTests
{
    [Fact]
    public void Equal_machines_run_alike() => SchedulerLaws.Determinism.Sampled();

    [Fact]
    public void A_vcpu_that_depends_on_something_outside_is_found_not_to_run_alike()
    {
        var outside = 0;
        var failure = Assert.Throws<LawFailedException>(() => Law.Holds("determinism", ScheduleGenerators.Plans, (plan, _) => SchedulerLaws.RunTwice(plan, (plan, run) =>
        {
            outside = run;
            return new ScheduledMachine(plan, (machine, index) => new ObservingVcpu(machine, index, clock => clock.Observe() + outside));
        }), new LawOptions { Runs = 300 }));
        var smallest = Assert.IsType<SchedulePlan>(failure.Case);
        Assert.Equal(VcpuStepKind.Observe, Assert.Single(smallest.Programs.SelectMany(static p => p)).Kind);
        Assert.Contains("Replay with seed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stopping_anywhere_and_running_on_is_as_not_stopping() => SchedulerLaws.StopAnywhere.Sampled();

    [Fact]
    public void A_vcpu_that_runs_beyond_its_budget_is_found_by_stopping() => AssertBroken(ScheduleGenerators.StoppedPlans, static stopped =>
        SchedulerLaws.CheckStops(stopped, static (machine, index) => new OverrunningVcpu(machine, index), new CaseClasses()));

    [Fact]
    public void A_saved_state_has_the_same_future() => SchedulerLaws.SaveAnywhere.Sampled();

    [Theory]
    [InlineData("SliceEnd")]
    [InlineData("FrameEnd")]
    [InlineData("LatestObserved")]
    [InlineData("Prng")]
    [InlineData("Timers")]
    [InlineData("IdleTime")]
    public void A_field_left_out_of_the_saved_state_is_found(string field) => AssertBroken(ScheduleGenerators.StoppedPlans, stopped =>
        SchedulerLaws.CheckSaves(stopped, saved => Forget(saved, field), new CaseClasses()));

    [Fact]
    public void A_timer_fires_at_its_deadline_or_where_time_stood_when_it_was_armed() => ScheduleTimeLaws.TimerDeadlines.Sampled();

    [Fact]
    public void A_timer_that_fires_late_is_found() => AssertBroken(
        ScheduleGenerators.Plans, static plan => ScheduleTimeLaws.CheckTimers(plan, static deadline => deadline - 1, new CaseClasses()));

    [Fact]
    public void Due_timers_fire_in_order_of_deadline_priority_and_arming() => ScheduleTimeLaws.TimerOrder.Sampled();

    [Fact]
    public void A_timer_out_of_order_is_found() =>
        AssertBroken(ScheduleGenerators.Plans, static plan => ScheduleTimeLaws.CheckTimerOrder(plan, -1, new CaseClasses()), runs: 2000);

    [Fact]
    public void Observed_time_never_runs_backwards() => ScheduleTimeLaws.ObservedTime.Sampled();

    [Fact]
    public void A_vcpu_that_reads_its_local_time_is_found_to_see_time_run_backwards() => AssertBroken(
        ScheduleGenerators.Plans,
        static plan => ScheduleTimeLaws.CheckObservedTime(
            new ScheduledMachine(plan, static (machine, index) => new ObservingVcpu(machine, index, static clock => clock.LocalTime)), new CaseClasses()));

    [Fact]
    public void A_woken_vcpu_resumes_at_the_right_time() => ScheduleTimeLaws.WakeUps.Sampled();

    [Fact]
    public void A_wake_up_at_a_wrong_time_is_found() =>
        AssertBroken(ScheduleGenerators.Plans, static plan => ScheduleTimeLaws.CheckWakeUps(plan, 1, new CaseClasses()));

    [Fact]
    public void Frames_keep_to_the_policys_lengths_and_everybody_runs_to_their_end() => ScheduleTimeLaws.Frames.Sampled();

    private static ScheduledMachineState Forget(ScheduledMachineState saved, string field)
    {
        var scheduler = saved.Scheduler;
        switch (field)
        {
            case "SliceEnd": scheduler.SliceEnd = long.MaxValue; break;
            case "FrameEnd" when scheduler.FrameOpen: scheduler.FrameEnd = scheduler.Now + 1; break;
            case "LatestObserved": scheduler.LatestObserved = 0; break;
            case "Prng": scheduler.Prng = Prng.FromSeed(1); break;
            case "Timers": scheduler.Timers = []; break;
            case "IdleTime": foreach (var clock in scheduler.Clocks) clock.IdleTime = 0; break;
        }

        return saved;
    }

    private static void AssertBroken<T>(FsCheck.Arbitrary<T> cases, Action<T> check, int runs = 1000) =>
        Assert.Throws<LawFailedException>(() => Law.Holds("a planted bug", cases, (tried, _) => check(tried), new LawOptions { Runs = runs, MaxShrinkAttempts = 0 }));

    private sealed class ObservingVcpu(ScheduledMachine machine, int index, Func<VcpuClock, long> observe) : ScriptedVcpu(machine, index)
    {
        protected override long ObserveTime() => observe(Clock);
    }

    private sealed class OverrunningVcpu(ScheduledMachine machine, int index) : ScriptedVcpu(machine, index)
    {
        public override long Run(long budget) => base.Run(budget == 1 ? 2 : budget);
    }
}
