using Sim.Engine.Devices.Misc;
using Sim.Engine.Memory;
using Sim.Engine.Scheduling;
using Xunit;

namespace Sim.Tests;

/// <summary>The global utilities: chapter 18 of the MPC8544E manual, as far as the reference board has them.</summary>
public sealed class Mpc8544GutsTests : IDisposable
{
    private const ulong Base = 0x1000_0000;

    private readonly DeviceBench bench = new();

    public Mpc8544GutsTests() => bench.Add<Mpc8544Guts>(Mpc8544Guts.TypeName, Base);

    public void Dispose() => bench.Dispose();

    [Fact]
    public void Processor_and_system_version_are_those_of_the_CPU_that_asks()
    {
        var cpu = new Cpu();
        Assert.Equal((0x80210030ul, 0x80340010ul), (bench.Machine.Memory.Read(Base + 0xA0, 4, cpu), bench.Machine.Memory.Read(Base + 0xA4, 4, cpu)));
        Assert.Equal(0u, bench.ReadWord(Base + 0xA0));
    }

    [Fact]
    public void The_reset_request_resets_the_machine()
    {
        var resets = 0;
        bench.Machine.Scheduler.Reset = () => resets++;
        bench.WriteWord(Base + 0xB0, 0x01);
        bench.WriteWord(Base + 0xB4, 0x02);
        bench.Machine.Scheduler.Run(new StopCondition());
        Assert.Equal(0, resets);
        bench.WriteWord(Base + 0xB0, 0x02);
        bench.Machine.Scheduler.Run(new StopCondition());
        Assert.Equal(1, resets);
    }

    [Fact]
    public void Registers_read_what_the_reference_shows()
    {
        using var qemu = new QemuProbe();

        // Registers that answer by CPU cannot be asked here: no CPU makes the access.
        for (var offset = 0ul; offset < 0x1000; offset += 4)
        {
            if (offset is 0xA0 or 0xA4 or 0xB0)
                continue;
            qemu.Write(QemuProbe.Ccsr + 0xE0000 + offset, 0xFFFF_FFFF, 4);
            bench.WriteWord(Base + offset, 0xFFFF_FFFF);
            Assert.Equal(qemu.Read(QemuProbe.Ccsr + 0xE0000 + offset, 4), bench.ReadWord(Base + offset));
        }
    }

    private sealed class Cpu : BusInitiator
    {
        public override int CpuIndex => 0;

        public override uint ProcessorVersion => 0x80210030;

        public override uint SystemVersion => 0x80340010;
    }
}
