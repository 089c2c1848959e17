using Sim.Engine.Cpu.PowerPc;

namespace Sim.PropertyKit.Cpu;

/// <summary>The special registers that a sequence begins with and that are compared when it has ended.</summary>
internal static class SequenceRegisters
{
    /// <summary>Numbers of registers that the program or the generator name.</summary>
    public const int Srr0 = 26, Srr1 = 27, Csrr0 = 58, Csrr1 = 59, Dear = 61, Esr = 62, Ivpr = 63, Sprg0 = 272, Sprg1 = 273,
        Sprg2 = 274, Sprg6 = 278, Sprg7 = 279, Pir = 286, Dbsr = 304, Dbcr0 = 308, Tsr = 336, Tcr = 340, Ivor0 = 400, Spefscr = 512, Ivor32 = 528,
        Dsrr0 = 574,
        Mas0 = 624, Mas1 = 625, Mas2 = 626, Mas3 = 627, Mas4 = 628, Mas6 = 630, Mas7 = 944, Mmucsr0 = 1012;

    /// <summary>What DSRR0 and DSRR1 hold unless an interrupt has used them.</summary>
    public const uint InitialDsrr0 = 0xC574;

    /// <summary>What the program writes before each sequence: all that one may leave changed. TSR and DBSR are cleared by ones.</summary>
    public static IReadOnlyList<(int Number, uint Value)> Initial { get; } =
    [
        (Tcr, 0), (Tsr, uint.MaxValue), (Dbcr0, 0), (309, 0), (310, 0), (Dbsr, uint.MaxValue), (Csrr0, 0xC550), (Csrr1, 0xC551),
        (570, 0xC570), (571, 0xC571), (Dsrr0, InitialDsrr0), (Dsrr0 + 1, InitialDsrr0), (Dear, 0xDEA0), (Esr, 0), (275, 0x5350_0003),
        (276, 0x5350_0004),
        (277, 0x5350_0005), (604, 0x5350_0008), (605, 0x5350_0009), (256, 0x0505_0000), (312, 0), (313, 0), (316, 0), (317, 0), (573, 0),
        (513, 0), (514, 0), (48, 0), (633, 0), (634, 0), (947, 0), (948, 0), (54, 0), (Mas0, 0), (Mas1, 0), (Mas2, 0), (Mas3, 0),
        (Mas4, 0), (Mas6, 0), (Mas7, 0),
    ];

    /// <summary>
    /// The registers that are compared, in the order of a record: all that both have and that do not tell time, but for SPRG0, 1, 2, 6
    /// and 7, which the program lives on. SRR0 and SRR1 come from the note of the last interrupt.
    /// </summary>
    public static IReadOnlyList<int> Compared { get; } = [.. Enumerable.Range(0, 1024).Where(IsCompared)];

    static bool IsCompared(int number) =>
        SpecialRegisters.Find(number) is { } register && (register.Access & SpecialAccess.SupervisorRead) != 0 && number switch
        {
            // Kept with the general registers, or noted with each interrupt.
            1 or 8 or 9 or Srr0 or Srr1 => false,
            Sprg0 or Sprg1 or Sprg2 or Sprg6 or Sprg7 or 262 or 263 => false,
            SpecialRegisters.Decrementer or SpecialRegisters.TimebaseLower or SpecialRegisters.TimebaseUpper
                or SpecialRegisters.TimebaseLowerWrite or SpecialRegisters.TimebaseUpperWrite or SpecialRegisters.AlternateLower
                or SpecialRegisters.AlternateUpper => false,
            _ => true,
        };
}
