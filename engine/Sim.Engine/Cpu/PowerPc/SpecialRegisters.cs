using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Who may do what with a special register.</summary>
[Flags]
internal enum SpecialAccess : byte
{
    None = 0,
    SupervisorRead = 1,
    SupervisorWrite = 2,
    UserRead = 4,
    UserWrite = 8,
    Supervisor = SupervisorRead | SupervisorWrite,
    All = Supervisor | UserRead | UserWrite,
}

/// <summary>A special-purpose or performance-monitor register.</summary>
/// <param name="Name">Name in the manual.</param>
/// <param name="Offset">Where it is stored in <see cref="PowerPcState"/>; -1 when reading it takes a computation.</param>
/// <param name="Access">Who may read and write it.</param>
/// <param name="WriteMask">The bits that a write changes to what it writes; the others become 0.</param>
/// <param name="WriteActs">True when a write does more than store.</param>
internal sealed record SpecialRegister(string Name, int Offset, SpecialAccess Access, uint WriteMask, bool WriteActs);

/// <summary>
/// mfspr, mtspr, mfpmr, mtpmr: the numbers, rights and effects of the registers, as QEMU 7.2's e500v2 has them, with the alternate
/// time base and the performance monitor that it lacks. An unknown number is an illegal instruction, or in user state privileged if the
/// number's supervisor bit is set (e500 core reference manual, 2.5 and 3.5).
/// </summary>
internal static unsafe class SpecialRegisters
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    /// <summary>Numbers of registers whose reading or writing is more than a move.</summary>
    public const int Xer = 1, Decrementer = 22, Pid0 = 48, Pid1 = 633, Pid2 = 634, TimebaseLower = 268, TimebaseUpper = 269,
        TimebaseLowerWrite = 284, TimebaseUpperWrite = 285, Dbsr = 304, Dbcr0Number = 308, Tsr = 336, Tcr = 340, AlternateLower = 526,
        AlternateUpper = 527, Mcsr = 572, Hid0 = 1008, Mmucsr0 = 1012;

    static readonly SpecialRegister?[] specials = BuildSpecials();
    static readonly SpecialRegister?[] monitors = BuildMonitors();

    public static Instruction[] Table() =>
    [
        Instruction.ExtendedAnyRecord("mfspr", 31, 339, null, OperandForm.ReadSpecial),
        Instruction.ExtendedAnyRecord("mtspr", 31, 467, null, OperandForm.WriteSpecial),
        Instruction.Extended("mfpmr", 31, 334, null, OperandForm.ReadSpecial),
        Instruction.Extended("mtpmr", 31, 462, null, OperandForm.WriteSpecial),
    ];

    /// <summary>The register of a special-register number (0 to 1023), or null.</summary>
    public static SpecialRegister? Find(int number) => specials[number];

    /// <summary>The register of that name, in upper case, with its number; null when there is none.</summary>
    public static (int Number, SpecialRegister Register)? Find(string name)
    {
        for (int number = 0; number < specials.Length; number++)
            if (specials[number] is { } register && register.Name == name)
                return (number, register);
        return null;
    }

    /// <summary>Names of all special-purpose registers, in order of number.</summary>
    public static IEnumerable<string> Names => specials.OfType<SpecialRegister>().Select(static register => register.Name);

    static int Number(uint word) => (int)((word >> 16 & 31) | (word >> 6 & 0x3E0));

    static bool IsMonitor(uint word) => (word >> 1 & 1023) is 334 or 462;

    static SpecialRegister? Find(uint word) => (IsMonitor(word) ? monitors : specials)[Number(word)];

    /// <summary>Chooses the handler of mfspr and mfpmr; returns whether it ends its block.</summary>
    public static bool DecodeRead(uint word, uint msr, Op* op)
    {
        SpecialRegister? register = Find(word);
        bool user = (msr & Msr.Pr) != 0;
        if (register is null || (register.Access & (user ? SpecialAccess.UserRead : SpecialAccess.SupervisorRead)) == 0)
            return DecodeRefused(word, register, user, op);
        op->Immediate = register.Offset >= 0 ? register.Offset : Number(word);
        op->Handler = register.Offset >= 0 ? &ReadField : op->Immediate switch
        {
            Xer => &ReadXer,
            TimebaseLower or TimebaseLowerWrite => &ReadTimebase<No>,
            TimebaseUpper or TimebaseUpperWrite => &ReadTimebase<Yes>,
            _ => &ReadComputed,
        };
        return false;
    }

    /// <summary>Chooses the handler of mtspr and mtpmr; returns whether it ends its block.</summary>
    public static bool DecodeWrite(uint word, uint msr, Op* op)
    {
        SpecialRegister? register = Find(word);
        bool user = (msr & Msr.Pr) != 0;
        if (register is null || (register.Access & (user ? SpecialAccess.UserWrite : SpecialAccess.SupervisorWrite)) == 0)
            return DecodeRefused(word, register, user, op);
        op->Immediate = register.WriteActs ? Number(word) : register.Offset;
        op->Constant = register.WriteMask;
        op->Handler = register.WriteActs ? &WriteActing : &WriteField;
        return register.WriteActs && Number(word) != Xer;
    }

    static bool DecodeRefused(uint word, SpecialRegister? register, bool user, Op* op)
    {
        op->Handler = register is not null || (user && (Number(word) & 16) != 0) ? &Exceptions.Privileged : &Exceptions.Illegal;
        return true;
    }

    [MethodImpl(Optimized)]
    static long ReadField(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, *(uint*)((byte*)s + op->Immediate));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long WriteField(PowerPcState* s, Op* op, long budget)
    {
        *(uint*)((byte*)s + op->Immediate) = Operand.Rs(s, op) & (uint)op->Constant;
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long ReadComputed(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, PowerPcCore.Of(s).ReadTimeRegister(op, budget, op->Immediate));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long ReadXer(PowerPcState* s, Op* op, long budget)
    {
        Operand.SetRt(s, op, Flags.GetXer(s));
        return op[1].Handler(s, op + 1, budget);
    }

    [MethodImpl(Optimized)]
    static long ReadTimebase<TUpper>(PowerPcState* s, Op* op, long budget)
        where TUpper : IChoice
    {
        ulong value = s->TimebaseOffset + (ulong)ObservedTick(s, Dispatch.ExecutedBefore(s, op, budget));
        Operand.SetRt(s, op, (uint)(TUpper.On ? value >> 32 : value));
        return op[1].Handler(s, op + 1, budget);
    }

    /// <summary>The tick of the time that the instruction after <paramref name="executed"/> of this run observes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ObservedTick(PowerPcState* s, long executed)
    {
        long time = Math.Max(s->RunStart + (executed << s->TimeShift), s->ObservedBefore);
        s->ObservedLast = time;
        return PowerPcCore.TicksAt(time);
    }

    [MethodImpl(Optimized)]
    static long WriteActing(PowerPcState* s, Op* op, long budget)
    {
        if (op->Immediate == Xer)
        {
            Flags.SetXer(s, Operand.Rs(s, op));
            return op[1].Handler(s, op + 1, budget);
        }

        PowerPcCore.Of(s).WriteSpecial(op, budget, op->Immediate, Operand.Rs(s, op));
        s->ExitRequested = 1;
        return Dispatch.LeaveAfter(s, op, budget);
    }

    static SpecialRegister?[] BuildSpecials()
    {
        PowerPcState origin = default;
        PowerPcState* s = &origin;
        var table = new SpecialRegister?[1024];
        AddCommon(table, s);
        AddMemoryManagement(table, s);
        for (int i = 0; i < 16; i++)
            Add(table, 400 + i, $"IVOR{i}", s, &s->Ivor[i], mask: 0xFFF7);
        for (int i = 0; i < 4; i++)
            Add(table, 528 + i, $"IVOR{32 + i}", s, &s->Ivor[16 + i], mask: 0xFFF7);
        for (int i = 0; i < 8; i++)
            Add(table, 272 + i, $"SPRG{i}", s, &s->Sprg[i]);
        Add(table, 604, "SPRG8", s, &s->Sprg[8]);
        Add(table, 605, "SPRG9", s, &s->Sprg[9]);
        for (int i = 3; i < 8; i++)
            Add(table, 256 + i, $"USPRG{i}", s, &s->Sprg[i], SpecialAccess.UserRead | SpecialAccess.SupervisorRead);
        for (int i = 0; i < 2; i++)
        {
            Add(table, 312 + i, $"IAC{i + 1}", s, &s->Iac[i]);
            Add(table, 316 + i, $"DAC{i + 1}", s, &s->Dac[i]);
        }

        return table;
    }

    static void AddCommon(SpecialRegister?[] table, PowerPcState* s)
    {
        const SpecialAccess ReadAll = SpecialAccess.UserRead | SpecialAccess.SupervisorRead;
        table[Xer] = new("XER", -1, SpecialAccess.All, uint.MaxValue, true);
        Add(table, 8, "LR", s, &s->Lr, SpecialAccess.All);
        Add(table, 9, "CTR", s, &s->Ctr, SpecialAccess.All);
        table[Decrementer] = new("DEC", -1, SpecialAccess.Supervisor, uint.MaxValue, true);
        Add(table, 26, "SRR0", s, &s->Srr0);
        Add(table, 27, "SRR1", s, &s->Srr1);
        Add(table, 54, "DECAR", s, &s->Decar, SpecialAccess.SupervisorWrite);
        Add(table, 58, "CSRR0", s, &s->Csrr0);
        Add(table, 59, "CSRR1", s, &s->Csrr1);
        Add(table, 61, "DEAR", s, &s->Dear);
        Add(table, 62, "ESR", s, &s->Esr);
        Add(table, 63, "IVPR", s, &s->Ivpr, mask: 0xFFFF_0000);
        Add(table, 256, "USPRG0", s, &s->Usprg0, SpecialAccess.All);
        table[TimebaseLower] = new("TBL", -1, ReadAll, 0, true);
        table[TimebaseUpper] = new("TBU", -1, ReadAll, 0, true);
        table[TimebaseLowerWrite] = new("TBLW", -1, SpecialAccess.Supervisor, uint.MaxValue, true);
        table[TimebaseUpperWrite] = new("TBUW", -1, SpecialAccess.Supervisor, uint.MaxValue, true);
        // Writing PIR is allowed and changes nothing.
        table[286] = new("PIR", (int)((byte*)&s->Pir - (byte*)s), SpecialAccess.Supervisor, 0, true);
        Add(table, 287, "PVR", s, &s->Pvr, SpecialAccess.SupervisorRead);
        Add(table, Dbsr, "DBSR", s, &s->Dbsr, acts: true);
        Add(table, Dbcr0Number, "DBCR0", s, &s->Dbcr0, acts: true);
        Add(table, 309, "DBCR1", s, &s->Dbcr1);
        Add(table, 310, "DBCR2", s, &s->Dbcr2);
        Add(table, Tsr, "TSR", s, &s->Tsr, acts: true);
        Add(table, Tcr, "TCR", s, &s->Tcr, acts: true);
        Add(table, 512, "SPEFSCR", s, &s->Spefscr, SpecialAccess.All);
        Add(table, 513, "BBEAR", s, &s->Bbear);
        Add(table, 514, "BBTAR", s, &s->Bbtar);
        Add(table, 515, "L1CFG0", s, &s->L1Cfg0, ReadAll);
        Add(table, 516, "L1CFG1", s, &s->L1Cfg1, ReadAll);
        Add(table, 517, "NPIDR", s, &s->Npidr);
        table[AlternateLower] = new("ATBL", -1, ReadAll, 0, true);
        table[AlternateUpper] = new("ATBU", -1, ReadAll, 0, true);
        Add(table, 570, "MCSRR0", s, &s->Mcsrr0);
        Add(table, 571, "MCSRR1", s, &s->Mcsrr1);
        Add(table, Mcsr, "MCSR", s, &s->Mcsr, acts: true);
        Add(table, 573, "MCAR", s, &s->Mcar);
        Add(table, 574, "DSRR0", s, &s->Dsrr0);
        Add(table, 575, "DSRR1", s, &s->Dsrr1);
        Add(table, 702, "EPR", s, &s->Epr, SpecialAccess.SupervisorRead);
        Add(table, 1008, "HID0", s, &s->Hid0, acts: true);
        Add(table, 1009, "HID1", s, &s->Hid1);
        Add(table, 1010, "L1CSR0", s, &s->L1Csr0, mask: 0x0001_0001);
        Add(table, 1011, "L1CSR1", s, &s->L1Csr1, mask: 0x0001_0001);
        Add(table, 1013, "BUCSR", s, &s->Bucsr);
        Add(table, 1023, "SVR", s, &s->Svr, SpecialAccess.SupervisorRead);
    }

    static void AddMemoryManagement(SpecialRegister?[] table, PowerPcState* s)
    {
        Add(table, Pid0, "PID0", s, &s->Pid[0], acts: true);
        Add(table, Pid1, "PID1", s, &s->Pid[1], acts: true);
        Add(table, Pid2, "PID2", s, &s->Pid[2], acts: true);
        Add(table, 624, "MAS0", s, &s->Mas0);
        Add(table, 625, "MAS1", s, &s->Mas1);
        Add(table, 626, "MAS2", s, &s->Mas2);
        Add(table, 627, "MAS3", s, &s->Mas3);
        Add(table, 628, "MAS4", s, &s->Mas4);
        Add(table, 630, "MAS6", s, &s->Mas6);
        Add(table, 688, "TLB0CFG", s, &s->Tlb0Cfg, SpecialAccess.SupervisorRead);
        Add(table, 689, "TLB1CFG", s, &s->Tlb1Cfg, SpecialAccess.SupervisorRead);
        Add(table, 944, "MAS7", s, &s->Mas7);
        Add(table, 947, "EPLC", s, &s->Eplc, mask: 0xC000_00FF);
        Add(table, 948, "EPSC", s, &s->Epsc, mask: 0xC000_00FF);
        // Flushes are done at once: it always reads 0.
        Add(table, Mmucsr0, "MMUCSR0", s, &s->GprZero, acts: true);
        Add(table, 1015, "MMUCFG", s, &s->MmuCfg, SpecialAccess.SupervisorRead);
    }

    static SpecialRegister?[] BuildMonitors()
    {
        PowerPcState origin = default;
        PowerPcState* s = &origin;
        var table = new SpecialRegister?[1024];
        const SpecialAccess ReadAll = SpecialAccess.UserRead | SpecialAccess.SupervisorRead;
        for (int i = 0; i < 4; i++)
        {
            Add(table, 16 + i, $"PMC{i}", s, &s->Pmc[i]);
            Add(table, 144 + i, $"PMLCA{i}", s, &s->Pmlca[i]);
            Add(table, 272 + i, $"PMLCB{i}", s, &s->Pmlcb[i]);
            Add(table, i, $"UPMC{i}", s, &s->Pmc[i], ReadAll);
            Add(table, 128 + i, $"UPMLCA{i}", s, &s->Pmlca[i], ReadAll);
            Add(table, 256 + i, $"UPMLCB{i}", s, &s->Pmlcb[i], ReadAll);
        }

        Add(table, 400, "PMGC0", s, &s->Pmgc0);
        Add(table, 384, "UPMGC0", s, &s->Pmgc0, ReadAll);
        return table;
    }

    static void Add(SpecialRegister?[] table, int number, string name, PowerPcState* s, uint* field,
        SpecialAccess access = SpecialAccess.Supervisor, uint mask = uint.MaxValue, bool acts = false) =>
        table[number] = new(name, (int)((byte*)field - (byte*)s), access, mask, acts);
}
