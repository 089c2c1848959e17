using System.Globalization;
using Sim.Engine.Base;

namespace Sim.Engine.Cpu.PowerPc;

/// <summary>Registers and memory of the CPU as boards and observers see them.</summary>
public sealed unsafe partial class PowerPcCpu
{
    private const int GdbFloat0 = 32, GdbPc = 64, GdbMsr = 65, GdbCr = 66, GdbLr = 67, GdbCtr = 68, GdbXer = 69,
        GdbFpscr = 70, GdbHigh0 = 71, GdbAcc = 103, GdbSpefscr = 104;

    /// <summary>Address of the next instruction.</summary>
    public uint Pc
    {
        get => core.State->Pc;
        set
        {
            core.State->Pc = value & ~3u;
            core.State->ExitRequested = 1;
        }
    }

    /// <summary>Machine state register.</summary>
    public uint Msr
    {
        get => core.State->Msr;
        set
        {
            Context.SetMsr(core.State, value & PowerPc.Msr.Implemented);
            core.State->ExitRequested = 1;
        }
    }

    /// <summary>The 64-bit timebase, read without observing time. A CPU released from the spin table takes over its releaser's.</summary>
    public ulong Timebase
    {
        get => core.Timebase;
        set => core.Timebase = value;
    }

    /// <summary>Takes over another CPU's timebase: from now on both show the same at the same virtual time.</summary>
    public void AdoptTimebase(PowerPcCpu other)
    {
        ArgumentNullException.ThrowIfNull(other);
        core.State->TimebaseOffset = other.core.State->TimebaseOffset;
    }

    /// <summary>True while the CPU is held: it executes nothing. QEMU: CPUState::halted of a powered-off CPU.</summary>
    public bool IsHeld => core.State->Held != 0;

    /// <summary>Lets a held CPU go. It begins at <see cref="Pc"/>, at the later of its own and the releaser's time.</summary>
    public void Release() => core.SetHeld(false);

    /// <summary>Holds the CPU until <see cref="Release"/>.</summary>
    public void Hold() => core.SetHeld(true);

