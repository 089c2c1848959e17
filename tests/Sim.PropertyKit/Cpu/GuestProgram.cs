using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.PropertyKit.Cpu;

/// <summary>What a part of a guest program does.</summary>
public enum GuestPartKind
{
    /// <summary>Additions with carry, logic, multiplications.</summary>
    Arithmetic,

    /// <summary>A counted loop around the next parts.</summary>
    Loop,

    /// <summary>Loads and stores in RAM, of any alignment, also across pages.</summary>
    Memory,

    /// <summary>Loads and stores of device registers, which count them.</summary>
    Registers,

    /// <summary>Accesses where nothing is mapped: TLB errors, which a handler skips.</summary>
    Unmapped,

    /// <summary>System call, trap, illegal instruction.</summary>
    Exception,

    /// <summary>Stores an instruction over one that follows, in the same block or behind it.</summary>
    SelfModification,

    /// <summary>Writes a TLB entry, invalidates, changes the PID; then uses the window that this opens or closes.</summary>
    Translation,

    /// <summary>Goes to user mode, where privileged instructions are skipped by a handler, and back by a system call.</summary>
    UserMode,

    /// <summary>Sets the decrementer, which interrupts soon.</summary>
    Decrementer,

    /// <summary>Sets periods of fixed-interval timer, watchdog and decrementer, which interrupt again and again; at times it idles until the first one does.</summary>
    Timers,

    /// <summary>Programs a device of the board: an interrupt controller with its timers, UARTs, PCI, I2C, GPIO. A bare CPU has none there.</summary>
    Board,

    /// <summary>Reads the timebase.</summary>
    Timebase,

    /// <summary>Takes a reservation and, mostly, stores conditionally.</summary>
    Reservation,

    /// <summary>
    /// Switches SPE on, in some parts the exceptions of embedded floating point, too, and executes three random instructions of SPE or
    /// embedded floating point between registers.
    /// </summary>
    Spe,

    /// <summary>A random user instruction.</summary>
    AnyInstruction,
}

/// <summary>A part of a guest program.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="A">A number that chooses among the ways to do it.</param>
/// <param name="B">Another one.</param>
public readonly record struct GuestPart(GuestPartKind Kind, int A, int B)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"new(GuestPartKind.{Kind}, {A}, {B})");
}

/// <summary>
/// A PowerPC program that ends in a branch to itself, and the ways in which its run is cut into pieces.
/// </summary>
/// <param name="Parts">The parts.</param>
/// <param name="Position">Words from the start of a page to the program's first: blocks that end at a page's end are part of the
/// game.</param>
/// <param name="Budgets">Lengths of the pieces, in turn.</param>
/// <param name="Drops">At every so-manieth stop decoded code and translations are dropped; 0 for never.</param>
public sealed record GuestProgram(IReadOnlyList<GuestPart> Parts, int Position, IReadOnlyList<int> Budgets, int Drops)
{
    /// <summary>Where programs begin: at <see cref="Position"/> in this page.</summary>
    internal const uint Page = 0x4000;

    /// <summary>Data of the program, two pages.</summary>
    internal const uint Data = 0x1_0000;

    /// <summary>Effective address that translation parts map and unmap.</summary>
    internal const uint Window = 0x6000_0000;

    /// <summary>Effective address at which nothing is mapped.</summary>
    internal const uint Nowhere = 0x7000_0000;

    /// <summary>Device registers, mapped one to one.</summary>
    internal const uint Device = 0x0500_0000;

    /// <summary>Effective address of the board's register space, 1 MiB.</summary>
    internal const uint Board = 0x6400_0000;

    /// <summary>Vectors that have a handler: all of the core.</summary>
    internal const int VectorCount = 20;

    /// <summary>Registers with a fixed use: of handlers, the window, data, device, nothing, scratch.</summary>
    internal const int HandlerRegister = 31, WindowBase = 30, DataBase = 29, DeviceBase = 28, NowhereBase = 27, Scratch = 26;

    private const int Srr0 = 26, Srr1 = 27, Csrr1 = 59, Dec = 22, Decar = 54, Tcr = 340, Tsr = 336, Hid0 = 1008, Spefscr = 512, Mas0 = 624, Mas1 = 625, Mas2 = 626, Mas3 = 627, Pid = 48;

