// Boot order, from nothing to the first instruction. Each step names the function that does it; QEMU's name follows.
//
//   1. Module initialisers of the assembly have handed in their type registrations        Module.TypeInit          type_init
//   2. The type table is filled and sealed                                                Module.CallInit          module_call_init(MODULE_INIT_QOM)
//   3. An object tree is made for this machine alone                                      new QomRoot              object_get_root
//   4. The machine object is made by type name and configured                             MachineState.Create      qemu_create_machine
//        object_new("ppce500-machine"): class_init up the chain once, instance_init from parent to child
//        memory map, scheduler, system bus, /machine/unattached
//   5. Character backends for the serial ports                                            Chardev                  serial_hd
//   6. The board makes its devices by type name and realizes them                         MachineState.RunBoardInit   machine_run_board_init
//        PpcE500.Init: for each CPU object_new(cpu_type) -> qdev_realize -> property "realized" -> device_set_realized
//          -> dc->realize = PowerPcCpu.Realize -> Scheduler.AddVcpu                                                qemu_init_vcpu
//   7. Devices of --device                                                                UserDevices.Create       qdev_device_add
//   8. Reset: every device takes its power-on State; images, device tree and boot registers are written            qemu_system_reset
//   9. The run loop deals virtual time in frames                                          Session.Run              vm_start

using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Devices.Char;
using Sim.Engine.Qom;

namespace Sim.Engine.Session;

/// <summary>What a session is given besides the machine's configuration. None of it changes the run.</summary>
public sealed record SessionOptions
{
    /// <summary>The types; the process-wide table when null.</summary>
    public TypeRegistry? Registry { get; init; }

    /// <summary>Sees the instantiation flow.</summary>
    public IFlowObserver? Observer { get; init; }

    /// <summary>Keeps virtual time from running ahead of the host's clock; null runs as fast as it can.</summary>
    public IPacer? Pacer { get; init; }

    /// <summary>Saves a snapshot in the file that a script's line <c>save FILE</c> names; null where scripts cannot save.</summary>
    public Action<Session, string>? Save { get; init; }
}

public sealed partial class Session
{
    /// <summary>Builds the machine of a configuration and resets it: the next thing to happen is its first instruction.</summary>
    /// <exception cref="SimException">The configuration asks for something that does not exist or does not fit; nothing is left behind.</exception>
    public static Session Boot(MachineConfiguration configuration, SessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        options ??= new SessionOptions();
        var root = new QomRoot(options.Registry, options.Observer);
        var machine = MachineState.Create(root, configuration);
        try
        {
            var consoles = new List<SerialConsole>();
            for (var index = 0; index < configuration.Serials; index++)
                consoles.Add(new SerialConsole(Chardev.Create(root, $"serial{index}"), index));
            machine.RunBoardInit();
            return new Session(machine, consoles, options);
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }
}
