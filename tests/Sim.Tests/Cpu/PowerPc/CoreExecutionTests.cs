using Sim.Engine.Cpu.PowerPc;
using Sim.PropertyKit.Cpu;
using Xunit;

namespace Sim.Tests;

/// <summary>Blocks, exact stops and caches that nobody sees.</summary>
public sealed unsafe class CoreExecutionTests
{
    /// <summary>A program of a thousand small random ones, as the conformance campaign runs them.</summary>
    static BareCpu RandomPrograms(int seed)
    {
        var generator = new ProgramGenerator(seed);
        var cpu = new BareCpu();
        cpu.Ram.Write(0, ConformanceProgram.Build([.. Enumerable.Range(0, 300).Select(_ => generator.Draw())]));
        cpu.State->Pc = ConformanceProgram.Entry;
        return cpu;
    }

    static string Registers(BareCpu cpu) =>
        string.Join(' ', PowerPcStateSection.Save(cpu.State).Registers.Select(static r => $"{r.Name}={string.Join(',', r.Values)}"));

    static UInt128 Memory(BareCpu cpu) => Engine.Base.StateHasher.Hash(cpu.Ram.Span(0, (int)BareCpu.RamSize));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Runs_cut_anywhere_with_caches_dropped_end_in_the_same_state(int seed)
    {
        using BareCpu whole = RandomPrograms(seed), cut = RandomPrograms(seed);
        var draw = new Random(seed);
        for (int i = 0; i < 40; i++)
        {
            int length = draw.Next(1, 3000);
            whole.Run(length);
            for (int left = length; left > 0;)
            {
                int piece = Math.Min(left, draw.Next(4) == 0 ? draw.Next(1, 200) : draw.Next(1, 8));
                cut.Run(piece);
                left -= piece;
                if (draw.Next(50) == 0)
                    cut.Core.Code.DropAll();
                if (draw.Next(10) == 0)
                    cut.Core.DropSoftTlbs();
            }

            Assert.Equal(Registers(whole), Registers(cut));
        }

        Assert.Equal(Memory(whole), Memory(cut));
    }

    [Fact]
    public void Without_tail_calls_the_state_is_the_same()
    {
        using BareCpu jumps = RandomPrograms(3), calls = RandomPrograms(3);
        calls.Core.HasTailCalls = false;
        for (int i = 0; i < 20; i++)
        {
            jumps.Run(2001);
            calls.Run(2001);
            Assert.Equal(Registers(jumps), Registers(calls));
        }

        Assert.Equal(Memory(jumps), Memory(calls));
    }

    [Fact]
    public void The_stack_stays_bounded_in_a_long_run()
    {
        using var cpu = new BareCpu();
        cpu.Core.HasTailCalls = false;
        cpu.Load(0x1000, Asm.Addi(3, 3, 1), Asm.B(-4));
        cpu.Run(2_000_001);
        Assert.Equal(1_000_001u, cpu.State->Gpr[3]);
    }

    [Fact]
    public void A_run_stops_at_every_instruction_of_a_block()
    {
        for (int count = 0; count <= 40; count++)
        {
            using var cpu = new BareCpu();
            uint[] code = new uint[40];
            Array.Fill(code, Asm.Addi(3, 3, 1));
            cpu.Load(0x1000, code);
            if (count > 0)
                cpu.Run(count);
            Assert.Equal((uint)count, cpu.State->Gpr[3]);
            Assert.Equal(0x1000u + 4 * (uint)count, cpu.State->Pc);
        }
    }

    [Fact]
    public void A_block_goes_on_in_the_next_page()
    {
        using var cpu = new BareCpu();
        cpu.Load(0x1FF0, Asm.Addi(3, 3, 1), Asm.Addi(3, 3, 1), Asm.Addi(3, 3, 1), Asm.Addi(3, 3, 1), Asm.Addi(3, 3, 1), Asm.Bl(-0x14));
        cpu.State->Pc = 0x1FF0;
        cpu.Run(6);
        Assert.Equal((5u, 0x1FF0u, 0x2008u), (cpu.State->Gpr[3], cpu.State->Pc, cpu.State->Lr));
        cpu.Run(6000);
        Assert.Equal(5005u, cpu.State->Gpr[3]);
    }

