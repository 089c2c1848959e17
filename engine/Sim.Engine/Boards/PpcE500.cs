using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Devices.Char;
using Sim.Engine.Devices.Gpio;
using Sim.Engine.Devices.I2c;
using Sim.Engine.Devices.Intc;
using Sim.Engine.Devices.Misc;
using Sim.Engine.Devices.Pci;
using Sim.Engine.Devices.Rtc;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>
/// Builds an e500 board: every device by type name through the registry, in QEMU's order, so that the object tree has QEMU's paths. QEMU: ppce500_init (hw/ppc/e500.c).
/// </summary>
public static class PpcE500
{
    // Offsets in CCSR and lines of the MPIC; MPC8544E reference manual, chapters 2 and 10; QEMU: hw/ppc/e500.c.
    private const ulong I2cOffset = 0x3000;
    private const ulong Serial0Offset = 0x4500;
    private const ulong Serial1Offset = 0x4600;
    private const ulong PciOffset = 0x8000;
    private const ulong MpicOffset = 0x4_0000;
    private const ulong GutsOffset = 0xE_0000;
    private const ulong GpioOffset = 0xF_F000;
    private const int PciFirstLine = 1;
    private const int PlatformBusFirstLine = 5;
    private const int PlatformBusLines = 10;
    private const int SerialLine = 42;
    private const int I2cLine = 43;
    private const int GpioLine = 47;
    private const int MpicOutputsPerCpu = 5;
    private const int MpicOutputInt = 0;
    private const int MpicOutputCint = 1;

    /// <summary>Bytes per second of the UART's input clock, divided by 16: 400 MHz. QEMU: serial_mm_init(…, 399193, …).</summary>
    private const ulong BaudBase = 399_193;

    /// <summary>The board's init function: run by <see cref="MachineState.RunBoardInit"/>.</summary>
    public static void Init(MachineState state)
    {
        var machine = (PpcE500Machine)state;
        var map = machine.BoardClass.Map!;
        var cpus = NewCpus(machine);
        BoardRam.Map(machine);
        var ccsr = NewCcsr(machine, map);
        var mpic = NewMpic(machine, ccsr, cpus);
        NewSerial(machine, ccsr, mpic, Serial0Offset, 0);
        NewSerial(machine, ccsr, mpic, Serial1Offset, 1);
        NewI2c(machine, ccsr, mpic);
        var guts = Realized<SysBusDevice>(machine, Mpc8544Guts.TypeName);
        ccsr.Space.AddSubregion(GutsOffset, guts.GetRegion(0));
        NewPci(machine, map, ccsr, mpic);
        var spin = Realized<E500Spin>(machine, E500Spin.TypeName);
        spin.MapMmio(0, map.SpinTableBase);
        if (map.HasGpio)
            NewGpio(machine, ccsr, mpic);
        NewPlatformBus(machine, map, mpic);
        machine.Boot = new PpcE500Boot(machine, cpus, spin);
    }

    private static List<PowerPcCpu> NewCpus(PpcE500Machine machine)
    {
        var cpus = new List<PowerPcCpu>();
        for (var index = 0; index < machine.Configuration.Smp; index++)
        {
            var cpu = machine.Root.New<PowerPcCpu>(machine.CpuType!);
            cpu.SetProperty("memory", machine.SystemMemory);
            if (index != 0)
                cpu.SetProperty("start-powered-off", true);   // Secondary CPUs wait in the spin table.
            Qdev.Qdev.RealizeAndUnref(cpu);
            cpus.Add(cpu);
        }

        return cpus;
    }

    private static E500Ccsr NewCcsr(PpcE500Machine machine, PpcE500BoardMap map)
    {
        var ccsr = machine.Root.New<E500Ccsr>(E500Ccsr.TypeName);
        machine.AddChild("e500-ccsr", ccsr);
        Qdev.Qdev.RealizeAndUnref(ccsr, machine.SystemBus);
        machine.SystemMemory.AddSubregion(map.CcsrBase, ccsr.Space);
        return ccsr;
    }

