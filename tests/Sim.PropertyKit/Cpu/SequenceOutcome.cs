using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sim.Engine.Cpu.PowerPc;
using static Sim.PropertyKit.Cpu.SequenceLayout;

namespace Sim.PropertyKit.Cpu;

/// <summary>
/// The state after a sequence and all the interrupts that it took: values with names, in a fixed order. As text those that an empty
/// sequence would leave are not written.
/// </summary>
internal sealed class SequenceOutcome
{
    readonly record struct Field(string Name, int Offset, int Width);

    static readonly Field[] fields = [.. BuildFields()];
    readonly ulong[] values;

    SequenceOutcome(ulong[] values) => this.values = values;

    /// <summary>How many interrupts it took, the one that ended it included.</summary>
    public int Interrupts => (int)this["interrupts"];

    /// <summary>A value by its name.</summary>
    public ulong this[string name] => values[Array.FindIndex(fields, field => field.Name == name)];

    /// <summary>Reads the second part of a record.</summary>
    public static SequenceOutcome Read(ReadOnlySpan<byte> record)
    {
        var values = new ulong[fields.Length];
        for (int i = 0; i < values.Length; i++)
        {
            var at = record[(Outcome + fields[i].Offset)..];
            values[i] = fields[i].Width == 8 ? BinaryPrimitives.ReadUInt64BigEndian(at) : BinaryPrimitives.ReadUInt32BigEndian(at);
        }

        return new SequenceOutcome(values);
    }

    /// <summary>What is different, and that the reference is known to do as the manual says.</summary>
    public IEnumerable<string> DifferencesFrom(SequenceOutcome expected, SequenceCase input)
    {
        for (int i = 0; i < values.Length; i++)
            if (((values[i] ^ expected.values[i]) & SequenceDepartures.ComparedBits(fields[i].Name, input)) != 0)
                yield return string.Create(CultureInfo.InvariantCulture, $"{fields[i].Name} is {values[i]:x}, not {expected.values[i]:x}");
    }

    /// <summary>Whether all values are the same.</summary>
    public bool Equals(SequenceOutcome other) => values.AsSpan().SequenceEqual(other.values);

    /// <summary>Writes the values that <paramref name="usual"/> does not have.</summary>
    public string ToText(SequenceOutcome usual)
    {
        var line = new StringBuilder();
        for (int i = 0; i < values.Length; i++)
            if (values[i] != usual.values[i])
                line.Append(CultureInfo.InvariantCulture, $"{fields[i].Name}={values[i]:x} ");
        return line.ToString().TrimEnd();
    }

    /// <summary>Reads what <see cref="ToText"/> wrote.</summary>
    public static SequenceOutcome Parse(string text, SequenceOutcome usual)
    {
        var values = (ulong[])usual.values.Clone();
        foreach (string[] pair in text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static w => w.Split('=')))
            values[Array.FindIndex(fields, field => field.Name == pair[0])] = Convert.ToUInt64(pair[1], 16);
        return new SequenceOutcome(values);
    }

    /// <summary>What a sequence leaves that does nothing: the registers as they were, and one system call.</summary>
    /// <param name="input">The state before.</param>
    /// <param name="empty">The outcome of an empty sequence: what the program and the model decide; null for 0.</param>
    public static SequenceOutcome Unaffected(SequenceCase input, SequenceOutcome? empty = null)
    {
        var usual = new SequenceOutcome((ulong[]?)empty?.values.Clone() ?? new ulong[fields.Length]);
        void Set(string name, ulong value) => usual.values[Array.FindIndex(fields, field => field.Name == name)] = value;
        for (int i = 0; i < 32; i++)
            Set($"r{i}", input.Registers[i]);
        foreach (var (name, index) in ((string, int)[])[("acc", SequenceCase.Acc), ("cr", SequenceCase.Cr), ("xer", SequenceCase.Xer),
            ("lr", SequenceCase.Lr), ("ctr", SequenceCase.Ctr), ("spefscr", SequenceCase.Spefscr)])
            Set(name, input.Registers[index]);
        foreach (var (number, value) in SequenceRegisters.Initial)
            if (SequenceRegisters.Compared.Contains(number) && number is not (SequenceRegisters.Tsr or SequenceRegisters.Dbsr))
                Set(NameOf(number), value);
        Set("interrupts", 1);
        Set("x0.vector", 8);
        Set("x0.srr0", Slot + (uint)(4 * input.Code.Length) + 4);
        Set("x0.srr1", input.Registers[SequenceCase.Msr]);
        for (int i = 0; i < MemorySize; i += 8)
            Set($"mem{i}", Enumerable.Range(i, 8).Aggregate(0UL, static (sum, at) => sum << 8 | SequenceCase.InitialByte(at)));
        return usual;
    }

    static string NameOf(int number) => SpecialRegisters.Find(number)!.Name.ToLowerInvariant();

    static IEnumerable<Field> BuildFields()
    {
        for (int i = 0; i < 32; i++)
            yield return new($"r{i}", 8 * i, 8);
        foreach (var (name, offset) in ((string, int)[])[("cr", Cr), ("xer", Xer), ("lr", Lr), ("ctr", Ctr),
            ("interrupts", SequenceLayout.Interrupts),
            ("tlbs", TlbChanges), ("memsum", MemorySum)])
            yield return new(name, offset, 4);
        yield return new("acc", Acc, 8);
        for (int i = 0; i < MemorySize; i += 8)
            yield return new($"mem{i}", Scratch + i, 8);
        for (int i = 0; i < SequenceRegisters.Compared.Count; i++)
            yield return new(NameOf(SequenceRegisters.Compared[i]), Registers + (4 * i), 4);
        string[] noted = ["vector", "msr", .. SequenceProgram.NotedRegisters.Select(NameOf)];
        for (int i = 0; i < MaxInterrupts; i++)
            for (int j = 0; j < InterruptWords; j++)
                yield return new($"x{i}.{noted[j]}", InterruptLog + (4 * ((i * InterruptWords) + j)), 4);
        string[] entry = ["entry", "mas1", "mas2", "mas3"];
        for (int i = 0; i < MaxTlbChanges; i++)
            for (int j = 0; j < entry.Length; j++)
                yield return new($"t{i}.{entry[j]}", TlbLog + (4 * ((i * entry.Length) + j)), 4);
    }
}
