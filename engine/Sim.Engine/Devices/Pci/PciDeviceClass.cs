using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Pci;

/// <summary>Class of a PCI device type. QEMU: PCIDeviceClass (hw/pci/pci_device.h).</summary>
public class PciDeviceClass : DeviceClass
{
    /// <summary>Brings the device's own part to life: base addresses, capabilities. QEMU: k->realize.</summary>
    public Action<PciDevice>? PciRealize { get; set; }

    /// <summary>Undoes what <see cref="PciRealize"/> did outside of the machine's structure. QEMU: k->exit.</summary>
    public Action<PciDevice>? PciUnrealize { get; set; }

    /// <summary>Vendor identifier.</summary>
    public ushort VendorId { get; set; }

    /// <summary>Device identifier.</summary>
    public ushort DeviceId { get; set; }

    /// <summary>Revision.</summary>
    public byte Revision { get; set; }

    /// <summary>Base class and subclass, such as 0x0200 for an Ethernet controller.</summary>
    public ushort ClassId { get; set; }

    /// <summary>Subsystem vendor; 0 with <see cref="SubsystemId"/> 0 for the default.</summary>
    public ushort SubsystemVendorId { get; set; }

    /// <summary>Subsystem.</summary>
    public ushort SubsystemId { get; set; }

    /// <inheritdoc/>
    public override void CopyFrom(ObjectClass parent)
    {
        base.CopyFrom(parent);
        if (parent is not PciDeviceClass source)
            return;
        PciRealize = source.PciRealize;
        PciUnrealize = source.PciUnrealize;
        VendorId = source.VendorId;
        DeviceId = source.DeviceId;
        Revision = source.Revision;
        ClassId = source.ClassId;
        SubsystemVendorId = source.SubsystemVendorId;
        SubsystemId = source.SubsystemId;
    }
}
