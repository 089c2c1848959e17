using MessagePack;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Devices.Char;
using Sim.Engine.Devices.I2c;
using Sim.Engine.Devices.Intc;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.Snapshots;

namespace Sim.PropertyKit.Snapshots;

/// <summary>Says what was going on in a machine when it was saved, from nothing but the saved state.</summary>
public static class SavedMoment
{
    /// <summary>A vCPU was in the middle of its slice.</summary>
    public const string InSlice = "inside a slice";

    /// <summary>A vCPU held a reservation: between <c>lwarx</c> and <c>stwcx.</c>.</summary>
    public const string Reservation = "between lwarx and stwcx.";

    /// <summary>The receive FIFO of a UART held bytes, and had room.</summary>
    public const string HalfFullFifo = "UART FIFO partly full";

    /// <summary>Typed bytes waited for room in the UART.</summary>
    public const string TypedAhead = "typed ahead";

    /// <summary>A slave was addressed on an I2C bus.</summary>
    public const string I2cTransfer = "I2C transfer under way";

    /// <summary>An interrupt was in service at a CPU.</summary>
    public const string InService = "interrupt in service";

    /// <summary>An interrupt of higher priority had interrupted another one's service.</summary>
    public const string Nested = "nested interrupts";

    /// <summary>A CPU was held in the spin table.</summary>
    public const string SpinTable = "CPU in the spin table";

    /// <summary>A timer of a device was armed.</summary>
    public const string TimerArmed = "timer armed";

    /// <summary>A decrementer was counting.</summary>
    public const string Decrementer = "decrementer armed";

    /// <summary>A script had seen the first bytes of the text that it waited for.</summary>
    public const string PartialMatch = "text partly matched";

    /// <summary>What was going on.</summary>
    public static IReadOnlySet<string> Of(SnapshotReader snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return Of(snapshot.Sections, snapshot.Input);
    }

    /// <summary>What was going on.</summary>
    /// <param name="sections">State of every object and of the scheduler.</param>
    /// <param name="input">What waits to go in.</param>
    public static IReadOnlySet<string> Of(IEnumerable<StateSection> sections, PendingInput input)
    {
        ArgumentNullException.ThrowIfNull(sections);
        ArgumentNullException.ThrowIfNull(input);
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var section in sections)
            Add(section, found);
        if (input.Script is { Matched: > 0 })
            found.Add(PartialMatch);
        return found;
    }

    private static void Add(StateSection section, SortedSet<string> found)
    {
        void AddIf(bool condition, string name)
        {
            if (condition)
                found.Add(name);
        }

        switch (section.Type)
        {
            case StateSections.SchedulerType:
                var scheduler = Read<SchedulerState>(section);
                AddIf(scheduler.SliceOpen, InSlice);
                AddIf(scheduler.Timers.Length > 0, TimerArmed);
                break;
            case PowerPcCpu.TypeName:
                var registers = Read<PowerPcCpuState>(section).Registers.ToDictionary(static r => r.Name, static r => r.Values[0]);
                AddIf(registers["Reserved"] != 0, Reservation);
                AddIf(registers["Held"] != 0, SpinTable);
                AddIf(registers["DecrementerArmed"] != 0, Decrementer);
                break;
            case Serial.TypeName:
                AddIf(Read<SerialState>(section).FifoCount is > 0 and < Serial.FifoLength, HalfFullFifo);
                break;
            case Chardev.TypeName:
                AddIf(Read<ChardevState>(section).Input.Length > 0, TypedAhead);
                break;
            case I2cBus.TypeName:
                AddIf(Read<I2cBusState>(section).Addressed >= 0, I2cTransfer);
                break;
            case OpenPic.TypeName:
                var inService = Read<OpenPicState>(section).InService;
                AddIf(inService.Any(static levels => levels != 0), InService);
                AddIf(inService.Any(static levels => System.Numerics.BitOperations.PopCount(levels) > 1), Nested);
                break;
        }
    }

    private static T Read<T>(StateSection section) => MessagePackSerializer.Deserialize<T>(section.Bytes);
}
