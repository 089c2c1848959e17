using System.Globalization;
using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>The properties that every machine has, with QEMU's names and types. QEMU: machine_class_init (hw/core/machine.c).</summary>
internal static class MachineProperties
{
    public static void ClassInit(ObjectClass klass, object? data)
    {
        klass.AddProperty(Property.Text("kernel", "string", static o => M(o).Configuration.Kernel?.Name ?? "", null, "Linux kernel image file"));
        klass.AddProperty(Property.Text("initrd", "string", static o => M(o).Configuration.Initrd?.Name ?? "", null, "Linux initial ramdisk file"));
        klass.AddProperty(Property.Text("append", "string", static o => M(o).Configuration.Append, null, "Linux kernel command line"));
        klass.AddProperty(Property.Text("dtb", "string", static o => M(o).Configuration.Dtb?.Name ?? "", null, "Linux kernel device tree file"));
        klass.AddProperty(Property.Text("firmware", "string", static o => M(o).Configuration.Bios?.Name ?? "", null, "Firmware image"));
        klass.AddProperty(Property.Text("dt-compatible", "string", static o => M(o).DtCompatible, static (o, v) => M(o).DtCompatible = v,
            "Overrides the \"compatible\" property of the dt root node"));
        klass.AddProperty(Property.Integer("phandle-start", "int", 0, int.MaxValue, static o => M(o).PhandleStart, static (o, v) => M(o).PhandleStart = (int)v,
            "The first phandle ID we may generate dynamically"));
        klass.AddProperty(Property.Link("memory-backend", MemoryBackendRam.BaseTypeName, static o => M(o).MemoryBackend, null,
            "Set RAM backendValid value is ID of hostmem based backend"));
        klass.AddProperty(Property.Text("smp", "SMPConfiguration", static o => Topology(M(o).Configuration.Smp), null, "CPU topology"));
        klass.AddProperty(Property.Text("memory", "MemorySizeConfiguration", static o => string.Create(CultureInfo.InvariantCulture, $"size={M(o).RamSize}"), null,
            "Memory size configuration"));
        klass.AddProperty(Property.Text("boot", "BootConfiguration", static _ => "order=", null, "Boot configuration"));
        AddHostOnly(klass);
    }

    /// <summary>
    /// Properties of QEMU's machines about the host process, which this simulator has no use for: they can be read, with QEMU's defaults, and not be set.
    /// </summary>
    private static void AddHostOnly(ObjectClass klass)
    {
        klass.AddProperty(Property.Text("dumpdtb", "string", static _ => "", null, "Dump current dtb to a file and quit"));
        klass.AddProperty(Property.Text("memory-encryption", "string", static _ => "", null, "Set memory encryption object to use"));
        klass.AddProperty(Property.Link("confidential-guest-support", "confidential-guest-support", static _ => null, null, "Set confidential guest scheme to support"));
        klass.AddProperty(Property.Bool("dump-guest-core", static _ => true, null, "Include guest memory in a core dump"));
        klass.AddProperty(Property.Bool("mem-merge", static _ => true, null, "Enable/disable memory merge support"));
        klass.AddProperty(Property.Bool("graphics", static _ => true, null, "Set on/off to enable/disable graphics emulation"));
        klass.AddProperty(Property.Bool("usb", static _ => false, null, "Set on/off to enable/disable usb"));
        klass.AddProperty(Property.Bool("suppress-vmdesc", static _ => false, null, "Set on to disable self-describing migration"));
    }

    private static MachineState M(QomObject machine) => (MachineState)machine;

    private static string Topology(int cpus) =>
        string.Create(CultureInfo.InvariantCulture, $"cpus={cpus},sockets=1,dies=1,clusters=1,cores={cpus},threads=1,maxcpus={cpus}");
}
