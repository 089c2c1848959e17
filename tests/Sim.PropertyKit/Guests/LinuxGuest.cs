using System.Globalization;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Sim.Snapshots;

namespace Sim.PropertyKit.Guests;

/// <summary>What a boot of Linux goes through.</summary>
/// <param name="Schedule">vCPUs and schedule.</param>
/// <param name="Memory">RAM in MiB.</param>
/// <param name="UBoot">U-Boot starts the kernel, and is told so at its prompt; else the board does, as with <c>--kernel</c> alone.</param>
/// <param name="Shell">To a shell, where commands are typed; else through the workload. Both end with the machine switched off.</param>
/// <param name="Recorded">Is recorded, and must replay to the same digest.</param>
public sealed record LinuxBoot(GuestSchedule Schedule, int Memory, bool UBoot, bool Shell, bool Recorded)
{
    /// <summary>Any boot; a tenth through U-Boot, two of three to the shell, which costs a tenth of the workload.</summary>
    public static Arbitrary<LinuxBoot> Cases { get; } = Arb.From(
        from schedule in GuestSchedule.Generator(largestQuantum: 16, largestShift: 3)
        from memory in Gen.Elements(128, 256, 512)
        from uboot in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
        from shell in Gen.Frequency((1, Gen.Constant(false)), (2, Gen.Constant(true)))
        from recorded in Gen.Elements(false, true)
        select new LinuxBoot(schedule, memory, uboot, shell, recorded), Shrink);

    /// <summary>Says what kind of boot this is.</summary>
    public void Classify(CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(classes);
        Schedule.Classify(classes);
        classes.Add(UBoot ? "through U-Boot" : "kernel started by the board");
        classes.Add(Shell ? "shell" : "workload");
        classes.Add("recorded", Recorded);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Schedule} --memory {Memory}M {(UBoot ? "through" : "without")} U-Boot, {(Shell ? "shell" : "workload")}{(Recorded ? ", recorded" : "")}");

    private static IEnumerable<LinuxBoot> Shrink(LinuxBoot boot)
    {
        if (boot.UBoot)
            yield return boot with { UBoot = false };
        if (!boot.Shell)
            yield return boot with { Shell = true };
        if (boot.Recorded)
            yield return boot with { Recorded = false };
        foreach (var schedule in boot.Schedule.Shrink())
            yield return boot with { Schedule = schedule };
    }
}

/// <summary>The installed Linux guest, run to its end.</summary>
public static partial class LinuxGuest
{
    private const string Start = "sim: init";
    private const string Prompt = "sim# ";

    private static readonly Lazy<Images?> Installed = new(static () =>
        InstalledGuests.LinuxKernel is { } kernel && InstalledGuests.LinuxInitrd is { } initrd ? new Images(kernel, initrd) : null);

    /// <summary>What the host lacks, with the command that provides it; null for nothing.</summary>
    public static string? Missing() =>
        Installed.Value is null ? "The Linux guest is not installed: sim guests install linux" : LawGuests.MissingUBoot;

    /// <summary>The machine, ready to boot.</summary>
    public static MachineConfiguration Machine(LinuxBoot boot)
    {
        ArgumentNullException.ThrowIfNull(boot);
        var (kernel, initrd) = Installed.Value!;
        return new MachineConfiguration
        {
            Smp = boot.Schedule.Vcpus,
            Memory = (ulong)boot.Memory << 20,
            Bios = boot.UBoot ? LawGuests.UBoot : null,
            Kernel = kernel,
            Initrd = initrd,
            Append = "console=ttyS0 rdinit=/init" + (boot.Shell ? "" : " sim.workload sim.poweroff"),
            Scheduler = boot.Schedule.Options,
        };
    }

    /// <summary>Boots, works and switches off.</summary>
    /// <exception cref="CheckFailedException">It hangs, or the kernel complains.</exception>
    /// <param name="boot">What it goes through.</param>
    /// <param name="classes">Receives what the run covers.</param>
    /// <param name="record">Begins a recording of it; null for none.</param>
    public static GuestOutcome Run(LinuxBoot boot, CaseClasses classes, Func<Session, Recording>? record = null)
    {
        ArgumentNullException.ThrowIfNull(boot);
        using var session = Session.Boot(Machine(boot));
        using var recording = record?.Invoke(session);

        // Several times what any boot takes: a guest that hangs ends here.
        var limit = StopCondition.None with { Time = 20 * VirtualTime.Second << boot.Schedule.Options.Shift };
        if (boot.UBoot)
            Answer(session, limit, "stop autoboot", "\r", "=> ", "boot\r");
        if (boot.Shell)
            Answer(session, limit, Prompt, "seq 1 1000 | sha256sum; echo $((6 * 7))\r", "\n42\r", "exit\r");
        var reason = session.Run(new RunLimits { Stop = limit }).Reason;
        var outcome = new GuestOutcome(reason, session.Console.Text, session.Digest());
        recording?.Finish(reason);
        classes.CoverSession(session);
        CheckConsole(boot, outcome);
        return outcome;
    }

    /// <summary>Gives an image that a journal of this guest does not hold.</summary>
    public static ReadOnlyMemory<byte> FindImage(ImageRecord image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Role switch
        {
            "kernel" => Installed.Value!.Kernel.Bytes,
            "initrd" => Installed.Value!.Initrd.Bytes,
            _ => LawGuests.UBoot.Bytes,
        };
    }

    /// <summary>The lines from the first process on that are the same on every machine.</summary>
    public static IReadOnlyList<string> WorkloadLines(GuestOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        return [.. outcome.CommonLines.SkipWhile(static line => line != Start)];
    }

    /// <summary>The machine was switched off, all CPUs had come up, and the kernel complains about nothing.</summary>
    /// <exception cref="CheckFailedException">One of these is not so.</exception>
    public static void CheckConsole(LinuxBoot boot, GuestOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(boot);
        ArgumentNullException.ThrowIfNull(outcome);
        Check.That(outcome.Reason == EndReason.PowerOff,
            $"Linux hangs ({EndReasons.Name(outcome.Reason)}): {string.Join(" | ", outcome.CommonLines.TakeLast(5))}");
        var brought = string.Create(CultureInfo.InvariantCulture, $"smp: Brought up 1 node, {boot.Schedule.Vcpus} CPU");
        Check.That(outcome.Console.Contains(brought, StringComparison.Ordinal), $"Not all CPUs came up: there is no '{brought}'.");
        foreach (var line in outcome.Console.Split("\r\n"))
            Check.That(!Complaint().IsMatch(line) || NoComplaint().IsMatch(line), $"The kernel complains: {line}");
    }

    private static void Answer(Session session, StopCondition limit, params string[] talk)
    {
        for (var index = 0; index < talk.Length; index += 2)
        {
            session.RunUntilOutput(talk[index], limit);
            session.Send(talk[index + 1]);
        }
    }

    [GeneratedRegex("stall|lockup|oops|BUG:|call trace|warning", RegexOptions.IgnoreCase)]
    private static partial Regex Complaint();

    /// <summary>What the workload prints when there is none, and two files in /sys.</summary>
    [GeneratedRegex("^(kernel warnings: 0|stalls, lockups, oopses: 0|/sys/kernel/(oops|warn)_count)$")]
    private static partial Regex NoComplaint();

    private sealed record Images(GuestImage Kernel, GuestImage Initrd);
}
