namespace Sim.PropertyKit.Cpu;

/// <summary>Where the sequence program has what: effective and physical addresses, and the fields of a record.</summary>
internal static class SequenceLayout
{
    /// <summary>Physical address of the program; it starts there and goes on at <see cref="Program"/>.</summary>
    public const uint ProgramPhysical = 0x0010_0000;

    /// <summary>The program: supervisor state may execute and read it. No register value that is drawn comes near.</summary>
    public const uint Program = 0x6E10_0000;

    /// <summary>IVPR; IVOR n is n x 16.</summary>
    public const uint Vectors = Program;

    /// <summary>The first instruction behind the vectors.</summary>
    public const uint Start = 0x1000;

    /// <summary>256 KiB in both address spaces with all rights: what sequences load, store and run in.</summary>
    public const uint Work = 0x6C00_0000, WorkPhysical = 0x0040_0000;

    /// <summary>The bytes of <see cref="Work"/> that are compared, from its start, and those of them that a case sets.</summary>
    public const int ScratchSize = 0x2000, MemorySize = 64;

    /// <summary>Where the instructions of a sequence run: soon after its begin a page ends.</summary>
    public const uint Slot = Work + 0x2_0FC0;

    /// <summary>Most words of a sequence; <c>sc</c> follows the last.</summary>
    public const int MaxWords = 63;

    /// <summary>Pages that show the scratch memory: one that can only be read, one that is supervisor state's.</summary>
    public const uint ReadOnlyPage = 0x6A00_0000, SupervisorPage = 0x6B00_0000;

    /// <summary>The interrupt controller, in supervisor state of both address spaces.</summary>
    public const uint Mpic = 0x6D00_0000, MpicPhysical = 0xE004_0000;

    /// <summary>All of RAM in address space 1: the program's way to the records.</summary>
    public const uint Ram = 0x7000_0000;

    /// <summary>Physical address of the first record, of a word that is written before a sequence is entered, and the end.</summary>
    public const uint Records = 0x0100_0000, Marker = 0x0F00_0000;

    /// <summary>Most sequences in one image.</summary>
    public const int MaxCases = 20_000;

    /// <summary>Bytes of a record.</summary>
    public const int RecordSize = 0x900;

    /// <summary>Fields of a record's first part: what a sequence starts with.</summary>
    public const int InputCr = 0x100, InputXer = 0x104, InputLr = 0x108, InputCtr = 0x10C, InputSpefscr = 0x110, InputMsr = 0x114,
        InputEnd = 0x118, InputAcc = 0x120, InputMemory = 0x140, InputCode = 0x180;

    /// <summary>Offset of a record's second part, what a sequence ends with, and its fields.</summary>
    public const int Outcome = 0x280, Cr = 0x100, Xer = 0x104, Lr = 0x108, Ctr = 0x10C, Interrupts = 0x114, TlbChanges = 0x118,
        MemorySum = 0x11C, Acc = 0x120, Scratch = 0x140, Registers = 0x180, InterruptLog = 0x300, TlbLog = 0x540;

    /// <summary>Interrupts after which a sequence ends, and words noted for each.</summary>
    public const int MaxInterrupts = 12, InterruptWords = 12;

    /// <summary>Changed TLB entries that are noted, in four words each.</summary>
    public const int MaxTlbChanges = 16;

    /// <summary>TLB1 entries below this one are the sequences'; the others are the program's.</summary>
    public const int FirstOwnEntry = 8;
}
