using Sim.Engine.Cpu.PowerPc;
using Sim.PropertyKit.Cpu;
using Xunit;

namespace Sim.Tests;

/// <summary>Interrupts: what they save, mask and report (e500 core reference manual, chapter 5).</summary>
public sealed unsafe class InterruptTests
{
    const uint Everything = Msr.Ucle | Msr.Spe | Msr.Ce | Msr.Ee | Msr.Me | Msr.De;

    static BareCpu Create(params uint[] code)
    {
        var cpu = new BareCpu();
        cpu.SetVectors();
        cpu.Load(0x1000, code);
        return cpu;
    }

    static void SetMsr(BareCpu cpu, uint value) => Context.SetMsr(cpu.State, value);

    [Fact]
    public void A_base_interrupt_keeps_only_ce_me_and_de()
    {
        using var cpu = Create(Asm.Sc);
        SetMsr(cpu, Everything | Msr.Pr);
        cpu.Run(1);
        Assert.Equal(Vector.SystemCall, cpu.VectorTaken);
        Assert.Equal((0x1004u, Everything | Msr.Pr, Msr.Ce | Msr.Me | Msr.De), (cpu.State->Srr0, cpu.State->Srr1, cpu.State->Msr));
    }

    [Fact]
    public void Rfi_restores_the_context()
    {
        using var cpu = Create(Asm.Sc);
        cpu.Load(0x900, Asm.Rfi);
        SetMsr(cpu, Everything | Msr.Pr);
        cpu.Run(2);
        Assert.Equal((0x1004u, Everything | Msr.Pr), (cpu.State->Pc, cpu.State->Msr));
    }

    [Theory]
    [InlineData(0x0000_0000u, Esr.Pil)]
    [InlineData(0x7C8C_42E6u, Esr.Pil)] // mftb: the e500 has none.
    [InlineData(0xC005_0000u, Esr.Pil)] // lfs: nor floating-point registers.
    [InlineData(0x8480_0000u, Esr.Pil)] // lwzu without a base.
    [InlineData(0x84A5_0000u, Esr.Pil)] // lwzu into its base.
    [InlineData(0x7FE0_0008u, Esr.Ptr)] // trap.
    public void A_program_exception_tells_its_cause_and_does_nothing(uint word, uint esr)
    {
        using var cpu = Create(Asm.Nop, word);
        cpu.Run(2);
        Assert.Equal((Vector.Program, esr, 0x1004u), (cpu.VectorTaken, cpu.State->Esr, cpu.State->Srr0));
        Assert.Equal(0u, cpu.State->Gpr[4]);
    }

    [Theory]
    [InlineData(0x7C80_00A6u)] // mfmsr r4
    [InlineData(0x4C00_0064u)] // rfi
    [InlineData(0x7C00_07A4u)] // tlbwe
    [InlineData(0x7C9A_02A6u)] // mfspr r4,srr0
    [InlineData(0x7C9F_42A6u)] // mfspr r4,pvr
    [InlineData(0x7C9C_42A6u)] // mfspr r4,tblw
    [InlineData(0x7C9C_43A6u)] // mtspr tblw,r4
    [InlineData(0x7C8C_43A6u)] // mtspr 268 (read-only), r4
    public void Supervisor_instructions_are_privileged_in_user_state(uint word)
    {
        using var cpu = Create(word);
        SetMsr(cpu, Msr.Pr);
        cpu.Run(1);
        Assert.Equal((Vector.Program, Esr.Ppr), (cpu.VectorTaken, cpu.State->Esr));
    }

    [Theory]
    [InlineData(0x7C9F_52A6u, false, Esr.Pil)] // mfspr r4,351: there is none.
    [InlineData(0x7C9F_52A6u, true, Esr.Ppr)]
    [InlineData(0x7C8F_52A6u, true, Esr.Pil)] // mfspr r4,335: a user number.
    public void An_unknown_special_register_is_illegal_or_privileged(uint word, bool user, uint esr)
    {
        using var cpu = Create(word);
        SetMsr(cpu, user ? Msr.Pr : 0);
        cpu.Run(1);
        Assert.Equal((Vector.Program, esr), (cpu.VectorTaken, cpu.State->Esr));
    }