    [Fact]
    public void A_store_to_the_next_instruction_takes_effect_at_once()
    {
        using var cpu = new BareCpu();
        cpu.Load(0x1000, Asm.Stw(4, 0x1008, 0), Asm.Nop, Asm.Nop, Asm.B(-12));
        cpu.State->Gpr[4] = Asm.Addi(3, 0, 1);
        cpu.Run(4);
        Assert.Equal(1u, cpu.State->Gpr[3]);
        cpu.State->Gpr[4] = Asm.Addi(3, 0, 2);
        cpu.Run(4);
        Assert.Equal(2u, cpu.State->Gpr[3]);
        cpu.State->Gpr[4] = Asm.Addi(3, 0, 3);
        cpu.Run(3);
        Assert.Equal(3u, cpu.State->Gpr[3]);
    }

    [Fact]
    public void A_store_beside_the_code_in_its_page_keeps_the_blocks()
    {
        using var cpu = new BareCpu();
        cpu.Load(0x1000, Asm.Stw(4, 0x1800, 0), Asm.Addi(4, 4, 1), Asm.B(-8));
        cpu.Run(9);
        long decoded = cpu.Core.Code.BlocksDecoded;
        cpu.Run(3000);
        Assert.Equal(decoded, cpu.Core.Code.BlocksDecoded);
        Assert.Equal(cpu.State->Gpr[4] - 1, cpu.Word(0x1800));
    }

    [Fact]
    public void A_write_by_another_master_changes_the_code()
    {
        using var cpu = new BareCpu();
        cpu.Load(0x1000, Asm.Addi(3, 3, 1), Asm.B(-4));
        cpu.Run(100);
        cpu.Load(0x1000, Asm.Addi(3, 3, 2));
        uint before = cpu.State->Gpr[3];
        cpu.Run(100);
        Assert.Equal(before + 100, cpu.State->Gpr[3]);
    }

    [Fact]
    public void Code_that_another_cpu_stores_is_seen()
    {
        using var cpu = new BareCpu(cpus: 2);
        cpu.Load(0x1000, Asm.Addi(3, 0, 1), Asm.B(-4));
        cpu.Load(0x2000, Asm.Stw(4, 0x1000, 0), Asm.B(0));
        cpu.Cores[1].State->Pc = 0x2000;
        cpu.Cores[1].State->Gpr[4] = Asm.Addi(3, 0, 7);
        cpu.Run(60_000);
        Assert.Equal(7u, cpu.State->Gpr[3]);
    }

    [Fact]
    public void Code_can_run_from_device_registers()
    {
        using var cpu = new BareCpu();
        uint[] rom = [Asm.Addi(3, 3, 1), Asm.Addi(3, 3, 1), Asm.B(-8)];
        cpu.AddRegisters(0x0500_0000, 0x1000, (offset, _, _) => offset / 4 < 3 ? rom[offset / 4] : 0, static (_, _, _, _) => { });
        cpu.State->TlbMas1[512] = 0x8000_0900;
        cpu.State->Pc = 0x0500_0000;
        cpu.Run(30);
        Assert.Equal(20u, cpu.State->Gpr[3]);
    }

    [Fact]
    public void A_dirty_epoch_sees_the_next_store()
    {
        using var cpu = new BareCpu();
        cpu.Load(0x1000, Asm.Stw(4, 0x2000, 0), Asm.B(-4));
        cpu.Run(100);
        uint epoch = cpu.Ram.OpenEpoch();
        Assert.True(cpu.Ram.Stamp(2) < epoch);
        cpu.Run(2);
        Assert.Equal(epoch, cpu.Ram.Stamp(2));
    }

    [Fact]
    public void The_table_is_unambiguous()
    {
        Instruction[] all = [.. Decoder.All()];
        foreach (var a in all)
            foreach (var b in all)
                Assert.False(a.Mnemonic != b.Mnemonic && a.Value >> 26 == b.Value >> 26 && (a.Mask & b.Mask & (a.Value ^ b.Value)) == 0,
                    $"{a.Mnemonic} and {b.Mnemonic} both match a word.");
    }
}
