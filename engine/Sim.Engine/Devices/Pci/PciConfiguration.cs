namespace Sim.Engine.Devices.Pci;

/// <summary>Offsets and bits of the configuration space header (PCI Local Bus Specification 3.0, chapter 6).</summary>
public static class PciConfiguration
{
    /// <summary>Size of the space of a conventional device, bytes.</summary>
    public const int Size = 256;

    /// <summary>End of the header: from here on capabilities and the device's own registers.</summary>
    public const int HeaderSize = 0x40;

    /// <summary>Offset of a header field.</summary>
    public const int VendorId = 0x00, DeviceId = 0x02, Command = 0x04, Status = 0x06, Revision = 0x08, ProgrammingInterface = 0x09, ClassDevice = 0x0A,
        CacheLineSize = 0x0C, HeaderType = 0x0E, BaseAddress0 = 0x10, SubsystemVendorId = 0x2C, SubsystemId = 0x2E, CapabilityList = 0x34,
        InterruptLine = 0x3C, InterruptPin = 0x3D;

    /// <summary>
    /// Command: answer to accesses in I/O space, in memory space; be a bus master; report system errors; leave the interrupt pin alone.
    /// </summary>
    public const int CommandIo = 0x001, CommandMemory = 0x002, CommandMaster = 0x004, CommandSystemError = 0x100,
        CommandInterruptDisable = 0x400;

    /// <summary>Status: an interrupt is pending; there is a capability list.</summary>
    public const int StatusInterrupt = 0x08, StatusCapabilities = 0x10;

    /// <summary>Status bits that are cleared by writing 1: parity errors and aborts.</summary>
    public const int StatusErrors = 0xF900;

    /// <summary>Bits of a base address register: I/O space; 64 bits wide; without read side effects.</summary>
    public const byte SpaceIo = 0x01, Memory64 = 0x04, Prefetchable = 0x08;

    /// <summary>Header type bit of a device with several functions.</summary>
    public const byte MultiFunction = 0x80;

    /// <summary>
    /// Vendor and device of the subsystem when a device names none. QEMU: PCI_SUBVENDOR_ID_REDHAT_QUMRANET, PCI_SUBDEVICE_ID_QEMU.
    /// </summary>
    public const ushort DefaultSubsystemVendor = 0x1AF4, DefaultSubsystem = 0x1100;
}