    [Fact]
    public void Spe_instructions_need_the_unit_switched_on()
    {
        using var cpu = Create(0x1064_2A00 /* evaddw r3,r4,r5 */, Asm.Nop);
        cpu.Run(1);
        Assert.Equal((Vector.SpeUnavailable, Esr.Spv, 0x1000u), (cpu.VectorTaken, cpu.State->Esr, cpu.State->Srr0));
        SetMsr(cpu, Msr.Spe);
        cpu.State->Pc = 0x1000;
        cpu.Run(1);
        Assert.Equal(0x1004u, cpu.State->Pc);
    }

    [Theory]
    [InlineData(0x7C80_2828u, 0u)] // lwarx r4,0,r5
    [InlineData(0x7C80_292Du, Esr.St)] // stwcx. r4,0,r5
    public void A_reservation_needs_an_aligned_word(uint word, uint esr)
    {
        using var cpu = Create(word);
        cpu.State->Gpr[5] = 0x2002;
        cpu.State->Esr = Esr.Ptr;
        cpu.Run(1);
        Assert.Equal((Vector.Alignment, esr, 0x2002u), (cpu.VectorTaken, cpu.State->Esr, cpu.State->Dear));
    }

    [Fact]
    public void Locking_a_cache_line_in_user_state_needs_ucle()
    {
        using var cpu = Create(0x7C00_294C /* dcbtls 0,0,r5 */);
        cpu.State->Gpr[5] = 0x2000;
        SetMsr(cpu, Msr.Pr);
        cpu.Run(1);
        Assert.Equal((Vector.DataStorage, Esr.Dlk, 0x2000u), (cpu.VectorTaken, cpu.State->Esr, cpu.State->Dear));
        SetMsr(cpu, Msr.Pr | Msr.Ucle);
        cpu.State->Pc = 0x1000;
        cpu.Run(1);
        Assert.Equal((0x1004u, 0u), (cpu.State->Pc, cpu.State->L1Csr0));
    }

    [Fact]
    public void A_fetch_that_misses_leaves_esr_and_dear()
    {
        using var cpu = Create();
        (cpu.State->Esr, cpu.State->Dear, cpu.State->Pc) = (Esr.Ptr, 0x1234, 0x9000_0000);
        cpu.Run(1);
        Assert.Equal((Vector.InstructionTlbError, 0x9000_0000u, Esr.Ptr, 0x1234u),
            (cpu.VectorTaken, cpu.State->Srr0, cpu.State->Esr, cpu.State->Dear));
    }

    [Fact]
    public void An_external_interrupt_waits_for_ee()
    {
        using var cpu = Create(Asm.Nop, Asm.Nop, Asm.Wrteei(true), Asm.Nop);
        cpu.Core.SetLine(InputLine.External, true);
        cpu.Run(3);
        Assert.Equal(0x100Cu, cpu.State->Pc);
        cpu.Load(0x500, Asm.Nop);
        cpu.Run(1);
        Assert.Equal((0x504u, 0x100Cu), (cpu.State->Pc, cpu.State->Srr0));
    }

    [Fact]
    public void External_proxy_loads_the_acknowledged_vector()
    {
        using var cpu = Create(Asm.Nop);
        cpu.Load(0x500, Asm.Mfspr(3, 702));
        cpu.Core.ExternalAcknowledge = static () => 0x2A;
        SetMsr(cpu, Msr.Ee);
        cpu.Core.SetLine(InputLine.External, true);
        cpu.Run(1);
        Assert.Equal(0x2Au, cpu.State->Gpr[3]);
    }

