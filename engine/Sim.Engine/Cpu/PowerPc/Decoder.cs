using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Finds the table entry of an instruction word and fills in an op. The tables are built once and never change.</summary>
internal static unsafe class Decoder
{
    const uint VectorOpcode = 4;

    /// <summary>For each primary opcode but 4 the entries to try, by bits 21-30 for opcodes 19 and 31.</summary>
    static readonly Instruction[]?[]?[] entries = Build(InstructionGroup.Integer, InstructionGroup.Tlb);

    /// <summary>The entries of primary opcode 4, which many guests never use: built at the first.</summary>
    static class VectorEntries
    {
        public static readonly Instruction[]?[]? Slots = Build(InstructionGroup.SpeInteger, InstructionGroup.EmbeddedFloat)[VectorOpcode];
    }

    /// <summary>The group of each entry, for tools.</summary>
    static class Groups
    {
        public static readonly Dictionary<(uint Mask, uint Value), InstructionGroup> ByEntry = Enum.GetValues<InstructionGroup>()
            .SelectMany(static group => Table(group).Select(entry => (Key: (entry.Mask, entry.Value), Group: group)))
            .DistinctBy(static pair => pair.Key).ToDictionary(static pair => pair.Key, static pair => pair.Group);
    }

    static Instruction[] Table(InstructionGroup group) => group switch
    {
        InstructionGroup.Integer => Integer.Table(),
        InstructionGroup.IntegerLogical => IntegerLogical.Table(),
        InstructionGroup.IntegerRotate => IntegerRotate.Table(),
        InstructionGroup.ConditionRegister => ConditionRegister.Table(),
        InstructionGroup.Branch => Branch.Table(),
        InstructionGroup.LoadStore => LoadStore.Table(),
        InstructionGroup.LoadStoreMultiple => LoadStoreMultiple.Table(),
        InstructionGroup.Cache => CacheInstructions.Table(),
        InstructionGroup.System => SystemInstructions.Table(),
        InstructionGroup.SpecialRegister => SpecialRegisters.Table(),
        InstructionGroup.Tlb => TlbInstructions.Table(),
        InstructionGroup.SpeInteger => SpeInteger.Table(),
        InstructionGroup.SpeMultiply => SpeMultiply.Table(),
        InstructionGroup.SpeLoadStore => SpeLoadStore.Table(),
        InstructionGroup.EmbeddedFloat => EmbeddedFloat.Table(),
        _ => throw new ArgumentOutOfRangeException(nameof(group)),
    };

    /// <summary>Enters the instructions of some groups that follow each other.</summary>
    static Instruction[]?[]?[] Build(InstructionGroup first, InstructionGroup last)
    {
        var lists = new List<Instruction>?[64][];
        for (InstructionGroup group = first; group <= last; group++)
            Collect(lists, Table(group));
        return Array.ConvertAll(lists, static list => list is null ? null : Array.ConvertAll(list, static l => l?.ToArray()));
    }

    static Instruction[]?[]? SlotsOf(uint opcode) => opcode == VectorOpcode ? VectorEntries.Slots : entries[opcode];

    static void Collect(List<Instruction>?[][] lists, Instruction[] table)
    {
        foreach (Instruction instruction in table)
        {
            List<Instruction>?[] list = lists[instruction.Value >> 26] ??= new List<Instruction>?[IsExtended(instruction.Value) ? 1024 : 1];
            uint fixedBits = instruction.Mask >> 1 & 1023;
            for (uint slot = 0; slot < list.Length; slot++)
                if (list.Length == 1 || (slot & fixedBits) == (instruction.Value >> 1 & fixedBits))
                    (list[slot] ??= []).Add(instruction);
        }
    }

    static bool IsExtended(uint word) => word >> 26 is 4 or 19 or 31;

    /// <summary>Every entry of every table, in the order of opcodes: what tests and tools go through.</summary>
    public static IEnumerable<Instruction> All() => Enumerable.Range(0, 64).SelectMany(static opcode => SlotsOf((uint)opcode) ?? [])
        .SelectMany(static slot => slot ?? []).DistinctBy(static i => (i.Mask, i.Value));

    /// <summary>The entry of an instruction word, or null: illegal instruction.</summary>
    public static Instruction? Find(uint word)
    {
        ref readonly Instruction found = ref FindEntry(word);
        return Unsafe.IsNullRef(in found) ? null : found;
    }

