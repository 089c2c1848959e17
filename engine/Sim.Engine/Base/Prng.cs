using System.Numerics;
using MessagePack;

namespace Sim.Engine.Base;

/// <summary>
/// Deterministic pseudo-random numbers: xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64. Its four words are
/// the whole state, so it is saved and restored like any other.
/// </summary>
[MessagePackObject]
public struct Prng : IEquatable<Prng>
{
    /// <summary>First state word.</summary>
    [Key(0)] public ulong S0;

    /// <summary>Second state word.</summary>
    [Key(1)] public ulong S1;

    /// <summary>Third state word.</summary>
    [Key(2)] public ulong S2;

    /// <summary>Fourth state word.</summary>
    [Key(3)] public ulong S3;

    /// <summary>A generator whose whole sequence follows from <paramref name="seed"/>.</summary>
    public static Prng FromSeed(ulong seed) =>
        new() { S0 = SplitMix(ref seed), S1 = SplitMix(ref seed), S2 = SplitMix(ref seed), S3 = SplitMix(ref seed) };

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        var result = BitOperations.RotateLeft(S1 * 5, 7) * 9;
        var t = S1 << 17;
        S2 ^= S0;
        S3 ^= S1;
        S1 ^= S2;
        S0 ^= S3;
        S2 ^= t;
        S3 = BitOperations.RotateLeft(S3, 45);
        return result;
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1, every one equally likely; <paramref name="bound"/> must be positive.</summary>
    public long Below(long bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var range = (ulong)bound;
        var limit = ulong.MaxValue - (ulong.MaxValue % range + 1) % range;   // Last value of the largest multiple of the range.
        ulong draw;
        do
            draw = Next();
        while (draw > limit);
        return (long)(draw % range);
    }

    /// <summary>Fills <paramref name="destination"/> with random bytes, eight at a time, little-endian.</summary>
    public void Fill(Span<byte> destination)
    {
        Span<byte> word = stackalloc byte[8];
        while (!destination.IsEmpty)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(word, Next());
            var count = Math.Min(8, destination.Length);
            word[..count].CopyTo(destination);
            destination = destination[count..];
        }
    }

    /// <inheritdoc/>
    public readonly bool Equals(Prng other) => S0 == other.S0 && S1 == other.S1 && S2 == other.S2 && S3 == other.S3;

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is Prng other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => (int)(S0 ^ S1 ^ S2 ^ S3);

    /// <summary>Same state.</summary>
    public static bool operator ==(Prng left, Prng right) => left.Equals(right);

    /// <summary>Different state.</summary>
    public static bool operator !=(Prng left, Prng right) => !left.Equals(right);

    private static ulong SplitMix(ref ulong seed)
    {
        seed += 0x9E37_79B9_7F4A_7C15;
        var z = seed;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
