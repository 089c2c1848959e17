using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>SPE arithmetic on plain values: saturation, fractional products, division (SPE programming environments manual, 5.3).</summary>
/// <remarks>
/// Overflow is returned in bit 32 of a <see cref="ulong"/> whose low word is the element, so that handlers have no addressed locals.
/// </remarks>
internal static class SpeArithmetic
{
    /// <summary>The overflow bit of a result.</summary>
    const ulong Overflow = 1UL << 32;

    /// <summary>1 if the result overflowed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint OverflowOf(ulong result) => (uint)(result >> 32);

    /// <summary>A CR field: high element, low element, either, both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte CrField(bool high, bool low) =>
        (byte)((high ? 8 : 0) | (low ? 4 : 0) | (high | low ? 2 : 0) | (high & low ? 1 : 0));

    /// <summary>brinc: adds 1 to the masked bits of <paramref name="index"/> in reversed order. The mask has 16 bits, as QEMU's.</summary>
    public static uint BitReversedIncrement(uint index, uint mask)
    {
        mask &= 0xFFFF;
        uint sum = ReverseHalfword(1 + ReverseHalfword((index | ~mask) & 0xFFFF) & 0xFFFF);
        return (index & 0xFFFF_0000) | (sum & mask);
    }

    /// <summary>A halfword with its bits in the opposite order.</summary>
    static uint ReverseHalfword(uint value)
    {
        value = (value >> 1 & 0x5555) | (value & 0x5555) << 1;
        value = (value >> 2 & 0x3333) | (value & 0x3333) << 2;
        value = (value >> 4 & 0x0F0F) | (value & 0x0F0F) << 4;
        return value >> 8 | (value & 0xFF) << 8;
    }

    /// <summary>A signed value clamped to 32 bits.</summary>
    public static ulong SaturateSigned(long value) =>
        value == (int)value ? (uint)value : Overflow | (value < 0 ? 0x8000_0000UL : 0x7FFF_FFFF);

    /// <summary>A value clamped to the range of an unsigned word.</summary>
    public static ulong SaturateUnsigned(long value) =>
        value == (uint)value ? (uint)value : Overflow | (value < 0 ? 0UL : 0xFFFF_FFFF);

    /// <summary>evdivws: by 0, and the largest negative number by -1, give the end of the range and overflow.</summary>
    public static ulong DivideSigned(uint dividend, uint divisor)
    {
        if (divisor == 0)
            return Overflow | ((int)dividend < 0 ? 0x8000_0000UL : 0x7FFF_FFFF);
        return SaturateSigned((long)(int)dividend / (int)divisor);
    }

    /// <summary>evdivwu: by 0 gives all ones and overflow.</summary>
    public static ulong DivideUnsigned(uint dividend, uint divisor) =>
        divisor == 0 ? Overflow | 0xFFFF_FFFF : dividend / divisor;

    /// <summary>The product of two fractions of 16 bits as one of 32 bits; -1 times -1 wraps to -1.</summary>
    public static uint FractionProduct(ushort a, ushort b) => (uint)((short)a * (short)b) << 1;

    /// <summary>As <see cref="FractionProduct(ushort,ushort)"/>, but -1 times -1 saturates and overflows.</summary>
    public static ulong FractionProductSaturated(ushort a, ushort b) =>
        a == 0x8000 && b == 0x8000 ? Overflow | 0x7FFF_FFFF : FractionProduct(a, b);

    /// <summary>The product of two fractions of 32 bits as one of 64 bits; -1 times -1 wraps to -1.</summary>
    public static ulong FractionProduct(uint a, uint b) => (ulong)((long)(int)a * (int)b) << 1;
}
