using System.Runtime.CompilerServices;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>One register, or array of registers, of <see cref="PowerPcState"/>.</summary>
/// <param name="Name">The field's name.</param>
/// <param name="Offset">Byte offset in the state.</param>
/// <param name="Width">Bytes of one element: 1, 2, 4 or 8.</param>
/// <param name="Count">Number of elements.</param>
/// <param name="Possible">The bits that a run can set in an element.</param>
internal readonly record struct RegisterDescription(string Name, int Offset, int Width, int Count, ulong Possible);

/// <summary>The list of everything architectural in <see cref="PowerPcState"/>: what is saved, hashed, reset and shown.</summary>
internal static unsafe class PowerPcRegisters
{
    /// <summary>All registers in the order of the state.</summary>
    public static readonly RegisterDescription[] All = Build();

    static RegisterDescription[] Build()
    {
        PowerPcState origin = default;
        PowerPcState* s = &origin;
        return
        [
            Of(s, s->Gpr, 32),
            Of(s, &s->Pc, possible: 0xFFFF_FFFC),
            Of(s, &s->Msr),
            Of(s, s->Cr, 8, 15),
            Of(s, &s->XerSo, possible: 1),
            Of(s, &s->XerOv, possible: 1),
            Of(s, &s->XerCa, possible: 1),
            Of(s, &s->Reserved, possible: 1),
            Of(s, &s->XerRest),
            Of(s, &s->Lr),
            Of(s, &s->Ctr),
            Of(s, s->GprHigh, 32),
            Of(s, &s->Acc),
            Of(s, &s->Spefscr),
            Of(s, &s->ReservationAddress),
            Of(s, &s->Srr0),
            Of(s, &s->Srr1),
            Of(s, &s->Csrr0),
            Of(s, &s->Csrr1),
            Of(s, &s->Mcsrr0),
            Of(s, &s->Mcsrr1),
            Of(s, &s->Esr),
            Of(s, &s->Dear),
            Of(s, &s->Mcsr),
            Of(s, &s->Mcar),
            Of(s, &s->Epr),
            Of(s, &s->Ivpr),
            Of(s, s->Ivor, 20),
            Of(s, s->Sprg, 10),
            Of(s, &s->Usprg0),
            Of(s, &s->Hid0),
            Of(s, &s->Hid1),
            Of(s, &s->L1Csr0),
            Of(s, &s->L1Csr1),
            Of(s, &s->Bucsr),
            Of(s, &s->Bbear),
            Of(s, &s->Bbtar),
            Of(s, &s->Npidr),
            Of(s, &s->Eplc),
            Of(s, &s->Epsc),
            Of(s, &s->Dsrr0),
            Of(s, &s->Dsrr1),
            Of(s, &s->Dbcr0),
            Of(s, &s->Dbcr1),
            Of(s, &s->Dbcr2),
            Of(s, &s->Dbsr),
            Of(s, s->Iac, 2),
            Of(s, s->Dac, 2),
            Of(s, &s->Pmgc0),
            Of(s, s->Pmc, 4),
            Of(s, s->Pmlca, 4),
            Of(s, s->Pmlcb, 4),
            Of(s, &s->TimebaseOffset),
            Of(s, &s->AlternateOffset),
            Of(s, &s->DecrementerZero),
            Of(s, &s->DecrementerArmed, possible: 1),
            Of(s, &s->TimerTick),
            Of(s, &s->Decar),
            Of(s, &s->Tcr),
            Of(s, &s->Tsr),
            Of(s, &s->Mas0),
            Of(s, &s->Mas1),
            Of(s, &s->Mas2),
            Of(s, &s->Mas3),
            Of(s, &s->Mas4),
            Of(s, &s->Mas6),
            Of(s, &s->Mas7),
            Of(s, s->Pid, 3),
            Of(s, &s->NextVictim, possible: 3),
            Of(s, s->TlbMas1, PowerPcState.TlbEntries),
            Of(s, s->TlbMas2, PowerPcState.TlbEntries),
            Of(s, s->TlbMas73, PowerPcState.TlbEntries),
            Of(s, &s->Lines, possible: (1 << InputLine.Count) - 1),
            Of(s, &s->MachineCheckPending, possible: 1),
            Of(s, &s->Held, possible: 1),
        ];
    }

    static RegisterDescription Of<T>(PowerPcState* s, T* field, int count = 1, ulong possible = ulong.MaxValue,
        [CallerArgumentExpression(nameof(field))] string expression = "")
        where T : unmanaged => new(
            expression[(expression.IndexOf('>') + 1)..], (int)((byte*)field - (byte*)s), sizeof(T), count,
            possible & (ulong.MaxValue >> (64 - (8 * sizeof(T)))));
}
