using System.Buffers.Binary;
using Sim.Engine.Boards;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Guests that tests run, and the machines they run on.</summary>
internal static class TestGuests
{
    /// <summary>2026-01-01 12:00:00 UTC, the clock of the U-Boot sessions recorded under QEMU.</summary>
    public const long RecordedRtcBase = 1_767_268_800;

    /// <summary>Where the distribution keeps U-Boot.</summary>
    public const string UBootFile = LawGuests.UBootFile;

    private static readonly string Programs = Path.Combine(Repository.Root, "tools", "guests");

    /// <summary>The demo firmware.</summary>
    public static GuestImage Demo => LawGuests.Demo;

    /// <summary>The distribution's U-Boot; skips the calling test where it is not installed, or is not the recorded one.</summary>
    public static GuestImage UBoot()
    {
        if (LawGuests.MissingUBoot is { } missing)
            Assert.Skip(missing);
        return LawGuests.UBoot;
    }

    /// <summary>A workload of tools/guests/bench with another repeat count than the one in the file.</summary>
    public static GuestImage Workload(string name, uint repeat)
    {
        var program = File.ReadAllBytes(Path.Combine(Programs, "bench", name + ".elf"));
        BinaryPrimitives.WriteUInt32BigEndian(program.AsSpan(program.AsSpan().IndexOf("SIMBENCH"u8) + 8), repeat);
        return new GuestImage(name + ".elf", program);
    }

    /// <summary>A file that QEMU's output is kept in.</summary>
    public static string Data(string file) => Path.Combine(AppContext.BaseDirectory, "Boards", "data", file);

    /// <summary>A machine for the demo firmware.</summary>
    public static MachineConfiguration DemoMachine(int smp) => new() { Bios = Demo, Smp = smp };

    /// <summary>A machine for U-Boot, as the consoles were recorded on.</summary>
    public static MachineConfiguration UBootMachine() => new() { Bios = UBoot(), RtcBase = RecordedRtcBase };
}
