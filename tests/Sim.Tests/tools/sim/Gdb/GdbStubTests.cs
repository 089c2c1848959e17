using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sim.Cli.Gdb;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Session;
using Sim.PropertyKit;
using Sim.PropertyKit.Machines;
using Xunit;

namespace Sim.Tests;

/// <summary>The remote protocol's packets beside the session that they speak of.</summary>
public sealed class GdbStubTests : IDisposable
{
    private readonly Session session = new MachineScenario("demo", 2).Boot();
    private readonly List<string> sent = [];
    private readonly GdbStub stub;

    public GdbStubTests()
    {
        DebuggedRun.RunTo(session, 300_000);
        stub = new GdbStub(session, sent.Add);
        stub.Stopped(new DebugStop(DebugStopKind.Requested, 0, Cpu(0).Pc), isAwaited: false);
        Ask("qSupported:swbreak+;hwbreak+;vContSupported+");
    }

    private static Arbitrary<string> Packets { get; } = Arb.From(
        from command in Gen.Elements(
            "?", "g", "G", "p", "P", "m", "M", "X", "Z0", "Z2", "z1", "z3", "H", "Hg", "Hc", "T", "q",
            "qXfer:features:read:", "qXfer:features:read:target.xml:", "qRcmd,", "qThreadExtraInfo,", "vCont;", "vCont?", "vKill;", "Q",
            "D", "k", "c", "s", "C", "S", "", "!")
        from rest in Gen.Elements(
            "0", "1", "ffffffff", "-1", ",", ";", ":", "=", "zz", "s", "c", "ffffffffffffffffff", "G", "6", "\0", "é", "61").ListOf(4)
        select command + string.Concat(rest));

    public void Dispose() => session.Dispose();

    [Fact]
    public void Registers_are_those_of_the_session()
    {
        Ask("Hg2");
        var all = Ask("g");
        var at = 0;
        for (var number = 0; number < PowerPcCpu.GdbRegisterCount; number++)
        {
            var size = PowerPcCpu.GdbRegisterSize(number);
            if (size == 0)
            {
                Assert.Equal("E22", Ask(Hex($"p{number:x}")));
                continue;
            }

            var expected = Cpu(1).ReadGdb(number).ToString(size == 8 ? "x16" : "x8", CultureInfo.InvariantCulture);
            Assert.Equal(expected, all.Substring(at, 2 * size));
            Assert.Equal(expected, Ask(Hex($"p{number:x}")));
            at += 2 * size;
        }

        Assert.Equal(all.Length, at);
        var description = Ask("qXfer:features:read:target.xml:0,3fff");
        foreach (var name in PowerPcCpu.RegisterNames)
            Assert.Contains($"<reg name=\"{name}\" ", description, StringComparison.Ordinal);
        Assert.Equal(Hex($"{Cpu(1).ReadRegister("pvr"):x8}"), Ask(Hex($"p{Number(description, "pvr"):x}")));
    }

    [Fact]
    public void A_description_read_in_pieces_is_the_whole()
    {
        var whole = Ask("qXfer:features:read:target.xml:0,3fff");
        var text = new StringBuilder();
        string piece;
        do
            text.Append((piece = Ask(Hex($"qXfer:features:read:target.xml:{text.Length:x},64")))[1..]);
        while (piece[0] == 'm');
        Assert.Equal(whole[1..], text.ToString());
        Assert.Equal('l', whole[0]);
    }

    [Fact]
    public void Memory_is_read_and_written_through_the_mmu()
    {
        var bytes = new byte[16];
        Assert.True(Cpu(0).TryPeek(Cpu(0).Pc, bytes));
        Assert.Equal(Convert.ToHexStringLower(bytes), Ask(Hex($"m{Cpu(0).Pc:x},10")));
        Assert.Equal("OK", Ask("M800ffe,4:01020304"));
        Assert.Equal("OK", Ask("X801002,3:\u00ff#}"));
        Assert.Equal("01020304ff237d00", Ask("m800ffe,8"));
        Assert.Equal("E14", Ask("m70000000,4"));
        Assert.Equal("E14", Ask("M70000000,1:00"));
        Assert.Equal("E22", Ask("M800000,2:00"));
        Assert.Equal("E22", Ask("m100000000,4"));
        Assert.Equal("E22", Ask("m0,ffffffff"));
    }

    [Fact]
    public void Registers_are_written_as_inputs()
    {
        var writes = new List<DebuggerWrite>();
        session.Input.Applied += (_, write) => writes.Add(write);
        Assert.Equal("OK", Ask("P1f=00000007"));
        Assert.Equal("E22", Ask("P1f=07"));
        Assert.Equal("E22", Ask("P20=00000007"));
        var all = Ask("g");
        Assert.Equal("OK", Ask("G" + all));
        Assert.Equal("OK", Ask(string.Concat("G", "12345678", all.AsSpan(8))));
        Assert.Equal([new RegisterWrite(0, "r31", 7), new RegisterWrite(0, "r0", 0x12345678)], writes);
        Assert.Equal((7u, 0x12345678u), (Cpu(0).GetGpr(31), Cpu(0).GetGpr(0)));
    }

