using Sim.Engine.Base;
using Sim.Engine.Devices.Intc;
using Xunit;
using static Sim.Tests.OpenPicBench;

namespace Sim.Tests;

/// <summary>The interrupt controller as chapter 10 of the MPC8544E manual describes it.</summary>
public sealed class OpenPicTests : IDisposable
{
    private readonly OpenPicBench pic = new();

    public void Dispose() => pic.Dispose();

    [Fact]
    public void A_source_interrupts_until_it_is_acknowledged_and_again_after_its_end()
    {
        pic.Enable(42, 5);
        pic.Input(42, true);
        Assert.True(pic.Output(0));
        Assert.False(pic.Output(1));
        Assert.Equal(Vector(42), pic.Acknowledge(0));
        Assert.False(pic.Output(0));
        pic.EndOfInterrupt(0);
        Assert.True(pic.Output(0));
        pic.Input(42, false);
        Assert.False(pic.Output(0));
    }

    [Fact]
    public void An_edge_is_kept_until_it_is_acknowledged_and_a_level_is_not()
    {
        pic.Enable(3, 5, Polarity);
        pic.Enable(4, 5, Polarity | Sense);
        pic.Pulse(3);
        pic.Pulse(4);
        Assert.Equal(Vector(3), pic.Acknowledge(0));
        pic.EndOfInterrupt(0);
        Assert.False(pic.Output(0));
        Assert.Equal(0xFFFFu, pic.Acknowledge(0));
    }

    [Fact]
    public void An_edge_during_service_waits_for_the_end_of_interrupt()
    {
        pic.Enable(3, 5);
        pic.Pulse(3);
        pic.Acknowledge(0);
        pic.Pulse(3);
        Assert.False(pic.Output(0));
        pic.EndOfInterrupt(0);
        Assert.Equal(Vector(3), pic.Acknowledge(0));
    }

    [Fact]
    public void Only_a_higher_priority_interrupts_service_and_ends_come_in_reverse_order()
    {
        pic.Enable(20, 3);
        pic.Enable(21, 7);
        pic.Enable(22, 12);
        pic.Enable(23, 7);
        pic.Input(20, true);
        Assert.Equal(Vector(20), pic.Acknowledge(0));
        pic.Input(21, true);
        Assert.True(pic.Output(0));
        Assert.Equal(Vector(21), pic.Acknowledge(0));
        pic.Input(23, true);
        Assert.False(pic.Output(0));
        pic.Input(22, true);
        Assert.Equal(Vector(22), pic.Acknowledge(0));
        foreach (var source in new[] { 20, 21, 22 })
            pic.Input(source, false);
        pic.EndOfInterrupt(0);
        Assert.False(pic.Output(0));
        pic.EndOfInterrupt(0);
        Assert.Equal(Vector(23), pic.Acknowledge(0));
        pic.EndOfInterrupt(0);
        pic.Input(23, false);
        pic.EndOfInterrupt(0);
        pic.Input(20, true);
        Assert.True(pic.Output(0));
    }

    [Fact]
    public void Of_equal_priorities_the_lowest_source_wins()
    {
        pic.Enable(30, 5);
        pic.Enable(29, 5);
        pic.Enable(31, 6);
        foreach (var source in new[] { 29, 30, 31 })
            pic.Input(source, true);
        Assert.Equal(Vector(31), pic.Acknowledge(0));
        pic.Input(31, false);
        pic.EndOfInterrupt(0);
        Assert.Equal(Vector(29), pic.Acknowledge(0));
    }

    [Fact]
    public void An_acknowledge_without_a_request_returns_the_spurious_vector_and_puts_nothing_into_service()
    {
        pic[0x10E0] = 0xABCD_1234;
        Assert.Equal(0x1234u, pic.Acknowledge(0));
        pic.Enable(20, 5);
        pic.Input(20, true);
        pic.SetTaskPriority(0, 5);
        Assert.Equal(0x1234u, pic.Acknowledge(0));
        pic.SetTaskPriority(0, 4);
        Assert.Equal(Vector(20), pic.Acknowledge(0));
        Assert.Equal(0x1234u, pic.Acknowledge(0));
    }

