using Sim.Engine.Memory;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Qdev;

/// <summary>
/// What devices reach of the machine they are in; the object at <c>/machine</c>. In QEMU these are globals (get_system_memory, main_loop, sysbus_get_default).
/// </summary>
public interface IMachine
{
    /// <summary>Time, timers and vCPUs.</summary>
    Scheduler Scheduler { get; }

    /// <summary>Root of the physical memory map. QEMU: get_system_memory.</summary>
    MemoryRegion SystemMemory { get; }

    /// <summary>The physical address space. QEMU: address_space_memory.</summary>
    AddressSpace Memory { get; }

    /// <summary>The bus of memory-mapped devices. QEMU: sysbus_get_default.</summary>
    SystemBus SystemBus { get; }

    /// <summary>All guest RAM of the machine.</summary>
    IReadOnlyList<RamBlock> RamBlocks { get; }

    /// <summary>The real-time clock at virtual time 0, seconds since 1970-01-01 UTC. QEMU: -rtc base.</summary>
    long RtcBase { get; }

    /// <summary>The trace of the guest.</summary>
    GuestLog Log { get; }

    /// <summary>True once the machine has been built and reset: devices realized from then on are hot-plugged. QEMU: phase_check(PHASE_MACHINE_READY).</summary>
    bool IsReady { get; }

    /// <summary>Who plugs a device into the machine when its bus has no handler of its own; null for nobody. QEMU: MachineClass::get_hotplug_handler.</summary>
    HotplugHandlerClass? HotplugHandlerFor(Device device);
}