    /// <summary>Upper half of the address of the board's interrupt controller.</summary>
    private const int Mpic = (int)((Board + 0x4_0000) >> 16);

    private static readonly Instruction[] UserInstructions =
    [
        .. Decoder.All().Where(static i => i.Value >> 26 is 8 or 12 or 13 or 7 or (>= 20 and <= 29)
            || (i.Value >> 26 == 31 && IsPlain(i.Mnemonic))),
    ];

    private static readonly Instruction[] SpeInstructions =
    [
        .. Decoder.All().Where(static i => i.Value >> 26 == 4
            && !i.Mnemonic.StartsWith("evl", StringComparison.Ordinal) && !i.Mnemonic.StartsWith("evst", StringComparison.Ordinal)),
    ];

    /// <summary>Random programs, with a shrinker.</summary>
    public static Arbitrary<GuestProgram> Any { get; } = Of(Gen.Elements(Enum.GetValues<GuestPartKind>()));

    /// <summary>Random programs that often program the devices of a board, with a shrinker.</summary>
    public static Arbitrary<GuestProgram> OnBoard { get; } =
        Of(Gen.Frequency((4, Gen.Elements(Enum.GetValues<GuestPartKind>())), (1, Gen.Constant(GuestPartKind.Board))));

    /// <summary>Address of the first instruction.</summary>
    internal uint Entry => Page + 4 * (uint)Position;

    /// <summary>The case as C# code.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"new([{string.Join(", ", Parts)}], {Position}, [{string.Join(", ", Budgets)}], {Drops})");

    /// <summary>Writes program, handlers and registers into a machine.</summary>
    internal unsafe void Load(BareCpu cpu)
    {
        cpu.SetVectors();
        foreach (var (address, words) in Pieces())
            cpu.Load(address, words);
        var state = cpu.State;
        state->TlbMas1[PowerPcState.Tlb0Entries + 1] = 0x8000_0100;
        state->TlbMas2[PowerPcState.Tlb0Entries + 1] = Device;
        state->TlbMas73[PowerPcState.Tlb0Entries + 1] = Device | 0x3F;
        state->Pc = Entry;
        state->Gpr[WindowBase] = Window;
        state->Gpr[DataBase] = Data;
        state->Gpr[DeviceBase] = Device;
        state->Gpr[NowhereBase] = Nowhere;
        for (var register = 0; register < Scratch; register++)
            state->Gpr[register] = 0x9E37_79B9u * (uint)(register + 1);
    }

    /// <summary>Handlers, at 0x100 times the vector's number plus one, and the program, with their addresses.</summary>
    internal IEnumerable<(uint Address, uint[] Words)> Pieces() =>
        Enumerable.Range(0, VectorCount).Select(static vector => (0x100 * ((uint)vector + 1), Handler((Vector)vector)))
            .Append((Entry, [.. Code()]));

    private static uint[] Handler(Vector vector) => vector switch
    {
        Vector.SystemCall =>
        [
            Asm.Mfspr(HandlerRegister, Srr1), Asm.Rlwinm(HandlerRegister, HandlerRegister, 0, 18, 16), Asm.Mtspr(Srr1, HandlerRegister),
                Asm.Rfi,
        ],
        Vector.Decrementer => [.. ClearStatus(0x0800), .. Return],
        Vector.FixedIntervalTimer => [.. ClearStatus(0x0400), .. Return],
        Vector.Watchdog => [.. ClearStatus(0xC000), Asm.Rfci],
        Vector.EmbeddedFloatRound => [Asm.Rfi],   // SRR0 is behind the instruction already.

        // Acknowledged and ended at the MPIC. What a device keeps requesting must not come again before the program lets it.
        Vector.ExternalInput =>
        [
            Asm.Addis(HandlerRegister, 0, Mpic), Asm.Lwz(HandlerRegister, 0xA0, HandlerRegister),
            Asm.Addis(HandlerRegister, 0, Mpic), Asm.Stw(HandlerRegister, 0xB0, HandlerRegister),
            Asm.Mfspr(HandlerRegister, Srr1), Asm.Rlwinm(HandlerRegister, HandlerRegister, 0, 17, 15), Asm.Mtspr(Srr1, HandlerRegister),
            .. Return,
        ],
        Vector.CriticalInput => [Asm.Mfspr(HandlerRegister, Csrr1), Asm.Rlwinm(HandlerRegister, HandlerRegister, 0, 15, 12), Asm.Mtspr(Csrr1, HandlerRegister), Asm.Rfci],
        _ => [Asm.Mfspr(HandlerRegister, Srr0), Asm.Addi(HandlerRegister, HandlerRegister, 4), Asm.Mtspr(Srr0, HandlerRegister), Asm.Rfi],
    };