    private static OpenPic NewMpic(PpcE500Machine machine, E500Ccsr ccsr, List<PowerPcCpu> cpus)
    {
        var mpic = machine.Root.New<OpenPic>(OpenPic.TypeName);
        machine.AddChild("pic", mpic);
        mpic.SetProperty("model", machine.BoardClass.MpicModel);
        mpic.SetProperty("nb_cpus", (uint)cpus.Count);
        Qdev.Qdev.RealizeAndUnref(mpic, machine.SystemBus);
        for (var index = 0; index < cpus.Count; index++)
        {
            mpic.ConnectIrq(index * MpicOutputsPerCpu + MpicOutputInt, cpus[index].GetGpioIn(InputLine.External));
            mpic.ConnectIrq(index * MpicOutputsPerCpu + MpicOutputCint, cpus[index].GetGpioIn(InputLine.Critical));
            var cpu = index;
            cpus[index].ResetRequested = _ => machine.Scheduler.RequestReset();
            cpus[index].ExternalAcknowledge = () => mpic.AcknowledgeByProxy(cpu);
        }

        ccsr.Space.AddSubregion(MpicOffset, mpic.GetRegion(0));
        return mpic;
    }

    private static void NewSerial(PpcE500Machine machine, E500Ccsr ccsr, OpenPic mpic, ulong offset, int index)
    {
        if (index >= machine.Configuration.Serials)
            return;
        var serial = machine.Root.New<SerialMm>(SerialMm.TypeName);
        serial.SetProperty("regshift", 0);
        serial.SetProperty("baudbase", BaudBase);
        serial.SetProperty("chardev", $"serial{index}");
        serial.SetProperty("endianness", 1);
        Qdev.Qdev.RealizeAndUnref(serial, machine.SystemBus);
        serial.ConnectIrq(0, mpic.GetGpioIn(SerialLine));
        ccsr.Space.AddSubregion(offset, serial.GetRegion(0));
    }

    private static void NewI2c(PpcE500Machine machine, E500Ccsr ccsr, OpenPic mpic)
    {
        var i2c = Realized<MpcI2c>(machine, MpcI2c.TypeName);
        i2c.ConnectIrq(0, mpic.GetGpioIn(I2cLine));
        ccsr.Space.AddSubregion(I2cOffset, i2c.GetRegion(0));
        var rtc = machine.Root.New<Device>(Ds1338.TypeName);
        rtc.SetProperty("address", 0x68);
        Qdev.Qdev.RealizeAndUnref(rtc, i2c.Bus);
    }

    private static void NewPci(PpcE500Machine machine, PpcE500BoardMap map, E500Ccsr ccsr, OpenPic mpic)
    {
        var host = machine.Root.New<E500PciHost>(E500PciHost.TypeName);
        machine.AddChild("pci-host", host);
        host.SetProperty("first_slot", (uint)map.PciFirstSlot);
        host.SetProperty("first_pin_irq", (uint)PciFirstLine);
        Qdev.Qdev.RealizeAndUnref(host, machine.SystemBus);
        for (var pin = 0; pin < host.Irqs.Count; pin++)
            host.ConnectIrq(pin, mpic.GetGpioIn(PciFirstLine + pin));
        ccsr.Space.AddSubregion(PciOffset, host.GetRegion(0));
    }

    private static void NewGpio(PpcE500Machine machine, E500Ccsr ccsr, OpenPic mpic)
    {
        var gpio = Realized<Mpc8xxxGpio>(machine, Mpc8xxxGpio.TypeName);
        gpio.ConnectIrq(0, mpic.GetGpioIn(GpioLine));
        ccsr.Space.AddSubregion(GpioOffset, gpio.GetRegion(0));
        var powerOff = Irq.Create(machine.FindChild("unattached")!, "non-qdev-gpio[0]", (_, level) =>
        {
            if (level)
                machine.Scheduler.RequestPowerOff();
        }, 0);
        gpio.ConnectGpioOut(0, powerOff);
    }

    private static void NewPlatformBus(PpcE500Machine machine, PpcE500BoardMap map, OpenPic mpic)
    {
        var bus = machine.Root.New<PlatformBus>(PlatformBus.TypeName);
        bus.Id = PlatformBus.TypeName;
        bus.SetProperty("num_irqs", PlatformBusLines);
        bus.SetProperty("mmio_size", (uint)map.PlatformBusSize);
        Qdev.Qdev.RealizeAndUnref(bus, machine.SystemBus);
        for (var line = 0; line < PlatformBusLines; line++)
            bus.ConnectIrq(line, mpic.GetGpioIn(PlatformBusFirstLine + line));
        machine.SystemMemory.AddSubregion(map.PlatformBusBase, bus.Space);
        machine.PlatformBus = bus;
    }

    private static T Realized<T>(PpcE500Machine machine, string type) where T : Device
    {
        var device = machine.Root.New<T>(type);
        Qdev.Qdev.RealizeAndUnref(device, machine.SystemBus);
        return device;
    }
}
