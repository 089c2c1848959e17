using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Scheduling;
using Sim.PropertyKit.Cpu;
using Xunit;

namespace Sim.Tests;

/// <summary>Timebase, decrementer, fixed-interval timer, watchdog, waiting. One instruction is 2 ns, a tick 2.5 ns.</summary>
public sealed unsafe class TimerTests
{
    const int Dec = 22, Decar = 54, Tbl = 268, Tbu = 269, Tblw = 284, Tbuw = 285, TsrNumber = 336, TcrNumber = 340, Hid0 = 1008;

    static BareCpu Create(params uint[] code)
    {
        var cpu = new BareCpu();
        cpu.SetVectors();
        cpu.Load(0x1000, code);
        return cpu;
    }

    [Fact]
    public void The_timebase_counts_two_ticks_in_five_nanoseconds()
    {
        using var cpu = Create(Asm.Nop, Asm.Nop, Asm.Nop, Asm.Nop, Asm.Nop, Asm.Mfspr(3, Tbl), Asm.Mfspr(4, Tbu), Asm.Mfspr(5, Tbl));
        cpu.Run(8);
        // 5 instructions are 10 ns, 7 are 14 ns.
        Assert.Equal((4u, 0u, 5u), (cpu.State->Gpr[3], cpu.State->Gpr[4], cpu.State->Gpr[5]));
    }

    [Fact]
    public void The_timebase_reads_the_same_however_the_run_is_cut()
    {
        uint[] code = [.. Enumerable.Repeat(Asm.Mfspr(3, Tbl), 20), Asm.B(-80)];
        using BareCpu whole = Create(code), cut = Create(code);
        whole.Run(1003);
        for (int i = 0; i < 1003; i++)
            cut.Run(1);
        Assert.Equal(whole.State->Gpr[3], cut.State->Gpr[3]);
    }

    [Fact]
    public void The_timebase_can_be_written_by_halves()
    {
        using var cpu = Create(Asm.Mtspr(Tbuw, 4), Asm.Mtspr(Tblw, 5), Asm.Mfspr(6, Tbu), Asm.Mfspr(7, Tbl));
        cpu.State->Gpr[4] = 0x12;
        cpu.State->Gpr[5] = 0xFFFF_FFFE;
        cpu.Run(4);
        // Written at 2 ns (tick 0); the upper half is read at 4 ns (tick 1), the lower at 6 ns (tick 2), when it has wrapped.
        Assert.Equal((0x12u, 0u), (cpu.State->Gpr[6], cpu.State->Gpr[7]));
    }

    [Fact]
    public void The_decrementer_fires_at_its_instruction()
    {
        // Written after 3 instructions, at 6 ns = tick 2: it reaches 0 at tick 102 = 255 ns, the boundary after 128 instructions.
        uint[] code = [Asm.Mtspr(TcrNumber, 5), Asm.Wrteei(true), Asm.Nop, Asm.Mtspr(Dec, 4), .. Enumerable.Repeat(Asm.Addi(3, 3, 1), 300)];
        using var cpu = Create(code);
        cpu.Load(0xB00, Asm.Mfspr(6, TsrNumber));
        cpu.State->Gpr[4] = 100;
        cpu.State->Gpr[5] = Tcr.DecrementerEnable;
        cpu.Run(128);
        Assert.Equal((124u, 0u), (cpu.State->Gpr[3], cpu.State->Tsr));
        cpu.Run(1);
        Assert.Equal((124u, Tsr.Decrementer, 0x1000u + 4 * 128), (cpu.State->Gpr[3], cpu.State->Gpr[6], cpu.State->Srr0));
    }

    [Fact]
    public void The_decrementer_stays_at_0_or_reloads()
    {
        using var cpu = Create([Asm.Mtspr(Dec, 4), .. Enumerable.Repeat(Asm.Mfspr(3, Dec), 400)]);
        cpu.State->Gpr[4] = 50;
        cpu.Run(2);
        Assert.Equal(50u, cpu.State->Gpr[3]);
        cpu.Run(100);
        Assert.Equal((0u, Tsr.Decrementer), (cpu.State->Gpr[3], cpu.State->Tsr));
        cpu.Load(0x1000, Asm.Mtspr(Decar, 6), Asm.Mtspr(TcrNumber, 5), Asm.Mtspr(Dec, 4));
        cpu.State->Pc = 0x1000;
        cpu.State->Gpr[5] = Tcr.AutoReload;
        cpu.State->Gpr[6] = 70;
        cpu.Run(3);
        long armed = cpu.Core.Clock!.LocalTime - 2;
        cpu.Run(200);
        long passed = cpu.Core.Clock.LocalTime - 2;
        long ticks = passed * 2 / 5 - armed * 2 / 5 - 50;
        Assert.Equal((uint)(70 - ticks % 70), cpu.State->Gpr[3]);
    }

    [Fact]
    public void Writing_0_to_the_decrementer_is_no_event()
    {
        using var cpu = Create([Asm.Mtspr(Dec, 4), .. Enumerable.Repeat(Asm.Nop, 50)]);
        cpu.Run(40);
        Assert.Equal(0u, cpu.State->Tsr);
    }