    private static uint[] ClearStatus(int high) => [Asm.Addis(HandlerRegister, 0, high), Asm.Mtspr(Tsr, HandlerRegister)];

    /// <summary>Goes back, out of an idle state as well.</summary>
    private static uint[] Return =>
        [Asm.Mfspr(HandlerRegister, Srr1), Asm.Rlwinm(HandlerRegister, HandlerRegister, 0, 14, 12), Asm.Mtspr(Srr1, HandlerRegister), Asm.Rfi];

    /// <summary>The parts by the address of their last instruction.</summary>
    internal Dictionary<uint, GuestPartKind> Ends()
    {
        var ends = new Dictionary<uint, GuestPartKind>();
        Code((part, length) => ends.TryAdd(Entry + (4 * (uint)(length - 1)), part.Kind));
        return ends;
    }

    /// <summary>The program's words.</summary>
    /// <param name="added">Called with each part when its words are there, and how many there are by then; null for nobody.</param>
    private List<uint> Code(Action<GuestPart, int>? added = null)
    {
        var code = new List<uint>();
        var ends = new Stack<int>();
        foreach (var part in Parts)
        {
            if (part.Kind == GuestPartKind.Loop)
            {
                code.AddRange([Asm.Addi(Scratch, 0, 1 + part.A % 9), Asm.Mtctr(Scratch)]);
                added?.Invoke(part, code.Count);
                if (ends.Count == 0)
                    ends.Push(code.Count);
                continue;
            }

            Add(code, part);
            added?.Invoke(part, code.Count);
            if (ends.Count > 0 && part.B % 3 == 0)
                code.Add(Asm.Bdnz(4 * (ends.Pop() - code.Count)));
        }

        while (ends.Count > 0)
            code.Add(Asm.Bdnz(4 * (ends.Pop() - code.Count)));
        code.Add(Asm.B(0));
        return code;
    }

    private void Add(List<uint> code, GuestPart part)
    {
        int target = 3 + part.A % 20, source = 3 + part.B % 20;
        switch (part.Kind)
        {
            case GuestPartKind.Arithmetic:
                code.AddRange(
                    [Asm.Addc(target, target, source), Asm.Adde(source, target, source), Asm.Mullw(target, source, target),
                        Asm.Xor(source, target, source)]);
                break;
            case GuestPartKind.Memory:
                code.Add(Access(part.A, target, 0xFF0 + part.B % 24, DataBase));
                code.Add(Access(part.B, source, part.A % 4096, DataBase));
                break;
            case GuestPartKind.Registers:
                code.Add(Access(part.A, target, part.B % 64 * 4, DeviceBase));
                break;
            case GuestPartKind.Unmapped:
                code.Add(Access(part.A, target, part.B, NowhereBase));
                break;
            case GuestPartKind.Exception:
                code.Add((part.A % 3) switch { 0 => Asm.Sc, 1 => Asm.Trap, _ => 0u });
                break;
            case GuestPartKind.SelfModification:
                AddModification(code, part, target);
                break;
            case GuestPartKind.Translation:
                AddTranslation(code, part, target);
                break;
            case GuestPartKind.UserMode:
                code.AddRange([Asm.Mfmsr(Scratch), Asm.Ori(Scratch, Scratch, 0x4000), Asm.Mtmsr(Scratch), Asm.Mfspr(target, Srr0),
                    Asm.Adde(target, target, source)]);
                if (part.A % 2 == 0)
                    code.Add(Asm.Sc);
                break;
            case GuestPartKind.Decrementer:
                code.AddRange([Asm.Addi(Scratch, 0, 1 + part.A % 60), Asm.Mtspr(Dec, Scratch), Asm.Addis(Scratch, 0, 0x0400),
                    Asm.Mtspr(Tcr, Scratch), Asm.Wrteei(true)]);
                break;
            case GuestPartKind.Timers:
                AddTimers(code, part);
                break;
            case GuestPartKind.Board:
                BoardRegisters.AddAccesses(code, part, target);
                if (part.B % 2 == 0)
                    EnableInterrupts(code, idle: false);
                break;
            case GuestPartKind.Timebase:
                code.Add(Asm.Mftb(target));
                break;
            case GuestPartKind.Reservation:
                code.AddRange([Asm.Addi(Scratch, DataBase, part.A % 64 * 4), Asm.Lwarx(target, 0, Scratch), Asm.Addi(target, target, 1)]);
                if (part.B % 4 != 0)
                    code.Add(Asm.Stwcx(target, 0, Scratch));
                break;
            case GuestPartKind.Spe:
                code.AddRange([Asm.Mfmsr(Scratch), Asm.Oris(Scratch, Scratch, 0x0200), Asm.Mtmsr(Scratch)]);

                // FINXE, FINVE, FDBZE, FUNFE and FOVFE.
                if (part.A % 3 == 0)
                    code.AddRange([Asm.Addi(Scratch, 0, part.B % 32 * 4), Asm.Mtspr(Spefscr, Scratch)]);
                for (var i = 0; i < 3; i++)
                    code.Add(AnyInstruction(SpeInstructions, part.A + i, part.B + i));
                break;
            default:
                code.Add(AnyInstruction(UserInstructions, part.A, part.B));
                break;
        }
    }