    [Fact]
    public void Interrupts_are_taken_in_order_of_urgency()
    {
        using var cpu = Create(Asm.Nop);
        for (uint at = 0x100; at < 0x1000; at += 4)
            cpu.Load(at, Asm.Nop);
        cpu.State->Tcr = Tcr.DecrementerEnable | Tcr.FixedIntervalEnable | Tcr.WatchdogEnable;
        cpu.State->Tsr = Tsr.Decrementer | Tsr.FixedInterval | Tsr.Watchdog;
        cpu.Core.SetLine(InputLine.External, true);
        cpu.Core.SetLine(InputLine.Critical, true);
        cpu.Core.SetLine(InputLine.MachineCheck, true);
        var taken = new List<Vector>();
        while (taken.Count < 6)
        {
            SetMsr(cpu, Everything);
            cpu.Run(1);
            taken.Add(cpu.VectorTaken);
            switch (cpu.VectorTaken)
            {
                case Vector.CriticalInput: cpu.Core.SetLine(InputLine.Critical, false); break;
                case Vector.ExternalInput: cpu.Core.SetLine(InputLine.External, false); break;
                case Vector.Watchdog: cpu.State->Tsr &= ~Tsr.Watchdog; break;
                case Vector.FixedIntervalTimer: cpu.State->Tsr &= ~Tsr.FixedInterval; break;
            }
        }

        Assert.Equal([Vector.MachineCheck, Vector.CriticalInput, Vector.Watchdog, Vector.ExternalInput,
            Vector.FixedIntervalTimer, Vector.Decrementer], taken);
    }

    [Fact]
    public void Critical_and_machine_check_interrupts_have_their_own_save_registers()
    {
        using var cpu = Create(Asm.Nop);
        cpu.Load(0x100, Asm.Nop);
        SetMsr(cpu, Everything);
        cpu.Core.SetLine(InputLine.Critical, true);
        cpu.Run(1);
        Assert.Equal((0x1000u, Everything, Msr.Me), (cpu.State->Csrr0, cpu.State->Csrr1, cpu.State->Msr));
        cpu.Load(0x200, Asm.Nop);
        cpu.Core.SetLine(InputLine.MachineCheck, true);
        cpu.Run(1);
        Assert.Equal((0x104u, Msr.Me, 0u, 0x8000_0000u), (cpu.State->Mcsrr0, cpu.State->Mcsrr1, cpu.State->Msr, cpu.State->Mcsr));
    }

    [Fact]
    public void Endless_faults_make_progress()
    {
        using var cpu = Create();
        cpu.State->TlbMas1[512] = 0;
        cpu.Core.DropSoftTlbs();
        cpu.Run(1000);
        Assert.Equal(1000, cpu.Core.Clock!.Instructions);
        Assert.Equal(Vector.InstructionTlbError, cpu.VectorTaken);
    }

    [Fact]
    public void A_single_step_event_follows_each_instruction()
    {
        using var cpu = Create(Asm.Addi(3, 3, 1), Asm.Addi(3, 3, 1));
        cpu.State->Dbcr0 = Dbcr0.InternalDebug | Dbcr0.InstructionComplete;
        SetMsr(cpu, Msr.De);
        cpu.Run(1);
        Assert.Equal((Vector.Debug, 1u, 0x1004u, Dbcr0.InstructionComplete),
            (cpu.VectorTaken, cpu.State->Gpr[3], cpu.State->Csrr0, cpu.State->Dbsr));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public void A_taken_branch_event_comes_before_the_branch(int distance)
    {
        using var cpu = Create(Asm.Bl(distance), Asm.Nop, Asm.Nop);
        cpu.State->Dbcr0 = Dbcr0.InternalDebug | Dbcr0.BranchTaken;
        cpu.State->Lr = 0x1234;
        SetMsr(cpu, Msr.De);
        cpu.Run(1);
        Assert.Equal((Vector.Debug, 0x1000u, 0x1234u), (cpu.VectorTaken, cpu.State->Csrr0, cpu.State->Lr));
    }

    [Fact]
    public void A_trap_can_be_a_debug_event()
    {
        using var cpu = Create(Asm.Trap);
        cpu.State->Dbcr0 = Dbcr0.InternalDebug | Dbcr0.Trap;
        SetMsr(cpu, Msr.De);
        cpu.Run(1);
        Assert.Equal((Vector.Debug, 0x1000u, Dbcr0.Trap), (cpu.VectorTaken, cpu.State->Csrr0, cpu.State->Dbsr));
    }

    [Fact]
    public void A_reset_request_names_its_kind()
    {
        using var cpu = Create(Asm.Mtspr(308, 4));
        int kind = 0;
        cpu.Core.ResetRequested = requested => kind = requested;
        cpu.State->Gpr[4] = 0x3000_0000;
        cpu.Run(1);
        Assert.Equal(3, kind);
    }
}
