using System.Buffers.Binary;
using System.Globalization;
using Sim.Engine.Cpu.PowerPc;
using static Sim.PropertyKit.Cpu.SequenceLayout;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// The state before a sequence of instructions, and the instructions: a line of text <c>code… register=value…</c>, all hexadecimal,
/// without the registers that have their default value.
/// </summary>
internal sealed record SequenceCase
{
    static readonly string[] names =
        [.. Enumerable.Range(0, 32).Select(static i => $"r{i}"), "acc", "cr", "xer", "lr", "ctr", "spefscr", "msr"];

    /// <summary>The instruction words; <c>sc</c> follows the last and ends the sequence.</summary>
    public uint[] Code { get; init; } = [];

    /// <summary>GPR0-31 of 64 bits, ACC, CR, XER, LR, CTR, SPEFSCR, MSR.</summary>
    public ulong[] Registers { get; init; } = new ulong[names.Length];

    /// <summary>Index in <see cref="Registers"/>.</summary>
    public const int Acc = 32, Cr = 33, Xer = 34, Lr = 35, Ctr = 36, Spefscr = 37, Msr = 38;

    /// <summary>Machine state by default: SPE available and machine checks enabled.</summary>
    public const uint DefaultMsr = Engine.Cpu.PowerPc.Msr.Spe | Engine.Cpu.PowerPc.Msr.Me;

    /// <summary>Whether an instruction is there that the reference keeps out of SPEFSCR, against the manual.</summary>
    public bool HasEmbeddedFloat => Code.Any(word => IsEmbeddedFloat(Decoder.Find(word)?.Mnemonic ?? ""));

    /// <summary>Whether an instruction is one of embedded floating point.</summary>
    public static bool IsEmbeddedFloat(string mnemonic) => mnemonic.StartsWith("efs", StringComparison.Ordinal)
        || mnemonic.StartsWith("efd", StringComparison.Ordinal) || mnemonic.StartsWith("evfs", StringComparison.Ordinal);

    /// <summary>Writes the first part of a record.</summary>
    public void Write(Span<byte> record)
    {
        for (int i = 0; i < 32; i++)
            BinaryPrimitives.WriteUInt64BigEndian(record[(8 * i)..], Registers[i]);
        BinaryPrimitives.WriteUInt64BigEndian(record[InputAcc..], Registers[Acc]);
        foreach (var (index, offset) in ((int, int)[])[(Cr, InputCr), (Xer, InputXer), (Lr, InputLr), (Ctr, InputCtr),
            (Spefscr, InputSpefscr), (Msr, InputMsr)])
            BinaryPrimitives.WriteUInt32BigEndian(record[offset..], (uint)Registers[index]);
        BinaryPrimitives.WriteUInt32BigEndian(record[InputEnd..], Slot + (uint)(4 * Code.Length) + 4);
        for (int i = 0; i < MemorySize; i++)
            record[InputMemory + i] = InitialByte(i);
        for (int i = 0; i <= MaxWords; i++)
            BinaryPrimitives.WriteUInt32BigEndian(record[(InputCode + (4 * i))..], i < Code.Length ? Code[i] : Asm.Sc);
    }

    /// <summary>What the scratch memory begins with.</summary>
    public static byte InitialByte(int index) => (byte)(0x71 + (5 * index));

    /// <inheritdoc/>
    public override string ToString()
    {
        var line = new System.Text.StringBuilder();
        foreach (uint word in Code)
            line.Append(CultureInfo.InvariantCulture, $"{word:x8} ");
        for (int i = 0; i < names.Length; i++)
            if (Registers[i] != (i == Msr ? DefaultMsr : 0))
                line.Append(CultureInfo.InvariantCulture, $"{names[i]}={Registers[i]:x} ");
        return line.ToString().TrimEnd();
    }

    /// <summary>Reads a line.</summary>
    public static SequenceCase Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var read = new SequenceCase { Code = [.. words.Where(static w => !w.Contains('=')).Select(static w => Convert.ToUInt32(w, 16))] };
        read.Registers[Msr] = DefaultMsr;
        foreach (string[] pair in words.Where(static w => w.Contains('=')).Select(static w => w.Split('=')))
            read.Registers[Array.IndexOf(names, pair[0])] = Convert.ToUInt64(pair[1], 16);
        return read;
    }
}
