using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Devices.I2c;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;

namespace Sim.Engine.Devices.Rtc;

/// <summary>All that a snapshot keeps of a <see cref="Ds1338"/>. Initial values are the power-on values.</summary>
[MessagePackObject]
public sealed class Ds1338State
{
    /// <summary>The clock's time less the machine's RTC time, seconds.</summary>
    [Key(0)] public long Offset;

    /// <summary>Days by which the day of the week that was set is ahead of the calendar's, 0 to 6.</summary>
    [Key(1)] public int WeekDayOffset;

    /// <summary>The registers: time as captured last, control, and battery-backed RAM from 0x08 on.</summary>
    [Key(2)] public byte[] Registers = new byte[64];

    /// <summary>The register that is read or written next.</summary>
    [Key(3)] public byte Pointer;

    /// <summary>True when the next byte written is the register address.</summary>
    [Key(4)] public bool PointerNext;
}

/// <summary>
/// DS1338 real-time clock with 56 bytes of RAM, on I2C; the PT7C4338 that device trees name is the same. Its time is the machine's RTC
/// base plus virtual time plus
/// what the guest has set; the registers are captured when a read begins, so that they are of one moment. Maxim DS1338 data sheet. QEMU:
/// hw/rtc/ds1338.c.
/// </summary>
public sealed class Ds1338 : I2cSlave
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "ds1338";

    private const int RegisterCount = 64;
    private const long MaxOffset = 10_000L * 366 * 86_400;
    private const byte TwelveHours = 0x40, Afternoon = 0x20, OscillatorStopped = 0x20, ControlWritable = 0xB3;

    /// <summary>What a snapshot keeps.</summary>
    public Ds1338State State = new();

    [ModuleInitializer]
    internal static new void RegisterTypes() => Module.TypeInit(static () => TypeRegistry.Register(new()
    {
        Name = TypeName,
        Parent = I2cSlave.TypeName,
        New = static () => new Ds1338(),
        ClassInit = static (klass, _) =>
        {
            var dc = (DeviceClass)klass;
            dc.State = StateOf.Device(TypeName, version: 1, static (Ds1338 d) => ref d.State);
            dc.PostLoad = static d => LoadedState.Require(d, IsPossible(((Ds1338)d).State), "the chip has 64 registers, 7 week days and years of 4 digits");
        },
    }));

    private static bool IsPossible(Ds1338State state) => state is
    {
        Registers.Length: RegisterCount, Pointer: < RegisterCount, WeekDayOffset: >= 0 and < 7, Offset: > -MaxOffset and < MaxOffset,
    };

    /// <inheritdoc/>
    protected internal override bool Start(bool receive)
    {
        if (receive)
            Capture();
        State.PointerNext = !receive;
        return true;
    }

    /// <inheritdoc/>
    protected internal override byte Receive()
    {
        var value = State.Registers[State.Pointer];
        Advance();
        return value;
    }

    /// <inheritdoc/>
    protected internal override bool Send(byte value)
    {
        if (State.PointerNext)
        {
            State.Pointer = (byte)(value % RegisterCount);
            State.PointerNext = false;
            return true;
        }

        if (State.Pointer < 7)
            SetTime(State.Pointer, value);
        else if (State.Pointer == 7)
            SetControl(value);
        else
            State.Registers[State.Pointer] = value;
        Advance();
        return true;
    }

    private static byte ToBcd(int value) => (byte)(value / 10 << 4 | value % 10);

    private static int FromBcd(int value) => (value >> 4) * 10 + (value & 0x0F);

    /// <summary>After the last register comes the first, with the time captured anew.</summary>
    private void Advance()
    {
        State.Pointer = (byte)((State.Pointer + 1) % RegisterCount);
        if (State.Pointer == 0)
            Capture();
    }

    private CivilTime Now() => CivilTime.FromSeconds(MachineSeconds() + State.Offset);

    private long MachineSeconds() => Machine.RtcBase + Machine.Scheduler.Now / VirtualTime.Second;

    private void Capture()
    {
        var now = Now();
        var registers = State.Registers;
        registers[0] = ToBcd(now.Second);
        registers[1] = ToBcd(now.Minute);
        if ((registers[2] & TwelveHours) != 0)
        {
            var hour = now.Hour % 12 == 0 ? 12 : now.Hour % 12;
            registers[2] = (byte)(TwelveHours | (now.Hour >= 12 ? Afternoon : 0) | ToBcd(hour));
        }
        else
            registers[2] = ToBcd(now.Hour);

        registers[3] = (byte)(ShownWeekDay(now) + 1);
        registers[4] = ToBcd(now.Day);
        registers[5] = ToBcd(now.Month);
        registers[6] = ToBcd(((now.Year % 100) + 100) % 100);
    }

    private void SetTime(int register, byte value)
    {
        var now = Now();
        var weekDay = ShownWeekDay(now);
        switch (register)
        {
            case 0:
                now.Second = FromBcd(value & 0x7F);
                break;
            case 1:
                now.Minute = FromBcd(value & 0x7F);
                break;
            case 2:
                now.Hour = HourOf(value);
                break;
            case 3:
                weekDay = ((value & 7) + 6) % 7;
                break;
            case 4:
                now.Day = FromBcd(value & 0x3F);
                break;
            case 5:
                now.Month = FromBcd(value & 0x1F);
                break;
            case 6:
                now.Year = 2000 + FromBcd(value);
                break;
        }

        State.Offset = now.ToSeconds() - MachineSeconds();

        // The day of the week is a counter of its own: midnight moves it, setting the date does not. (QEMU moves it along with the date.)
        State.WeekDayOffset = (weekDay - Now().WeekDay + 7) % 7;
    }

    private int ShownWeekDay(CivilTime now) => (now.WeekDay + State.WeekDayOffset) % 7;

    private static int HourOf(byte value)
    {
        if ((value & TwelveHours) == 0)
            return FromBcd(value & 0x3F);
        var hour = FromBcd(value & 0x1F) % 12;
        return (value & Afternoon) != 0 ? hour + 12 : hour;
    }

    private void SetControl(byte value)
    {
        // The oscillator-stop flag can only be cleared.
        var stopped = value & State.Registers[7] & OscillatorStopped;
        State.Registers[7] = (byte)(value & ControlWritable & ~OscillatorStopped | stopped);
    }
}
