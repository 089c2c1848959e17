using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Devices.Intc;
using Xunit;
using static Sim.Tests.OpenPicBench;

namespace Sim.Tests;

/// <summary>The interrupt controller as a device: reset, peeks, save and load, properties, object tree.</summary>
public sealed class OpenPicDeviceTests : IDisposable
{
    private readonly OpenPicBench pic = new();

    public void Dispose() => pic.Dispose();

    [Fact]
    public void A_reset_by_register_forgets_all_but_the_levels_at_the_inputs()
    {
        pic.Enable(3, 5);
        pic.Enable(20, 6);
        pic[BaseCount(2)] = 100;
        pic[0x1740] = 0;
        pic[0x1090] = 1;
        pic.Pulse(3);
        pic.Input(20, true);
        pic.Acknowledge(0);
        pic[0x1020] = 0xE000_0000;
        using var fresh = new OpenPicBench(acceptAll: false);
        fresh.Input(20, true);
        Assert.True(fresh.Bench.SameAs(pic.Bench));
        Assert.Equal(VirtualTime.Never, pic.Bench.Machine.Scheduler.Timers.NextDeadline);
        Assert.All(pic.Pic.Irqs, static line => Assert.False(line.Level));
        pic.SetTaskPriority(0, 0);
        pic.Enable(3, 5);
        pic.Enable(20, 6);
        Assert.Equal(Vector(20), pic.Acknowledge(0));
        pic.Input(20, false);
        pic.EndOfInterrupt(0);
        Assert.False(pic.Output(0));
    }

    [Fact]
    public void A_device_reset_gives_the_power_on_state_with_the_inputs_as_they_are()
    {
        pic.Enable(20, 6);
        pic.Input(20, true);
        pic[BaseCount(2)] = 100;
        pic.Pic.Reset();
        using var fresh = new OpenPicBench(acceptAll: false);
        fresh.Input(20, true);
        Assert.True(fresh.Bench.SameAs(pic.Bench));
        Assert.Equal(VirtualTime.Never, pic.Bench.Machine.Scheduler.Timers.NextDeadline);
        Assert.False(pic.Output(0));
        pic.Pic.Reset();
        Assert.True(fresh.Bench.SameAs(pic.Bench));
    }

    [Fact]
    public void Peeks_show_what_a_read_would_and_change_nothing()
    {
        pic.Enable(3, 5);
        pic.Pulse(3);
        pic[0x1740] = 0x6500_0000;
        pic[BaseCount(0)] = 1000;
        pic.Bench.Advance(12_345);
        var before = pic.Bench.Save();
        var observed = pic.Bench.Machine.Scheduler.Save().LatestObserved;
        var peeked = new Dictionary<uint, uint>();
        for (var offset = 0u; offset < 0x40000; offset += 4)
        {
            if (offset is < 0x1310 or (>= 0x1600 and < 0x1800) or (>= 0x10000 and < 0x12000) or (>= 0x20000 and < 0x22000))
                peeked[offset] = pic.Peek(offset);
        }

        Assert.Equal(before, pic.Bench.Save());
        Assert.Equal(observed, pic.Bench.Machine.Scheduler.Save().LatestObserved);
        Assert.Equal(Vector(3), peeked[Cpu(0, 0xA0)]);
        Assert.Equal(0x20u, peeked[0x1630]);
        foreach (var (offset, value) in peeked.OrderBy(static p => p.Key))
        {
            Assert.Equal((offset, value), (offset, pic[offset]));
            // Reading takes the message out; the registers that come after this one show it still.
            if (offset == 0x1630)
                pic[0x1740] = 0x6500_0000;
        }
    }

    [Fact]
    public void Interrupts_in_service_waiting_and_counting_survive_save_and_load()
    {
        pic.Enable(3, 5, destination: 3);
        pic.Enable(20, 7);
        pic.Enable(FirstTimer, 9);
        pic.Enable(FirstIpi + 2, 3);
        pic.Pulse(3);
        pic.Input(20, true);
        pic.Acknowledge(0);
        pic.Acknowledge(1);
        pic.SendIpi(0, 2, 3);
        pic[BaseCount(0)] = 100;
        pic.Bench.Advance(1234);
        using var copy = pic.Copy(OpenPic.ModelMpic42, 2);
        Assert.True(copy.Bench.SameAs(pic.Bench));
        uint[] expected = [Vector(FirstTimer), 0xFFFF, Vector(FirstIpi + 2), Vector(3), Vector(FirstIpi + 2)];
        Assert.Equal(expected, Drain(pic));
        Assert.Equal(expected, Drain(copy));
        Assert.True(copy.Bench.SameAs(pic.Bench));
    }

