using System.Globalization;
using Sim.Engine.Boards.DeviceTree;

namespace Sim.Engine.Boards;

/// <summary>
/// Builds the device tree of the boards ppce500 and mpc8544ds. QEMU: <c>ppce500_load_device_tree</c> (hw/ppc/e500.c). Nodes and properties are made
/// in QEMU's order, so the blob equals QEMU's byte for byte, apart from <c>rng-seed</c> and from padding, which is zero here and holds leftovers of
/// earlier edits there.
/// <para>
/// One difference is meant: QEMU builds the tree several times (once to learn its size, once when the machine is complete, once at every reset) from one running phandle
/// counter, so its phandles grow with every reset. Here they are always those of QEMU's second build, which
/// <c>-machine dumpdtb=FILE</c> writes: a reset gives the guest the same tree again.
/// </para>
/// </summary>
public sealed class PpcE500DeviceTree
{
    /// <summary>Size of the blob in bytes; what the tree leaves is free for the guest's own additions. QEMU: <c>FDT_MAX_SIZE</c>.</summary>
    public const int BlobSize = 1 << 20;

    private const uint DefaultPhandleStart = 0x8000;
    private const uint PciRegistersOffset = 0x8000;

    /// <summary>PCI bus clock in Hz.</summary>
    private const uint PciClock = 66_666_666;

    // Sense of an interrupt in the cells of an Open PIC: 2 is level sensitive, active low; 1 in the PCI map likewise comes from QEMU.
    private const uint LevelLow = 2;

    private readonly PpcE500DeviceTreeParameters parameters;
    private readonly PpcE500BoardMap board;
    private readonly DeviceTreeEditor tree = new(new DeviceTreeDocument());
    private readonly string soc;
    private readonly uint picPhandle;
    private readonly uint msiPhandle;
    private readonly uint gpioPhandle;

    private PpcE500DeviceTree(PpcE500DeviceTreeParameters parameters)
    {
        this.parameters = parameters;
        board = parameters.Board;
        soc = Path("/soc", board.CcsrBase);
        var start = parameters.PhandleStart == 0 ? DefaultPhandleStart : parameters.PhandleStart;
        picPhandle = start + (board.HasGpio ? 3u : 2u);
        msiPhandle = picPhandle + 1;
        gpioPhandle = picPhandle + 2;
    }

