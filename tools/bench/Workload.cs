using System.Buffers.Binary;

namespace Sim.Bench;

/// <summary>A bare-metal program that does a fixed amount of work, prints a checksum and powers off (tools/guests/bench).</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does, in a few words.</param>
public sealed record Workload(string Name, string Description)
{
    private static ReadOnlySpan<byte> RepeatMark => "SIMBENCH"u8;

    /// <summary>All workloads, in the order in which they are shown.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new("integer", "integer and branch"),
        new("memory", "loads and stores"),
        new("calls", "calls and returns"),
        new("muldiv", "multiply and divide"),
        new("mmio", "device registers"),
        new("exceptions", "system calls, TLB misses"),
    ];

    /// <summary>The program, with its repeat count divided by <paramref name="divisor"/> (at least 1 remains).</summary>
    public byte[] Image(uint divisor)
    {
        using var stream = typeof(Workload).Assembly.GetManifestResourceStream(Name + ".elf")
            ?? throw new InvalidOperationException($"The workload '{Name}' is not in the assembly.");
        var image = new byte[stream.Length];
        stream.ReadExactly(image);
        var repeat = image.AsSpan(image.AsSpan().IndexOf(RepeatMark) + RepeatMark.Length, 4);
        BinaryPrimitives.WriteUInt32BigEndian(repeat, Math.Max(1, BinaryPrimitives.ReadUInt32BigEndian(repeat) / divisor));
        return image;
    }
}
