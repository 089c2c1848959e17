using Sim.Engine.Cpu.PowerPc;
using Sim.PropertyKit;
using Xunit;

namespace Sim.Tests;

/// <summary>Law L6 over random programs, and the soft TLB beside a walk of the TLBs.</summary>
public sealed unsafe class ExecutionLawTests
{
    [Fact]
    public void Single_steps_and_pieces_of_every_length_agree_after_every_instruction() => ExecutionLaws.SingleSteps.Sampled();

    [Fact]
    public void An_exact_stop_that_loses_the_carry_is_found_and_shrunk()
    {
        var failure = Assert.Throws<LawFailedException>(static () =>
            Law.Holds("a planted bug", GuestProgram.Any, static (program, classes) =>
            ExecutionLaws.Compare(program, static cpu => cpu.State->XerCa ^= 1, classes)));
        Assert.InRange(Assert.IsType<GuestProgram>(failure.Case).Parts.Count, 0, 1);
    }

    [Fact]
    public void Code_that_stays_as_it_was_when_it_is_stored_to_is_found_and_shrunk()
    {
        // The program's page keeps its entry for stores, which are then not seen by the decoded code.
        var failure = Assert.Throws<LawFailedException>(static () =>
            Law.Holds("a planted bug", GuestProgram.Any, static (program, classes) =>
            ExecutionLaws.Compare(program, static cpu =>
            {
                var entry = cpu.State->DataTlb + (GuestProgram.Page >> 12);
                entry->WriteTag = GuestProgram.Page;
                entry->Addend = cpu.Ram.Host;
            }, classes), new LawOptions { Runs = 500 }));
        Assert.InRange(Assert.IsType<GuestProgram>(failure.Case).Parts.Count, 1, 12);
    }

    [Fact]
    public void Every_access_goes_where_a_walk_of_the_TLBs_leads() => TranslationLaws.SoftTlb.Sampled();

    [Fact]
    public void A_TLB_write_that_leaves_old_translations_is_found_and_shrunk()
    {
        // An entry that leads elsewhere without the core's knowledge: what was cached of it stays.
        var failure = Assert.Throws<LawFailedException>(static () =>
            Law.Holds("a planted bug", TranslationSequence.Any, static (sequence, classes) =>
            TranslationLaws.Run(sequence, static cpu => cpu.State->TlbMas73[PowerPcState.Tlb0Entries + 1] ^= 0x1000, classes),
                new LawOptions { Runs = 2000 }));
        Assert.InRange(Assert.IsType<TranslationSequence>(failure.Case).Steps.Count, 2, 6);
    }
}
