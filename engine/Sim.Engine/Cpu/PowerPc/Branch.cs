using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>
/// Branches. A conditional branch does not end its block: not taken, the block goes on; taken, it gives back what was subtracted for
/// the rest. A relative branch within its page is chained to its target's block.
/// </summary>
internal static unsafe class Branch
{
    const MethodImplOptions Optimized = MethodImplOptions.AggressiveOptimization;

    /// <summary>BO bits: do not test CR; the CR bit wanted; do not decrement CTR; the decremented CTR wanted to be 0.</summary>
    const uint IgnoreCondition = 16, ConditionTrue = 8, KeepCounter = 4, CounterZero = 2;

    public static Instruction[] Table() =>
    [
        Instruction.Primary("bc", 16, null, OperandForm.Branch),
        Instruction.Primary("b", 18, null, OperandForm.Branch, InstructionFlags.EndsBlock),
        Instruction.ExtendedAnyRecord("bclr", 19, 16, null, OperandForm.BranchRegister),
        // Decrementing CTR while branching to it is an invalid form.
        new("bcctr", 0xFC80_07FE, 19u << 26 | KeepCounter << 21 | 528 << 1, null, OperandForm.BranchRegister),
        Instruction.Extended("isync", 19, 150, &Nop, reserved: 0x03FF_F800),
    ];

    /// <summary>Whether a conditional branch is taken; decrements CTR as BO says.</summary>
    interface ICondition
    {
        static abstract bool Taken(PowerPcState* s, Op* op);
    }

    /// <summary>Chooses the handler of a branch and fills in its operands; returns whether it ends its block.</summary>
    /// <remarks>
    /// Rt = BO, Ra = CR field, Rb = bit in it. Immediate = within the page the offset of the target in it; else the absolute address
    /// or the distance.
    /// </remarks>
    public static bool Decode(uint word, Op* op)
    {
        bool conditional = word >> 26 == 16, link = (word & 1) != 0;
        int distance = conditional ? (short)(word & 0xFFFC) : (int)(word << 6) >> 6 & ~3;
        uint options = conditional ? word >> 21 & 31 : IgnoreCondition | KeepCounter;
        SetCondition(word, op);
        op->Immediate = distance;
        if ((word & 2) != 0)
        {
            op->Handler = link ? Far<Yes, Yes>(options) : Far<Yes, No>(options);
        }
        else if (op->PageOffset + distance is >= 0 and < 4096)
        {
            op->Immediate = op->PageOffset + distance;
            op->Handler = link ? Near<Yes>(options) : Near<No>(options);
        }
        else
        {
            op->Handler = link ? Far<No, Yes>(options) : Far<No, No>(options);
        }

        return (options & (IgnoreCondition | KeepCounter)) == (IgnoreCondition | KeepCounter);
    }

    /// <summary>As <see cref="Decode"/>, of bclr and bcctr.</summary>
    public static bool DecodeRegister(uint word, Op* op)
    {
        bool counter = (word >> 1 & 1023) == 528, link = (word & 1) != 0;
        uint options = word >> 21 & 31;
        SetCondition(word, op);
        if (counter)
            op->Handler = link ? ToRegister<Yes, Yes>(options) : ToRegister<Yes, No>(options);
        else
            op->Handler = link ? ToRegister<No, Yes>(options) : ToRegister<No, No>(options);
        return (options & (IgnoreCondition | KeepCounter)) == (IgnoreCondition | KeepCounter);
    }

    static void SetCondition(uint word, Op* op)
    {
        uint bit = word >> 16 & 31;
        op->Ra = (byte)(bit >> 2);
        op->Rb = (byte)(8 >> (int)(bit & 3));
    }

    static delegate*<PowerPcState*, Op*, long, long> Near<TLink>(uint options)
        where TLink : IChoice
    {
        if ((options & IgnoreCondition) != 0)
        {
            if ((options & KeepCounter) != 0)
                return &ToPage<Always, TLink>;
            return (options & CounterZero) != 0 ? &ToPage<General, TLink> : &ToPage<CounterNotZero, TLink>;
        }

        if ((options & KeepCounter) == 0)
            return &ToPage<General, TLink>;
        return (options & ConditionTrue) != 0 ? &ToPage<IfTrue, TLink> : &ToPage<IfFalse, TLink>;
    }

    static delegate*<PowerPcState*, Op*, long, long> Far<TAbsolute, TLink>(uint options)
        where TAbsolute : IChoice
        where TLink : IChoice => (options & (IgnoreCondition | KeepCounter)) == (IgnoreCondition | KeepCounter)
            ? &ToFar<Always, TAbsolute, TLink>
            : &ToFar<General, TAbsolute, TLink>;

