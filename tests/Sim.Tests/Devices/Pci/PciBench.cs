using Sim.Engine.Boards;
using Sim.Engine.Devices.Pci;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Tests;

/// <summary>A PCI device with one base address of each kind, an interrupt pin and a capability.</summary>
internal sealed class TestPciDevice : PciDevice
{
    public new const string TypeName = "test-pci";

    private TestPciDevice() { }

    /// <summary>A table of types that knows the device.</summary>
    public static TypeRegistry Types { get; } = MakeTypes();

    private static TypeRegistry MakeTypes()
    {
        Module.CallInit(ModuleInit.Qom);
        var types = new TypeRegistry(TypeRegistry.Default);
        types.Add(new()
        {
            Name = TypeName,
            Parent = PciDevice.TypeName,
            New = static () => new TestPciDevice(),
            Interfaces = [ConventionalInterface],
            ClassInit = static (klass, _) =>
            {
                var pc = (PciDeviceClass)klass;
                (pc.VendorId, pc.DeviceId, pc.ClassId, pc.Revision, pc.Stateless) = (0x1234, 0x5678, 0x0200, 3, true);
                pc.PciRealize = static d =>
                {
                    d.DefineConfiguration(PciConfiguration.InterruptPin, 1);
                    d.RegisterBaseAddress(0, 0, Region(d, "memory", 0x1000, 0xAA));
                    d.RegisterBaseAddress(1, PciConfiguration.SpaceIo, Region(d, "io", 0x100, 0xBB));
                    d.RegisterBaseAddress(2, PciConfiguration.Memory64 | PciConfiguration.Prefetchable, Region(d, "wide", 0x10000, 0xCC));
                    d.AddCapability(0x09, 8);
                    d.AddCapability(0x05, 10);
                };
            },
        });
        types.Seal();
        return types;
    }

    /// <summary>A region whose every byte tells what it is and which device it belongs to.</summary>
    private static MemoryRegion Region(PciDevice device, string name, ulong size, byte value)
    {
        RegisterRead read = (_, _, _) => (ulong)(value + device.Address);
        return MemoryRegion.NewIo(device, new() { Read = read, Write = static (_, _, _, _) => { }, Peek = read, MaxImplementedSize = 1 }, name, size);
    }
}

/// <summary>A bench with the PCI host bridge in its register space, where the reference board has them.</summary>
internal sealed class PciBench : IDisposable
{
    public const ulong Ccsr = QemuProbe.Ccsr, Host = Ccsr + 0x8000, Windows = Host + 0xC00;

    public PciBench()
    {
        Bench = new DeviceBench(TestPciDevice.Types);
        var ccsr = Bench.New<E500Ccsr>(E500Ccsr.TypeName);
        Bench.Machine.AddChild("e500-ccsr", ccsr);
        Qdev.RealizeAndUnref(ccsr, Bench.Machine.SystemBus);
        Space = ccsr.Space;
        Bench.Machine.SystemMemory.AddSubregion(Ccsr, Space);
        PciHost = Bench.New<E500PciHost>(E500PciHost.TypeName);
        PciHost.SetProperty("first_slot", 1);
        Bench.Machine.AddChild("pci-host", PciHost);
        Qdev.RealizeAndUnref(PciHost, Bench.Machine.SystemBus);
        Space.AddSubregion(0x8000, PciHost.GetRegion(0));
        for (var line = 0; line < 4; line++)
            PciHost.ConnectIrq(line, Irq.Create(Bench.Root.GetContainer("/bench"), $"int{line}", static (_, _) => { }, line));
    }

    public DeviceBench Bench { get; }

    public MemoryRegion Space { get; }

    public E500PciHost PciHost { get; }

    /// <summary>Numbers of the interrupt lines that are high.</summary>
    public IEnumerable<int> HighLines => Enumerable.Range(0, 4).Where(line => PciHost.Irqs[line].Level);

    /// <summary>Adds a test device; without an address the bus gives one.</summary>
    public PciDevice Add(string? address = null, bool multiFunction = false)
    {
        var device = Bench.New<PciDevice>(TestPciDevice.TypeName);
        try
        {
            if (address is not null)
                device.ParseProperty("addr", address);
            device.SetProperty("multifunction", multiFunction);
            Qdev.Realize(device, PciHost.Bus);
        }
        finally
        {
            device.Unref();
        }

        return device;
    }

    public uint ReadConfig(int slot, int offset, int size = 4)
    {
        Bench.WriteWord(Host, 0x8000_0000 | (uint)slot << 11 | (uint)offset & 0xFC);
        return Swap((uint)Bench.Machine.Memory.Read(Host + 4 + (ulong)(offset & 3), size, null), size);
    }

    public void WriteConfig(int slot, int offset, uint value, int size = 4)
    {
        Bench.WriteWord(Host, 0x8000_0000 | (uint)slot << 11 | (uint)offset & 0xFC);
        Bench.Machine.Memory.Write(Host + 4 + (ulong)(offset & 3), Swap(value, size), size, null);
    }

    /// <summary>Opens an outbound window, as a boot loader does.</summary>
    public void Outbound(int window, ulong cpu, ulong pci, int sizeShift)
    {
        var at = Windows + 0x20 * (ulong)window;
        Bench.WriteWord(at, (uint)(pci >> 12));
        Bench.WriteWord(at + 8, (uint)(cpu >> 12));
        Bench.WriteWord(at + 0x10, 0x8004_4000 | (uint)(sizeShift - 1));
    }

    public void Dispose() => Bench.Dispose();

    private static uint Swap(uint value, int size) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value) >> (32 - 8 * size);
}
