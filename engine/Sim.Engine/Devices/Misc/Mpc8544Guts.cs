using System.Globalization;
using System.Runtime.CompilerServices;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Misc;

/// <summary>
/// The global utilities of the MPC8544: the processor and system version of the CPU that asks, and the reset request. All other registers
/// (power-on configuration, device
/// disable, clocks) read 0 and ignore writes, as on the reference board, which has no such hardware behind them. MPC8544E Reference
/// Manual, chapter 18. QEMU: hw/ppc/mpc8544_guts.c.
/// </summary>
public sealed class Mpc8544Guts : SysBusDevice
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "mpc8544-guts";

    private const ulong Pvr = 0xA0, Svr = 0xA4, Rstcr = 0xB0;
    private const uint ResetRequest = 0x02;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new Mpc8544Guts(),
        InstanceInit = static o => ((Mpc8544Guts)o).Init(),
        ClassInit = static (klass, _) => ((DeviceClass)klass).Stateless = true,
    }));

    private static uint Peek(ulong offset, BusInitiator? initiator) => offset switch
    {
        Pvr => initiator?.ProcessorVersion ?? 0,
        Svr => initiator?.SystemVersion ?? 0,
        _ => 0,
    };

    private void Init()
    {
        var ops = new MemoryRegionOps
        {
            Read = (offset, _, initiator) => Read(offset, initiator),
            Write = (offset, value, _, _) => Write(offset, (uint)value),
            Peek = static (offset, _, initiator) => Peek(offset, initiator),
            MinValidSize = 4,
            MaxValidSize = 4,
        };
        InitMmio(MemoryRegion.NewIo(this, ops, "mpc8544.guts", 0x1000));
    }

    private uint Read(ulong offset, BusInitiator? initiator)
    {
        if (offset is not (Pvr or Svr) && Machine.Log.Wants(LogCategories.Unimp))
            Machine.Log.Write(LogCategories.Unimp, Text($"mpc8544-guts: read of register 0x{offset:x} gives 0"));
        return Peek(offset, initiator);
    }

    private void Write(ulong offset, uint value)
    {
        if (offset == Rstcr)
        {
            if ((value & ResetRequest) != 0)
                Machine.Scheduler.RequestReset();
        }
        else if (Machine.Log.Wants(LogCategories.Unimp))
            Machine.Log.Write(LogCategories.Unimp, Text($"mpc8544-guts: write of 0x{value:x} to register 0x{offset:x} has no effect"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
