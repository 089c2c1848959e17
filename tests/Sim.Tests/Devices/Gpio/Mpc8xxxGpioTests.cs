using Sim.Engine.Base;
using Sim.Engine.Devices.Gpio;
using Xunit;

namespace Sim.Tests;

/// <summary>The GPIO controller as chapter 22 of the MPC8569E manual describes it.</summary>
public sealed class Mpc8xxxGpioTests : IDisposable
{
    private const ulong Base = 0x1000_0000, Direction = Base, OpenDrain = Base + 4, Data = Base + 8, Event = Base + 12, Mask = Base + 16, Control = Base + 20;

    private readonly DeviceBench bench = new();
    private readonly Mpc8xxxGpio gpio;

    public Mpc8xxxGpioTests() => gpio = bench.Add<Mpc8xxxGpio>(Mpc8xxxGpio.TypeName, Base);

    public void Dispose() => bench.Dispose();

    [Fact]
    public void An_output_follows_its_data_bit_and_an_input_drives_nothing()
    {
        gpio.ConnectGpioOut(0, bench.Watch());
        bench.WriteWord(Data, 0x8000_0000);
        Assert.Empty(bench.Levels);
        bench.WriteWord(Direction, 0x8000_0000);
        bench.WriteWord(Data, 0x0000_0000);
        bench.WriteWord(Data, 0xC000_0000);
        Assert.Equal([true, false, true], bench.Levels);
    }

    [Fact]
    public void Any_change_of_an_input_interrupts_unless_falling_edges_alone_are_chosen()
    {
        bench.WriteWord(Mask, 0xFFFF_FFFF);
        bench.WriteWord(Control, 0x4000_0000);
        gpio.GetGpioIn(1).DriverChanged(true);
        Assert.Equal((0x4000_0000u, 0u), (bench.ReadWord(Data), bench.ReadWord(Event)));
        gpio.GetGpioIn(1).DriverChanged(false);
        Assert.Equal((0u, 0x4000_0000u), (bench.ReadWord(Data), bench.ReadWord(Event)));
        Assert.True(gpio.Irqs[0].Level);
        bench.WriteWord(Event, 0x4000_0000);
        Assert.False(gpio.Irqs[0].Level);
        gpio.GetGpioIn(31).DriverChanged(true);
        Assert.Equal(1u, bench.ReadWord(Event));
    }

    [Fact]
    public void Reset_forgets_events_and_shows_the_levels_at_the_pins()
    {
        bench.WriteWord(Mask, 0xFFFF_FFFF);
        gpio.GetGpioIn(3).DriverChanged(true);
        gpio.GetGpioIn(4).DriverChanged(true);
        gpio.GetGpioIn(4).DriverChanged(false);
        gpio.Reset();
        Assert.Equal((0x1000_0000u, 0u, 0u), (bench.ReadWord(Data), bench.ReadWord(Event), bench.ReadWord(Mask)));
        Assert.False(gpio.Irqs[0].Level);
    }

    [Fact]
    public void Outputs_and_registers_survive_save_and_load()
    {
        bench.WriteWord(Direction, 0xF000_0000);
        bench.WriteWord(Data, 0xA000_0000);
        bench.WriteWord(OpenDrain, 0x1234_5678);
        using var other = new DeviceBench();
        var copy = other.Add<Mpc8xxxGpio>(Mpc8xxxGpio.TypeName, Base);
        copy.ConnectGpioOut(0, other.Watch());
        other.Load(bench.Save(), bench.Machine.Scheduler.Save());
        Assert.True(other.SameAs(bench));
        Assert.Empty(other.Levels);
        other.WriteWord(Data, 0);
        Assert.Equal([false], other.Levels);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_accesses_see_what_the_reference_shows(ulong seed)
    {
        using var qemu = new QemuProbe();
        var random = Prng.FromSeed(seed);
        ulong[] values = [0, 0xFFFF_FFFF, 0x8000_0001, 0x0F0F_0F0F];

        // Pin 0 must not become an output: it switches the reference board off.
        Comparison.Access[] accesses =
        [
            new(0x00, 4, 0, 0x7FFF_FFFF, 0x0F0F_0F0F), new(0x04, 4, values), new(0x08, 4, values), new(0x0C, 4, values), new(0x10, 4, values), new(0x14, 4, 0), new(0x18, 4, values),
            new(0x08, 2, 0xFFFF), new(0x0B, 1, 0xFF), new(0xFFC, 4, values),
        ];
        Comparison.Run(seed, 2000, bench, Base, qemu, QemuProbe.Ccsr + 0xFF000, accesses, () =>
        {
            if (random.Below(4) == 0)
            {
                var pin = (int)random.Below(32);
                var level = !gpio.GetGpioIn(pin).Level;
                gpio.GetGpioIn(pin).DriverChanged(level);
                qemu.SetIrqIn("/machine/unattached/device[7]", pin, level);
            }

            return (gpio.Irqs[0].Level, qemu.Line(47));
        });
    }
}
