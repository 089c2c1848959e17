using System.Buffers.Binary;
using System.Globalization;

namespace Sim.Tests;

/// <summary>
/// The state before one run of a few instructions, and (in <see cref="Outcome"/>) the state after it: the unit of comparison with the
/// reference implementation.
/// </summary>
public sealed class PowerPcCase
{
    /// <summary>Most instruction words that a case may hold; <c>sc</c> follows the last and ends the run.</summary>
    public const int MaxWords = 15;

    /// <summary>Bytes of scratch memory at <see cref="ConformanceProgram.Scratch"/> that a case sets and reads back.</summary>
    public const int MemorySize = 64;

    /// <summary>Machine state in which the instructions run: SPE available and machine checks enabled.</summary>
    public const uint SpeAvailable = 0x0200_1000;

    /// <summary>The instruction words.</summary>
    public uint[] Code { get; init; } = [];

    /// <summary>The general purpose registers, 64 bits each.</summary>
    public ulong[] Gpr { get; init; } = new ulong[32];

    /// <summary>The accumulator of the SPE.</summary>
    public ulong Acc { get; set; }

    /// <summary>Condition register, fixed-point exception register, link register, count register, SPE status, machine state.</summary>
    public uint Cr { get; set; }
    public uint Xer { get; set; }
    public uint Lr { get; set; }
    public uint Ctr { get; set; }
    public uint Spefscr { get; set; }
    public uint Msr { get; set; } = SpeAvailable;

    /// <summary>The bytes at <see cref="ConformanceProgram.Scratch"/>.</summary>
    public byte[] Memory { get; init; } = new byte[MemorySize];

    /// <summary>The state after the run.</summary>
    public sealed class Outcome
    {
        public ulong[] Gpr { get; } = new ulong[32];
        public ulong Acc { get; set; }
        public uint Cr { get; set; }
        public uint Xer { get; set; }
        public uint Lr { get; set; }
        public uint Ctr { get; set; }
        public uint Spefscr { get; set; }

        /// <summary>Number of the interrupt (its IVOR) that ended the run: 8, a system call, if nothing else did.</summary>
        public uint Vector { get; set; }
        public uint Srr0 { get; set; }
        public uint Srr1 { get; set; }
        public uint Esr { get; set; }
        public uint Dear { get; set; }
        public uint Csrr0 { get; set; }
        public uint Csrr1 { get; set; }
        public byte[] Memory { get; } = new byte[MemorySize];

        /// <summary>Reads the second half of a record.</summary>
        public static Outcome Read(ReadOnlySpan<byte> record)
        {
            var half = record[ConformanceProgram.OutcomeOffset..];
            var outcome = new Outcome();
            for (int i = 0; i < 32; i++)
                outcome.Gpr[i] = BinaryPrimitives.ReadUInt64BigEndian(half[(8 * i)..]);
            var words = new uint[12];
            for (int i = 0; i < words.Length; i++)
                words[i] = BinaryPrimitives.ReadUInt32BigEndian(half[(0x100 + (4 * i))..]);
            (outcome.Cr, outcome.Xer, outcome.Lr, outcome.Ctr, outcome.Spefscr, outcome.Vector) =
                (words[0], words[1], words[2], words[3], words[4], words[5]);
            (outcome.Srr0, outcome.Srr1, outcome.Esr, outcome.Dear, outcome.Csrr0, outcome.Csrr1) =
                (words[6], words[7], words[8], words[9], words[10], words[11]);
            outcome.Acc = BinaryPrimitives.ReadUInt64BigEndian(half[0x140..]);
            half.Slice(0x180, MemorySize).CopyTo(outcome.Memory);
            return outcome;
        }

        /// <summary>The values in a fixed order with their names, for comparison and for messages.</summary>
        public IEnumerable<(string Name, ulong Value)> Fields()
        {
            for (int i = 0; i < 32; i++)
                yield return ($"r{i}", Gpr[i]);
            yield return ("acc", Acc);
            yield return ("cr", Cr);
            yield return ("xer", Xer);
            yield return ("lr", Lr);
            yield return ("ctr", Ctr);
            yield return ("spefscr", Spefscr);
            yield return ("vector", Vector);
            yield return ("srr0", Srr0);
            yield return ("srr1", Srr1);
            yield return ("esr", Esr);
            yield return ("dear", Dear);
            yield return ("csrr0", Csrr0);
            yield return ("csrr1", Csrr1);
            for (int i = 0; i < MemorySize; i += 8)
                yield return ($"mem{i}", BinaryPrimitives.ReadUInt64BigEndian(Memory.AsSpan(i)));
        }

        /// <summary>Sets a value by the name that <see cref="Fields"/> gives it.</summary>
        public void Set(string name, ulong value)
        {
            switch (name)
            {
                case "acc": Acc = value; break;
                case "cr": Cr = (uint)value; break;
                case "xer": Xer = (uint)value; break;
                case "lr": Lr = (uint)value; break;
                case "ctr": Ctr = (uint)value; break;
                case "spefscr": Spefscr = (uint)value; break;
                case "vector": Vector = (uint)value; break;
                case "srr0": Srr0 = (uint)value; break;
                case "srr1": Srr1 = (uint)value; break;
                case "esr": Esr = (uint)value; break;
                case "dear": Dear = (uint)value; break;
                case "csrr0": Csrr0 = (uint)value; break;
                case "csrr1": Csrr1 = (uint)value; break;
                case var memory when memory.StartsWith("mem", StringComparison.Ordinal):
                    BinaryPrimitives.WriteUInt64BigEndian(Memory.AsSpan(int.Parse(memory.AsSpan(3), CultureInfo.InvariantCulture)), value);
                    break;
                default: Gpr[int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture)] = value; break;
            }
        }
    }

    /// <summary>Writes the first half of a record.</summary>
    public void Write(Span<byte> record)
    {
        for (int i = 0; i < 32; i++)
            BinaryPrimitives.WriteUInt64BigEndian(record[(8 * i)..], Gpr[i]);
        uint[] words = [Cr, Xer, Lr, Ctr, Spefscr, Msr];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(record[(0x100 + (4 * i))..], words[i]);
        BinaryPrimitives.WriteUInt64BigEndian(record[0x120..], Acc);
        Memory.CopyTo(record[0x180..]);
        for (int i = 0; i <= MaxWords; i++)
            BinaryPrimitives.WriteUInt32BigEndian(record[(0x1C0 + (4 * i))..], i < Code.Length ? Code[i] : ConformanceProgram.SystemCall);
    }
}
