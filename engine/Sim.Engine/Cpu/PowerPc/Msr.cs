namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Bits of the machine state register (e500 core reference manual, 2.7.1).</summary>
internal static class Msr
{
    /// <summary>User cache lock enable.</summary>
    public const uint Ucle = 0x0400_0000;

    /// <summary>SPE and embedded vector floating point available.</summary>
    public const uint Spe = 0x0200_0000;

    /// <summary>Wait: with HID0[DOZE], [NAP] or [SLEEP] stops fetching until an interrupt.</summary>
    public const uint We = 0x0004_0000;

    /// <summary>Critical interrupts (and watchdog) enabled.</summary>
    public const uint Ce = 0x0002_0000;

    /// <summary>External, decrementer, fixed-interval timer interrupts enabled.</summary>
    public const uint Ee = 0x0000_8000;

    /// <summary>Problem (user) state.</summary>
    public const uint Pr = 0x0000_4000;

    /// <summary>Floating point available (no such unit in the e500v1 and v2).</summary>
    public const uint Fp = 0x0000_2000;

    /// <summary>Machine check enabled.</summary>
    public const uint Me = 0x0000_1000;

    /// <summary>Debug interrupts enabled.</summary>
    public const uint De = 0x0000_0200;

    /// <summary>Instruction address space.</summary>
    public const uint Is = 0x0000_0020;

    /// <summary>Data address space.</summary>
    public const uint Ds = 0x0000_0010;

    /// <summary>Performance monitor mark.</summary>
    public const uint Pmm = 0x0000_0004;

    /// <summary>Floating-point exception modes and user BTB lock enable, which are kept and do nothing.</summary>
    public const uint Fe0 = 0x0000_0800, Uble = 0x0000_0400, Fe1 = 0x0000_0100;

    /// <summary>The bits that exist.</summary>
    public const uint Implemented = Ucle | Spe | We | Ce | Ee | Pr | Fp | Me | Fe0 | Uble | De | Fe1 | Is | Ds | Pmm;
}
