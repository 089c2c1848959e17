using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Sim.Engine.Base;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;

namespace Sim.Engine.Devices.Pci;

/// <summary>A base address register of a device and the region behind it. QEMU: PCIIORegion.</summary>
/// <param name="Index">Number of the register, 0 to 5.</param>
/// <param name="Type">Its low bits, which say what it is.</param>
/// <param name="Region">What appears at the address.</param>
internal sealed record PciBaseAddress(int Index, byte Type, MemoryRegion Region)
{
    /// <summary>The address of a region that is not mapped. QEMU: PCI_BAR_UNMAPPED.</summary>
    public const ulong Unmapped = ulong.MaxValue;

    public bool IsIo => (Type & PciConfiguration.SpaceIo) != 0;

    public bool Is64 => !IsIo && (Type & PciConfiguration.Memory64) != 0;

    public ulong Size => (ulong)Region.Size;

    public int Offset => PciConfiguration.BaseAddress0 + 4 * Index;

    /// <summary>Where the region is in the bus's space, as the registers have it.</summary>
    public ulong MappedAt { get; set; } = Unmapped;
}

/// <content>Configuration space, and what the guest brings about by writing it.</content>
public partial class PciDevice
{
    /// <summary>Power-on values, which bits the guest can write, and which it clears by writing 1.</summary>
    [Derived("Type and realize decide.")] private readonly byte[] powerOn = new byte[PciConfiguration.Size];
    [Derived("Type and realize decide.")] private readonly byte[] writable = new byte[PciConfiguration.Size];
    [Derived("Type and realize decide.")] private readonly byte[] clearable = new byte[PciConfiguration.Size];
    [Wiring] private readonly List<PciBaseAddress> bars = [];

    /// <summary>Interrupt pin: 1 for INTA# to 4 for INTD#, 0 for none.</summary>
    public int InterruptPin => PciState.Configuration[PciConfiguration.InterruptPin];

    /// <summary>True while the pin is asserted and the guest has not switched it off.</summary>
    internal bool IsInterruptAsserted =>
        PciState.Interrupt && InterruptPin > 0 && (Word(PciConfiguration.Command) & PciConfiguration.CommandInterruptDisable) == 0;

    /// <summary>Reads configuration space; there are no side effects. QEMU: pci_default_read_config.</summary>
    /// <param name="offset">Offset, 0 to 255.</param>
    /// <param name="size">1, 2 or 4 bytes; what lies beyond the end reads 0.</param>
    public uint ReadConfiguration(int offset, int size)
    {
        var value = 0u;
        for (var i = Math.Min(size, PciConfiguration.Size - offset) - 1; i >= 0; i--)
            value = value << 8 | PciState.Configuration[offset + i];
        return value;
    }

    /// <summary>Writes configuration space, as far as its bits are writable. QEMU: pci_default_write_config.</summary>
    public void WriteConfiguration(int offset, uint value, int size)
    {
        var config = PciState.Configuration;
        for (var at = offset; at < Math.Min(offset + size, PciConfiguration.Size); at++, value >>= 8)
        {
            config[at] = (byte)(config[at] & ~writable[at] | (byte)value & writable[at]);
            config[at] &= (byte)~((byte)value & clearable[at]);
        }

        if (offset < PciConfiguration.CapabilityList)
            ApplyConfiguration();
        ConfigurationWritten(offset, size);
    }

    /// <summary>Sets a byte of the power-on configuration, and which of its bits the guest can write. Call it from realize.</summary>
    protected internal void DefineConfiguration(int offset, byte value, byte writableBits = 0)
    {
        powerOn[offset] = value;
        writable[offset] = writableBits;
    }

