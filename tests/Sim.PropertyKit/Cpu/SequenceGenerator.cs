using Sim.Engine.Base;
using Sim.Engine.Cpu.PowerPc;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// Draws sequences from units of one to a dozen words: single instructions of every group, and small idioms (a loop, a call, a TLB entry
/// written and used, code that is stored and run, a timer that expires). Every sequence ends: only loops that set their own counter and
/// calls go backwards. What the reference does wrongly is left out or overwritten, see <see cref="SequenceDepartures"/>.
/// </summary>
internal sealed partial class SequenceGenerator
{
    /// <summary>Registers that no instruction writes: the scratch memory, memory that faults, a small index.</summary>
    const int Base = 1, FaultBase = 2, Index = 3;

    readonly Random draw;
    readonly OperandValues values;
    readonly List<Unit> units = [];
    readonly bool isUser, isMixed, hasFloat;

    SequenceGenerator(ulong seed)
    {
        draw = new Random((int)Prng.FromSeed(seed).S0);
        values = new OperandValues(draw);
        // A sequence starts in user state, or stays in supervisor state, or goes to and fro.
        isUser = draw.Next(4) == 0;
        isMixed = isUser || draw.Next(2) == 0;
        hasFloat = draw.Next(2) == 0;
    }

    /// <summary>The sequence that a seed stands for.</summary>
    public static SequenceCase Draw(ulong seed) => new SequenceGenerator(seed).Draw();

    /// <summary>
    /// Words of which one may lead to a later unit: by a branch, whose distance is filled in, or by two instructions (addis, ori) that set
    /// a register to its address.
    /// </summary>
    sealed record Unit(uint[] Words, int BranchAt = -1, int AddressAt = -1, int Skip = 0);

    SequenceCase Draw()
    {
        int length = draw.Next(4) == 0 ? draw.Next(1, 8) : draw.Next(8, SequenceLayout.MaxWords + 1);
        for (int left = length; left > 0;)
        {
            var unit = DrawUnit();
            if (unit.Words.Length > left)
                unit = new Unit([Plain()]);
            units.Add(unit);
            left -= unit.Words.Length;
        }

        var drawn = new SequenceCase { Code = Assemble() };
        SetRegisters(drawn);
        return drawn;
    }

    uint[] Assemble()
    {
        var starts = new List<int> { 0 };
        foreach (var unit in units)
            starts.Add(starts[^1] + unit.Words.Length);
        var code = new List<uint>();
        for (int i = 0; i < units.Count; i++)
        {
            var unit = units[i];
            int target = starts[Math.Min(i + 1 + unit.Skip, units.Count)];
            uint address = SequenceLayout.Slot + (uint)(4 * target);
            if (unit.BranchAt >= 0)
                unit.Words[unit.BranchAt] |= (uint)(4 * (target - starts[i] - unit.BranchAt));
            if (unit.AddressAt >= 0)
            {
                unit.Words[unit.AddressAt] |= address >> 16;
                unit.Words[unit.AddressAt + 1] |= address & 0xFFFF;
            }

            code.AddRange(unit.Words);
        }

        return [.. code];
    }

    void SetRegisters(SequenceCase drawn)
    {
        for (int i = 0; i < 32; i++)
            drawn.Registers[i] = values.AnyValue();
        drawn.Registers[Base] = values.AnyValue() & 0xFFFF_FFFF_0000_0000 | SequenceLayout.Work + 16 + (uint)draw.Next(32);
        drawn.Registers[FaultBase] = FaultAddress();
        drawn.Registers[Index] = (uint)draw.Next(-16, 16);
        drawn.Registers[SequenceCase.Acc] = values.AnyValue();
        drawn.Registers[SequenceCase.Cr] = Any();
        drawn.Registers[SequenceCase.Xer] = (uint)draw.Next(8) << 29 | (uint)draw.Next(128);
        drawn.Registers[SequenceCase.Lr] = Any() | 0x8000_0000;
        drawn.Registers[SequenceCase.Ctr] = draw.Next(2) == 0 ? (uint)draw.Next(4) : Any();
        // Ours obeys the rounding mode and the enables that are there; the reference does not.
        drawn.Registers[SequenceCase.Spefscr] = hasFloat ? 0 : Any();
        drawn.Registers[SequenceCase.Msr] = AnyMsr(isUser);
    }

    uint Any() => (uint)draw.NextInt64(1L << 32);

    /// <summary>Reads only, supervisor state's, unmapped, or at an end of what is mapped.</summary>
    uint FaultAddress() => draw.Next(6) switch
    {
        0 => SequenceLayout.ReadOnlyPage + 64 + (uint)draw.Next(64),
        1 => SequenceLayout.SupervisorPage + 64 + (uint)draw.Next(64),
        2 => SequenceLayout.ReadOnlyPage + 0xFF0 + (uint)draw.Next(24),
        3 => SequenceLayout.SupervisorPage + 0xFF0 + (uint)draw.Next(24),
        4 => SequenceLayout.SupervisorPage - 16 + (uint)draw.Next(24),
        _ => 0xC000_0000 | Any(),
    };

    /// <summary>Machine checks stay enabled, as mtmsr of the reference cannot disable them; nothing waits.</summary>
    uint AnyMsr(bool user)
    {
        uint msr = SequenceCase.DefaultMsr | (Any() & (Msr.Ucle | Msr.Ee | Msr.Ce | Msr.Fe0 | Msr.Fe1 | Msr.Uble));
        if (draw.Next(12) == 0)
            msr &= ~Msr.Spe;
        if (draw.Next(3) == 0)
            msr |= Msr.Ds | Msr.Is;
        else if (draw.Next(8) == 0)
            msr |= draw.Next(2) == 0 ? Msr.Ds : Msr.Is;
        return user && isMixed ? msr | Msr.Pr : msr;
    }

    /// <summary>A register that may be written.</summary>
    int Target() => draw.Next(4) == 0 ? 0 : draw.Next(Index + 1, 32);

    uint Constant() => values.AnyWord();

    /// <summary>Moves a register field away from the registers that must stay.</summary>
    static uint Avoid(uint word, int place) =>
        (word >> place & 31) is Base or FaultBase or Index ? word | 4u << place : word;
}
