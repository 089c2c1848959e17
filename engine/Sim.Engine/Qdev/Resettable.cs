using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>
/// Three-phase reset over a set of devices and everything below them: all enter, then all hold, then all exit, what is below first. QEMU: hw/core/resettable.c.
/// </summary>
public static class Resettable
{
    /// <summary>Resets devices found in the tree below <paramref name="roots"/> and on the buses of those devices.</summary>
    public static void Reset(IEnumerable<QomObject> roots)
    {
        ArgumentNullException.ThrowIfNull(roots);
        var devices = new List<Device>();
        var seen = new HashSet<QomObject>(ReferenceEqualityComparer.Instance);
        foreach (var root in roots)
            Collect(root, devices, seen);
        foreach (var device in devices)
            Enter(device);
        foreach (var device in devices)
            Hold(device);
        foreach (var device in devices)
            device.DeviceClass.ResetExit?.Invoke(device);
    }

    private static void Collect(QomObject at, List<Device> devices, HashSet<QomObject> seen)
    {
        if (at is Irq || !seen.Add(at))
            return;
        foreach (var child in at.Children)
            Collect(child, devices, seen);
        if (at is Bus bus)
        {
            foreach (var device in bus.Devices)
                Collect(device, devices, seen);
        }

        if (at is Device { Realized: true } own)
            devices.Add(own);
    }

    private static void Enter(Device device)
    {
        foreach (var state in device.DeviceClass.AllState)
            state.Reset(device);
        device.DeviceClass.ResetEnter?.Invoke(device);
    }

    private static void Hold(Device device)
    {
        foreach (var line in device.Outputs)
            line.Lower();
        device.DeviceClass.ResetHold?.Invoke(device);
    }
}
