using Sim.Engine.Base;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>Makes the devices of <c>--device</c>. QEMU: qdev_device_add (softmmu/qdev-monitor.c).</summary>
public static class UserDevices
{
    /// <summary>Makes, configures, plugs and realizes a device; it stands below <c>/machine/peripheral</c> by its id, else below <c>peripheral-anon</c>.</summary>
    /// <exception cref="SimException">The type is unknown, abstract, no device, or not for users; a property is wrong; or no bus takes it.</exception>
    public static Device Create(MachineState machine, DeviceRequest request)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(request);
        var type = machine.Root.Registry.Find(request.Type);
        if (!type.IsA(Device.TypeName))
            throw new SimException($"--device {request.Type}: that type is no device.");
        if (type.IsAbstract)
            throw new SimException($"--device {request.Type}: that type is abstract; name one of the types derived from it.");
        if (type.Class is not DeviceClass { UserCreatable: true } klass)
            throw new SimException($"--device {request.Type}: users cannot make devices of that type; it comes with a board.");
        var device = machine.Root.New<Device>(request.Type);
        try
        {
            var bus = FindBus(machine, klass, request);
            foreach (var (name, value) in request.Properties)
            {
                if (name is not ("id" or "bus"))
                    device.ParseProperty(name, value);
            }

            Attach(machine, device, request);
            Qdev.Qdev.Realize(device, bus);
        }
        catch
        {
            device.Unparent();
            throw;
        }
        finally
        {
            device.Unref();
        }

        return device;
    }

    private static void Attach(MachineState machine, Device device, DeviceRequest request)
    {
        device.Id = Option(request, "id") ?? "";
        if (device.Id.Length == 0)
            machine.FindChild("peripheral-anon")!.AddChild("device[*]", device);
        else if (machine.FindChild("peripheral")!.FindChild(device.Id) is not null)
            throw new SimException($"--device {request.Type},id={device.Id}: that id is taken.");
        else
            machine.FindChild("peripheral")!.AddChild(device.Id, device);
    }

    private static Bus? FindBus(MachineState machine, DeviceClass klass, DeviceRequest request)
    {
        if (klass.BusType is not { } needed)
            return null;
        var buses = Buses(machine).Where(b => b.IsA(needed)).ToList();
        if (Option(request, "bus") is { } name)
            return buses.Find(b => b.Name == name || b.CanonicalPath == name)
                ?? throw new SimException($"--device {request.Type},bus={name}: the machine has no bus of type '{needed}' of that name.");
        return buses.FirstOrDefault()
            ?? throw new SimException($"--device {request.Type}: machine '{machine.Configuration.Machine}' has no bus of type '{needed}'.");
    }

    private static IEnumerable<Bus> Buses(MachineState machine) =>
        machine.Devices().SelectMany(static d => d.ChildBuses).Prepend(machine.SystemBus);

    private static string? Option(DeviceRequest request, string name)
    {
        var found = request.Properties.LastOrDefault(p => p.Key == name);
        return found.Key is null ? null : found.Value;
    }
}
