using Sim.Engine.Base;
using Sim.Engine.Boards.DeviceTree;
using Sim.Engine.Boards.Images;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;

namespace Sim.Engine.Boards;

/// <summary>
/// What an e500 board does at every reset: writes images and device tree into RAM, sends CPU 0 to its entry point and holds the others in the spin table. QEMU: rom_reset, ppce500_cpu_reset, ppce500_spin.
/// </summary>
public sealed class PpcE500Boot
{
    /// <summary>Size of the mapping with which a CPU leaves the spin table, bytes. QEMU: spin_kick.</summary>
    private const ulong SpinMapSize = 64 << 20;

    /// <summary>First phandle when the machine's property leaves it open. QEMU: qemu_fdt_alloc_phandle.</summary>
    private const uint DefaultPhandleStart = 0x8000;

    /// <summary>
    /// QEMU builds the tree again at reset and takes new phandles each time, so that the guest sees numbers 3 above those of its dumpdtb. We build it once, with the numbers that QEMU's guest
    /// sees at its first boot.
    /// </summary>
    private const uint QemuRebuildPhandles = 3;

    private readonly PpcE500Machine machine;
    private readonly IReadOnlyList<PowerPcCpu> cpus;
    private readonly ImageLoader loader = new();
    private readonly ReadOnlyMemory<byte> deviceTree;

    internal PpcE500Boot(PpcE500Machine machine, IReadOnlyList<PowerPcCpu> cpus, E500Spin spin)
    {
        this.machine = machine;
        this.cpus = cpus;
        spin.Release = Release;
        Layout = PpcE500BootLayout.Plan(machine.Configuration, machine.RamSize);
        foreach (var image in Layout.Images)
            loader.Register(image);
        deviceTree = Layout.DeviceTreeBlob ?? BuildDeviceTree();
    }

    /// <summary>Where everything lies.</summary>
    public PpcE500BootLayout Layout { get; }

    /// <summary>The device tree that the guest finds in r3, free space included.</summary>
    public byte[] DeviceTree
    {
        get
        {
            var blob = new byte[Layout.DeviceTree.Size];
            deviceTree.CopyTo(blob);
            return blob;
        }
    }

    /// <summary>Puts the board into its power-on state, after all devices have taken theirs.</summary>
    internal void Reset()
    {
        loader.Write(machine.Memory);
        WriteDeviceTree();
        var boot = cpus[0];
        boot.Pc = Layout.Entry;
        boot.SetGpr(1, PpcE500BootLayout.InitialStackPointer);
        boot.SetGpr(3, (uint)Layout.DeviceTree.Address);
        boot.SetGpr(6, PpcE500BootLayout.EpaprMagic);
        boot.SetGpr(7, Layout.InitialMapSize);
        boot.SetTlb1Entry(0, 0, 0, 1024UL << Layout.InitialTlbSize);
    }

    /// <summary>
    /// A write to the spin table gave a CPU its address: it starts there with its own 64 MiB mapping, and with the releasing CPU's timebase, so that no
    /// guest sees time run backwards between CPUs. QEMU: spin_kick (which leaves the timebases apart).
    /// </summary>
    private uint? Release(int index, ulong address, ulong r3, BusInitiator? initiator)
    {
        if (index >= cpus.Count || !cpus[index].IsHeld)
            return null;
        var cpu = cpus[index];
        cpu.Pc = (uint)(address & (SpinMapSize - 1));
        cpu.SetGpr(3, (uint)r3);
        cpu.SetGpr(7, (uint)SpinMapSize);
        cpu.SetTlb1Entry(0, 0, address & ~(SpinMapSize - 1), SpinMapSize);
        cpu.AdoptTimebase(cpus[initiator?.CpuIndex ?? 0]);
        cpu.Release();
        return (uint)cpu.CpuIndex;
    }

    private void WriteDeviceTree()
    {
        var place = Layout.DeviceTree;
        machine.Memory.Write(place.Address, deviceTree.Span);
        ReadOnlySpan<byte> zeros = stackalloc byte[RamBlock.PageSize];
        for (var at = place.Address + (ulong)deviceTree.Length; at < place.End; at += RamBlock.PageSize)
            machine.Memory.Write(at, zeros[..(int)Math.Min(RamBlock.PageSize, place.End - at)]);
    }

    private byte[] BuildDeviceTree()
    {
        var seed = new byte[PpcE500DeviceTreeParameters.RngSeedSize];
        var prng = Prng.FromSeed(machine.Configuration.Seed);
        prng.Fill(seed);
        return PpcE500DeviceTree.BuildUsedBlob(new PpcE500DeviceTreeParameters
        {
            Board = machine.BoardClass.Map!,
            RamSize = machine.RamSize,
            CpuCount = cpus.Count,
            SerialCount = machine.Configuration.Serials,
            Kernel = Layout.Kernel,
            Initrd = Layout.Initrd,
            Append = machine.Configuration.Append,
            RngSeed = seed,
            PhandleStart = (machine.PhandleStart == 0 ? DefaultPhandleStart : (uint)machine.PhandleStart) + QemuRebuildPhandles,
            CompatibleOverride = machine.DtCompatible.Length == 0 ? null : machine.DtCompatible,
        });
    }
}
