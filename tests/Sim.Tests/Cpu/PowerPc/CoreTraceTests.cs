using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Qdev;
using Sim.PropertyKit.Cpu;
using Xunit;

namespace Sim.Tests;

/// <summary>What <c>--log</c> shows of a CPU, and that looking changes nothing.</summary>
public sealed unsafe class CoreTraceTests
{
    const LogCategories Everything = LogCategories.Exec | LogCategories.Int | LogCategories.Tlb | LogCategories.GuestErrors;

    static BareCpu Create()
    {
        var cpu = new BareCpu();
        cpu.SetVectors();
        cpu.Load(0x1000, Asm.Addi(3, 3, 1), Asm.Tlbwe, 0);
        cpu.Load(0x700, Asm.Addi(4, 4, 1), Asm.B(-4));
        cpu.State->Mas0 = 0x1001_0000;
        cpu.State->Mas1 = 0x8000_0100;
        cpu.State->Mas2 = 0x9000_0000;
        cpu.State->Mas3 = 0x0010_003F;
        return cpu;
    }

    [Fact]
    public void Every_category_tells_its_part()
    {
        using var cpu = Create();
        var log = new GuestLog();
        var lines = new List<string>();
        cpu.Core.SetLog(log);
        log.Enable(Everything, (category, text) => lines.Add($"{category}: {text}"));
        cpu.Run(4);
        Assert.Equal(
        [
            "Exec: 0x00001000: 38630001",
            "Exec: 0x00001004: 7c0007a4",
            "Tlb: TLB1 entry 1 = mas1 0x80000100 mas2 0x90000000 mas7:3 0x000010003f",
            "Exec: 0x00001008: 00000000",
            "GuestErrors: illegal instruction 00000000 at 0x00001008",
            "Int: Program at 0x00001008, to 0x00000700: esr 0x08000000 dear 0x00000000 msr 0x00000000",
            "Exec: 0x00000700: 38840001",
        ], lines);
    }

    [Fact]
    public void Tracing_changes_no_state()
    {
        using BareCpu traced = Create(), plain = Create();
        var log = new GuestLog();
        traced.Core.SetLog(log);
        log.Enable(Everything, static (_, _) => { });
        traced.Run(1001);
        plain.Run(1001);
        log.Enable(LogCategories.None, null);
        traced.Run(1001);
        plain.Run(1001);
        Assert.Equal(Values(plain), Values(traced));
    }

    static List<ulong> Values(BareCpu cpu) => [.. PowerPcStateSection.Save(cpu.State).Registers.SelectMany(static r => r.Values)];
}
