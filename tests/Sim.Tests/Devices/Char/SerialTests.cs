using Sim.Engine.Base;
using Sim.Engine.Devices.Char;
using Xunit;

namespace Sim.Tests;

/// <summary>The UART as the PC16550D data sheet describes it.</summary>
public sealed class SerialTests : IDisposable
{
    private const ulong Base = 0x1000_0000;
    private const ulong Rbr = Base, Thr = Base, Ier = Base + 1, Iir = Base + 2, Fcr = Base + 2, Lcr = Base + 3, Mcr = Base + 4, Lsr = Base + 5, Msr = Base + 6, Scr = Base + 7;

    private readonly DeviceBench bench = new();
    private readonly Chardev line;
    private readonly SerialMm serial;
    private readonly List<byte> sent = [];

    public SerialTests() => (line, serial) = Build(bench, sent);

    public void Dispose() => bench.Dispose();

    [Fact]
    public void Power_on_values_are_those_of_the_data_sheet()
    {
        byte[] expected = [0, 0, 0x01, 0, 0x08, 0x60, 0xB0, 0];
        Assert.Equal(expected, Enumerable.Range(0, 8).Select(i => bench.ReadByte(Base + (ulong)i)));
        Assert.False(serial.Chip.Irq.Level);
    }

    [Fact]
    public void The_divisor_latch_hides_data_and_interrupt_enable()
    {
        bench.WriteByte(Ier, 0x0F);
        bench.WriteByte(Lcr, 0x80);
        bench.WriteByte(Base, 0x34);
        bench.WriteByte(Base + 1, 0x12);
        Assert.Equal((0x34, 0x12), (bench.ReadByte(Base), bench.ReadByte(Base + 1)));
        bench.WriteByte(Lcr, 0x03);
        Assert.Equal((0, 0x0F), (bench.ReadByte(Base), bench.ReadByte(Ier)));
        Assert.Empty(sent);
    }

    [Fact]
    public void A_written_byte_leaves_at_once_and_the_transmitter_stays_empty()
    {
        foreach (var value in "ok"u8)
            bench.WriteByte(Thr, value);
        Assert.Equal("ok"u8.ToArray(), sent);
        Assert.Equal(0x60, bench.ReadByte(Lsr));
    }

    [Fact]
    public void Transmit_holding_register_empty_raises_the_interrupt()
    {
        bench.WriteByte(Ier, 0x02);
        Assert.True(serial.Chip.Irq.Level);
        Assert.Equal(0x02, bench.ReadByte(Iir));
        Assert.False(serial.Chip.Irq.Level);
        Assert.Equal(0x01, bench.ReadByte(Iir));
        bench.WriteByte(Thr, (byte)'x');
        Assert.True(serial.Chip.Irq.Level);
        bench.WriteByte(Ier, 0);
        bench.WriteByte(Ier, 0x02);
        Assert.Equal(0x02, bench.ReadByte(Iir));
    }

    [Fact]
    public void A_byte_written_while_the_interrupt_is_up_makes_an_edge()
    {
        serial.ConnectIrq(0, bench.Watch());
        bench.WriteByte(Ier, 0x02);
        bench.WriteByte(Thr, (byte)'x');
        Assert.Equal([true, false, true], bench.Levels);
    }