    /// <summary>Builds the tree.</summary>
    /// <exception cref="ArgumentException">A parameter is out of its range.</exception>
    public static DeviceTreeDocument Build(PpcE500DeviceTreeParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentOutOfRangeException.ThrowIfLessThan(parameters.CpuCount, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(parameters.SerialCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parameters.SerialCount, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.RngSeed.Length, PpcE500DeviceTreeParameters.RngSeedSize);
        var builder = new PpcE500DeviceTree(parameters);
        builder.AddMemoryAndChosen();
        builder.AddCpus();
        builder.AddSoc();
        builder.AddPci();
        if (builder.board.HasGpio)
            builder.AddGpio();
        builder.AddPlatformBus();
        builder.AddIdentity();
        return builder.tree.Document;
    }

    /// <summary>Builds the tree and flattens it to <see cref="BlobSize"/> bytes.</summary>
    /// <exception cref="ArgumentException">A parameter is out of its range.</exception>
    public static byte[] BuildBlob(PpcE500DeviceTreeParameters parameters) =>
        DeviceTreeWriter.Write(Build(parameters), DeviceTreeLayout.Sequential, BlobSize);

    /// <summary>As <see cref="BuildBlob"/>, without the free space at its end, of which the header tells.</summary>
    public static byte[] BuildUsedBlob(PpcE500DeviceTreeParameters parameters) =>
        DeviceTreeWriter.WriteUsed(Build(parameters), DeviceTreeLayout.Sequential, BlobSize);

    private void AddMemoryAndChosen()
    {
        tree.SetCells("/", "#address-cells", 2);
        tree.SetCells("/", "#size-cells", 2);
        tree.AddNode("/memory");
        tree.SetStrings("/memory", "device_type", "memory");
        tree.SetCells("/memory", "reg", [0, 0, .. Cells(parameters.RamSize)]);

        tree.AddNode("/chosen");
        if (parameters.Initrd is { Size: > 0 } initrd)
        {
            tree.SetCells("/chosen", "linux,initrd-start", (uint)initrd.Address);
            tree.SetCells("/chosen", "linux,initrd-end", (uint)initrd.End);
        }
        if (parameters.Kernel is { } kernel)
            tree.SetCells("/chosen", "qemu,boot-kernel", [.. Cells(kernel.Address), .. Cells(kernel.Size)]);
        tree.SetStrings("/chosen", "bootargs", parameters.Append);
        tree.SetBytes("/chosen", "rng-seed", parameters.RngSeed);
    }

    private void AddCpus()
    {
        tree.AddNode("/cpus");
        tree.SetCells("/cpus", "#address-cells", 1);
        tree.SetCells("/cpus", "#size-cells", 0);
        // From the last to the first, because each new node goes before its siblings.
        for (var number = parameters.CpuCount - 1; number >= 0; number--)
        {
            var index = (uint)number;
            var cpu = Path("/cpus/PowerPC,8544", index);
            tree.AddNode(cpu);
            tree.SetCells(cpu, "clock-frequency", parameters.ClockFrequency);
            tree.SetCells(cpu, "timebase-frequency", parameters.TimebaseFrequency);
            tree.SetStrings(cpu, "device_type", "cpu");
            tree.SetCells(cpu, "reg", index);
            tree.SetCells(cpu, "d-cache-line-size", parameters.CacheLineSize);
            tree.SetCells(cpu, "i-cache-line-size", parameters.CacheLineSize);
            tree.SetCells(cpu, "d-cache-size", 32 << 10);
            tree.SetCells(cpu, "i-cache-size", 32 << 10);
            tree.SetCells(cpu, "bus-frequency", 0);
            if (index == 0)
            {
                tree.SetStrings(cpu, "status", "okay");
                continue;
            }
            tree.SetStrings(cpu, "status", "disabled");
            tree.SetStrings(cpu, "enable-method", "spin-table");
            tree.SetCells(cpu, "cpu-release-addr", Cells(board.SpinTableBase + (index * 32)));
        }
        tree.AddNode("/aliases");
    }

    private void AddSoc()
    {
        tree.AddNode(soc);
        tree.SetStrings(soc, "device_type", "soc");
        tree.SetStrings(soc, "compatible", "fsl,mpc8544-immr", "simple-bus");
        tree.SetCells(soc, "#address-cells", 1);
        tree.SetCells(soc, "#size-cells", 1);
        tree.SetCells(soc, "ranges", [0, .. Cells(board.CcsrBase), 1 << 20]);
        tree.SetCells(soc, "bus-frequency", 0);
        AddPic();
        if (parameters.SerialCount > 1)
            AddSerial(1);
        if (parameters.SerialCount > 0)
            AddSerial(0);
        AddI2c();
        var utilities = AddDevice("global-utilities", 0xe0000, 0x1000, deviceType: null, "fsl,mpc8544-guts");
        tree.SetEmpty(utilities, "fsl,has-rstcr");
        AddMsi();
    }

    /// <summary>A device in the SoC: node, device_type, compatible, reg.</summary>
    private string AddDevice(string name, uint offset, uint size, string? deviceType, string compatible)
    {
        var path = Path($"{soc}/{name}", offset);
        tree.AddNode(path);
        if (deviceType is not null)
            tree.SetStrings(path, "device_type", deviceType);
        tree.SetStrings(path, "compatible", compatible);
        tree.SetCells(path, "reg", offset, size);
        return path;
    }

    private void AddPic()
    {
        var pic = AddDevice("pic", 0x40000, 0x40000, "open-pic", "fsl,mpic");
        tree.SetCells(pic, "#address-cells", 0);
        tree.SetCells(pic, "#interrupt-cells", 2);
        SetPhandle(pic, picPhandle);
        tree.SetEmpty(pic, "interrupt-controller");
    }

    private void AddSerial(uint index)
    {
        var serial = AddDevice("serial", 0x4500 + (index * 0x100), 0x100, "serial", "ns16550");
        tree.SetCells(serial, "cell-index", index);
        tree.SetCells(serial, "clock-frequency", parameters.ClockFrequency);
        tree.SetCells(serial, "interrupts", 42, LevelLow);
        tree.SetCells(serial, "interrupt-parent", picPhandle);
        tree.SetStrings("/aliases", index == 0 ? "serial0" : "serial1", serial);
        if (index != 0)
            return;
        tree.SetStrings("/chosen", "linux,stdout-path", serial);
        tree.SetStrings("/chosen", "stdout-path", serial);
    }

    private void AddI2c()
    {
        var bus = AddDevice("i2c", 0x3000, 0x14, "i2c", "fsl-i2c");
        tree.SetCells(bus, "cell-index", 0);
        tree.SetCells(bus, "interrupts", 43, LevelLow);
        tree.SetCells(bus, "interrupt-parent", picPhandle);
        tree.SetStrings("/aliases", "i2c", bus);
        var clock = $"{bus}/rtc@68";
        tree.AddNode(clock);
        tree.SetStrings(clock, "compatible", "pericom,pt7c4338");
        tree.SetCells(clock, "reg", 0x68);
        tree.SetStrings("/aliases", "rtc", "i2c/rtc@68");
    }

    private void AddMsi()
    {
        var msi = AddDevice("msi", 0x41600, 0x200, deviceType: null, "fsl,mpic-msi");
        tree.SetCells(msi, "msi-available-ranges", 0, 0x100);
        tree.SetCells(msi, "interrupt-parent", picPhandle);
        tree.SetCells(msi, "interrupts", [.. Enumerable.Range(0, 8).SelectMany(static i => new uint[] { 0xe0 + (uint)i, 0 })]);
        SetPhandle(msi, msiPhandle);
    }

    private void AddPci()
    {
        var registers = board.CcsrBase + PciRegistersOffset;
        var pci = Path("/pci", registers);
        tree.AddNode(pci);
        tree.SetCells(pci, "cell-index", 0);
        tree.SetStrings(pci, "compatible", "fsl,mpc8540-pci");
        tree.SetStrings(pci, "device_type", "pci");
        tree.SetCells(pci, "interrupt-map-mask", 0xf800, 0, 0, 7);
        tree.SetCells(pci, "interrupt-map", PciInterruptMap());
        tree.SetCells(pci, "interrupt-parent", picPhandle);
        tree.SetCells(pci, "interrupts", 24, LevelLow);
        tree.SetCells(pci, "bus-range", 0, 255);
        tree.SetCells(pci, "fsl,msi", msiPhandle);
        tree.SetCells(pci, "ranges",
        [
            0x2000000, .. Cells(board.PciMemoryBusBase), .. Cells(board.PciMemoryBase), 0, 512 << 20,
            0x1000000, 0, 0, .. Cells(board.PciIoBase), 0, 64 << 10,
        ]);
        tree.SetCells(pci, "reg", [.. Cells(registers), 0, 0x1000]);
        tree.SetCells(pci, "clock-frequency", PciClock);
        tree.SetCells(pci, "#interrupt-cells", 1);
        tree.SetCells(pci, "#size-cells", 2);
        tree.SetCells(pci, "#address-cells", 3);
        tree.SetStrings("/aliases", "pci0", pci);
    }

    /// <summary>Seven cells per slot and pin; the four interrupt lines 1 to 4 rotate with the slot.</summary>
    private uint[] PciInterruptMap()
    {
        var map = new List<uint>();
        for (var slot = (uint)board.PciFirstSlot; slot < board.PciFirstSlot + board.PciSlotCount; slot++)
        {
            for (var pin = 0u; pin < 4; pin++)
                map.AddRange([slot << 11, 0, 0, pin + 1, picPhandle, ((slot + pin) % 4) + 1, 1]);
        }
        return [.. map];
    }

    private void AddGpio()
    {
        var gpio = AddDevice("gpio", 0xff000, 0x1000, deviceType: null, "fsl,qoriq-gpio");
        tree.SetCells(gpio, "interrupts", 47, LevelLow);
        tree.SetCells(gpio, "interrupt-parent", picPhandle);
        tree.SetCells(gpio, "#gpio-cells", 2);
        tree.SetEmpty(gpio, "gpio-controller");
        SetPhandle(gpio, gpioPhandle);
        var power = $"{soc}/power-off";
        tree.AddNode(power);
        tree.SetStrings(power, "compatible", "gpio-poweroff");
        tree.SetCells(power, "gpios", gpioPhandle, 0, 0);
    }

    private void AddPlatformBus()
    {
        var platform = Path("/platform", board.PlatformBusBase);
        tree.AddNode(platform);
        tree.SetStrings(platform, "compatible", "qemu,platform", "simple-bus");
        tree.SetCells(platform, "#size-cells", 1);
        tree.SetCells(platform, "#address-cells", 1);
        tree.SetCells(platform, "ranges", [0, .. Cells(board.PlatformBusBase), (uint)board.PlatformBusSize]);
        tree.SetCells(platform, "interrupt-parent", picPhandle);
    }

    private void AddIdentity()
    {
        tree.SetStrings("/", "model", board.Model);
        tree.SetStrings("/", "compatible", [.. board.Compatible]);
        if (parameters.CompatibleOverride is { } compatible)
            tree.SetStrings("/", "compatible", compatible);
    }

    private void SetPhandle(string path, uint phandle)
    {
        tree.SetCells(path, "phandle", phandle);
        tree.SetCells(path, "linux,phandle", phandle);
    }

    private static string Path(string prefix, ulong address) => prefix + "@" + address.ToString("x", CultureInfo.InvariantCulture);

    private static uint[] Cells(ulong value) => [(uint)(value >> 32), (uint)value];
}