    private static uint Access(int choice, int register, int displacement, int at) => (choice % 6) switch
    {
        0 => Asm.Lwz(register, displacement, at),
        1 => Asm.Stw(register, displacement, at),
        2 => Asm.Lbz(register, displacement, at),
        3 => Asm.Stb(register, displacement, at),
        4 => Asm.Lhz(register, displacement, at),
        _ => Asm.Sth(register, displacement, at),
    };

    /// <summary>The store hits one of the instructions that follow it: the next, or one a few blocks on.</summary>
    private void AddModification(List<uint> code, GuestPart part, int target)
    {
        var distance = 1 + part.B % 4;
        var address = Entry + 4 * (uint)(code.Count + 4 + distance);
        code.AddRange(Asm.Li(Scratch, Asm.Addi(target, target, part.A % 100)));
        code.AddRange(Asm.Li(HandlerRegister, address));
        code.Add(Asm.Stw(Scratch, 0, HandlerRegister));
        for (var i = 0; i < 4; i++)
            code.Add(Asm.Addi(target, target, 1));
    }

    private static void AddTranslation(List<uint> code, GuestPart part, int target)
    {
        switch (part.A % 4)
        {
            case 0 or 1:
                // TLB1 entries 2 and 3, or TLB0 by the window's page: the two pages of data, this way or the other.
                var page = part.B % 2 == 0 ? Data : Data + 0x1000;
                var mas0 = part.A % 4 == 0 ? 0x1000_0000u | (2u + (uint)part.B / 2 % 2) << 16 : (uint)(part.B % 4) << 16;
                AddMoves(code, (Mas0, mas0), (Mas1, 0x8000_0100u | (uint)(part.B / 4 % 3) << 16), (Mas2, Window),
                    (Mas3, page | (part.B % 5 == 0 ? 0x01u : 0x3Fu)));
                code.Add(Asm.Tlbwe);
                break;
            case 2:
                code.AddRange(Asm.Li(Scratch, Window | (part.B % 2 == 0 ? 8u : 0u)));
                code.Add(Asm.Tlbivax(0, Scratch));
                break;
            default:
                AddMoves(code, (Pid, (uint)(part.B % 3)));
                break;
        }

        code.AddRange([Asm.Isync, Access(part.B, target, part.A % 64, WindowBase), Access(part.B + 1, target, part.A % 64, WindowBase)]);
    }