    /// <summary>Lower 32 bits of a general-purpose register.</summary>
    /// <param name="number">0 to 31.</param>
    public uint GetGpr(int number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)number, 31u, nameof(number));
        return core.State->Gpr[number];
    }

    /// <summary>Sets the lower 32 bits of a general-purpose register.</summary>
    /// <param name="number">0 to 31.</param>
    /// <param name="value">The value.</param>
    public void SetGpr(int number, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)number, 31u, nameof(number));
        core.State->Gpr[number] = value;
    }

    /// <summary>
    /// Enters a mapping in TLB1: valid, translation space 0, TID 0, all rights. QEMU: mmubooke_create_initial_mapping (hw/ppc/e500.c).
    /// </summary>
    /// <param name="entry">0 to 15.</param>
    /// <param name="effective">Effective address, a multiple of the size.</param>
    /// <param name="physical">Physical address below 2^36, a multiple of the size.</param>
    /// <param name="size">Size in bytes: 4 KiB times a power of 4, up to 4 GiB.</param>
    public void SetTlb1Entry(int entry, uint effective, ulong physical, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)entry, (uint)PowerPcState.Tlb1Entries - 1, nameof(entry));
        int log = System.Numerics.BitOperations.Log2(size);
        if (size != 1UL << log || log % 2 != 0 || log is < 12 or > 32 || effective % size != 0 || physical % size != 0)
        {
            throw new SimException(string.Create(CultureInfo.InvariantCulture,
                $"A TLB1 entry cannot map 0x{effective:x} to 0x{physical:x} with size 0x{size:x}: ")
                + "expected aligned addresses and a power of 4 from 4 KiB to 4 GiB.");
        }

        int index = PowerPcState.Tlb0Entries + entry;
        core.State->TlbMas1[index] = Mmu.Valid | (uint)((log - 10) / 2) << 8;
        core.State->TlbMas2[index] = effective;
        core.State->TlbMas73[index] = physical | 0x3F;
        core.DropSoftTlbs();
    }

    /// <summary>
    /// Translates an effective address in the current context, data space first, without side effects; false when nothing maps it.
    /// </summary>
    /// <param name="address">Effective address.</param>
    /// <param name="physical">Physical address.</param>
    public bool TryTranslate(uint address, out ulong physical) => core.TryPeekTranslation(address, out physical);

    /// <summary>
    /// Reads memory at effective addresses without side effects; false, with zeros in their place, when some bytes are not mapped.
    /// </summary>
    public bool TryPeek(uint address, Span<byte> destination)
    {
        bool complete = true;
        while (!destination.IsEmpty)
        {
            int count = (int)Math.Min((uint)destination.Length, 4096 - (address & 4095));
            if (TryTranslate(address, out ulong physical))
            {
                complete &= core.AddressSpace.TryPeek(physical, destination[..count]);
            }
            else
            {
                destination[..count].Clear();
                complete = false;
            }

            destination = destination[count..];
            address += (uint)count;
        }

        return complete;
    }

    /// <summary>
    /// Forgets everything that is derived from the state: decoded code and translations. A run goes on as if nothing had happened.
    /// </summary>
    public void DropCaches()
    {
        core.DropSoftTlbs();
        core.Code.DropAll();
        core.State->ExitRequested = 1;
    }

    /// <summary>Names that <see cref="ReadRegister"/> takes: general-purpose, user and special-purpose registers, in lower case.</summary>
    public static IReadOnlyList<string> RegisterNames { get; } =
    [
        .. Enumerable.Range(0, 32).Select(static n => string.Create(CultureInfo.InvariantCulture, $"r{n}")),
        .. Enumerable.Range(0, 32).Select(static n => string.Create(CultureInfo.InvariantCulture, $"ev{n}h")),
        "pc", "msr", "cr", "acc",
        .. SpecialRegisters.Names.Select(static name => name.ToLowerInvariant()),
    ];

    /// <summary>Reads a register by name, without observing time: <c>r3</c>, <c>ev3h</c> (upper half), <c>pc</c>, <c>srr0</c> ….</summary>
    /// <exception cref="SimException">There is no such register; the nearest name is suggested.</exception>
    public ulong ReadRegister(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string wanted = name.ToLowerInvariant();
        if (GdbNumber(wanted) is { } number)
            return ReadGdb(number);
        return SpecialRegisters.Find(wanted.ToUpperInvariant()) is { } special
            ? core.PeekSpecial(special.Number, special.Register)
            : throw NoRegister(name);
    }

    /// <summary>
    /// Writes a register by name, with the effect that mtspr has in supervisor state. A register that the guest cannot write is refused.
    /// </summary>
    /// <exception cref="SimException">There is no such register, or it cannot be written.</exception>
    public void WriteRegister(string name, ulong value)
    {
        ArgumentNullException.ThrowIfNull(name);
        string wanted = name.ToLowerInvariant();
        if (GdbNumber(wanted) is { } number)
        {
            WriteGdb(number, value);
            return;
        }

        if (SpecialRegisters.Find(wanted.ToUpperInvariant()) is not { } special)
            throw NoRegister(name);
        if ((special.Register.Access & SpecialAccess.SupervisorWrite) == 0)
            throw new SimException($"Register '{name}' of '{CanonicalPath}' can only be read.");
        core.PokeSpecial(special.Number, special.Register, (uint)value);
    }

    private static SimException NoRegister(string name) => new($"Unknown register '{name}'.{Nearest.Hint(name, RegisterNames)}");

    /// <summary>Number of registers that <see cref="GdbRegisterSize"/> counts. Numbering: QEMU's of gdb target powerpc:e500.</summary>
    public const int GdbRegisterCount = GdbSpefscr + 1;

    /// <summary>
    /// Bytes of a register in gdb's numbering: 0-31 GPRs, 64 PC, 65 MSR, 66 CR, 67 LR, 68 CTR, 69 XER, 71-102 upper halves, 103 ACC,
    /// 104 SPEFSCR; 0 for those that do not exist.
    /// </summary>
    public static int GdbRegisterSize(int number) => number switch
    {
        >= 0 and < GdbFloat0 => 4,
        >= GdbFloat0 and < GdbPc or GdbFpscr => 0,
        GdbAcc => 8,
        >= GdbPc and < GdbRegisterCount => 4,
        _ => 0,
    };

    private static int? GdbNumber(string name) => name switch
    {
        "pc" or "nip" => GdbPc,
        "msr" => GdbMsr,
        "cr" => GdbCr,
        "lr" => GdbLr,
        "ctr" => GdbCtr,
        "xer" => GdbXer,
        "acc" => GdbAcc,
        "spefscr" => GdbSpefscr,
        _ when name.StartsWith("ev", StringComparison.Ordinal) && name.EndsWith('h')
            && TryNumber(name.AsSpan(2, name.Length - 3), out int high) => GdbHigh0 + high,
        _ when name.StartsWith('r') && TryNumber(name.AsSpan(1), out int low) => low,
        _ => null,
    };

    private static bool TryNumber(ReadOnlySpan<char> digits, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < 32;

    /// <summary>Reads a register in gdb's numbering; 0 for one that does not exist.</summary>
    public ulong ReadGdb(int number)
    {
        PowerPcState* s = core.State;
        return number switch
        {
            >= 0 and < 32 => s->Gpr[number],
            GdbPc => s->Pc,
            GdbMsr => s->Msr,
            GdbCr => Flags.GetCr(s),
            GdbLr => s->Lr,
            GdbCtr => s->Ctr,
            GdbXer => Flags.GetXer(s),
            >= GdbHigh0 and < GdbHigh0 + 32 => s->GprHigh[number - GdbHigh0],
            GdbAcc => s->Acc,
            GdbSpefscr => s->Spefscr,
            _ => 0,
        };
    }

    /// <summary>Writes a register in gdb's numbering; one that does not exist ignores it.</summary>
    public void WriteGdb(int number, ulong value)
    {
        PowerPcState* s = core.State;
        switch (number)
        {
            case >= 0 and < 32: s->Gpr[number] = (uint)value; break;
            case GdbPc: Pc = (uint)value; break;
            case GdbMsr: Msr = (uint)value; break;
            case GdbCr: Flags.SetCr(s, (uint)value); break;
            case GdbLr: s->Lr = (uint)value; break;
            case GdbCtr: s->Ctr = (uint)value; break;
            case GdbXer: Flags.SetXer(s, (uint)value); break;
            case >= GdbHigh0 and < GdbHigh0 + 32: s->GprHigh[number - GdbHigh0] = (uint)value; break;
            case GdbAcc: s->Acc = value; break;
            case GdbSpefscr: s->Spefscr = (uint)value; break;
        }
    }
}
