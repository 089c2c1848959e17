using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>The realize flow. QEMU: hw/core/qdev.c.</summary>
public static class Qdev
{
    /// <summary>
    /// Plugs a device into a bus, when it is given one, and realizes it. On failure everything is as before; <see cref="Unrealize"/> takes both back. QEMU: qdev_realize.
    /// </summary>
    /// <exception cref="SimException">The device is realized already, does not fit the bus, or refuses.</exception>
    public static void Realize(Device device, Bus? bus = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device.Realized)
            throw new SimException($"Device '{device.CanonicalPath}' of type '{device.Class.Type.Name}' is realized already.");
        var undo = device.Root.Undo;
        undo.Open();
        try
        {
            bus?.AddChild(device);
        }
        catch
        {
            undo.RollBack();
            throw;
        }

        var unplug = undo.Commit();
        try
        {
            device.SetProperty("realized", true);
        }
        catch
        {
            undo.Run(unplug);
            throw;
        }

        device.KeepRealizeUndo(unplug);
    }

    /// <summary>Realizes a device and lets the caller's reference go, whether that worked or not. QEMU: qdev_realize_and_unref.</summary>
    /// <exception cref="SimException">As for <see cref="Realize"/>.</exception>
    public static void RealizeAndUnref(Device device, Bus? bus = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        try
        {
            Realize(device, bus);
        }
        finally
        {
            device.Unref();
        }
    }

    /// <summary>Ends a device's life: everything that its realize added to the machine goes. QEMU: qdev_unrealize.</summary>
    public static void Unrealize(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        device.SetProperty("realized", false);
    }

    /// <summary>
    /// Takes a device out of a running machine as its user asks: the hotplug handler lets it go, then it leaves bus and tree. QEMU: qdev_unplug.
    /// </summary>
    /// <exception cref="SimException">The device is not realized or not hot-pluggable, or its handler refuses.</exception>
    public static void Unplug(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (!device.Realized)
            throw new SimException($"Device '{device.CanonicalPath}' of type '{device.Class.Type.Name}' is not realized: there is nothing to unplug.");
        if (!Device.IsHotpluggable(device))
            throw new SimException($"Device '{device.CanonicalPath}' of type '{device.Class.Type.Name}' cannot be unplugged: it is not hot-pluggable.");
        HandlerOf(device)?.Unplug?.Invoke(device);
        device.Unparent();
    }

    /// <summary>The setter of the property <c>realized</c>. QEMU: device_set_realized.</summary>
    internal static void DeviceSetRealized(Device device, bool value)
    {
        if (value == device.Realized)
            return;
        if (value)
            device.Root.Observer.Step("device_set_realized", device.Class.Type.Name, "", () => DoRealize(device));
        else
            device.Root.Observer.Step("device_unrealize", device.Class.Type.Name, "", () => DoUnrealize(device));
    }

    private static void DoRealize(Device device)
    {
        CheckStateDeclared(device);
        if (device.DeviceClass.BusType is { } needed && device.ParentBus is null)
            throw new SimException($"Device '{device.Class.Type.Name}' needs a bus of type '{needed}', and was given none.");
        var undo = device.Root.Undo;
        var around = device.Root.Realizing as Device;
        var realized = false;
        device.Root.Realizing = device;
        undo.Open();
        try
        {
            FindPlace(device);
            var handler = HandlerOf(device);
            handler?.PrePlug?.Invoke(device);
            device.Root.Observer.Step("realize", device.Class.Type.Name, device.CanonicalPath, () => device.DeviceClass.Realize?.Invoke(device));
            realized = true;
            foreach (var bus in device.ChildBuses)
                bus.Realize();
            device.Realized = true;
            if (device.Hotplugged)
                device.Reset();
            handler?.Plug?.Invoke(device);
        }
        catch
        {
            try
            {
                if (realized)
                    device.DeviceClass.Unrealize?.Invoke(device);
            }
            finally
            {
                device.Realized = false;
                undo.RollBack();
            }

            throw;
        }
        finally
        {
            device.Root.Realizing = around;
        }

        device.SetRealizedBy(around);
        device.KeepRealizeUndo(undo.Commit());
        undo.Add(() => DoUnrealize(device));
    }

    /// <summary>Gives a device without a parent its place in the tree, by which sections and timers know it.</summary>
    private static void FindPlace(Device device)
    {
        var root = device.Root;
        if (device.Parent is null)
            root.GetContainer("/machine/unattached").AddChild("device[*]", device);
        if (device.CanonicalPath.Length == 0)
            throw new SimException($"Device '{device.NameInParent}' of type '{device.Class.Type.Name}' is not in the object tree: its parent of type '{device.Parent!.Class.Type.Name}' has no place there.");
        var before = device.Hotplugged;
        device.Hotplugged = (root.Object.FindChild("machine") as IMachine)?.IsReady == true;
        root.Undo.Add(() => device.Hotplugged = before);
        if (device.Hotplugged && !device.DeviceClass.Hotpluggable)
            throw new SimException($"Device '{device.Class.Type.Name}' cannot be plugged into a running machine.");
    }

    private static HotplugHandlerClass? HandlerOf(Device device) =>
        device.ParentBus?.HotplugHandler?.Class.DynamicCast<HotplugHandlerClass>(HotplugHandlerClass.TypeName)
        ?? (device.Root.Object.FindChild("machine") as IMachine)?.HotplugHandlerFor(device);

    private static void DoUnrealize(Device device)
    {
        if (!device.Realized)
            return;
        device.Ref();
        try
        {
            foreach (var bus in device.ChildBuses)
                bus.Unrealize();
            device.DeviceClass.Unrealize?.Invoke(device);
        }
        finally
        {
            device.Realized = false;
            device.Root.Undo.Run(device.TakeRealizeUndo());
            device.SetRealizedBy(null);
            device.Unref();
        }
    }

    /// <summary>
    /// A level of the type that allocates its instances may add fields, so it must say what of them is state (law L3).
    /// </summary>
    private static void CheckStateDeclared(Device device)
    {
        for (var klass = device.DeviceClass; klass is not null; klass = klass.Parent as DeviceClass)
        {
            if (klass.Type.Info.New is not null && klass.OwnState.Count == 0 && !klass.Stateless)
            {
                throw new SimException($"Device type '{klass.Type.Name}' declares neither State nor Stateless in its class_init: "
                    + "a snapshot would leave its state out silently.");
            }
        }
    }
}
