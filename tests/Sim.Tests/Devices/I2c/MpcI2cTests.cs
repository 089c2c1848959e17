using Sim.Engine.Base;
using Sim.Engine.Devices.I2c;
using Sim.Engine.Devices.Rtc;
using Sim.Engine.Qdev;
using Xunit;

namespace Sim.Tests;

/// <summary>The I2C controller as chapter 11 of the MPC8544E manual describes it, and its bus.</summary>
public sealed class MpcI2cTests : IDisposable
{
    private const ulong Base = 0x1000_0000, Adr = Base, Fdr = Base + 4, Cr = Base + 8, Sr = Base + 12, Dr = Base + 16;

    private readonly DeviceBench bench = new();
    private readonly MpcI2c i2c;
    private readonly Ds1338 clock;

    public MpcI2cTests() => (i2c, clock) = Build(bench);

    public void Dispose() => bench.Dispose();

    [Fact]
    public void Power_on_shows_a_completed_transfer_that_nobody_acknowledged() =>
        Assert.Equal((0, 0, 0, 0x81, 0), (bench.ReadByte(Adr), bench.ReadByte(Fdr), bench.ReadByte(Cr), bench.ReadByte(Sr), bench.ReadByte(Dr)));

    [Fact]
    public void A_start_makes_the_bus_busy_and_a_stop_frees_it()
    {
        bench.WriteByte(Cr, 0xB0);
        Assert.Equal(0xA1, bench.ReadByte(Sr));
        bench.WriteByte(Cr, 0x80);
        Assert.Equal(0x81, bench.ReadByte(Sr));
    }

    [Fact]
    public void An_acknowledged_byte_raises_the_interrupt_until_its_flag_is_cleared()
    {
        bench.WriteByte(Cr, 0xF0);
        bench.WriteByte(Dr, 0xD0);
        Assert.Equal(0xA2, bench.ReadByte(Sr));
        Assert.True(i2c.Irqs[0].Level);
        bench.WriteByte(Sr, 0xFF);
        Assert.True(i2c.Irqs[0].Level);
        bench.WriteByte(Sr, 0);
        Assert.Equal(0xA0, bench.ReadByte(Sr));
        Assert.False(i2c.Irqs[0].Level);
    }

    [Fact]
    public void An_address_that_nobody_has_completes_without_acknowledge()
    {
        bench.WriteByte(Cr, 0xF0);
        bench.WriteByte(Dr, 0xA0);
        Assert.Equal(0xA3, bench.ReadByte(Sr));
        Assert.True(i2c.Irqs[0].Level);
        bench.WriteByte(Dr, 0x00);
        Assert.Equal(0xA3, bench.ReadByte(Sr));
        bench.WriteByte(Cr, 0xE0);
        bench.ReadByte(Dr);
        Assert.Equal(0xFF, bench.ReadByte(Dr));
    }

    [Fact]
    public void Bytes_written_come_back_after_a_repeated_start()
    {
        Send(0x08, [0x11, 0x22, 0x33]);
        Assert.Equal([0x11, 0x22, 0x33], Receive(0x08, 3));
    }

    [Fact]
    public void Disabling_the_module_ends_the_transfer_and_ignores_data()
    {
        bench.WriteByte(Fdr, 0x2C);
        bench.WriteByte(Cr, 0xF0);
        bench.WriteByte(Dr, 0xD0);
        bench.WriteByte(Cr, 0x00);
        Assert.False(i2c.Irqs[0].Level);
        Assert.False(i2c.Bus.Busy);
        bench.WriteByte(Dr, 0x55);
        Assert.Equal((0x2C, 0x81, 0xD0), (bench.ReadByte(Fdr), bench.ReadByte(Sr), bench.ReadByte(Dr)));
    }

