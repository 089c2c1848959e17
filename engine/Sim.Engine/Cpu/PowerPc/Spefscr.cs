namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Bits of the SPE and embedded floating-point status and control register (SPE programming environments manual, 2.2.3).</summary>
internal static unsafe class Spefscr
{
    /// <summary>Shift that brings a status bit of the low element to the high element's.</summary>
    public const int HighElement = 16;

    /// <summary>Integer overflow of the high element: sticky, and of the last instruction.</summary>
    public const uint Sovh = 0x8000_0000, Ovh = 0x4000_0000;

    /// <summary>Sticky: inexact, invalid, division by zero, underflow, overflow in either element.</summary>
    public const uint Finxs = 0x0020_0000, Finvs = 0x0010_0000, Fdbzs = 0x0008_0000, Funfs = 0x0004_0000, Fovfs = 0x0002_0000;

    /// <summary>Integer overflow of the low element: sticky, and of the last instruction.</summary>
    public const uint Sov = 0x8000, Ov = 0x4000;

    /// <summary>
    /// Of the last floating-point instruction: guard bit, sticky bit below it, invalid operand, division by zero, underflow, overflow.
    /// </summary>
    public const uint Fg = 0x2000, Fx = 0x1000, Finv = 0x0800, Fdbz = 0x0400, Funf = 0x0200, Fovf = 0x0100;

    /// <summary>Enables: inexact, invalid, division by zero, underflow, overflow.</summary>
    public const uint Finxe = 0x40, Finve = 0x20, Fdbze = 0x10, Funfe = 0x08, Fovfe = 0x04;

    /// <summary>Rounding mode (<see cref="FloatRounding"/>).</summary>
    public const uint Frmc = 0x03;

    /// <summary>All of the last floating-point instruction's status bits of the low element.</summary>
    public const uint FloatStatus = Fg | Fx | Finv | Fdbz | Funf | Fovf;

    /// <summary>Records integer overflow of the two elements (each 0 or 1), sticky bits included.</summary>
    public static void SetOverflow(PowerPcState* s, uint high, uint low) =>
        s->Spefscr = (s->Spefscr & ~(Ovh | Ov)) | high * (Sovh | Ovh) | low * (Sov | Ov);

    /// <summary>
    /// Records what a floating-point instruction reported for its two elements and returns whether that, with the enables, is a data
    /// exception: then guard and sticky bits are 0 and the destination keeps its value.
    /// </summary>
    public static bool SetFloatStatus(PowerPcState* s, uint high, uint low)
    {
        uint both = high | low, value = s->Spefscr & ~(FloatStatus | FloatStatus << HighElement);
        // Invalid, division by zero, underflow and overflow stand in the same order three times: last, sticky, enable.
        uint exceptions = both & (Finv | Fdbz | Funf | Fovf);
        value |= exceptions << 9;
        bool trap = (exceptions >> 6 & value & (Finve | Fdbze | Funfe | Fovfe)) != 0;
        if (trap)
            (high, low) = (high & ~(Fg | Fx), low & ~(Fg | Fx));
        else if ((both & (Fg | Fx | Fovf | Funf)) != 0)
            value |= Finxs;
        s->Spefscr = value | high << HighElement | low;
        return trap;
    }

    /// <summary>
    /// Whether the last instruction, which had no data exception, now takes the round interrupt: it was inexact, and that is enabled.
    /// </summary>
    public static bool RoundInterrupt(PowerPcState* s)
    {
        const uint Inexact = Fg | Fx | Fovf | Funf;
        return (s->Spefscr & Finxe) != 0 && (s->Spefscr & (Inexact | Inexact << HighElement)) != 0;
    }
}