    /// <summary>Puts a region behind a base address register. Call it from realize. QEMU: pci_register_bar.</summary>
    /// <param name="index">Register, 0 to 5.</param>
    /// <param name="type">Low bits: <see cref="PciConfiguration.SpaceIo"/>, <see cref="PciConfiguration.Memory64"/>, <see
    /// cref="PciConfiguration.Prefetchable"/>.</param>
    /// <param name="region">The region; its size is a power of two.</param>
    protected internal void RegisterBaseAddress(int index, byte type, MemoryRegion region)
    {
        ArgumentNullException.ThrowIfNull(region);
        if (!UInt128.IsPow2(region.Size) || region.Size < 4)
        {
            throw new SimException(
                $"PCI base address region '{region.Name}' of '{Class.Type.Name}' has size {region.Size}; expected a power of two of at least 4.");
        }

        var bar = new PciBaseAddress(index, type, region);
        bars.Add(bar);
        Root.Undo.Add(() => bars.Remove(bar));
        BinaryPrimitives.WriteUInt32LittleEndian(powerOn.AsSpan(bar.Offset), type);
        var mask = ~(bar.Size - 1);
        BinaryPrimitives.WriteUInt32LittleEndian(writable.AsSpan(bar.Offset), (uint)mask);
        if (bar.Is64)
            BinaryPrimitives.WriteUInt32LittleEndian(writable.AsSpan(bar.Offset + 4), (uint)(mask >> 32));
    }

    /// <summary>
    /// Adds a capability at the front of the list and returns its offset; its bytes are read-only until defined otherwise. Call it from
    /// realize. QEMU: pci_add_capability.
    /// </summary>
    /// <param name="id">Identifier of the capability.</param>
    /// <param name="size">Size in bytes, with identifier and pointer.</param>
    /// <param name="offset">Where it lies; 0 for the first free place.</param>
    /// <exception cref="SimException">There is no room.</exception>
    protected internal int AddCapability(byte id, int size, int offset = 0)
    {
        if (offset == 0)
            offset = FindFree(size);
        powerOn[offset] = id;
        powerOn[offset + 1] = powerOn[PciConfiguration.CapabilityList];
        powerOn[PciConfiguration.CapabilityList] = (byte)offset;
        powerOn[PciConfiguration.Status] |= PciConfiguration.StatusCapabilities;
        writable.AsSpan(offset, size).Clear();
        return offset;
    }

    /// <summary>Called after the guest has written configuration space.</summary>
    protected virtual void ConfigurationWritten(int offset, int size) { }

    /// <summary>Takes the regions of all base addresses out of the bus's spaces.</summary>
    internal void UnmapBaseAddresses()
    {
        foreach (var bar in bars)
            bar.Region.ContainingRegion?.RemoveSubregion(bar.Region);
    }

    /// <summary>Puts the regions of all base addresses where their registers say. QEMU maps them with priority 1, too.</summary>
    internal void MapBaseAddresses()
    {
        foreach (var bar in bars)
        {
            if (bar.MappedAt != PciBaseAddress.Unmapped)
                (bar.IsIo ? PciBus.Connections.Io : PciBus.Connections.Memory).AddSubregion(bar.MappedAt, bar.Region, 1);
        }
    }