    [Fact]
    public void A_peek_of_the_data_register_receives_nothing()
    {
        Send(0x08, [0x11, 0x22]);
        StartReceiving(0x08);
        bench.ReadByte(Dr);
        var before = bench.Save();
        var peeked = new byte[1];
        bench.Machine.Memory.TryPeek(Dr, peeked);
        Assert.Equal(0x11, peeked[0]);
        Assert.Equal(before, bench.Save());
        Assert.Equal([0x11, 0x22], new[] { bench.ReadByte(Dr), bench.ReadByte(Dr) });
    }

    [Fact]
    public void A_transfer_under_way_survives_save_and_load()
    {
        Send(0x10, [1, 2, 3, 4, 5]);
        StartReceiving(0x10);
        bench.ReadByte(Dr);
        bench.ReadByte(Dr);

        using var other = new DeviceBench();
        Build(other);
        other.Load(bench.Save(), bench.Machine.Scheduler.Save());
        Assert.True(other.SameAs(bench));
        Assert.Equal([2, 3, 4], new[] { other.ReadByte(Dr), other.ReadByte(Dr), other.ReadByte(Dr) });
        foreach (var expected in (byte[])[2, 3, 4])
            Assert.Equal(expected, bench.ReadByte(Dr));
        Assert.True(other.SameAs(bench));
    }

    [Fact]
    public void Reset_ends_the_transfer()
    {
        bench.WriteByte(Cr, 0xF0);
        bench.WriteByte(Dr, 0xD0);
        i2c.Reset();
        Assert.False(i2c.Bus.Busy);
        Assert.False(i2c.Irqs[0].Level);
        Assert.Equal((0x81, 0), (bench.ReadByte(Sr), bench.ReadByte(Cr)));
    }

    [Fact]
    public void A_taken_or_impossible_address_is_refused()
    {
        var error = Assert.Throws<SimException>(() => I2cSlave.Create(i2c.Bus, Ds1338.TypeName, 0x68));
        Assert.Contains("104", error.Message, StringComparison.Ordinal);
        Assert.Throws<SimException>(() => I2cSlave.Create(i2c.Bus, Ds1338.TypeName, 0x80));
        Assert.Equal([clock], i2c.Bus.Devices);
        Assert.Throws<SimException>(() => Qdev.Realize(bench.New<Ds1338>(Ds1338.TypeName)));
    }

    [Fact]
    public void A_general_call_reaches_every_slave()
    {
        var second = (Ds1338)I2cSlave.Create(i2c.Bus, Ds1338.TypeName, 0x50);
        Assert.True(i2c.Bus.Start(I2cBus.Broadcast, receive: false));
        i2c.Bus.Send(0x20);
        i2c.Bus.Send(0x77);
        i2c.Bus.End();
        Assert.Equal((0x77, 0x77), (clock.State.Registers[0x20], second.State.Registers[0x20]));
    }

    private void Send(byte pointer, byte[] bytes)
    {
        bench.WriteByte(Cr, 0xB0);
        bench.WriteByte(Dr, 0xD0);
        bench.WriteByte(Dr, pointer);
        foreach (var value in bytes)
            bench.WriteByte(Dr, value);
        bench.WriteByte(Cr, 0x80);
    }

    private void StartReceiving(byte pointer)
    {
        bench.WriteByte(Cr, 0xB0);
        bench.WriteByte(Dr, 0xD0);
        bench.WriteByte(Dr, pointer);
        bench.WriteByte(Cr, 0xB4);
        bench.WriteByte(Dr, 0xD1);
        bench.WriteByte(Cr, 0xA0);
    }

    private byte[] Receive(byte pointer, int count)
    {
        StartReceiving(pointer);
        bench.ReadByte(Dr);
        var bytes = Enumerable.Range(0, count).Select(_ => bench.ReadByte(Dr)).ToArray();
        bench.WriteByte(Cr, 0x80);
        return bytes;
    }

    private static (MpcI2c Controller, Ds1338 Clock) Build(DeviceBench bench)
    {
        var i2c = bench.Add<MpcI2c>(MpcI2c.TypeName, Base);
        return (i2c, (Ds1338)I2cSlave.Create(i2c.Bus, Ds1338.TypeName, 0x68));
    }
}
