using System.Globalization;
using Sim.Engine.Base;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;

namespace Sim.Engine.Boards;

/// <summary>A file that the machine starts from. Its content, not its place, is part of the configuration.</summary>
/// <param name="Name">Name as the user gave it, for messages and for the machine's properties.</param>
/// <param name="Bytes">The content.</param>
public sealed record GuestImage(string Name, ReadOnlyMemory<byte> Bytes);

/// <summary>A device that the user adds: <c>--device TYPE,prop=val</c>.</summary>
/// <param name="Type">Name of the type.</param>
/// <param name="Properties">Properties in order, values as text; <c>id</c> and <c>bus</c> among them.</param>
public sealed record DeviceRequest(string Type, IReadOnlyList<KeyValuePair<string, string>> Properties);

/// <summary>Everything that decides a run, apart from its inputs: two machines of equal configuration run alike (law L1).</summary>
public sealed record MachineConfiguration
{
    /// <summary>RTC base when none is given: 2026-01-01 00:00:00 UTC, seconds since 1970-01-01.</summary>
    public const long DefaultRtcBase = 1_767_225_600;

    /// <summary>Machine type without the ending <c>-machine</c>. QEMU: -M.</summary>
    public string Machine { get; init; } = "ppce500";

    /// <summary>Machine properties, values as text. QEMU: -M type,prop=val.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> MachineProperties { get; init; } = [];

    /// <summary>CPU model or type; null for the machine's default. QEMU: -cpu.</summary>
    public string? Cpu { get; init; }

    /// <summary>Number of CPUs. QEMU: -smp.</summary>
    public int Smp { get; init; } = 1;

    /// <summary>RAM in bytes; null for the machine's default. QEMU: -m.</summary>
    public ulong? Memory { get; init; }

    /// <summary>Firmware. QEMU: -bios.</summary>
    public GuestImage? Bios { get; init; }

    /// <summary>Kernel. QEMU: -kernel.</summary>
    public GuestImage? Kernel { get; init; }

    /// <summary>Initial RAM disk. QEMU: -initrd.</summary>
    public GuestImage? Initrd { get; init; }

    /// <summary>Device tree in place of the board's own. QEMU: -dtb.</summary>
    public GuestImage? Dtb { get; init; }

    /// <summary>Kernel command line. QEMU: -append.</summary>
    public string Append { get; init; } = "";

    /// <summary>Devices that the user adds. QEMU: -device.</summary>
    public IReadOnlyList<DeviceRequest> Devices { get; init; } = [];

    /// <summary>Values for every new object of a type. QEMU: -global.</summary>
    public IReadOnlyList<GlobalProperty> Globals { get; init; } = [];

    /// <summary>Number of serial ports with a backend. QEMU: -serial, repeated.</summary>
    public int Serials { get; init; } = 1;

    /// <summary>Policy, quantum and shift.</summary>
    public SchedulerOptions Scheduler { get; init; } = new();

    /// <summary>Decides every random value that the machine hands to the guest (rng-seed).</summary>
    public ulong Seed { get; init; }

    /// <summary>Real-time clock at virtual time 0, seconds since 1970-01-01 UTC. QEMU: -rtc base.</summary>
    public long RtcBase { get; init; } = DefaultRtcBase;

    /// <summary>Reads a RAM size: a number with unit K, M, G or T; without one, mebibytes, as QEMU's -m.</summary>
    /// <exception cref="SimException">The text is no size.</exception>
    public static ulong ParseMemorySize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var unit = text.Length == 0 ? -1 : "KMGT".IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
        var digits = unit < 0 ? text : text[..^1];
        var scale = unit < 0 ? 1UL << 20 : 1UL << (10 * (unit + 1));
        if (ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= ulong.MaxValue / scale)
            return value * scale;
        throw new SimException($"--memory '{text}' is not a size: expected a number of mebibytes, or one with unit K, M, G or T, such as 256M.");
    }
}
