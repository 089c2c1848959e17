using Sim.Engine.Cpu.PowerPc;
using Sim.PropertyKit.Cpu;
using Xunit;

namespace Sim.Tests;

/// <summary>Loads, stores and translation as a guest sees them.</summary>
public sealed unsafe class MemoryAccessTests
{
    const ulong Registers = 0xF_E000_0000;

    static BareCpu Create(params uint[] code)
    {
        var cpu = new BareCpu();
        cpu.SetVectors();
        cpu.Load(0x1000, code);
        return cpu;
    }

    /// <summary>Maps 4 KiB by TLB1.</summary>
    static void Map(BareCpu cpu, int entry, uint effective, ulong physical, uint rights)
    {
        cpu.State->TlbMas1[512 + entry] = 0x8000_0100;
        cpu.State->TlbMas2[512 + entry] = effective;
        cpu.State->TlbMas73[512 + entry] = physical | rights;
        cpu.Core.DropSoftTlbs();
    }

    [Fact]
    public void A_miss_loads_the_mas_registers_and_tells_the_address()
    {
        using var cpu = Create(Asm.Stw(4, 8, 5));
        cpu.State->Gpr[5] = 0x9000_0000;
        cpu.State->Mas4 = 0x0000_0104;
        cpu.State->Pid[0] = 7;
        cpu.Run(1);
        Assert.Equal((Vector.DataTlbError, 0x9000_0008u, Esr.St, 0x1000u),
            (cpu.VectorTaken, cpu.State->Dear, cpu.State->Esr, cpu.State->Srr0));
        Assert.Equal((0x8007_0100u, 0x9000_0004u, 7u << 16), (cpu.State->Mas1, cpu.State->Mas2, cpu.State->Mas6));
    }

    [Theory]
    [InlineData(0x01u, false, false, true)] // SR
    [InlineData(0x02u, false, false, false)] // UR
    [InlineData(0x02u, true, false, true)]
    [InlineData(0x04u, false, true, true)] // SW
    [InlineData(0x01u, false, true, false)]
    [InlineData(0x08u, true, true, true)] // UW
    public void Rights_are_for_loads_and_stores_of_one_state(uint rights, bool user, bool store, bool allowed)
    {
        using var cpu = Create(store ? Asm.Stw(4, 0, 5) : Asm.Lwz(4, 0, 5));
        Map(cpu, 1, 0x9000_0000, 0x0010_0000, rights);
        cpu.State->Gpr[5] = 0x9000_0000;
        Context.SetMsr(cpu.State, user ? Msr.Pr : 0);
        cpu.Run(1);
        Assert.Equal(allowed, cpu.State->Pc == 0x1004);
        if (!allowed)
            Assert.Equal((Vector.DataStorage, store ? Esr.St : 0), (cpu.VectorTaken, cpu.State->Esr));
    }

    [Fact]
    public void Fetching_needs_the_right_to_execute()
    {
        using var cpu = Create();
        Map(cpu, 1, 0x9000_0000, 0x1000, 0x0F);
        cpu.State->Pc = 0x9000_0000;
        cpu.Run(1);
        Assert.Equal((Vector.InstructionStorage, 0x9000_0000u), (cpu.VectorTaken, cpu.State->Srr0));
    }

    [Fact]
    public void A_store_across_pages_faults_before_it_stores()
    {
        using var cpu = Create(Asm.Stw(4, 0, 5));
        Map(cpu, 1, 0x9000_0000, 0x0010_0000, 0x3F);
        cpu.State->Gpr[4] = 0x1122_3344;
        cpu.State->Gpr[5] = 0x9000_0FFE;
        cpu.Run(1);
        Assert.Equal((Vector.DataTlbError, 0x9000_1000u), (cpu.VectorTaken, cpu.State->Dear));
        Assert.Equal(0u, cpu.Word(0x0010_0FFC));
        Map(cpu, 2, 0x9000_1000, 0x0020_0000, 0x3F);
        cpu.State->Pc = 0x1000;
        cpu.Run(1);
        Assert.Equal((0x1122u, 0x3344_0000u), (cpu.Word(0x0010_0FFC), cpu.Word(0x0020_0000)));
    }

    [Fact]
    public void Registers_beyond_4_gib_are_reached_with_size_order_and_initiator()
    {
        using var cpu = Create(Asm.Lwz(3, 4, 5), Asm.Stb(3, 9, 5), Asm.Lbz(6, 1, 5));
        var accesses = new List<string>();
        cpu.AddRegisters(Registers, 0x1000,
            (offset, size, who) =>
            {
                accesses.Add($"r{offset}:{size} cpu{who!.CpuIndex} {who.ProcessorVersion:x}");
                return 0xA1B2_C3D4_E5F6_0718 >> (64 - 8 * size);
            },
            (offset, value, size, _) => accesses.Add($"w{offset}:{size}={value:x}"));
        Map(cpu, 1, 0x9000_0000, Registers, 0x3F);
        cpu.State->Gpr[5] = 0x9000_0000;
        cpu.Run(3);
        Assert.Equal(["r4:4 cpu0 80210030", "w9:1=d4", "r1:1 cpu0 80210030"], accesses);
        Assert.Equal((0xA1B2_C3D4u, 0xA1u), (cpu.State->Gpr[3], cpu.State->Gpr[6]));
    }

