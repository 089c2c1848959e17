using MessagePack;
using Sim.Engine.Base;

namespace Sim.Engine.Devices.Intc;

/// <summary>
/// All that a snapshot keeps of an <see cref="OpenPic"/>. Arrays over sources have one entry for each of the <see cref="SourceCount"/>
/// sources, arrays over CPUs one for each of the <see cref="MaxCpus"/> that the controller can have, whatever the machine has.
/// </summary>
[MessagePackObject]
public sealed class OpenPicState
{
    /// <summary>External interrupts of the chip's pins: sources 0 to 15. The internal ones of its devices follow.</summary>
    internal const int ExternalCount = 16;

    /// <summary>Number of the first of the shared message sources, which are among the internal ones.</summary>
    internal const int FirstMessage = 224;

    /// <summary>Shared message registers.</summary>
    internal const int MessageCount = 8;

    /// <summary>Number of the first interprocessor source.</summary>
    internal const int FirstIpi = 256;

    /// <summary>Interprocessor sources, and also timers.</summary>
    internal const int IpiCount = 4, TimerCount = 4;

    /// <summary>Number of the first timer source.</summary>
    internal const int FirstTimer = FirstIpi + IpiCount;

    /// <summary>All sources. QEMU: OPENPIC_MAX_IRQ.</summary>
    internal const int SourceCount = FirstTimer + TimerCount;

    /// <summary>CPUs that the controller can have. QEMU: MAX_CPU.</summary>
    internal const int MaxCpus = 32;

    /// <summary>GCR: the mode, without the reset bit, which always reads 0.</summary>
    [Key(0)] public uint GlobalConfiguration;

    /// <summary>SVR: the vector that an acknowledge returns when no interrupt is pending.</summary>
    [Key(1)] public uint SpuriousVector = 0xFFFF;

    /// <summary>PIR: one bit for each CPU whose reset line is held.</summary>
    [Key(2)] public uint ProcessorReset;

    /// <summary>Vector/priority register of each source, without the activity bit.</summary>
    [Key(3)] public uint[] VectorPriority = PowerOnVectorPriority();

    /// <summary>Destination register of each source. Interprocessor sources have none; their entries stay 0.</summary>
    [Key(4)] public uint[] Destination = PowerOnDestination();

    /// <summary>ILR of each source, MPIC 4.2: the output that it drives.</summary>
    [Key(5)] public byte[] InternalLevel = new byte[SourceCount];

    /// <summary>True for each source whose input is asserted.</summary>
    [Key(6)] public bool[] Line = new bool[SourceCount];

    /// <summary>
    /// Edge-sensitive sources: one bit for each CPU that has yet to acknowledge the latest request, all ones after an edge. 0 when there is
    /// none.
    /// </summary>
    [Key(7)] public uint[] Requested = new uint[SourceCount];

    /// <summary>MSIR0 to MSIR7: messages that came and were not read yet.</summary>
    [Key(8)] public uint[] Messages = new uint[MessageCount];

    /// <summary>CTPR of each CPU: interrupts up to this priority wait.</summary>
    [Key(9)] public byte[] TaskPriority = [.. Enumerable.Repeat((byte)15, MaxCpus)];

    /// <summary>
    /// Interrupts in service at each CPU: bit p for one of priority p. There is at most one of each priority, since only a higher one can
    /// interrupt.
    /// </summary>
    [Key(10)] public ushort[] InService = new ushort[MaxCpus];

    /// <summary>TFRR: what software has noted as the timers' frequency, Hz. It has no effect.</summary>
    [Key(11)] public uint TimerFrequency;

    /// <summary>GTBCR of each timer: bit 31 inhibits counting, the rest is the count from which it starts.</summary>
    [Key(12)] public uint[] TimerBase = [.. Enumerable.Repeat(OpenPic.CountInhibit, TimerCount)];

    /// <summary>Count from which each timer's present round started; 0 for one that does not count.</summary>
    [Key(13)] public uint[] TimerLoaded = new uint[TimerCount];

    /// <summary>When that round started, ns of virtual time.</summary>
    [Key(14)] public long[] TimerStarted = new long[TimerCount];

    /// <summary>Toggles whenever the timer has counted down to 0.</summary>
    [Key(15)] public bool[] TimerToggle = new bool[TimerCount];

    /// <summary>Refuses a state whose arrays have other sizes than the controller's, which no save writes.</summary>
    /// <exception cref="SimException">An array is missing or has another size.</exception>
    internal void CheckSizes(string path)
    {
        Check(path, nameof(VectorPriority), VectorPriority, SourceCount);
        Check(path, nameof(Destination), Destination, SourceCount);
        Check(path, nameof(InternalLevel), InternalLevel, SourceCount);
        Check(path, nameof(Line), Line, SourceCount);
        Check(path, nameof(Requested), Requested, SourceCount);
        Check(path, nameof(Messages), Messages, MessageCount);
        Check(path, nameof(TaskPriority), TaskPriority, MaxCpus);
        Check(path, nameof(InService), InService, MaxCpus);
        Check(path, nameof(TimerBase), TimerBase, TimerCount);
        Check(path, nameof(TimerLoaded), TimerLoaded, TimerCount);
        Check(path, nameof(TimerStarted), TimerStarted, TimerCount);
        Check(path, nameof(TimerToggle), TimerToggle, TimerCount);
    }

    private static void Check(string path, string field, Array? array, int count)
    {
        if (array?.Length == count)
            return;
        throw new SimException(string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"State of '{path}' has {array?.Length ?? 0} entries in {field}; expected {count}."), SimErrorKind.Guest);
    }

    /// <summary>Everything is masked; internal sources are active high.</summary>
    private static uint[] PowerOnVectorPriority()
    {
        var registers = new uint[SourceCount];
        Array.Fill(registers, OpenPic.Mask);
        Array.Fill(registers, OpenPic.Mask | OpenPic.Polarity, ExternalCount, FirstIpi - ExternalCount);
        return registers;
    }

    /// <summary>Everything goes to CPU 0.</summary>
    private static uint[] PowerOnDestination()
    {
        var registers = new uint[SourceCount];
        Array.Fill(registers, 1u);
        Array.Clear(registers, FirstIpi, IpiCount);
        return registers;
    }
}
