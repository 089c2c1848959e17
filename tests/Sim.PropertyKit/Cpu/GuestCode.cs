using System.Buffers.Binary;

namespace Sim.PropertyKit.Cpu;

/// <summary>Instruction words one after the other, with branches to labels that may come later.</summary>
internal sealed class GuestCode
{
    readonly List<uint> words = [];
    readonly Dictionary<string, int> labels = new(StringComparer.Ordinal);
    readonly List<(int At, string Label)> branches = [];

    /// <summary>How many words there are.</summary>
    public int Count => words.Count;

    /// <summary>Appends words.</summary>
    public void Emit(params ReadOnlySpan<uint> code) => words.AddRange(code);

    /// <summary>Appends what sets a register to a value.</summary>
    public void Load(int register, uint value) => words.AddRange(Asm.Li(register, value));

    /// <summary>Names the next word.</summary>
    public void Label(string name) => labels.Add(name, words.Count);

    /// <summary>Appends a branch to a label.</summary>
    /// <param name="branch">A branch by 0: <c>Asm.B(0)</c>, <c>Asm.Beq(0)</c>.</param>
    /// <param name="label">Where to.</param>
    public void Branch(uint branch, string label)
    {
        branches.Add((words.Count, label));
        words.Add(branch);
    }

    /// <summary>Byte offset of a label from the first word.</summary>
    public uint OffsetOf(string label) => (uint)(4 * labels[label]);

    /// <summary>Writes the words into an image.</summary>
    public void WriteTo(Span<byte> image)
    {
        foreach (var (at, label) in branches)
        {
            uint distance = (uint)(4 * (labels[label] - at));
            words[at] |= words[at] >> 26 == 18 ? distance & 0x03FF_FFFC : distance & 0xFFFC;
        }

        branches.Clear();
        for (int i = 0; i < words.Count; i++)
            BinaryPrimitives.WriteUInt32BigEndian(image[(4 * i)..], words[i]);
    }
}