    [Fact]
    public void Priority_zero_is_never_delivered()
    {
        pic.Enable(20, 0);
        pic.Input(20, true);
        Assert.False(pic.Output(0));
        Assert.Equal(0xFFFFu, pic.Acknowledge(0));
    }

    [Fact]
    public void Task_priority_holds_back_what_is_not_above_it()
    {
        pic.Enable(20, 8);
        pic.Input(20, true);
        pic.SetTaskPriority(0, 0xFFFF_FF18);
        Assert.Equal((8u, false), (pic[Cpu(0, 0x80)], pic.Output(0)));
        pic.SetTaskPriority(0, 7);
        Assert.True(pic.Output(0));
    }

    [Fact]
    public void The_mask_bit_withdraws_a_request_and_gives_it_back()
    {
        pic.Enable(20, 5);
        pic.Enable(3, 6);
        pic.Input(20, true);
        pic[VectorPriority(20)] |= Mask;
        Assert.Equal((Mask | 0x50114, false), (pic[VectorPriority(20)], pic.Output(0)));
        pic.Enable(3, 6, Mask);
        pic.Pulse(3);
        Assert.False(pic.Output(0));
        pic.Enable(3, 6);
        Assert.Equal(Vector(3), pic.Acknowledge(0));
        pic.EndOfInterrupt(0);
        pic.Enable(20, 5);
        Assert.Equal((Activity | 0x50114, true), (pic[VectorPriority(20)], pic.Output(0)));
    }

    [Fact]
    public void Vector_priority_registers_keep_the_bits_that_their_source_has()
    {
        (int Source, uint Bits)[] kinds =
        [
            (0, 0x80CF_FFFF), (15, 0x80CF_FFFF), (16, 0x808F_FFFF), (255, 0x808F_FFFF),
            (FirstIpi, 0x800F_FFFF), (FirstTimer + 3, 0x800F_FFFF),
        ];
        foreach (var (source, bits) in kinds)
        {
            pic[VectorPriority(source)] = 0xFFFF_FFFF;
            Assert.Equal(bits, pic[VectorPriority(source)]);
        }
    }

    [Fact]
    public void A_level_with_several_destinations_reaches_each_and_a_single_one_can_be_chosen()
    {
        pic.Enable(20, 5, destination: 3);
        pic.Input(20, true);
        Assert.Equal((true, true), (pic.Output(0), pic.Output(1)));
        Assert.Equal(Vector(20), pic.Acknowledge(0));
        Assert.Equal((false, true), (pic.Output(0), pic.Output(1)));
        pic[Destination(20)] = 2;
        pic.EndOfInterrupt(0);
        Assert.Equal((false, true), (pic.Output(0), pic.Output(1)));
    }

    [Fact]
    public void An_edge_with_several_destinations_is_delivered_to_each()
    {
        pic.Enable(FirstTimer, 5, destination: 3);
        pic.Pulse(FirstTimer);
        Assert.Equal(Vector(FirstTimer), pic.Acknowledge(1));
        Assert.Equal((true, false), (pic.Output(0), pic.Output(1)));
        Assert.Equal(Vector(FirstTimer), pic.Acknowledge(0));
        pic.EndOfInterrupt(0);
        pic.EndOfInterrupt(1);
        Assert.Equal((false, false), (pic.Output(0), pic.Output(1)));
    }

