namespace Sim.Tests;

/// <summary>Where the board is not QEMU's on purpose: at most 20 of them, each with its reason.</summary>
internal static class KnownBoardDifferences
{
    private const string OwnMemory = "The link is for CPUs that see something else; without it a CPU sees the system's memory.";

    private const string Shadow = "A shadow of 'memory' as text, which QEMU itself cannot read.";

    /// <summary>A difference as <see cref="BoardConformanceTests"/> words it, and the reason for it.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["/machine/unattached/device[0] 'memory' is '', QEMU's is '/machine/unattached/system[0]'"] = OwnMemory,
        ["/machine/unattached/device[1] 'memory' is '', QEMU's is '/machine/unattached/system[0]'"] = OwnMemory,
        ["/machine/unattached/device[0] has no 'legacy-memory'"] = Shadow,
        ["/machine/unattached/device[1] has no 'legacy-memory'"] = Shadow,
    };
}
