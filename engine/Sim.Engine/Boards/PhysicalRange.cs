namespace Sim.Engine.Boards;

/// <summary>A range of guest physical memory.</summary>
/// <param name="Address">First byte.</param>
/// <param name="Size">Length in bytes.</param>
public readonly record struct PhysicalRange(ulong Address, ulong Size)
{
    /// <summary>First address behind the range.</summary>
    public ulong End => Address + Size;

    /// <summary>True when the two share a byte.</summary>
    public bool Overlaps(PhysicalRange other) => Address < other.End && other.Address < End;
}
