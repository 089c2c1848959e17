namespace Sim.Tests;

/// <summary>Where the board is not QEMU's on purpose: at most 20 of them, each with its reason.</summary>
internal static class KnownBoardDifferences
{
    private const string Shadow = "A shadow of 'memory' as text, which QEMU itself cannot read.";

    /// <summary>A difference as <see cref="BoardConformanceTests"/> words it, and the reason for it.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["/machine/unattached/device[0] 'legacy-memory' is '/machine/unattached/system[0]', QEMU's is '<unreadable>'"] = Shadow,
        ["/machine/unattached/device[1] 'legacy-memory' is '/machine/unattached/system[0]', QEMU's is '<unreadable>'"] = Shadow,
    };
}