    [Fact]
    public void Without_FIFOs_one_byte_is_taken_and_the_rest_waits()
    {
        line.Send("abc"u8);
        Assert.Equal(2, line.Waiting);
        Assert.Equal(0x61, bench.ReadByte(Lsr));
        Assert.Equal("abc"u8.ToArray(), new[] { bench.ReadByte(Rbr), bench.ReadByte(Rbr), bench.ReadByte(Rbr) });
        Assert.Equal(0x60, bench.ReadByte(Lsr));
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xC1, 14)]
    public void Received_data_interrupt_comes_at_the_trigger_level(byte fcr, int level)
    {
        bench.WriteByte(Fcr, fcr);
        bench.WriteByte(Ier, 0x01);
        for (var count = 1; count <= level; count++)
        {
            Assert.False(serial.Chip.Irq.Level);
            line.Send([(byte)count]);
        }

        Assert.True(serial.Chip.Irq.Level);
        Assert.Equal(0xC4, bench.ReadByte(Iir));
        bench.ReadByte(Rbr);
        Assert.False(serial.Chip.Irq.Level);
    }

    [Fact]
    public void Bytes_left_alone_for_four_character_times_raise_the_timeout_interrupt()
    {
        bench.WriteByte(Lcr, 0x80);
        bench.WriteByte(Base, 2);
        bench.WriteByte(Base + 1, 0);
        bench.WriteByte(Lcr, 0x03);
        bench.WriteByte(Fcr, 0xC1);
        bench.WriteByte(Ier, 0x01);
        line.Send("hi"u8);

        // Eight data bits with start and stop bit, at divisor 2 of 115200 baud, rounded up to whole ns.
        const long characterTime = 10 * 2 * VirtualTime.Second / 115200 + 1;
        bench.Advance(4 * characterTime - 1);
        Assert.False(serial.Chip.Irq.Level);
        bench.Advance(1);
        Assert.True(serial.Chip.Irq.Level);
        Assert.Equal(0xCC, bench.ReadByte(Iir));
        Assert.Equal((byte)'h', bench.ReadByte(Rbr));
        Assert.False(serial.Chip.Irq.Level);
        bench.Advance(4 * characterTime);
        Assert.Equal(0xCC, bench.ReadByte(Iir));
        bench.ReadByte(Rbr);
        bench.Advance(8 * characterTime);
        Assert.Equal(0xC1, bench.ReadByte(Iir));
    }

    [Fact]
    public void The_FIFO_takes_sixteen_bytes_and_refills_from_those_that_wait()
    {
        bench.WriteByte(Fcr, 0x01);
        var bytes = Enumerable.Range(0, 40).Select(static i => (byte)i).ToArray();
        line.Send(bytes);
        Assert.Equal(24, line.Waiting);
        var got = new List<byte>();
        while ((bench.ReadByte(Lsr) & 1) != 0)
            got.Add(bench.ReadByte(Rbr));
        Assert.Equal(bytes, got);
        Assert.Equal(0x60, bench.ReadByte(Lsr));
    }

    [Fact]
    public void Loopback_sends_to_the_receiver_and_mirrors_the_modem_lines()
    {
        bench.WriteByte(Mcr, 0x10 | 0x0A);
        Assert.Equal(0x90, bench.ReadByte(Msr) & 0xF0);
        bench.WriteByte(Thr, 0x5A);
        Assert.Empty(sent);
        line.Send([0x77]);
        Assert.Equal(1, line.Waiting);
        Assert.Equal(0x5A, bench.ReadByte(Rbr));
        Assert.Equal(0x60, bench.ReadByte(Lsr));
        bench.WriteByte(Mcr, 0);
        Assert.Equal(0x77, bench.ReadByte(Rbr));
    }

    [Fact]
    public void Overrun_in_loopback_shows_until_the_line_status_is_read()
    {
        bench.WriteByte(Ier, 0x04);
        bench.WriteByte(Mcr, 0x10);
        bench.WriteByte(Thr, 1);
        bench.WriteByte(Thr, 2);
        Assert.Equal(0x06, bench.ReadByte(Iir));
        Assert.Equal(0x63, bench.ReadByte(Lsr));
        Assert.Equal(0x61, bench.ReadByte(Lsr));
        Assert.Equal(2, bench.ReadByte(Rbr));
        Assert.Equal(0x01, bench.ReadByte(Iir));
    }

    [Fact]
    public void A_break_reads_as_a_zero_byte_with_the_break_indicator()
    {
        bench.WriteByte(Fcr, 0x01);
        bench.WriteByte(Ier, 0x05);
        line.SendBreak();
        Assert.Equal(0xC6, bench.ReadByte(Iir));
        Assert.Equal(0x71, bench.ReadByte(Lsr));
        Assert.Equal(0xC4, bench.ReadByte(Iir));
        Assert.Equal(0, bench.ReadByte(Rbr));
        Assert.Equal(0xC1, bench.ReadByte(Iir));
    }

    [Fact]
    public void Interrupts_are_identified_in_order_of_priority()
    {
        bench.WriteByte(Fcr, 0x01);
        bench.WriteByte(Ier, 0x0F);
        line.SendBreak();
        Assert.Equal(0xC6, bench.ReadByte(Iir));
        bench.ReadByte(Lsr);
        Assert.Equal(0xC4, bench.ReadByte(Iir));
        bench.ReadByte(Rbr);
        Assert.Equal(0xC2, bench.ReadByte(Iir));
        Assert.Equal(0xC1, bench.ReadByte(Iir));
    }

    [Fact]
    public void Clearing_the_receive_FIFO_drops_its_bytes_and_its_interrupt()
    {
        bench.WriteByte(Fcr, 0x01);
        bench.WriteByte(Ier, 0x01);
        line.Send("zz"u8);
        Assert.True(serial.Chip.Irq.Level);
        bench.WriteByte(Fcr, 0x03);
        Assert.False(serial.Chip.Irq.Level);
        Assert.Equal((0x60, 0), (bench.ReadByte(Lsr), bench.ReadByte(Rbr)));
    }

    [Fact]
    public void Peeks_disturb_nothing()
    {
        bench.WriteByte(Fcr, 0x01);
        bench.WriteByte(Ier, 0x0F);
        line.Send("peek"u8);
        line.SendBreak();
        var before = bench.Save();
        var peeked = new byte[8];
        for (var i = 0; i < 8; i++)
            Assert.True(bench.Machine.Memory.TryPeek(Base + (ulong)i, peeked.AsSpan(i, 1)));
        Assert.Equal(before, bench.Save());
        Assert.Equal([(byte)'p', 0x0F, 0xC6, 0, 0x08, 0x71, 0xB0, 0], peeked);
    }

    [Fact]
    public void A_half_full_FIFO_survives_save_and_load()
    {
        bench.WriteByte(Fcr, 0xC1);
        bench.WriteByte(Ier, 0x01);
        line.Send("the quick brown fox jumps"u8);
        for (var i = 0; i < 14; i++)
            bench.ReadByte(Rbr);
        bench.Advance(1000);

        using var other = new DeviceBench();
        var (_, copy) = Build(other, []);
        other.Load(bench.Save(), bench.Machine.Scheduler.Save());
        Assert.True(other.SameAs(bench));
        foreach (var each in (DeviceBench[])[bench, other])
            each.Advance(VirtualTime.Second);
        Assert.True(copy.Chip.Irq.Level);
        Assert.Equal(0xCC, other.ReadByte(Iir));
        Assert.Equal(0xCC, bench.ReadByte(Iir));
        for (var i = 0; i < 12; i++)
            Assert.Equal(bench.ReadByte(Rbr), other.ReadByte(Rbr));
        Assert.True(other.SameAs(bench));
    }

    [Fact]
    public void Reset_gives_power_on_values_and_keeps_the_waiting_input()
    {
        bench.WriteByte(Fcr, 0x01);
        bench.WriteByte(Ier, 0x03);
        bench.WriteByte(Scr, 0x99);
        line.Send(new byte[20]);
        serial.Reset();
        Assert.Equal((0, 0x01, 0x61, 0), (bench.ReadByte(Ier), bench.ReadByte(Iir), bench.ReadByte(Lsr), bench.ReadByte(Scr)));
        Assert.False(serial.Chip.Irq.Level);
        Assert.Equal(3, line.Waiting);
    }

    [Fact]
    public void Registers_lie_apart_by_the_register_shift_and_answer_accesses_of_any_size()
    {
        var second = bench.Add<SerialMm>(SerialMm.TypeName, 0x2000_0000, ("regshift", 2UL));
        Assert.Equal(32UL, (ulong)second.Regions[0].Size);
        bench.WriteWord(0x2000_001C, 0xABCDEF42);
        Assert.Equal(0x42u, bench.ReadWord(0x2000_001C));
        var little = bench.Add<SerialMm>(SerialMm.TypeName, 0x2000_1000, ("endianness", 2UL));
        Assert.Equal(0, little.Chip.Peek(7));
        Assert.Equal(0x0800_0000u, bench.ReadWord(0x2000_1004));
    }

    [Fact]
    public void A_wrong_character_device_is_refused_and_leaves_nothing_behind()
    {
        var unknown = bench.New<SerialMm>(SerialMm.TypeName);
        unknown.SetProperty("chardev", "serail0");
        var error = Assert.Throws<SimException>(() => Sim.Engine.Qdev.Qdev.Realize(unknown, bench.Machine.SystemBus));
        Assert.Contains("serial0", error.Message, StringComparison.Ordinal);
        unknown.SetProperty("chardev", "serial0");
        error = Assert.Throws<SimException>(() => Sim.Engine.Qdev.Qdev.RealizeAndUnref(unknown, bench.Machine.SystemBus));
        Assert.Contains("in use", error.Message, StringComparison.Ordinal);
        Assert.True(unknown.IsFinalized);
        Sim.Engine.Qdev.Qdev.Unrealize(serial);
        Assert.False(line.IsAttached);
    }

    private static (Chardev Line, SerialMm Serial) Build(DeviceBench bench, List<byte> sent)
    {
        var line = Chardev.Create(bench.Root, "serial0");
        line.Output += sent.Add;
        return (line, bench.Add<SerialMm>(SerialMm.TypeName, Base, ("chardev", "serial0")));
    }
}