    static delegate*<PowerPcState*, Op*, long, long> ToRegister<TCounter, TLink>(uint options)
        where TCounter : IChoice
        where TLink : IChoice => (options & (IgnoreCondition | KeepCounter)) == (IgnoreCondition | KeepCounter)
            ? &ToTargetRegister<Always, TCounter, TLink>
            : &ToTargetRegister<General, TCounter, TLink>;

    [MethodImpl(Optimized)]
    static long ToPage<TCondition, TLink>(PowerPcState* s, Op* op, long budget)
        where TCondition : ICondition
        where TLink : IChoice
    {
        if (TLink.On)
            s->Lr = Dispatch.AddressOf(s, op) + 4;
        if (!TCondition.Taken(s, op))
            return op[1].Handler(s, op + 1, budget);
        Op* block = op->Target;
        if (block == null)
            return Chain(s, op, budget);
        budget += op->Left - (block->Left + 1);
        if (budget < 0)
            return Dispatch.LeaveShort(s, block, budget);
        return block->Handler(s, block, budget);
    }

    /// <summary>The first time that a branch within its page is taken, or its target is not decoded yet.</summary>
    [MethodImpl(Optimized)]
    static long Chain(PowerPcState* s, Op* op, long budget)
    {
        uint target = s->PcPage + (uint)op->Immediate;
        Op* block = Dispatch.FindBlock(s, target);
        if (block == null)
            return Dispatch.LeaveTo(s, op, budget, target);
        op->Target = block;
        budget += op->Left - (block->Left + 1);
        if (budget < 0)
            return Dispatch.LeaveShort(s, block, budget);
        return block->Handler(s, block, budget);
    }

    [MethodImpl(Optimized)]
    static long ToFar<TCondition, TAbsolute, TLink>(PowerPcState* s, Op* op, long budget)
        where TCondition : ICondition
        where TAbsolute : IChoice
        where TLink : IChoice
    {
        if (TLink.On)
            s->Lr = Dispatch.AddressOf(s, op) + 4;
        if (!TCondition.Taken(s, op))
            return op[1].Handler(s, op + 1, budget);
        uint target = (uint)op->Immediate + (TAbsolute.On ? 0 : Dispatch.AddressOf(s, op));
        Op* block = Dispatch.FindBlock(s, target);
        if (block == null)
            return Dispatch.LeaveTo(s, op, budget, target);
        budget += op->Left - (block->Left + 1);
        if (budget < 0)
            return Dispatch.LeaveShort(s, block, budget);
        return block->Handler(s, block, budget);
    }

    [MethodImpl(Optimized)]
    static long ToTargetRegister<TCondition, TCounter, TLink>(PowerPcState* s, Op* op, long budget)
        where TCondition : ICondition
        where TCounter : IChoice
        where TLink : IChoice
    {
        uint target = (TCounter.On ? s->Ctr : s->Lr) & ~3u;
        if (TLink.On)
            s->Lr = Dispatch.AddressOf(s, op) + 4;
        if (!TCondition.Taken(s, op))
            return op[1].Handler(s, op + 1, budget);
        Op* block = Dispatch.FindBlock(s, target);
        if (block == null)
            return Dispatch.LeaveTo(s, op, budget, target);
        budget += op->Left - (block->Left + 1);
        if (budget < 0)
            return Dispatch.LeaveShort(s, block, budget);
        return block->Handler(s, block, budget);
    }

    /// <summary>An instruction that only orders others, which one thread does anyway.</summary>
    [MethodImpl(Optimized)]
    public static long Nop(PowerPcState* s, Op* op, long budget) => op[1].Handler(s, op + 1, budget);

    struct Always : ICondition
    {
        public static bool Taken(PowerPcState* s, Op* op) => true;
    }

    struct IfTrue : ICondition
    {
        public static bool Taken(PowerPcState* s, Op* op) => (s->Cr[op->Ra] & op->Rb) != 0;
    }

    struct IfFalse : ICondition
    {
        public static bool Taken(PowerPcState* s, Op* op) => (s->Cr[op->Ra] & op->Rb) == 0;
    }

    struct CounterNotZero : ICondition
    {
        public static bool Taken(PowerPcState* s, Op* op) => --s->Ctr != 0;
    }

    struct General : ICondition
    {
        public static bool Taken(PowerPcState* s, Op* op)
        {
            uint options = op->Rt;
            if ((options & KeepCounter) == 0 && (--s->Ctr == 0) != ((options & CounterZero) != 0))
                return false;
            return (options & IgnoreCondition) != 0 || ((s->Cr[op->Ra] & op->Rb) != 0) == ((options & ConditionTrue) != 0);
        }
    }
}
