using Sim.Engine.Memory;
using Sim.PropertyKit.Qdev;

namespace Sim.PropertyKit.Memory;

/// <summary>
/// Access sizes and byte order. A device that keeps bytes as memory does must look like memory, whatever sizes it implements; QEMU's rules say what it is
/// called with. QEMU: access_with_adjusted_size.
/// </summary>
public static class RegisterAccessLaws
{
    private static readonly LawOptions Sample = new()
    {
        Runs = 800,
        Required =
        [
            ("refused for its size", 0.2), ("refused unaligned", 0.08), ("split", 0.1), ("widened", 0.1), ("widened across two", 0.008),
            ("little-endian split", 0.05), ("little-endian widened", 0.05), ("accepted unaligned", 0.08),
        ],
    };

    /// <summary>A device that keeps bytes looks like memory in every size and order.</summary>
    public static NamedLaw LooksLikeMemory { get; } = NamedLaw.Of(
        "register-access", "memory", "A device that keeps bytes looks like memory, in every access size and byte order.",
        RegisterPlan.Plans, static (plan, classes) => CheckAccesses(plan, plan.Endianness, classes), Sample);

    /// <summary>Peeks see what is there and touch nothing.</summary>
    public static NamedLaw Peeks { get; } = NamedLaw.Of(
        "peeks", "L7", "Peeks at registers see what is there and touch nothing.",
        RegisterPlan.Plans, CheckPeeks, Sample with { Runs = 300, Required = [("narrower than the device accepts", 0.2)] });

    /// <summary>DMA reaches a device that accepts all sizes as memory.</summary>
    public static NamedLaw Dma { get; } = NamedLaw.Of(
        "dma", "memory", "DMA of any length sees a device that accepts all sizes as memory.",
        RegisterPlan.Plans, CheckDma, Sample with { Runs = 200, Required = [("wide access", 0.3)] });

    /// <summary>The laws of this file.</summary>
    public static IReadOnlyList<NamedLaw> All { get; } = [LooksLikeMemory, Peeks, Dma];

    private static void CheckPeeks(RegisterPlan plan, CaseClasses classes)
    {
        using var machine = TestMachine.Create();
        var device = ByteDevice.Map(machine, plan, plan.Endianness);
        foreach (var access in plan.Accesses)
        {
            var bytes = new byte[access.Size];
            Check.That(machine.Memory.TryPeek(access.Address, bytes), $"{access} can be peeked");
            Check.Same(device.Store[(int)access.Address..][..access.Size], bytes);
            Check.Equal(0, device.Calls.Count);
            classes.Add("narrower than the device accepts", access.Size < plan.Valid.Least);
        }

        var outside = Enumerable.Repeat((byte)0xFF, 8).ToArray();
        Check.That(!machine.Memory.TryPeek(ByteDevice.Size - 4, outside), "half of it is not there");
        byte[] expected = [.. device.Store[(ByteDevice.Size - 4)..], 0, 0, 0, 0];
        Check.Same(expected, outside);
    }

    private static void CheckDma(RegisterPlan tried, CaseClasses classes)
    {
        var plan = tried with { Valid = (1, tried.Valid.Most), Implemented = (1, tried.Implemented.Most) };
        using var machine = TestMachine.Create();
        var device = ByteDevice.Map(machine, plan, plan.Endianness);
        var model = device.Store.ToArray();
        foreach (var access in plan.Accesses)
        {
            var bytes = new byte[access.Size + (int)(access.Value & 7)];
            if (access.IsWrite)
            {
                bytes.AsSpan().Fill((byte)access.Value);
                bytes.CopyTo(model, (int)access.Address);
                machine.Memory.Write(access.Address, (ReadOnlySpan<byte>)bytes);
                Check.Same(model, device.Store);
            }
            else
            {
                machine.Memory.Read(access.Address, bytes);
                Check.Same(model[(int)access.Address..][..bytes.Length], bytes);
            }

            classes.Add("wide access", device.Calls.Any(static c => c.Size >= 4));
        }
    }

    /// <summary>Makes accesses and compares with an array of bytes.</summary>
    /// <param name="plan">The device's rules and the accesses.</param>
    /// <param name="order">Byte order of the device's answers; a wrong one is a planted bug.</param>
    /// <param name="classes">Receives what kind of case it is.</param>
    public static void CheckAccesses(RegisterPlan plan, Endianness order, CaseClasses classes)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(classes);
        using var machine = TestMachine.Create();
        var device = ByteDevice.Map(machine, plan, order);
        var model = device.Store.ToArray();
        foreach (var access in plan.Accesses)
        {
            device.ForgetCalls();
            var fits = access.Size >= plan.Valid.Least && access.Size <= plan.Valid.Most;
            var aligned = access.Address % (ulong)access.Size == 0;
            var accepted = fits && (aligned || plan.AcceptsUnaligned);
            classes.Add("refused for its size", !fits);
            classes.Add("refused unaligned", fits && !accepted);
            classes.Add("accepted unaligned", accepted && !aligned);
            if (access.IsWrite)
            {
                machine.Memory.Write(access.Address, access.Value, access.Size, null);
                if (accepted)
                    WriteModel(plan, model, access);
                Check.Same(model, device.Store);
            }
            else
            {
                var expected = accepted ? ByteDevice.BigEndian(model.AsSpan((int)access.Address, access.Size)) : 0;
                Check.Equal(expected, machine.Memory.Read(access.Address, access.Size, null));
            }

            CheckCalls(plan, access, accepted, device.Calls, classes);
        }
    }

    /// <summary>A write narrower than what the device implements comes with zeros around it, as in QEMU: the neighbours are lost.</summary>
    private static void WriteModel(RegisterPlan plan, byte[] model, PlannedAccess access)
    {
        var width = (ulong)plan.Implemented.Least;
        var crosses = access.Address / width != (access.Address + (ulong)access.Size - 1) / width;
        for (var i = 0; i < access.Size; i++)
        {
            var at = access.Address + (ulong)i;
            if (access.Size < plan.Implemented.Least && (i == 0 || crosses))
                model.AsSpan((int)(at & ~(width - 1)), (int)width).Clear();
            model[at] = (byte)(access.Value >> (8 * (access.Size - 1 - i)));
        }
    }

    private static void CheckCalls(RegisterPlan plan, PlannedAccess access, bool accepted, IReadOnlyList<(int Offset, int Size, bool IsWrite)> calls, CaseClasses classes)
    {
        if (!accepted)
        {
            Check.Equal(0, calls.Count);
            return;
        }

        Check.That(
            calls.All(call => call.Size >= plan.Implemented.Least && call.Size <= plan.Implemented.Most), "the device is called in a size that it implements");
        Check.That(calls.All(call => call.IsWrite == access.IsWrite), "a read reads, a write writes");
        var little = plan.Endianness == Endianness.Little;
        if (access.Size > plan.Implemented.Most)
        {
            var parts = Enumerable.Range(0, access.Size / plan.Implemented.Most);
            Check.Same(parts.Select(i => (int)access.Address + i * plan.Implemented.Most), calls.Select(static c => c.Offset));
            classes.Add("split");
            classes.Add("little-endian split", little);
        }
        else if (access.Size < plan.Implemented.Least)
        {
            Check.That(calls.All(static call => call.Offset % call.Size == 0), "a widened access is aligned");
            classes.Add("widened");
            classes.Add("widened across two", calls.Count > 1);
            classes.Add("little-endian widened", little);
        }
        else
            Check.Same([((int)access.Address, access.Size)], calls.Select(static c => (c.Offset, c.Size)), "calls");
    }
}
