namespace Sim.PropertyKit.Cpu;

/// <summary>Instruction words that guests of tests are made of.</summary>
internal static class Asm
{
    public const uint Sc = 0x4400_0002, Rfi = 0x4C00_0064, Rfci = 0x4C00_0066, Isync = 0x4C00_012C, Blr = 0x4E80_0020, Nop = 0x6000_0000,
        Tlbwe = 0x7C00_07A4, Tlbre = 0x7C00_0764, Trap = 0x7FE0_0008, Sync = 0x7C00_04AC;

    public static uint Addi(int d, int a, int value) => D(14, d, a, value);
    public static uint Addis(int d, int a, int value) => D(15, d, a, value);
    public static uint Ori(int a, int s, int value) => D(24, s, a, value);
    public static uint Lwz(int d, int displacement, int a) => D(32, d, a, displacement);
    public static uint Lbz(int d, int displacement, int a) => D(34, d, a, displacement);
    public static uint Lmw(int d, int displacement, int a) => D(46, d, a, displacement);
    public static uint Stw(int s, int displacement, int a) => D(36, s, a, displacement);
    public static uint Stb(int s, int displacement, int a) => D(38, s, a, displacement);
    public static uint Lhz(int d, int displacement, int a) => D(40, d, a, displacement);
    public static uint Sth(int s, int displacement, int a) => D(44, s, a, displacement);
    public static uint Cmpwi(int a, int value) => D(11, 0, a, value);
    public static uint B(int distance) => 18u << 26 | ((uint)distance & 0x03FF_FFFC);
    public static uint Bl(int distance) => B(distance) | 1;
    public static uint Bc(int options, int bit, int distance) => D(16, options, bit, distance & 0xFFFC);
    public static uint Bdnz(int distance) => Bc(16, 0, distance);
    public static uint Beq(int distance) => Bc(12, 2, distance);
    public static uint Bne(int distance) => Bc(4, 2, distance);
    public static uint Add(int d, int a, int b) => X(d, a, b, 266);
    public static uint Adde(int d, int a, int b) => X(d, a, b, 138) | 1;
    public static uint Addc(int d, int a, int b) => X(d, a, b, 10);
    public static uint Xor(int a, int s, int b) => X(s, a, b, 316);
    public static uint Mullw(int d, int a, int b) => X(d, a, b, 235);
    public static uint Rlwinm(int a, int s, int shift, int first, int last) => D(21, s, a, shift << 11 | first << 6 | last << 1);
    public static uint Mftb(int d) => X(d, 12, 8, 371);
    public static uint Mtctr(int s) => Mtspr(9, s);
    public static uint Lwarx(int d, int a, int b) => X(d, a, b, 20);
    public static uint Stwcx(int s, int a, int b) => X(s, a, b, 150) | 1;
    public static uint Dcbz(int a, int b) => X(0, a, b, 1014);
    public static uint Mtmsr(int s) => X(s, 0, 0, 146);
    public static uint Mfmsr(int d) => X(d, 0, 0, 83);
    public static uint Wrteei(bool enable) => X(0, 0, enable ? 16 : 0, 163);
    public static uint Evldd(int d, int a, int displacement) => Evx(d, a, displacement / 8, 0x301);
    public static uint Evstdd(int s, int a, int displacement) => Evldd(s, a, displacement) | 0x20;
    public static uint Evx(int d, int a, int b, uint extended) => 4u << 26 | (uint)d << 21 | (uint)a << 16 | (uint)b << 11 | extended;
    public static uint Mfcr(int d) => X(d, 0, 0, 19);
    public static uint Mtcr(int s) => X(s, 0, 0, 144) | 0xFF << 12;
    public static uint Mulli(int d, int a, int value) => D(7, d, a, value);
    public static uint Andi(int a, int s, int value) => D(28, s, a, value);
    public static uint Oris(int a, int s, int value) => D(25, s, a, value);
    public static uint Cmpw(int a, int b) => X(0, a, b, 0);
    public static uint Cmplw(int a, int b) => X(0, a, b, 32);
    public static uint Cmplwi(int a, int value) => D(10, 0, a, value);
    public static uint Or(int a, int s, int b) => X(s, a, b, 444);
    public static uint Andc(int a, int s, int b) => X(s, a, b, 60);
    public static uint Subf(int d, int a, int b) => X(d, a, b, 40);
    public static uint Rotlwi(int a, int s, int count) => D(21, s, a, count << 11 | 31 << 1);
    public static uint Slwi(int a, int s, int count) => D(21, s, a, count << 11 | (31 - count) << 1);
    public static uint Dcbst(int a, int b) => X(0, a, b, 54);
    public static uint Icbi(int a, int b) => X(0, a, b, 982);
    public static uint Mtlr(int s) => Mtspr(8, s);
    public static uint Wrtee(int s) => X(s, 0, 0, 131);
    public static uint Tlbsx(int a, int b) => X(0, a, b, 914);
    public static uint Tlbivax(int a, int b) => X(0, a, b, 786);
    public static uint Mtspr(int number, int s) => X(s, number & 31, number >> 5, 467);
    public static uint Mfspr(int d, int number) => X(d, number & 31, number >> 5, 339);

    /// <summary>Two instructions that set a register to any value.</summary>
    public static uint[] Li(int d, uint value) => [Addis(d, 0, (int)(value >> 16)), Ori(d, d, (int)(value & 0xFFFF))];

    static uint D(uint opcode, int d, int a, int value) => opcode << 26 | (uint)d << 21 | (uint)a << 16 | (ushort)value;

    static uint X(int d, int a, int b, uint extended) => 31u << 26 | (uint)d << 21 | (uint)a << 16 | (uint)b << 11 | extended << 1;
}