    [Fact]
    public void Threads_are_the_cpus()
    {
        Assert.Equal("m01,02", Ask("qfThreadInfo"));
        Assert.Equal("l", Ask("qsThreadInfo"));
        Assert.Equal("OK", Ask("T2"));
        Assert.Equal("E22", Ask("T3"));
        Assert.Equal("OK", Ask("Hg2"));
        Assert.Equal("QC02", Ask("qC"));
        Assert.StartsWith("CPU#1 [", FromHex(Ask("qThreadExtraInfo,2")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_breakpoint_taken_away_to_step_one_thread_stays_for_the_others()
    {
        // CPU 0 stands at a place that CPU 1 comes by, too.
        var trace = DebuggedRun.Trace(new MachineScenario("demo", 2), 300_000, 200_000).Instructions;
        var shared = trace.Where(static at => at.Vcpu == 0).Select(static at => at.Pc).Intersect(
            trace.Where(static at => at.Vcpu == 1).Select(static at => at.Pc)).First();
        Assert.Equal("OK", Ask(Hex($"Z0,{shared:x},4")));
        Assert.Equal(GdbOutcome.Resume, stub.Handle("vCont;c"));
        do
        {
            Assert.Equal(EndReason.Debugger, DebuggedRun.RunTo(session, 600_000));
            stub.Stopped(session.Debugger.LastStop!.Value, isAwaited: true);
        }
        while (session.Debugger.LastStop!.Value.Vcpu != 0 && stub.Handle("vCont;c") == GdbOutcome.Resume);
        Assert.Equal(Hex($"T05thread:01;01:{Cpu(0).GetGpr(1):x8};40:{shared:x8};swbreak:;"), sent[^1]);

        Ask(Hex($"z0,{shared:x},4"));
        Assert.Equal(GdbOutcome.Resume, stub.Handle("vCont;s:1"));
        Assert.Equal([new Breakpoint(shared, 1)], session.Debugger.Breakpoints);
        Assert.Equal(EndReason.Debugger, DebuggedRun.RunTo(session, 600_000));
        stub.Stopped(session.Debugger.LastStop!.Value, isAwaited: true);
        Assert.Equal(GdbOutcome.Resume, stub.Handle("vCont;c"));
        Assert.Empty(session.Debugger.Breakpoints);
    }

    [Fact]
    public void Monitor_commands_print_and_name_what_they_do_not_know()
    {
        Assert.StartsWith("/machine (ppce500-machine)\n", Monitor("tree"), StringComparison.Ordinal);
        Assert.Equal(Monitor("tree"), Monitor("info qom-tree"));
        Assert.Equal(Monitor("mtree -f"), Monitor("info mtree -f"));
        Assert.StartsWith("bus: main-system-bus", Monitor("qtree"), StringComparison.Ordinal);
        Assert.Matches("(?m)^ +0  0x00000000  0x000000000 +[0-9]+M    0   0  RWX   RWX ", Monitor("info tlb"));
        Assert.Contains(Hex($"pc       {Cpu(0).Pc:x8}"), Monitor("registers"), StringComparison.Ordinal);
        Assert.Contains(session.Digest().ToString("x32", CultureInfo.InvariantCulture), Monitor("digest"), StringComparison.Ordinal);
        Assert.Contains("info registers", Monitor("help"), StringComparison.Ordinal);
        Assert.Equal("Unknown command 'tre'. Did you mean 'tree'? 'monitor help' lists all.\n", Monitor("tre"));
        Assert.Equal("'tlb 7' is not possible; tlb prints: valid TLB entries of the current thread's CPU.\n", Monitor("tlb 7"));
        Assert.Equal("The machine has no object '/nobody'; 'tree /' shows all.\n", Monitor("tree /nobody"));
    }

    [Fact]
    public void No_packet_is_too_strange_and_none_but_a_write_changes_the_machine()
    {
        var digest = session.Digest();
        Law.Holds(
            "any packet",
            Packets,
            (packet, classes) =>
            {
                sent.Clear();
                var outcome = stub.Handle(packet);
                session.Debugger.Clear();
                classes.Add(outcome.ToString());
                classes.Add("refused", sent.Count == 1 && sent[0].StartsWith('E'));
                classes.Add("carried out", sent.Count == 1 && sent[0] == "OK");
                classes.Add("unknown", sent.Count == 1 && sent[0].Length == 0);
                Assert.True(sent.Count > 0 || outcome is GdbOutcome.Resume or GdbOutcome.Kill, "A packet without an answer hangs gdb.");
                if (packet is not (['P' or 'G' or 'M' or 'X' or 'c' or 's', ..]))
                    Assert.Equal(digest, session.Digest());
                else
                    digest = session.Digest();
            },
            new LawOptions
            {
                Runs = 1000,
                Required = [("Stay", 0.5), ("Resume", 0.05), ("Kill", 0.02), ("refused", 0.2), ("carried out", 0.03), ("unknown", 0.05)],
            });
    }

    private static int Number(string description, string name)
    {
        var at = description.IndexOf($"<reg name=\"{name}\"", StringComparison.Ordinal);
        var number = description.IndexOf("regnum=\"", at, StringComparison.Ordinal) + 8;
        return int.Parse(description.AsSpan(number, description.IndexOf('"', number) - number), CultureInfo.InvariantCulture);
    }

    private static string Hex(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string FromHex(string text) => Encoding.UTF8.GetString(Convert.FromHexString(text));

    private PowerPcCpu Cpu(int index) => session.Debugger.Cpus[index];

    private string Monitor(string command)
    {
        sent.Clear();
        stub.Handle("qRcmd," + Convert.ToHexStringLower(Encoding.UTF8.GetBytes(command)));
        Assert.Equal("OK", sent[^1]);
        return string.Concat(sent.SkipLast(1).Select(static packet => FromHex(packet[1..])));
    }

    private string Ask(string packet)
    {
        sent.Clear();
        Assert.Equal(GdbOutcome.Stay, stub.Handle(packet));
        return Assert.Single(sent);
    }
}