    /// <summary>The periods are 32 to 2048 ticks of 2.5 ns.</summary>
    private static void AddTimers(List<uint> code, GuestPart part)
    {
        uint interval = 63 - (4 + (uint)part.A % 7), timeout = 63 - (4 + (uint)part.B % 7);
        var enables = (part.A / 7 % 4) switch { 0 => 0x0880_0000u, 1 => 0x04C0_0000u, _ => 0x0080_0000u };
        AddMoves(code, (Decar, 20 + ((uint)part.B % 200)), (Dec, 1 + ((uint)part.A % 60)), (Hid0, 0x0080_0000u),
            (Tcr, enables | interval >> 2 << 13 | (interval & 3) << 24 | timeout >> 2 << 17 | (timeout & 3) << 30));
        EnableInterrupts(code, idle: part.B % 4 == 0);
    }

    /// <summary>Sets MSR[EE], MSR[CE] and, to idle, MSR[WE].</summary>
    private static void EnableInterrupts(List<uint> code, bool idle) =>
        code.AddRange([Asm.Mfmsr(Scratch), Asm.Ori(Scratch, Scratch, 0x8000), Asm.Oris(Scratch, Scratch, idle ? 0x0006 : 0x0002), Asm.Mtmsr(Scratch)]);

    private static void AddMoves(List<uint> code, params ReadOnlySpan<(int Register, uint Value)> moves)
    {
        foreach (var (register, value) in moves)
        {
            code.AddRange(Asm.Li(Scratch, value));
            code.Add(Asm.Mtspr(register, Scratch));
        }
    }

    /// <summary>An instruction with random operands that touches neither memory nor the registers with a fixed use.</summary>
    private static uint AnyInstruction(Instruction[] instructions, int choice, int operands)
    {
        var instruction = instructions[choice % instructions.Length];
        var word = instruction.Value | (unchecked((uint)operands * 0x9E37_79B9u) & ~instruction.Mask);
        foreach (var place in (ReadOnlySpan<int>)[21, 16])
        {
            if ((word >> place & 31) >= Scratch)
                word &= ~(16u << place);
        }

        return word;
    }

    private static bool IsPlain(string mnemonic) =>
        mnemonic is "add" or "addc" or "adde" or "addme" or "addze" or "subf" or "subfc" or "subfe" or "subfme" or "subfze" or "neg" or "mullw" or "mulhw" or "mulhwu"
            or "divw" or "divwu" or "and" or "andc" or "or" or "orc" or "nor" or "nand" or "xor" or "eqv" or "slw" or "srw" or "sraw" or "srawi" or "cntlzw" or "extsb"
            or "extsh" or "cmp" or "cmpl" or "isel" or "mfcr" or "mtcrf" or "mcrxr";

    private static Arbitrary<GuestProgram> Of(Gen<GuestPartKind> kinds) => Arb.From(
        from count in Gen.Choose(1, 14)
        from parts in PartGenerator(kinds).ListOf(count)
        from position in Gen.OneOf(Gen.Constant(0), Gen.Choose(0, 1023), Gen.Choose(980, 1023))
        from cuts in Gen.Choose(1, 4)
        from budgets in Gen.Frequency((2, Gen.Choose(1, 9)), (2, Gen.Choose(1, 70)), (1, Gen.Choose(100, 600))).ListOf(cuts)
        from drops in Gen.Frequency((1, Gen.Constant(0)), (1, Gen.Choose(1, 5)))
        select new GuestProgram([.. parts], position, [.. budgets], drops),
        Shrink);

    private static Gen<GuestPart> PartGenerator(Gen<GuestPartKind> kinds) =>
        from kind in kinds
        from a in Gen.Choose(0, 9999)
        from b in Gen.Choose(0, 9999)
        select new GuestPart(kind, a, b);

    private static IEnumerable<GuestProgram> Shrink(GuestProgram program)
    {
        foreach (var parts in Shrinking.List(program.Parts, ShrinkPart))
            yield return program with { Parts = parts };
        if (program.Position > 0)
            yield return program with { Position = 0 };
        foreach (var budgets in Shrinking.List(program.Budgets).Where(static b => b.Count > 0))
            yield return program with { Budgets = budgets };
        if (program.Drops > 0)
            yield return program with { Drops = 0 };
    }

    private static IEnumerable<GuestPart> ShrinkPart(GuestPart part)
    {
        foreach (var a in Shrinking.Number(part.A))
            yield return part with { A = (int)a };
        foreach (var b in Shrinking.Number(part.B))
            yield return part with { B = (int)b };
    }
}
