using Sim.Engine.Base;
using Sim.Engine.Devices.I2c;
using Sim.Engine.Devices.Rtc;
using Xunit;

namespace Sim.Tests;

/// <summary>
/// The I2C controller with the clock behind it against QEMU's: the same random transfers, as a driver makes them. Where QEMU leaves the
/// manual no driver goes: there a write of the
/// status register replaces its read-only bits, disabling the module clears the frequency divider, an address without acknowledge raises
/// no interrupt, and RSTA can be read back.
/// </summary>
public sealed class MpcI2cReferenceTests : IDisposable
{
    private const ulong Mine = 0x1000_0000, Theirs = QemuProbe.Ccsr + 0x3000;
    private const int Adr = 0, Fdr = 4, Cr = 8, Sr = 12, Dr = 16;

    private readonly QemuProbe qemu = new("-rtc", "base=2026-01-01T00:00:00,clock=vm");
    private readonly DeviceBench bench = new();
    private readonly MpcI2c i2c;
    private readonly List<string> log = [];

    public MpcI2cReferenceTests()
    {
        i2c = bench.Add<MpcI2c>(MpcI2c.TypeName, Mine);
        I2cSlave.Create(i2c.Bus, Ds1338.TypeName, 0x68);
    }

    public void Dispose()
    {
        qemu.Dispose();
        bench.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_transfers_see_what_the_reference_shows(ulong seed)
    {
        var random = Prng.FromSeed(seed);
        CompareAll();
        for (var i = 0; i < 120; i++)
        {
            log.Clear();
            Write(Adr, (byte)random.Next());
            if (random.Below(8) == 0)
                Write(Cr, 0);
            Write(Fdr, (byte)random.Next());
            var control = (byte)(random.Below(2) == 0 ? 0x80 : 0xC0);
            Write(Cr, (byte)(control | 0x30));
            Send(0xD0);
            if (random.Below(4) > 0)
            {
                var pointer = 7 + random.Below(57);
                Send((byte)(pointer + 64 * random.Below(4)));
                for (var count = random.Below(Math.Min(9, 65 - pointer)); count > 0; count--)
                    Send((byte)random.Below(256));
            }

            if (random.Below(3) > 0)
                Read(ref random, control, (int)random.Below(12));
            Write(Cr, control);
            Acknowledge();
        }
    }

    [Fact]
    public void Setting_the_clock_gives_the_time_that_the_reference_gives()
    {
        var random = Prng.FromSeed(5);
        for (var i = 0; i < 60; i++)
        {
            // The reference subtracts the host's time that has passed since its start from what is set, so it lags by some seconds: keep
            // off the hour. It also counts
            // in 32 bits, and moves the day of the week along with a date that is set, which the chip does not.
            var twelve = random.Below(2) == 0;
            var hour = twelve ? 0x40 + 0x20 * random.Below(2) + Bcd(1 + random.Below(12)) : Bcd(random.Below(24));
            long[] fields = [Bcd(random.Below(60)), Bcd(10 + random.Below(50)), hour, 1 + random.Below(7), Bcd(2 + random.Below(27)), Bcd(1 + random.Below(12)), Bcd(random.Below(68))];
            SetClock(1, fields[1..]);
            SetClock(0, fields[..1]);
            var (mine, theirs) = (ReadClock(ours: true), ReadClock(ours: false));
            Assert.True(Seconds(mine) - Seconds(theirs) is >= 0 and < 300, $"set {string.Join(" ", fields.Select(f => f.ToString("x2")))}: {Convert.ToHexString(mine)}, reference {Convert.ToHexString(theirs)}");
            mine[3] = theirs[3];
            Assert.Equal(mine[2..], theirs[2..]);
        }
    }

    private void SetClock(byte pointer, long[] fields)
    {
        Write(Cr, 0xB0);
        Send(0xD0);
        Send(pointer);
        foreach (var field in fields)
            Send((byte)field);
        Write(Cr, 0x80);
    }

    private static int Bcd(long value) => (int)(value / 10 << 4 | value % 10);

    private static int Seconds(byte[] clock) => (clock[1] >> 4) * 600 + (clock[1] & 15) * 60 + (clock[0] >> 4) * 10 + (clock[0] & 15);

    /// <summary>The seven time registers of one of the two.</summary>
    private byte[] ReadClock(bool ours)
    {
        Access(Cr, 0xB0);
        Access(Dr, 0xD0);
        Access(Dr, 0x00);
        Access(Cr, 0xB4);
        Access(Dr, 0xD1);
        Access(Cr, 0xA0);
        var registers = Enumerable.Range(0, 8).Select(_ => ours ? bench.ReadByte(Mine + Dr) : (byte)qemu.Read(Theirs + Dr, 1)).ToArray();
        Access(Cr, 0x80);
        return registers[1..];

        void Access(int register, byte value)
        {
            if (ours)
                bench.WriteByte(Mine + (ulong)register, value);
            else
                qemu.Write(Theirs + (ulong)register, value, 1);
        }
    }

    private void Read(ref Prng random, byte control, int count)
    {
        Write(Cr, (byte)(control | 0x34));
        Send(0xD1);
        Write(Cr, (byte)(control | 0x20));
        for (var i = 0; i < count; i++)
        {
            if (i == count - 1 && random.Below(2) == 0)
                Write(Cr, (byte)(control | 0x28));
            Read(Dr);
            Acknowledge();
        }
    }

    private void Send(byte value)
    {
        Write(Dr, value);
        Acknowledge();
    }

    /// <summary>Clears the interrupt flag as the manual asks, and compares what shows before and after.</summary>
    private void Acknowledge()
    {
        CompareAll();
        Write(Sr, (byte)(Read(Sr) & ~0x02));
        CompareAll();
    }

    private void CompareAll()
    {
        foreach (var register in (int[])[Adr, Fdr, Cr, Sr])
            Read(register);
        Assert.True(i2c.Irqs[0].Level == qemu.Line(43), string.Join('\n', log));
    }

    private byte Read(int register)
    {
        var ours = bench.ReadByte(Mine + (ulong)register);
        var reference = (byte)qemu.Read(Theirs + (ulong)register, 1);
        log.Add($"read +{register:x} = {ours:x}, reference {reference:x}");
        Assert.True(ours == reference, string.Join('\n', log));
        return ours;
    }

    private void Write(int register, byte value)
    {
        bench.WriteByte(Mine + (ulong)register, value);
        qemu.Write(Theirs + (ulong)register, value, 1);
        log.Add($"write +{register:x} {value:x}");
    }
}