    [Fact]
    public void The_fixed_interval_timer_sees_its_bit_rise()
    {
        // FPEXT and FP = 111100: bit 60 of 64, worth 8 ticks; it first rises at tick 8 = 20 ns.
        using var cpu = Create([Asm.Mtspr(TcrNumber, 5), .. Enumerable.Repeat(Asm.Nop, 50)]);
        cpu.State->Gpr[5] = 15u << 13;
        cpu.Run(10);
        Assert.Equal(0u, cpu.State->Tsr & Tsr.FixedInterval);
        cpu.Run(1);
        Assert.Equal(Tsr.FixedInterval, cpu.State->Tsr & Tsr.FixedInterval);
    }

    [Fact]
    public void The_watchdog_arms_then_interrupts_then_resets()
    {
        // WPEXT and WP = 111100: the bit rises every 16 ticks = 40 ns = 20 instructions, first after 10.
        using var cpu = Create([Asm.Mtspr(TcrNumber, 5), .. Enumerable.Repeat(Asm.Nop, 200)]);
        int kind = 0;
        cpu.Core.ResetRequested = requested => kind = requested;
        cpu.State->Gpr[5] = 15u << 17 | 2u << 28;
        cpu.Run(11);
        Assert.Equal(Tsr.EnableNextWatchdog, cpu.State->Tsr & 0xF000_0000);
        cpu.Run(20);
        Assert.Equal((Tsr.EnableNextWatchdog | Tsr.Watchdog, 0), (cpu.State->Tsr & 0xF000_0000, kind));
        cpu.Run(20);
        Assert.Equal((Tsr.EnableNextWatchdog | Tsr.Watchdog | 2u << 28, 2), (cpu.State->Tsr & 0xF000_0000, kind));
    }

    [Fact]
    public void Timer_status_is_cleared_by_ones_and_watchdog_control_is_not_cleared()
    {
        using var cpu = Create(Asm.Mtspr(TsrNumber, 4), Asm.Mtspr(TcrNumber, 5));
        cpu.State->Tsr = Tsr.Decrementer | Tsr.Watchdog;
        cpu.State->Tcr = 1u << 28;
        cpu.State->Gpr[4] = Tsr.Decrementer;
        cpu.Run(2);
        Assert.Equal((Tsr.Watchdog, 1u << 28), (cpu.State->Tsr, cpu.State->Tcr));
    }

    [Fact]
    public void A_waiting_core_is_woken_by_its_decrementer_at_the_exact_time()
    {
        using var cpu = Create(Asm.Mtspr(Hid0, 6), Asm.Mtspr(TcrNumber, 5), Asm.Mtspr(Dec, 4), Asm.Mtmsr(7), Asm.Nop);
        cpu.Load(0xB00, Asm.Mfspr(3, Tbl), Asm.B(0));
        cpu.State->Gpr[4] = 400_000;
        cpu.State->Gpr[5] = Tcr.DecrementerEnable;
        cpu.State->Gpr[6] = 0x0080_0000;
        cpu.State->Gpr[7] = Msr.We | Msr.Ee;
        cpu.Run(5);
        Assert.Equal((400_001u, 5L), (cpu.State->Gpr[3], cpu.Core.Clock!.Instructions));
        Assert.Equal((0x1010u, Msr.We | Msr.Ee), (cpu.State->Srr0, cpu.State->Srr1));
    }

    [Fact]
    public void Without_anything_to_wake_it_the_machine_is_idle()
    {
        using var cpu = Create(Asm.Mtspr(Hid0, 6), Asm.Mtmsr(7));
        cpu.State->Gpr[6] = 0x0080_0000;
        cpu.State->Gpr[7] = Msr.We;
        Assert.Equal(StopReason.Idle, cpu.Scheduler.Run(StopCondition.None));
        Assert.Equal(2, cpu.Core.Clock!.Instructions);
    }

    [Fact]
    public void Observed_time_never_runs_backwards_between_cpus()
    {
        using var cpu = new BareCpu(cpus: 2, new SchedulerOptions { Policy = SchedulePolicy.Random(5) });
        // Each takes the timebase and compares it with the latest of the other; a smaller one counts in r9.
        cpu.Load(0x1000, Asm.Lwz(4, 0x2000, 0), Asm.Mfspr(3, Tbl), 0x7C03_2040 /* cmplw r3,r4 */,
            Asm.Bc(4, 0, 8), Asm.Addi(9, 9, 1), Asm.Stw(3, 0x2000, 0), Asm.B(-24));
        cpu.Run(200_000);
        Assert.Equal((0u, 0u), (cpu.Cores[0].State->Gpr[9], cpu.Cores[1].State->Gpr[9]));
        Assert.True(cpu.Word(0x2000) > 10_000);
    }

    [Fact]
    public void Power_on_begins_the_timebase_at_0()
    {
        using var cpu = Create([.. Enumerable.Repeat(Asm.Nop, 100)]);
        cpu.Run(50);
        cpu.Core.PowerOn(held: false);
        Assert.Equal(0ul, cpu.Core.Timebase);
    }
}