    [Fact]
    public void An_interprocessor_interrupt_reaches_the_cpus_named_and_no_others()
    {
        for (var ipi = 0; ipi < 4; ipi++)
            pic.Enable(FirstIpi + ipi, 5 + ipi);
        pic.SendIpi(0, 0, 0xFFFF_FFFE);
        pic.SendIpi(1, 3, 3);
        Assert.Equal(Vector(FirstIpi + 3), pic.Acknowledge(1));
        Assert.Equal(Vector(FirstIpi + 3), pic.Acknowledge(0));
        pic.EndOfInterrupt(1);
        pic.EndOfInterrupt(0);
        Assert.Equal((false, true), (pic.Output(0), pic.Output(1)));
        Assert.Equal(Vector(FirstIpi), pic.Acknowledge(1));
        pic.EndOfInterrupt(1);
        Assert.Equal(0xFFFFu, pic.Acknowledge(1));
    }

    [Fact]
    public void A_cpu_reaches_its_own_registers_at_the_start_of_the_block()
    {
        Assert.Equal((0u, 1u), (pic.ReadAs(0, 0x90), pic.ReadAs(1, 0x90)));
        Assert.Equal((0u, 1u), (pic[Cpu(0, 0x90)], pic[Cpu(1, 0x90)]));
        pic.WriteAs(1, 0x80, 9);
        Assert.Equal((0u, 9u), (pic[Cpu(0, 0x80)], pic[Cpu(1, 0x80)]));
        pic.WriteAs(1, 0x80, 0);
        pic.Enable(FirstIpi + 1, 5);
        pic.WriteAs(0, 0x50, 2);
        Assert.Equal(0xFFFFu, pic.ReadAs(0, 0xA0));
        Assert.Equal(Vector(FirstIpi + 1), pic.ReadAs(1, 0xA0));
        pic.SendIpi(0, 1, 2);
        Assert.False(pic.Output(1));
        pic.WriteAs(1, 0xB0, 0);
        Assert.True(pic.Output(1));
        Assert.Equal(0xFFFF_FFFFu, pic[0x90]);
    }

    [Fact]
    public void Messages_assert_their_register_s_source_until_they_are_read()
    {
        pic.Enable(FirstMessage + 3, 5);
        pic[0x1740] = 0x6500_0000;
        pic[0x1740] = 0x7F12_3456;
        pic[0x1740] = 0xE000_0000;
        Assert.Equal(0x88u, pic[0x1720]);
        Assert.Equal(Vector(FirstMessage + 3), pic.Acknowledge(0));
        Assert.Equal(0x8000_0020u, pic.Peek(0x1630));
        Assert.Equal(0x8000_0020u, pic[0x1630]);
        Assert.Equal((0u, 0x80u), (pic[0x1630], pic[0x1720]));
        pic.EndOfInterrupt(0);
        Assert.False(pic.Output(0));
    }

    [Fact]
    public void A_timer_requests_an_interrupt_each_time_its_count_reaches_zero()
    {
        pic.Enable(FirstTimer + 1, 5);
        pic[BaseCount(1)] = 1000;
        pic.Bench.Advance(39_999);
        Assert.Equal((1u, false), (pic[Count(1)], pic.Output(0)));
        pic.Bench.Advance(1);
        Assert.Equal((0x8000_0000u | 1000, true), (pic[Count(1)], pic.Output(0)));
        Assert.Equal(Vector(FirstTimer + 1), pic.Acknowledge(0));
        pic.EndOfInterrupt(0);
        pic.Bench.Advance(39_999);
        Assert.False(pic.Output(0));
        pic.Bench.Advance(1);
        Assert.Equal((1000u, true), (pic[Count(1)], pic.Output(0)));
    }

    [Fact]
    public void A_new_base_count_is_for_the_next_round_and_the_inhibit_bit_stops_at_once()
    {
        pic[BaseCount(0)] = 100;
        pic.Bench.Advance(1000);
        pic[BaseCount(0)] = 500;
        Assert.Equal(75u, pic[Count(0)]);
        pic.Bench.Advance(3000);
        Assert.Equal(0x8000_0000u | 500, pic[Count(0)]);
        pic[BaseCount(0)] = 0x8000_0000 | 40;
        Assert.Equal(0u, pic[Count(0)]);
        Assert.False(pic.Bench.Machine.Scheduler.Timers.Find(pic.Pic.CanonicalPath + ":timer0")!.IsArmed);
        pic[BaseCount(0)] = 40;
        Assert.Equal(40u, pic[Count(0)]);
        pic[BaseCount(0)] = 0;
        pic.Bench.Advance(100_000);
        Assert.Equal(0x8000_0000u, pic[Count(0)]);
        Assert.Equal(VirtualTime.Never, pic.Bench.Machine.Scheduler.Timers.NextDeadline);
    }

