using System.Buffers.Binary;
using Sim.Engine.Base;
using Sim.Engine.Boards;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>Execution control of a session: what stops where, what a debugger writes, what is refused.</summary>
public sealed class DebuggerTests
{
    private const uint Code = 0x0010_0000, Page = 0x0020_1000;

    /// <summary>evstdd r6,0(r3).</summary>
    private const uint StoreDouble = 4u << 26 | 6u << 21 | 3u << 16 | 0x321;

    /// <summary>stmw r29,0(r3).</summary>
    private const uint StoreMultiple = 47u << 26 | 29u << 21 | 3u << 16;

    /// <summary>r3, the instruction, the watched range, the kind, and the first watched address that it accesses; 0 for no stop.</summary>
    public static TheoryData<string, uint, uint, uint, uint, WatchKind, uint> Accesses { get; } = new()
    {
        { "stw across pages, second page", Page - 2, Asm.Stw(6, 0, 3), Page, 1, WatchKind.Write, Page },
        { "stw across pages, first page", Page - 2, Asm.Stw(6, 0, 3), Page - 4, 3, WatchKind.Write, Page - 2 },
        { "stw that ends before", Page - 4, Asm.Stw(6, 0, 3), Page, 4, WatchKind.Access, 0 },
        { "stw that begins after", Page + 4, Asm.Stw(6, 0, 3), Page, 4, WatchKind.Access, 0 },
        { "stw where reads are watched", Page, Asm.Stw(6, 0, 3), Page, 4, WatchKind.Read, 0 },
        { "lwz where writes are watched", Page, Asm.Lwz(6, 0, 3), Page, 4, WatchKind.Write, 0 },
        { "lwz across words", Page + 2, Asm.Lwz(6, 0, 3), Page + 4, 4, WatchKind.Read, Page + 4 },
        { "lbz", Page + 5, Asm.Lbz(6, 0, 3), Page + 4, 4, WatchKind.Access, Page + 5 },
        { "lmw", Page - 8, Asm.Lmw(29, 0, 3), Page, 2, WatchKind.Read, Page },
        { "stmw across pages", Page - 8, StoreMultiple, Page + 1, 2, WatchKind.Write, Page + 1 },
        { "dcbz", Page + 7, Asm.Dcbz(0, 3), Page + 28, 4, WatchKind.Write, Page + 28 },
        { "evstdd", Page, StoreDouble, Page + 6, 1, WatchKind.Write, Page + 6 },
        { "stwcx. with a reservation", Page, Asm.Stwcx(6, 0, 3), Page, 4, WatchKind.Write, Page },
        { "stwcx. without one", Page + 8, Asm.Stwcx(6, 0, 3), Page + 8, 4, WatchKind.Write, 0 },
    };

    [Theory]
    [MemberData(nameof(Accesses))]
    public void A_watchpoint_stops_after_the_instruction_that_accesses_it(
        string what, uint r3, uint instruction, uint address, uint length, WatchKind kind, uint accessed)
    {
        Assert.NotEmpty(what);
        // The page is in the soft TLB, for loads and stores, before the watchpoint is set; lwarx reserves its first word.
        uint[] program =
        [
            .. Asm.Li(4, Msr.Spe), Asm.Mtmsr(4), .. Asm.Li(4, Page), Asm.Stw(4, 64, 4), Asm.Lwz(5, 64, 4), Asm.Lwarx(5, 0, 4),
            .. Asm.Li(3, r3), instruction, Asm.B(0),
        ];
        using var session = Boot(program);
        Assert.Equal(EndReason.Instructions, DebuggedRun.RunTo(session, 8));
        session.Debugger.Add(new Watchpoint(address, length, kind));
        var reason = DebuggedRun.RunTo(session, 100);
        if (accessed == 0)
        {
            Assert.Equal(EndReason.Instructions, reason);
            return;
        }

        var point = new Watchpoint(address, length, kind);
        Assert.Equal(
            new DebugStop(DebugStopKind.Watchpoint, 0, Code + (4 * (uint)(program.Length - 1)), point, accessed),
            session.Debugger.LastStop);
        Assert.Equal(EndReason.Instructions, DebuggedRun.RunTo(session, 100));
    }

