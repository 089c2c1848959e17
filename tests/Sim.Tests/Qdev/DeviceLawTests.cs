using System.Runtime.CompilerServices;
using MessagePack;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Memory;
using Sim.Engine.Qdev;
using Sim.Engine.Qom;
using Sim.Engine.Scheduling;
using Sim.PropertyKit;
using Sim.PropertyKit.Devices;
using Xunit;

namespace Sim.Tests;

/// <summary>The laws that users try on devices of their own: every device of ours keeps them, and each kind of bug breaks the law that one would expect.</summary>
public sealed class DeviceLawTests
{
    public static TheoryData<string> Types()
    {
        Module.CallInit(ModuleInit.Qom);
        var types = new TheoryData<string>();
        foreach (var type in TypeRegistry.Default.Types.Where(static t => t.IsA(Device.TypeName) && !t.IsAbstract))
        {
            if (!type.Name.EndsWith(CpuModels.Suffix, StringComparison.Ordinal) || type.Name == "e500v2_v30-powerpc-cpu")
                types.Add(type.Name);
        }

        return types;
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_device_keeps_all_laws(string type)
    {
        var options = new LawOptions { Runs = 20, Cancellation = TestContext.Current.CancellationToken };
        foreach (var (law, report) in DeviceLaws.Check(new DeviceRequest(type, []), options: options))
            report.Print(law);
    }

    [Fact]
    public void A_device_without_a_bug_keeps_all_laws() => DeviceLaws.Check(new DeviceRequest(BuggyTimer.TypeName, []), BuggyTimer.Table(null));

    [Theory]
    [InlineData("unsaved-field", "device-state")]
    [InlineData("excused-field", "device-snapshot")]
    [InlineData("excused-field", "device-checkpoint")]
    [InlineData("line-after-reset", "device-reset")]
    [InlineData("timer-after-reset", "device-reset")]
    [InlineData("settable-after-realize", "device-properties")]
    [InlineData("timer-left-by-realize", "device-realize")]
    [InlineData("reference-kept", "device-lifecycle")]
    [InlineData("host-clock", "device-determinism")]
    [InlineData("static-counter", "device-determinism")]
    [InlineData("register-out-of-range", "device-accesses")]
    [InlineData("reading-peek", "device-observing")]
    [InlineData("line-raised-by-load", "device-snapshot")]
    public void A_bug_breaks_the_law_that_one_would_expect(string bug, string law)
    {
        var laws = DeviceLaws.For(new DeviceRequest(BuggyTimer.TypeName, []), BuggyTimer.Table(bug));
        var failure = Assert.Throws<LawFailedException>(() => laws.Single(l => l.Name == law).Holds(new LawOptions { Runs = 4000 }));
        TestContext.Current.TestOutputHelper?.WriteLine(failure.Message);
        Assert.StartsWith($"Law '{law}' is broken", failure.Message, StringComparison.Ordinal);
        Assert.True(failure.Case is not DeviceScript script || script.Steps.Count <= 6, failure.Message);
    }

    [Fact]
    public void A_case_that_failed_once_is_tried_again()
    {
        var laws = DeviceLaws.For(new DeviceRequest(BuggyTimer.TypeName, []), BuggyTimer.Table("timer-after-reset"));
        var reset = laws.Single(static l => l.Name == "device-reset");
        var failure = Assert.Throws<LawFailedException>(() => reset.Holds(new LawOptions { Runs = 400 }));
        var again = Assert.Throws<LawFailedException>(() => reset.Holds(new LawOptions { Runs = 0, PastFailures = [failure.Replay!.Value] }));
        Assert.Equal(failure.Message, again.Message);
    }

    [Fact]
    public void A_device_that_needs_a_property_says_so()
    {
        var failure = Assert.Throws<LawFailedException>(static () => DeviceLaws.For(new DeviceRequest(BuggyTimer.TypeName, [new("tick", "0")]), BuggyTimer.Table(null)));
        Assert.Contains("'planted-timer.tick' cannot be 0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_class_that_registers_no_type_is_named() =>
        Assert.Contains("'Sim.Tests.BuggyTimer' registers no device type", Assert.Throws<SimException>(static () => DeviceLaws.For<BuggyTimer>()).Message, StringComparison.Ordinal);
}

/// <summary>What <see cref="BuggyTimer"/> remembers.</summary>
[MessagePackObject]
public sealed class BuggyTimerState
{
    /// <summary>Ticks from one expiry to the next; 0 while it does not run.</summary>
    [Key(0)] public uint Period;

    /// <summary>Expiries.</summary>
    [Key(1)] public uint Count;

    /// <summary>True until the expiry is acknowledged.</summary>
    [Key(2)] public bool Pending;
}

/// <summary>A timer with an interrupt: register 0 is the period, 4 the count of expiries, 8 acknowledges. One bug at a time can be planted in it.</summary>
public class BuggyTimer : SysBusDevice
{
    /// <summary>Name of the type.</summary>
    public new const string TypeName = "planted-timer";

    private static readonly ulong[] Three = [0, 1, 2];
    private static uint staticCount;

    [Configuration("tick")] private uint tick;
    [Wiring] private string? bug;
    [Wiring] private VirtualTimer timer = null!;
    [Derived("A claim that is wrong when the bug is planted.")] private uint excused;
    private readonly IrqLine irq = new();

    /// <summary>What a snapshot keeps.</summary>
    public BuggyTimerState State = new();

    /// <summary>A type table with the device, and a bug in it.</summary>
    public static TypeRegistry Table(string? bug)
    {
        Module.CallInit(ModuleInit.Qom);
        var table = new TypeRegistry(TypeRegistry.Default);
        table.Add(new()
        {
            Name = TypeName,
            Parent = SysBusDevice.TypeName,
            New = bug == "unsaved-field" ? static () => new UnsavedTimer() : () => new BuggyTimer { bug = bug },
            InstanceInit = static o => ((BuggyTimer)o).Init(),
            ClassInit = (klass, _) => ClassInit((DeviceClass)klass, bug),
        });
        table.Seal();
        return table;
    }

    private static void ClassInit(DeviceClass dc, string? bug)
    {
        dc.AddProperty(bug == "settable-after-realize"
            ? Property.Integer("tick", "uint32", 0, uint.MaxValue, static o => ((BuggyTimer)o).tick, static (o, value) => ((BuggyTimer)o).tick = (uint)value)
            : Property.U32("tick", static (BuggyTimer t) => ref t.tick, 10));
        dc.State = StateOf.Device(TypeName, version: 1, static (BuggyTimer t) => ref t.State);
        dc.Realize = static d => ((BuggyTimer)d).Realize();
        dc.ResetHold = static d => ((BuggyTimer)d).ResetHold();
        dc.PostLoad = static d => ((BuggyTimer)d).PostLoad();
    }

    private void Init()
    {
        if (bug == "settable-after-realize")
            tick = 10;
        var ops = new MemoryRegionOps
        {
            Read = (offset, _, _) => Read(offset),
            Write = (offset, value, _, _) => Write(offset, (uint)value),
            Peek = (offset, _, _) => bug == "reading-peek" ? Read(offset) : Peek(offset),
            MinImplementedSize = 4,
        };
        InitMmio(MemoryRegion.NewIo(this, ops, TypeName, 0x20));
        InitIrq(irq);
    }

    private void Realize()
    {
        if (bug == "timer-left-by-realize")
            Machine.Scheduler.Timers.Create($"{CanonicalPath}:left", 0, static () => { });
        if (bug == "reference-kept")
            Ref();
        if (tick == 0)
            throw new SimException("Property 'planted-timer.tick' cannot be 0: expected 1 or more, ns.");
        timer = CreateTimer("expire", Expire);
    }

    private void ResetHold()
    {
        if (bug != "timer-after-reset")
            timer.Disarm();
        irq.Set(bug == "line-after-reset" && excused > 0);
    }

    private void PostLoad()
    {
        if (bug == "line-raised-by-load")
            irq.Set(State.Count > 0);
        if (bug != "excused-field")
            excused = State.Period;
    }

    private void Expire()
    {
        State.Count++;
        State.Pending = true;
        irq.Raise();
        Arm();
    }

    private void Arm()
    {
        if (State.Period > 0)
            timer.Arm(Machine.Scheduler.Now + ((long)tick * State.Period));
        else
            timer.Disarm();
    }

    private ulong Peek(ulong offset) => offset switch
    {
        0 => bug == "excused-field" ? excused : State.Period,
        4 => bug switch
        {
            "host-clock" => (ulong)Environment.TickCount64,
            "static-counter" => staticCount++,
            _ => State.Count,
        },
        8 => State.Pending ? 1UL : 0,
        12 when bug == "register-out-of-range" => Three[offset / 4],
        _ => 0,
    };

    private ulong Read(ulong offset)
    {
        if (bug == "reading-peek")
            State.Count++;
        return Peek(offset);
    }

    private void Write(ulong offset, uint value)
    {
        switch (offset)
        {
            case 0:
                State.Period = value;
                excused = value;
                Arm();
                break;
            case 8:
                State.Pending = false;
                irq.Lower();
                break;
        }
    }

    private sealed class UnsavedTimer : BuggyTimer
    {
        private uint unsaved;

        public uint Touch() => ++unsaved;
    }
}