    private ushort Word(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(PciState.Configuration.AsSpan(offset));

    private void InitConfiguration()
    {
        powerOn.AsSpan().Clear();
        writable.AsSpan().Clear();
        clearable.AsSpan().Clear();
        var (pc, named) = (PciClass, PciClass.SubsystemVendorId != 0 || PciClass.SubsystemId != 0);
        SetWord(powerOn, PciConfiguration.VendorId, pc.VendorId);
        SetWord(powerOn, PciConfiguration.DeviceId, pc.DeviceId);
        SetWord(powerOn, PciConfiguration.ClassDevice, pc.ClassId);
        SetWord(powerOn, PciConfiguration.SubsystemVendorId, named ? pc.SubsystemVendorId : PciConfiguration.DefaultSubsystemVendor);
        SetWord(powerOn, PciConfiguration.SubsystemId, named ? pc.SubsystemId : PciConfiguration.DefaultSubsystem);
        powerOn[PciConfiguration.Revision] = pc.Revision;
        powerOn[PciConfiguration.HeaderType] = multiFunction ? PciConfiguration.MultiFunction : (byte)0;
        const int commands = PciConfiguration.CommandIo | PciConfiguration.CommandMemory | PciConfiguration.CommandMaster
            | PciConfiguration.CommandSystemError | PciConfiguration.CommandInterruptDisable;
        SetWord(writable, PciConfiguration.Command, commands);
        SetWord(clearable, PciConfiguration.Status, PciConfiguration.StatusErrors);
        writable[PciConfiguration.CacheLineSize] = 0xFF;
        writable[PciConfiguration.InterruptLine] = 0xFF;
        writable.AsSpan(PciConfiguration.HeaderSize).Fill(0xFF);
    }

    private static void SetWord(byte[] to, int offset, int value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(to.AsSpan(offset), (ushort)value);

    private int FindFree(int size)
    {
        for (var offset = PciConfiguration.HeaderSize; offset + size <= PciConfiguration.Size; offset += 4)
        {
            // Capabilities are what the guest cannot write behind the header.
            if (!writable.AsSpan(offset, size).ContainsAnyExcept((byte)0xFF))
                return offset;
        }

        throw new SimException(string.Create(CultureInfo.InvariantCulture,
            $"Device '{Class.Type.Name}' has no room for a PCI capability of {size} bytes."));
    }

    /// <summary>Brings windows, mastership and the interrupt pin in line with command register and base addresses.</summary>
    private void ApplyConfiguration()
    {
        var command = Word(PciConfiguration.Command);
        busMasterWindow!.SetEnabled((command & PciConfiguration.CommandMaster) != 0);
        var changed = false;
        foreach (var bar in bars)
        {
            var at = WantedAddress(bar, command);
            changed |= at != bar.MappedAt;
            bar.MappedAt = at;
        }

        if (changed)
            PciBus.MapBaseAddresses();
        UpdateInterrupt();
    }

    /// <summary>Where a base address register and the command register put a region. QEMU: pci_bar_address.</summary>
    private ulong WantedAddress(PciBaseAddress bar, int command)
    {
        if ((command & (bar.IsIo ? PciConfiguration.CommandIo : PciConfiguration.CommandMemory)) == 0)
            return PciBaseAddress.Unmapped;
        ulong at = BinaryPrimitives.ReadUInt32LittleEndian(PciState.Configuration.AsSpan(bar.Offset));
        if (bar.Is64)
            at |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(PciState.Configuration.AsSpan(bar.Offset + 4)) << 32;
        at &= ~(bar.Size - 1);

        // Address 0 means that nobody has set it, and the last address is where all ones put it while the guest asks for the size.
        var last = at + bar.Size - 1;
        return at == 0 || last <= at || last == ulong.MaxValue || (!bar.Is64 && last >= uint.MaxValue) ? PciBaseAddress.Unmapped : at;
    }

    private void UpdateInterrupt()
    {
        if (InterruptPin == 0)
            return;
        var status = PciState.Configuration[PciConfiguration.Status] & ~PciConfiguration.StatusInterrupt;
        PciState.Configuration[PciConfiguration.Status] = (byte)(status | (PciState.Interrupt ? PciConfiguration.StatusInterrupt : 0));
        PciBus.UpdateInterrupt(this);
    }

    /// <summary>Refuses configuration that no guest can have written, then maps what it says; lines have their own saved levels.</summary>
    private void CheckLoaded()
    {
        LoadedState.Require(this, PciState is { Configuration.Length: PciConfiguration.Size }, "configuration space has 256 bytes");
        var config = PciState.Configuration;
        for (var at = 0; at < PciConfiguration.Size; at++)
        {
            var free = writable[at] | clearable[at] | (at == PciConfiguration.Status ? PciConfiguration.StatusInterrupt : 0);
            LoadedState.Require(this, ((config[at] ^ powerOn[at]) & ~free) == 0, string.Create(CultureInfo.InvariantCulture,
                $"byte 0x{at:x} of its configuration space is 0x{config[at]:x}, and this device has 0x{powerOn[at]:x} there"));
        }

        var command = Word(PciConfiguration.Command);
        busMasterWindow!.SetEnabled((command & PciConfiguration.CommandMaster) != 0);
        foreach (var bar in bars)
            bar.MappedAt = WantedAddress(bar, command);
        PciBus.MapBaseAddresses();
    }
}