    [Fact]
    public void A_breakpoint_stops_before_the_instruction_every_time_and_a_step_goes_past_it()
    {
        using var session = Boot([Asm.Addi(10, 10, 1), Asm.Addi(11, 11, 1), Asm.B(-8)]);
        session.Debugger.Add(new Breakpoint(Code + 4));
        for (var turn = 1u; turn <= 3; turn++)
        {
            Assert.Equal(EndReason.Debugger, session.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
            Assert.Equal(new DebugStop(DebugStopKind.Breakpoint, 0, Code + 4), session.Debugger.LastStop);
            Assert.Equal((turn, turn - 1), (Cpu(session).GetGpr(10), Cpu(session).GetGpr(11)));
        }

        session.Debugger.Step(0);
        session.Run(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(new DebugStop(DebugStopKind.Step, 0, Code + 8), session.Debugger.LastStop);
        Assert.True(session.Debugger.Remove(new Breakpoint(Code + 4)));
        Assert.False(session.Debugger.Remove(new Breakpoint(Code + 4)));
        Assert.Equal(EndReason.Instructions, DebuggedRun.RunTo(session, 1000));
    }

    [Fact]
    public void A_step_lets_the_other_cpus_have_their_turns()
    {
        var scenario = new MachineScenario("demo", 2);
        using var session = scenario.Boot();
        DebuggedRun.RunTo(session, 300_000);
        var before = session.Scheduler.Clocks.Select(static clock => clock.Instructions).ToList();
        for (var step = 0; step < 40; step++)
        {
            session.Debugger.Step(step % 2);
            Assert.Equal(EndReason.Debugger, session.Run(cancellationToken: TestContext.Current.CancellationToken).Reason);
            Assert.Equal((DebugStopKind.Step, step % 2), (session.Debugger.LastStop!.Value.Kind, session.Debugger.LastStop.Value.Vcpu));
        }

        var after = session.Scheduler.Clocks.Select(static clock => clock.Instructions).ToList();
        Assert.All(after.Zip(before), static counts => Assert.True(counts.First >= counts.Second + 20));
        Assert.True(after.Sum() - before.Sum() > 10_000, "A step of a CPU whose turn is over takes the rest of a frame.");
        session.Debugger.Clear();
        Assert.Equal(scenario.RunStraight(), MachineScenario.Finish(session));
    }

    [Fact]
    public void A_limit_and_a_stop_at_the_same_instruction_are_told_one_after_the_other()
    {
        using var session = Boot([Asm.Addi(3, 3, 1), Asm.B(-4)]);
        session.Debugger.Step(0);
        Assert.Equal(EndReason.Debugger, DebuggedRun.RunTo(session, 1));
        Assert.Equal(EndReason.Instructions, DebuggedRun.RunTo(session, 1));
        session.Debugger.RequestStop();
        Assert.Equal(EndReason.Debugger, DebuggedRun.RunTo(session, 2));
        Assert.Equal(1, session.Scheduler.TotalInstructions);
    }

    [Fact]
    public void Written_code_is_executed_next_and_the_write_is_told()
    {
        using var session = Boot([Asm.Addi(3, 3, 1), Asm.B(-4)]);
        var applied = new List<(long, DebuggerWrite)>();
        session.Input.Applied += (instructions, write) => applied.Add((instructions, write));
        DebuggedRun.RunTo(session, 1000);
        var write = new MemoryWrite(0, Code, Word(Asm.Addi(3, 3, 100)));
        session.Input.Apply(write);
        session.Input.Apply(new RegisterWrite(0, "r3", 7));
        DebuggedRun.RunTo(session, 1002);
        Assert.Equal(107u, Cpu(session).GetGpr(3));
        Assert.Equal([(1000L, write), (1000L, new RegisterWrite(0, "r3", 7))], applied);
    }

    [Fact]
    public void A_write_ends_reservations_and_stamps_the_page()
    {
        using var session = Boot([.. Asm.Li(4, Page), Asm.Lwarx(5, 0, 4), Asm.Nop, Asm.Stwcx(4, 0, 4), Asm.B(0)]);
        DebuggedRun.RunTo(session, 4);
        var ram = session.Machine.RamBlocks.Single();
        var epoch = ram.OpenEpoch();
        session.Input.Apply(new MemoryWrite(0, Page + 8, new byte[] { 1 }));
        Assert.Equal(epoch, ram.Stamp(Page >> 12));
        DebuggedRun.RunTo(session, 5);
        Assert.Equal(0u, Cpu(session).ReadRegister("cr") & 0x2000_0000);
    }

    [Fact]
    public void The_same_writes_at_the_same_instructions_give_the_same_run()
    {
        var scenario = new MachineScenario("demo", 3, "random:11");
        var writes = new List<(long Instructions, DebuggerWrite Write)>();
        using var first = scenario.Boot();
        first.Input.Applied += (instructions, write) => writes.Add((instructions, write));
        foreach (var at in (long[])[100_000, 200_001, 300_017])
        {
            DebuggedRun.RunTo(first, at);
            first.Input.Apply(new MemoryWrite(0, 0x0080_0000, new byte[] { (byte)at }));
            first.Input.Apply(new RegisterWrite(1, "sprg7", (ulong)at));
        }

        var outcome = MachineScenario.Finish(first);
        using var second = scenario.Boot();
        foreach (var (instructions, write) in writes)
        {
            DebuggedRun.RunTo(second, instructions);
            second.Input.Apply(write);
        }

        Assert.Equal(6, writes.Count);
        Assert.Equal(outcome, MachineScenario.Finish(second));
        Assert.NotEqual(outcome, scenario.RunStraight());
    }

    [Fact]
    public void What_cannot_be_written_is_refused_and_nothing_is_changed()
    {
        using var session = Boot([Asm.B(0)]);
        DebuggedRun.RunTo(session, 3);
        var digest = session.Digest();
        Refused(new MemoryWrite(0, 0x0FFF_FFFE, new byte[4]), "Not all of 4 bytes at 0x0ffffffe are mapped on CPU 0; nothing is written.");
        Refused(new MemoryWrite(1, Page, new byte[4]), "There is no CPU 1.");
        Refused(new RegisterWrite(0, "r32", 1), "Unknown register 'r32'.");
        Refused(new RegisterWrite(0, "pvr", 1), "can only be read.");
        Assert.Equal(digest, session.Digest());

        void Refused(DebuggerWrite write, string sentence) =>
            Assert.Contains(sentence, Assert.Throws<SimException>(() => session.Input.Apply(write)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Points_that_cannot_be_are_refused()
    {
        using var session = Boot([Asm.B(0)]);
        Action[] wrong =
        [
            () => session.Debugger.Add(new Breakpoint(2)), () => session.Debugger.Add(new Breakpoint(4, 1)),
            () => session.Debugger.Step(-1),
            () => session.Debugger.Add(new Watchpoint(4, 0, WatchKind.Read)), () => session.Debugger.Add(new Watchpoint(4, 4, 0)),
            () => session.Debugger.Add(new Watchpoint(0xFFFF_FFFF, 2, WatchKind.Read)),
        ];
        Assert.All(wrong, static action => Assert.Throws<SimException>(action));
        Assert.Empty(session.Debugger.Breakpoints);
        Assert.Empty(session.Debugger.Watchpoints);
    }

    [Fact]
    public unsafe void Only_pages_with_points_stay_out_of_the_fast_paths()
    {
        using var session = Boot([.. Asm.Li(4, Page), Asm.Stw(4, 0, 4), Asm.Lwz(5, 0, 4), Asm.B(-8)]);
        var state = Cpu(session).Core.State;
        var debugger = session.Debugger;
        Assert.Equal((true, true, true), Fast());
        debugger.Add(new Breakpoint(Code + 0x1000));
        debugger.Add(new Watchpoint(Page + 0x1000, 4, WatchKind.Access));
        Assert.Equal((true, true, true), Fast());
        debugger.Add(new Watchpoint(Page + 4, 4, WatchKind.Write));
        Assert.Equal((true, true, false), Fast());
        debugger.Add(new Watchpoint(Page + 8, 4, WatchKind.Read));
        Assert.Equal((true, false, false), Fast());
        debugger.Add(new Breakpoint(Code + 0x100));
        Assert.Equal((false, false, false), Fast());
        debugger.Clear();
        Assert.Equal((true, true, true), Fast());

        (bool Fetch, bool Load, bool Store) Fast()
        {
            Assert.Equal(EndReason.Instructions, DebuggedRun.RunTo(session, session.Scheduler.TotalInstructions + 1000));
            return (state->CodeTlb[Code >> 12 & 255].Tag == Code, state->DataTlb[Page >> 12 & 255].ReadTag == Page,
                state->DataTlb[Page >> 12 & 255].WriteTag == Page);
        }
    }

    [Fact]
    public void Tlb_entries_are_those_that_the_guest_set()
    {
        using var session = Boot(
        [
            .. Asm.Li(4, 0x1003_0000), Asm.Mtspr(624, 4), .. Asm.Li(4, 0xC005_1500), Asm.Mtspr(625, 4), .. Asm.Li(4, 0xD000_000A),
            Asm.Mtspr(626, 4), .. Asm.Li(4, 0xE000_0015), Asm.Mtspr(627, 4), Asm.Tlbwe, Asm.B(0),
        ]);
        DebuggedRun.RunTo(session, 14);
        var entry = Assert.Single(Cpu(session).TlbEntries(), static entry => entry.Index == 3);
        Assert.Equal(new TlbEntry(1, 3, 0xD000_0000, 0xE000_0000, 1 << 20, 0xC005_1500, 0xD000_000A, 0xE000_0015), entry);
        Assert.Equal((5, 1, true), (entry.Tid, entry.Space, entry.IsProtected));
    }

    private static byte[] Word(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static PowerPcCpu Cpu(Session session) => session.Debugger.Cpus[0];

    private static Session Boot(uint[] program)
    {
        byte[] bytes = [.. program.SelectMany(Word)];
        var elf = TestImages.Elf(Code, new TestImages.Segment(Code, bytes, (uint)bytes.Length));
        return Session.Boot(new MachineConfiguration { Bios = TestImages.File(elf), Memory = 64 << 20 });
    }
}
