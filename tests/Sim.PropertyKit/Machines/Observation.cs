using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;
using Sim.Engine.Qom;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Machines;

/// <summary>Everything that debugger, monitor, hasher and tracer look at.</summary>
public static class Observation
{
    /// <summary>Looks at all of it once.</summary>
    /// <param name="session">The session.</param>
    /// <param name="classes">Receives what is looked at; null for nobody.</param>
    public static void LookAtEverything(Session session, CaseClasses? classes = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        session.Digest();
        var machine = session.Machine;
        var objects = Tree(machine.Root.Object).ToList();
        foreach (var at in objects)
        {
            foreach (var property in at.Properties)
            {
                _ = property.Print(at);
                classes?.CoverProperty(at, property);
            }
        }

        var cpus = machine.Devices().OfType<PowerPcCpu>().ToList();
        foreach (var region in objects.OfType<MemoryRegion>().Where(static r => r.Ops is not null))
            PeekRegisters(region.Ops!, (ulong)region.Size, cpus);
        foreach (var range in machine.Memory.View.Ranges)
            PeekRange(machine.Memory, range);
        foreach (var cpu in cpus)
            LookAt(cpu);
        LookAtRun(session);
    }

    private static void LookAtRun(Session session)
    {
        var scheduler = session.Scheduler;
        _ = (scheduler.GlobalTime, scheduler.ReachedTime, scheduler.TotalInstructions);
        _ = (scheduler.Frame, scheduler.Turn, scheduler.RunningVcpu, scheduler.PoweredOff);
        _ = scheduler.Save();
        _ = scheduler.Timers.Timers.Sum(static timer => timer.Name.Length + (timer.IsArmed ? 1 : 0));
        _ = StateSections.Collect(session.Machine).Sum(static section => section.Bytes.Length);
        _ = (session.Consoles.Sum(static c => c.Text.Length + c.Tail(3).Length), session.Input.HasWaiting);
    }

    /// <summary>Looks at a CPU: registers and memory.</summary>
    public static void LookAt(PowerPcCpu cpu)
    {
        foreach (var name in PowerPcCpu.RegisterNames)
            _ = cpu.ReadRegister(name);
        for (var number = 0; number < PowerPcCpu.GdbRegisterCount; number++)
            _ = cpu.ReadGdb(number);
        _ = (cpu.Pc, cpu.Msr, cpu.Timebase, cpu.IsHeld);
        Span<byte> bytes = stackalloc byte[8];

        // A page of every 2 MiB; which ones, the program counter decides.
        for (var page = ((ulong)cpu.Pc >> 2 & 3) * 0x8_0000; page <= uint.MaxValue; page += 0x20_0000)
        {
            _ = cpu.TryTranslate((uint)page, out _);
            _ = cpu.TryPeek((uint)page + 0xFFC, bytes);
        }
    }

    /// <summary>Registers' peeks, in every size, also of regions that are not mapped, and as each CPU sees them.</summary>
    private static void PeekRegisters(MemoryRegionOps ops, ulong size, List<PowerPcCpu> cpus)
    {
        foreach (var initiator in cpus.Select(static BusInitiator? (cpu) => cpu.Core).Take(2).Prepend(null))
        {
            for (var width = ops.MinImplementedSize; width <= ops.MaxImplementedSize; width *= 2)
            {
                for (var offset = 0UL; offset + (ulong)width <= Math.Min(size, 0x2_0000); offset += (ulong)width)
                    _ = ops.Peek(offset, width, initiator);
            }
        }
    }

    private static void PeekRange(AddressSpace memory, FlatRange range)
    {
        var buffer = new byte[0x1_0000];
        for (var address = range.Start; address <= range.Last && address - range.Start < 0x10_0000; address += (ulong)buffer.Length)
            _ = memory.TryPeek(address, buffer.AsSpan(0, (int)Math.Min((ulong)buffer.Length, range.Last - address + 1)));
    }

    private static IEnumerable<QomObject> Tree(QomObject at) => at.Children.SelectMany(Tree).Prepend(at);
}