    [Fact]
    public void A_critical_source_drives_the_critical_output_past_priorities_and_acknowledge()
    {
        pic.Enable(20, 1, destination: 2);
        pic[InternalLevel(20)] = OpenPic.OutputCritical;
        pic.SetTaskPriority(1, 15);
        pic.Input(20, true);
        Assert.Equal((false, true), (pic.Output(1), pic.Output(1, OpenPic.OutputCritical)));
        Assert.Equal(0xFFFFu, pic.Acknowledge(1));
        pic[VectorPriority(20)] |= Mask;
        Assert.False(pic.Output(1, OpenPic.OutputCritical));
        pic[VectorPriority(20)] &= ~Mask;
        pic[InternalLevel(20)] = OpenPic.OutputMachineCheck;
        Assert.Equal((false, true), (pic.Output(1, OpenPic.OutputCritical), pic.Output(1, OpenPic.OutputMachineCheck)));
        pic.Input(20, false);
        Assert.False(pic.Output(1, OpenPic.OutputMachineCheck));
    }

    [Fact]
    public void Mpic_2_0_names_critical_destinations_in_the_destination_register()
    {
        using var old = new OpenPicBench(OpenPic.ModelMpic20);
        old[Destination(20)] = 0xFFFF_FFFF;
        Assert.Equal(0xE000_0003u, old[Destination(20)]);
        old.Enable(20, 5, Mask, 0x2000_0001);
        old.Input(20, true);
        Assert.Equal((false, true, false), (old.Output(0), old.Output(1, OpenPic.OutputCritical), old.Output(0, OpenPic.OutputCritical)));
        old[Destination(20)] = 1;
        Assert.Equal((false, false), (old.Output(0), old.Output(1, OpenPic.OutputCritical)));
        old.Enable(20, 5);
        Assert.True(old.Output(0));
        Assert.Equal((0x0040_0200u, 0x004F_0102u), (old[0], old[0x1000]));
    }

    [Fact]
    public void In_external_proxy_mode_the_cpu_acknowledges_by_taking_the_interrupt()
    {
        pic.Enable(20, 5);
        pic.Input(20, true);
        foreach (var mode in new[] { 0u, 0x2000_0000u, 0x4000_0000u })
        {
            pic[0x1020] = mode;
            Assert.Null(pic.Pic.AcknowledgeByProxy(0));
        }

        pic[0x1020] = 0x6000_0000;
        Assert.Equal(Vector(20), pic.Pic.AcknowledgeByProxy(0));
        Assert.False(pic.Output(0));
        pic.Input(20, false);
        pic.EndOfInterrupt(0);
        Assert.Equal(0xFFFFu, pic.Pic.AcknowledgeByProxy(0));
        using var old = new OpenPicBench(OpenPic.ModelMpic20);
        old[0x1020] = 0x6000_0000;
        Assert.Equal((0x2000_0000u, false), (old[0x1020], old.Pic.IsExternalProxy));
    }

    [Fact]
    public void The_processor_reset_register_holds_cpus_in_reset()
    {
        pic[0x1090] = 0xFFFF_FFFE;
        Assert.Equal((2u, false, true), (pic[0x1090], pic.Output(0, OpenPic.OutputReset), pic.Output(1, OpenPic.OutputReset)));
        pic[0x1090] = 0;
        Assert.False(pic.Output(1, OpenPic.OutputReset));
    }
}
