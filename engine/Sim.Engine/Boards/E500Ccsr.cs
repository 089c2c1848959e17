using System.Runtime.CompilerServices;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Boards;

/// <summary>
/// The configuration, control and status register space: 1 MiB into which the board maps the chip's devices. QEMU: e500-ccsr (hw/ppc/e500.c); manual: MPC8544E, chapter 2.
/// </summary>
public sealed class E500Ccsr : SysBusDevice
{
    /// <summary>Name of the type. QEMU: TYPE_CCSR.</summary>
    public new const string TypeName = "e500-ccsr";

    /// <summary>Size of the space in bytes.</summary>
    public const ulong Size = 0x10_0000;

    /// <summary>The space.</summary>
    [Wiring] public MemoryRegion Space { get; private set; } = null!;

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = SysBusDevice.TypeName,
        New = static () => new E500Ccsr(),
        InstanceInit = static o =>
        {
            var ccsr = (E500Ccsr)o;
            ccsr.Space = MemoryRegion.NewContainer(ccsr, "e500-ccsr", Size);
        },
        ClassInit = static (klass, _) => ((DeviceClass)klass).Stateless = true,
    }));
}