    /// <summary>Lets a timer expire, lowers what is driven, and acknowledges what comes.</summary>
    private static List<uint> Drain(OpenPicBench bench)
    {
        bench.Bench.Advance(3000);
        bench.Input(20, false);
        var seen = new List<uint> { bench.Acknowledge(0), bench.Acknowledge(0) };
        bench[BaseCount(0)] = Mask;
        bench.EndOfInterrupt(0);
        bench.EndOfInterrupt(0);
        bench.EndOfInterrupt(1);
        seen.Add(bench.Acknowledge(1));
        seen.Add(bench.Acknowledge(0));
        bench.EndOfInterrupt(0);
        seen.Add(bench.Acknowledge(0));
        return seen;
    }

    [Fact]
    public void Unused_registers_read_all_ones_and_ignore_writes()
    {
        using var old = new OpenPicBench(OpenPic.ModelMpic20, cpus: 1);
        var before = old.Bench.Save();
        uint[] unused = [0x10, 0x1004, 0x1024, 0x1104, 0x1604, 0x10004, InternalLevel(20), Cpu(0, 0x30), Cpu(1, 0x80), Cpu(31, 0x80)];
        foreach (var offset in unused)
        {
            Assert.Equal((offset, 0xFFFF_FFFFu), (offset, old[offset]));
            old[offset] = 0;
        }

        foreach (var offset in new uint[] { 0x3800, 0x3FFC, 0x1780 })
        {
            Assert.Equal((offset, 0u), (offset, old[offset]));
            old[offset] = 0xFFFF_FFFF;
        }

        Assert.Equal(before, old.Bench.Save());
    }

    [Fact]
    public void Thirty_two_cpus_have_their_own_outputs_and_registers()
    {
        using var large = new OpenPicBench(cpus: 32);
        Assert.Equal(160, large.Pic.Irqs.Count);
        Assert.Equal(0x00C3_1F02u, large[0x1000]);
        large.Enable(FirstIpi, 5);
        large.SendIpi(0, 0, 0x8000_0001);
        Assert.Equal((true, true), (large.Output(0), large.Output(31)));
        Assert.Equal((Vector(FirstIpi), 31u), (large.Acknowledge(31), large[Cpu(31, 0x90)]));
        Assert.Equal((true, false), (large.Output(0), large.Output(31)));
    }

    [Theory]
    [InlineData(0, 1, "Property 'openpic.model' cannot be 0: expected 1 (Freescale MPIC 2.0) or 2 (Freescale MPIC 4.2).")]
    [InlineData(3, 1, "Property 'openpic.model' cannot be 3: expected 1 (Freescale MPIC 2.0) or 2 (Freescale MPIC 4.2).")]
    [InlineData(2, 0, "Property 'openpic.nb_cpus' cannot be 0: expected a number from 1 to 32 for model 2.")]
    [InlineData(2, 33, "Property 'openpic.nb_cpus' cannot be 33: expected a number from 1 to 32 for model 2.")]
    [InlineData(1, 16, "Property 'openpic.nb_cpus' cannot be 16: expected a number from 1 to 15 for model 1.")]
    public void Wrong_properties_are_refused(uint model, uint cpus, string message)
    {
        var error = Assert.Throws<SimException>(() => new OpenPicBench(model, cpus));
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void The_object_tree_and_the_map_are_the_reference_s()
    {
        var bare = pic.Bench.New<OpenPic>(OpenPic.TypeName);
        Assert.Equal((1UL, 1UL), (bare.GetProperty("model"), bare.GetProperty("nb_cpus")));
        Assert.NotNull(bare.FindChild("openpic[0]"));
        bare.Unref();
        (string Name, ulong Address, UInt128 Size)[] regions =
        [
            ("glb", 0, 4336), ("tmr", 4336, 544), ("msi", 5632, 512),
            ("summary", 14336, 2048), ("src", 65536, 8192), ("cpu", 131072, 127232),
        ];
        var container = pic.Pic.Regions[0];
        Assert.Equal(("openpic", 262144), (container.Name, (int)container.Size));
        Assert.Equal(regions, container.Subregions.Select(static r => (r.Name, r.Address, r.Size)).OrderBy(static r => r.Address));
        Assert.All(regions, region => Assert.NotNull(pic.Pic.FindChild(region.Name + "[0]")));
        Assert.Equal([("sysbus-irq", 10), ("unnamed-gpio-in", 264)], pic.Pic.GpioCounts);
    }

    [Fact]
    public void A_state_with_an_array_of_another_size_is_refused()
    {
        var sections = pic.Bench.Save();
        var key = sections.Keys.Single(static k => k.EndsWith(":openpic", StringComparison.Ordinal));
        var stop = TestContext.Current.CancellationToken;
        var state = MessagePackSerializer.Deserialize<OpenPicState>(sections[key], cancellationToken: stop);
        state.Messages = new uint[9];
        sections[key] = MessagePackSerializer.Serialize(state, cancellationToken: stop);
        var error = Assert.Throws<SimException>(() => pic.Bench.Load(sections, pic.Bench.Machine.Scheduler.Save()));
        Assert.Equal($"State of '{pic.Pic.CanonicalPath}' has 9 entries in Messages; expected 8.", error.Message);
    }
}
