using System.IO.Hashing;

namespace Sim.Engine.Base;

/// <summary>The digest of state: XXH3-128, printed as 32 hexadecimal digits.</summary>
public sealed class StateHasher
{
    private readonly XxHash128 hash = new();

    /// <summary>Adds bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => hash.Append(bytes);

    /// <summary>The digest of all that was added; the hasher starts afresh.</summary>
    public UInt128 Finish()
    {
        var result = hash.GetCurrentHashAsUInt128();
        hash.Reset();
        return result;
    }

    /// <summary>The digest of one run of bytes.</summary>
    public static UInt128 Hash(ReadOnlySpan<byte> bytes) => XxHash128.HashToUInt128(bytes);

    /// <summary>A digest as it is printed and compared by people.</summary>
    public static string Format(UInt128 digest) => digest.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