    /// <summary>
    /// The group of an instruction word; null where a core in the state of <paramref name="msr"/> (PR, SPE) raises an exception in its place:
    /// illegal, privileged, or SPE unavailable.
    /// </summary>
    public static InstructionGroup? GroupOf(uint word, uint msr)
    {
        ref readonly Instruction found = ref FindEntry(word);
        if (Unsafe.IsNullRef(in found) || !IsValid(word >> 21 & 31, word >> 16 & 31, found.Form)
            || ((found.Flags & InstructionFlags.Supervisor) != 0 && (msr & Msr.Pr) != 0)
            || ((found.Flags & InstructionFlags.Spe) != 0 && (msr & Msr.Spe) == 0))
            return null;
        return Groups.ByEntry[(found.Mask, found.Value)];
    }

    static ref readonly Instruction FindEntry(uint word)
    {
        if (SlotsOf(word >> 26) is { } slots && slots[slots.Length == 1 ? 0 : word >> 1 & 1023] is { } candidates)
        {
            foreach (ref readonly Instruction instruction in candidates.AsSpan())
                if ((word & instruction.Mask) == instruction.Value)
                    return ref instruction;
        }

        return ref Unsafe.NullRef<Instruction>();
    }

    /// <summary>
    /// Fills in handler and operands of the op of an instruction word, for the MSR bits that decoding depends on (PR, SPE). The op's
    /// <see cref="Op.PageOffset"/> must be set. Returns whether the instruction ends its block.
    /// </summary>
    public static bool Decode(uint word, uint msr, Op* op)
    {
        op->Raw = word;
        op->Target = null;
        op->Rt = (byte)(word >> 21 & 31);
        op->Ra = (byte)(word >> 16 & 31);
        op->Rb = (byte)(word >> 11 & 31);
        op->Rc = (byte)(word >> 6 & 31);
        ref readonly Instruction found = ref FindEntry(word);
        if (Unsafe.IsNullRef(in found) || !IsValid(op->Rt, op->Ra, found.Form))
            op->Handler = &Exceptions.Illegal;
        else if ((found.Flags & InstructionFlags.Supervisor) != 0 && (msr & Msr.Pr) != 0)
            op->Handler = &Exceptions.Privileged;
        else if ((found.Flags & InstructionFlags.Spe) != 0 && (msr & Msr.Spe) == 0)
            op->Handler = &Exceptions.SpeUnavailable;
        else
            return DecodeOperands(word, msr, op, in found);
        return true;
    }

    static bool IsValid(uint rt, uint ra, OperandForm form) => form switch
    {
        OperandForm.UpdateStore => ra != 0,
        OperandForm.UpdateLoad => ra != 0 && ra != rt,
        _ => true,
    };

    static bool DecodeOperands(uint word, uint msr, Op* op, in Instruction found)
    {
        switch (found.Form)
        {
            case OperandForm.Branch:
                return Branch.Decode(word, op);
            case OperandForm.BranchRegister:
                return Branch.DecodeRegister(word, op);
            case OperandForm.ReadSpecial:
                return SpecialRegisters.DecodeRead(word, msr, op);
            case OperandForm.WriteSpecial:
                return SpecialRegisters.DecodeWrite(word, msr, op);
            default:
                op->Handler = found.Handler;
                SetImmediate(word, found.Form, op);
                if ((found.Flags & InstructionFlags.SpeDouble) != 0)
                    EmbeddedFloat.CheckModel(op);
                return (found.Flags & InstructionFlags.EndsBlock) != 0;
        }
    }

    static void SetImmediate(uint word, OperandForm form, Op* op)
    {
        if (op->Ra == 0 && form is OperandForm.RaOrZero or OperandForm.ShiftedRaOrZero or OperandForm.SpeOffset8 or OperandForm.SpeOffset4
            or OperandForm.SpeOffset2)
            op->Ra = PowerPcState.ZeroIndex;
        if (form is OperandForm.Compare or OperandForm.CompareUnsigned)
            op->Rt >>= 2;
        op->Immediate = form switch
        {
            OperandForm.Unsigned or OperandForm.CompareUnsigned => (ushort)word,
            OperandForm.Shifted or OperandForm.ShiftedRaOrZero => (int)(word << 16),
            OperandForm.RotateMask => (int)RotateMask((int)(word >> 6 & 31), (int)(word >> 1 & 31)),
            OperandForm.SpeOffset8 => op->Rb * 8,
            OperandForm.SpeOffset4 => op->Rb * 4,
            OperandForm.SpeOffset2 => op->Rb * 2,
            OperandForm.SpeImmediate => (int)(word << 11) >> 27,
            _ => (short)word,
        };
    }

    /// <summary>
    /// Ones from bit <paramref name="first"/> to bit <paramref name="last"/> of 32, wrapping around, bit 0 the most significant.
    /// </summary>
    public static uint RotateMask(int first, int last)
    {
        uint fromFirst = uint.MaxValue >> first, toLast = uint.MaxValue << (31 - last);
        return first <= last ? fromFirst & toLast : fromFirst | toLast;
    }
}
