using Sim.Engine.Base;
using Sim.Engine.Qom;

namespace Sim.Engine.Qdev;

/// <summary>Gives new devices the values of <c>--global</c>. QEMU: qdev_prop_set_globals.</summary>
internal static class GlobalProperties
{
    public static void Apply(QomObject created)
    {
        foreach (var global in created.Root.Globals)
        {
            if (!created.IsA(global.Driver))
                continue;
            try
            {
                created.ParseProperty(global.Property, global.Value);
            }
            catch (SimException error)
            {
                throw new SimException($"--global {global.Driver}.{global.Property}={global.Value}: {error.Message}", error);
            }

            global.Used = true;
        }
    }
}
