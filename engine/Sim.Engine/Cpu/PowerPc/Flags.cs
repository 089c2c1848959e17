using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>CR and XER as the handlers set and read them.</summary>
internal static unsafe class Flags
{
    public const byte Lt = 8, Gt = 4, Eq = 2, So = 1;

    /// <summary>CR0 from a result compared with 0, as every record form (Rc=1) sets it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetCr0(PowerPcState* s, uint result) => s->Cr[0] = CompareSigned(s, (int)result, 0);

    /// <summary>The CR field of a signed comparison, with SO copied from XER.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte CompareSigned(PowerPcState* s, int left, int right) => Field(s, Bit(left < right), Bit(left > right));

    /// <summary>The CR field of an unsigned comparison, with SO copied from XER.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte CompareUnsigned(PowerPcState* s, uint left, uint right) => Field(s, Bit(left < right), Bit(left > right));

    /// <summary>LT, GT, or EQ when it is neither, without a branch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static byte Field(PowerPcState* s, int less, int greater) => (byte)((Eq + (Lt - Eq) * less + (Gt - Eq) * greater) | s->XerSo);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Bit(bool condition) => Unsafe.BitCast<bool, byte>(condition);

    /// <summary>Sets XER[OV] and accumulates XER[SO] (OE=1 forms).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetOverflow(PowerPcState* s, bool overflow)
    {
        byte bit = overflow ? (byte)1 : (byte)0;
        s->XerOv = bit;
        s->XerSo |= bit;
    }

    /// <summary>CR as the 32-bit word of the manual.</summary>
    public static uint GetCr(PowerPcState* s)
    {
        uint value = 0;
        for (int field = 0; field < 8; field++)
            value = value << 4 | s->Cr[field];
        return value;
    }

    /// <summary>Sets the whole CR.</summary>
    public static void SetCr(PowerPcState* s, uint value)
    {
        for (int field = 7; field >= 0; field--, value >>= 4)
            s->Cr[field] = (byte)(value & 15);
    }

    /// <summary>XER as the 32-bit word of the manual.</summary>
    public static uint GetXer(PowerPcState* s) =>
        (uint)s->XerSo << 31 | (uint)s->XerOv << 30 | (uint)s->XerCa << 29 | s->XerRest;

    /// <summary>Sets XER; bits that have no meaning are kept, but for two that QEMU has another use for.</summary>
    public static void SetXer(PowerPcState* s, uint value)
    {
        s->XerSo = (byte)(value >> 31);
        s->XerOv = (byte)(value >> 30 & 1);
        s->XerCa = (byte)(value >> 29 & 1);
        s->XerRest = value & 0x1FF3_FFFF;
    }
}
