namespace Sim.Engine.Boards.DeviceTree;

/// <summary>Numbers of the flattened format (Devicetree Specification chapter 5).</summary>
internal static class DeviceTreeFormat
{
    public const uint Magic = 0xd00dfeed;
    public const uint Version = 17;
    public const uint LastCompatibleVersion = 16;

    /// <summary>Bytes of a version 17 header; version 16 lacks the last word.</summary>
    public const int HeaderSize = 40;
    public const int ReservationSize = 16;

    /// <summary>Deeper trees are refused: no kernel reads them either, and a hostile blob must not exhaust the stack.</summary>
    public const int MaximumDepth = 64;

    public const uint BeginNode = 1;
    public const uint EndNode = 2;
    public const uint Property = 3;
    public const uint Nop = 4;
    public const uint End = 9;

    public static int Align(int value, int alignment) => (value + alignment - 1) & -alignment;
}