    [Fact]
    public void A_device_sees_the_time_of_the_access()
    {
        using var cpu = Create(Asm.Nop, Asm.Nop, Asm.Nop, Asm.Lwz(3, 0, 5), Asm.Nop, Asm.Lwz(3, 0, 5), Asm.Nop);
        var times = new List<(long Time, ulong Pc)>();
        cpu.AddRegisters(Registers, 0x1000,
            (_, _, _) =>
            {
                times.Add((cpu.Scheduler.Now, cpu.Core.ProgramCounter));
                return 0;
            },
            static (_, _, _, _) => { });
        Map(cpu, 1, 0x9000_0000, Registers, 0x3F);
        cpu.State->Gpr[5] = 0x9000_0000;
        cpu.Run(7);
        Assert.Equal([(6L, 0x100Cul), (10L, 0x1014ul)], times);
    }

    [Fact]
    public void An_interrupt_that_a_store_raises_is_taken_after_it()
    {
        using var cpu = Create(Asm.Stw(3, 0, 5), Asm.Addi(3, 3, 1));
        cpu.AddRegisters(Registers, 0x1000, static (_, _, _) => 0, (_, _, _, _) => cpu.Core.SetLine(InputLine.External, true));
        Map(cpu, 1, 0x9000_0000, Registers, 0x3F);
        cpu.State->Gpr[5] = 0x9000_0000;
        cpu.Load(0x500, Asm.Nop);
        Context.SetMsr(cpu.State, Msr.Ee);
        cpu.Run(2);
        Assert.Equal((0x1004u, 0u, 0x504u), (cpu.State->Srr0, cpu.State->Gpr[3], cpu.State->Pc));
    }

    [Fact]
    public void A_load_that_faults_in_the_middle_of_lmw_leaves_its_base()
    {
        using var cpu = Create(Asm.Lmw(20, 0, 25));
        Map(cpu, 1, 0x9000_0000, 0x0010_0000, 0x3F);
        cpu.State->Gpr[25] = 0x9000_0FE0;
        cpu.Run(1);
        Assert.Equal((Vector.DataTlbError, 0x9000_1000u, 0x9000_0FE0u), (cpu.VectorTaken, cpu.State->Dear, cpu.State->Gpr[25]));
    }

    [Fact]
    public void A_word_that_faults_in_the_middle_of_stmw_comes_after_those_that_are_stored()
    {
        using var cpu = Create(Asm.Lmw(28, 0, 5) | 1u << 26);
        Map(cpu, 1, 0x9000_0000, 0x0010_0000, 0x3F);
        (cpu.State->Gpr[5], cpu.State->Gpr[28], cpu.State->Gpr[29]) = (0x9000_0FF8, 28, 29);
        cpu.Run(1);
        Assert.Equal((Vector.DataTlbError, 0x9000_1000u, 28u, 29u),
            (cpu.VectorTaken, cpu.State->Dear, cpu.Word(0x0010_0FF8), cpu.Word(0x0010_0FFC)));
    }

    [Fact]
    public void Elements_across_pages_fault_before_any_is_stored()
    {
        using var cpu = Create(0x1085_0323 /* evstdw r4,0(r5) */);
        Map(cpu, 1, 0x9000_0000, 0x0010_0000, 0x3F);
        Context.SetMsr(cpu.State, Msr.Spe);
        (cpu.State->Gpr[4], cpu.State->GprHigh[4], cpu.State->Gpr[5]) = (1, 2, 0x9000_0FFC);
        cpu.Run(1);
        Assert.Equal((Vector.DataTlbError, 0x9000_1000u, 0u), (cpu.VectorTaken, cpu.State->Dear, cpu.Word(0x0010_0FFC)));
    }

    [Fact]
    public void A_store_of_ones_own_keeps_the_reservation()
    {
        using var cpu = Create(Asm.Lwarx(3, 0, 5), Asm.Stw(4, 0, 5), Asm.Stwcx(6, 0, 5));
        (cpu.State->Gpr[4], cpu.State->Gpr[5], cpu.State->Gpr[6]) = (1, 0x2000, 42);
        cpu.Run(3);
        Assert.Equal((42u, Flags.Eq), (cpu.Word(0x2000), cpu.State->Cr[0]));
    }

