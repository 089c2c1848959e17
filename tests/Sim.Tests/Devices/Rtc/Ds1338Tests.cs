using FsCheck.Xunit;
using Sim.Engine.Base;
using Sim.Engine.Devices.I2c;
using Sim.Engine.Devices.Rtc;
using Xunit;

namespace Sim.Tests;

/// <summary>The real-time clock as its data sheet describes it.</summary>
public sealed class Ds1338Tests : IDisposable
{
    private readonly DeviceBench bench = new();
    private readonly I2cBus bus;
    private readonly Ds1338 clock;

    public Ds1338Tests()
    {
        bus = bench.Add<MpcI2c>(MpcI2c.TypeName, 0x1000_0000).Bus;
        clock = (Ds1338)I2cSlave.Create(bus, Ds1338.TypeName, 0x68);
    }

    public void Dispose() => bench.Dispose();

    [Fact]
    public void It_shows_the_machine_s_time_as_virtual_time_passes()
    {
        // 2026-01-01 was a Thursday, day 5 of a week that begins on Sunday.
        Assert.Equal([0x00, 0x00, 0x00, 0x05, 0x01, 0x01, 0x26], Read(0, 7));
        bench.Advance(59 * VirtualTime.Second + 999_999_999);
        Assert.Equal([0x59, 0x00], Read(0, 2));
        bench.Advance(1);
        Assert.Equal([0x00, 0x01], Read(0, 2));
    }

    [Fact]
    public void What_was_set_goes_on_from_there()
    {
        Write(0, 0x58, 0x59, 0x23, 0x03, 0x28, 0x02, 0x24);
        bench.Advance(2 * VirtualTime.Second);
        Assert.Equal([0x00, 0x00, 0x00, 0x04, 0x29, 0x02, 0x24], Read(0, 7));
    }

    [Theory]
    [InlineData(0x00, 0x00)]
    [InlineData(0x12, 0x12)]
    [InlineData(0x72, 0x12)]
    [InlineData(0x52, 0x00)]
    [InlineData(0x61, 0x13)]
    [InlineData(0x41, 0x01)]
    [InlineData(0x71, 0x23)]
    public void Hours_are_taken_in_both_modes(byte written, byte read)
    {
        Write(2, written);
        Assert.Equal([read], Read(2, 1));
    }

    [Fact]
    public void The_registers_of_one_read_are_of_one_moment()
    {
        Write(0, 0x59);
        Assert.True(bus.Start(0x68, receive: false));
        bus.Send(0);
        bus.Start(0x68, receive: true);
        Assert.Equal(0x59, bus.Receive());
        bench.Advance(VirtualTime.Second);
        Assert.Equal(0x00, bus.Receive());
        bus.End();
        Assert.Equal([0x00, 0x01], Read(0, 2));
    }

    [Fact]
    public void The_pointer_wraps_behind_the_RAM_and_the_RAM_keeps_its_bytes()
    {
        Write(0x3E, 0xAA, 0xBB);
        Assert.Equal([0xAA, 0xBB, 0x00, 0x00], Read(0x3E, 4));
    }

    [Fact]
    public void The_oscillator_stop_flag_cannot_be_set()
    {
        Write(7, 0xFF);
        Assert.Equal([0x93], Read(7, 1));
    }

    [Fact]
    public void Reset_returns_to_the_machine_s_time()
    {
        Write(0, 0x11, 0x22, 0x03, 0x01);
        Write(0x20, 0x99);
        clock.Reset();
        Assert.Equal([0x00, 0x00, 0x00, 0x05], Read(0, 4));
        Assert.Equal([0x00], Read(0x20, 1));
    }

    [Property(MaxTest = 300)]
    public bool Calendar_and_seconds_agree(int days, uint second)
    {
        var seconds = days % 200_000 * 86_400L + second % 86_400;
        var expected = DateTimeOffset.FromUnixTimeSeconds(seconds);
        var time = CivilTime.FromSeconds(seconds);
        return time.ToSeconds() == seconds
            && (time.Year, time.Month, time.Day, time.Hour, time.Minute, time.Second, time.WeekDay)
            == (expected.Year, expected.Month, expected.Day, expected.Hour, expected.Minute, expected.Second, (int)expected.DayOfWeek);
    }

    private void Write(byte pointer, params byte[] values)
    {
        bus.Start(0x68, receive: false);
        bus.Send(pointer);
        foreach (var value in values)
            bus.Send(value);
        bus.End();
    }

    private byte[] Read(byte pointer, int count)
    {
        bus.Start(0x68, receive: false);
        bus.Send(pointer);
        bus.Start(0x68, receive: true);
        var bytes = Enumerable.Range(0, count).Select(_ => bus.Receive()).ToArray();
        bus.End();
        return bytes;
    }
}