    [Fact]
    public void Dcbz_clears_a_line_of_32_bytes()
    {
        using var cpu = Create(Asm.Dcbz(0, 5));
        cpu.Ram.Write(0x2000, Enumerable.Repeat((byte)0xFF, 96).ToArray());
        cpu.State->Gpr[5] = 0x2035;
        cpu.Run(1);
        Assert.Equal((uint.MaxValue, 0u, 0u, uint.MaxValue), (cpu.Word(0x201C), cpu.Word(0x2020), cpu.Word(0x203C), cpu.Word(0x2040)));
    }

    [Fact]
    public void A_conditional_store_needs_the_reservation_of_its_address()
    {
        using var cpu = Create(Asm.Lwarx(3, 0, 5), Asm.Stwcx(4, 0, 5), Asm.Stwcx(4, 0, 5), Asm.Lwarx(3, 0, 5), Asm.Stwcx(6, 0, 7));
        cpu.State->Gpr[4] = 42;
        cpu.State->Gpr[5] = 0x2000;
        cpu.State->Gpr[7] = 0x2010;
        cpu.Run(2);
        Assert.Equal((42u, Flags.Eq), (cpu.Word(0x2000), cpu.State->Cr[0]));
        cpu.Run(1);
        Assert.Equal((byte)0, cpu.State->Cr[0]);
        cpu.Run(2);
        Assert.Equal(((byte)0, 0u), (cpu.State->Cr[0], cpu.Word(0x2010)));
    }

    [Fact]
    public void A_reservation_ends_with_the_slice_and_with_a_write_by_another_master()
    {
        using var cpu = Create(Asm.Lwarx(3, 0, 5), Asm.Stwcx(4, 0, 5));
        cpu.State->Gpr[5] = 0x2000;
        cpu.Run(1);
        Assert.Equal(1, cpu.State->Reserved);
        cpu.Ram.Write(0x0030_0000, [1]);
        Assert.Equal(0, cpu.State->Reserved);
        cpu.State->Reserved = 1;
        cpu.Core.EndSlice();
        Assert.Equal(0, cpu.State->Reserved);
    }

    [Fact]
    public void Two_cpus_count_without_losing_any()
    {
        using var cpu = new BareCpu(cpus: 2,
            new Engine.Scheduling.SchedulerOptions { Policy = Engine.Scheduling.SchedulePolicy.Random(3) });
        cpu.Load(0x1000, Asm.Addi(6, 0, 1000), Asm.Mtspr(9, 6), Asm.Lwarx(3, 0, 5), Asm.Addi(3, 3, 1), Asm.Stwcx(3, 0, 5),
            Asm.Bc(4, 2, -12), Asm.Bdnz(-16), Asm.B(0));
        foreach (var core in cpu.Cores)
            core.State->Gpr[5] = 0x2000;
        cpu.Run(100_000);
        Assert.Equal(2000u, cpu.Word(0x2000));
    }

    [Fact]
    public void Tlbivax_is_broadcast()
    {
        using var cpu = new BareCpu(cpus: 2);
        cpu.Load(0x1000, Asm.Tlbivax(0, 5), Asm.B(0));
        cpu.Load(0x2000, Asm.B(0));
        cpu.Cores[1].State->Pc = 0x2000;
        foreach (var core in cpu.Cores)
            (core.State->TlbMas1[0], core.State->TlbMas2[0]) = (0x8000_0100, 0x9000_0000);
        cpu.State->Gpr[5] = 0x9000_0000;
        cpu.Run(1);
        Assert.All(cpu.Cores, static core => Assert.Equal(0u, core.State->TlbMas1[0] & 0x8000_0000));
    }

    [Theory]
    [InlineData(0x2000_0000u, 0x8000_0100u)] // There is no TLB2.
    [InlineData(0x1001_0000u, 0x8000_0D00u)] // Nor pages of 64 GiB.
    public void Tlbwe_refuses_what_the_tlbs_do_not_have(uint mas0, uint mas1)
    {
        using var cpu = Create(Asm.Tlbwe);
        (cpu.State->Mas0, cpu.State->Mas1) = (mas0, mas1);
        cpu.Run(1);
        Assert.Equal((Vector.Program, Esr.Pil), (cpu.VectorTaken, cpu.State->Esr));
    }

    [Fact]
    public void The_first_e500_has_half_the_tlb0()
    {
        using var cpu = new BareCpu(model: PowerPcCpuModels.All[0]);
        cpu.Load(0x1000, Asm.Mfspr(3, 688), Asm.Tlbwe);
        cpu.State->Mas0 = 3 << 16;
        cpu.State->Mas1 = 0x8000_0100;
        cpu.State->Mas2 = 0x9000_1000;
        cpu.Run(2);
        // Way 3 of two is way 1 of set 1.
        Assert.Equal((0x0211_0100u, 0x9000_1000u), (cpu.State->Gpr[3], cpu.State->TlbMas2[3]));
    }
}
