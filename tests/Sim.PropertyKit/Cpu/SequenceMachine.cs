using System.Globalization;
using Sim.Engine.Boards;
using Sim.Engine.Cpu.PowerPc;
using Sim.Engine.Memory;
using Sim.Engine.Scheduling;
using Sim.Engine.Session;

namespace Sim.PropertyKit.Cpu;

/// <summary>Runs sequences on our own board, as <see cref="SequenceReference"/> does on the reference.</summary>
internal sealed unsafe class SequenceMachine : IDisposable
{
    /// <summary>The board and its processor. Its interrupt controller has critical interrupts, which that of ppce500 has not.</summary>
    public const string Board = "mpc8544ds", Cpu = "e500v2_v30";

    /// <summary>Instructions that no sequence needs, the program's for it included, and those of the program's start.</summary>
    const long InstructionsPerCase = 100_000, StartInstructions = 100_000;

    readonly Session session;
    readonly PowerPcCore core;
    readonly int count;

    /// <summary>Boots the machine with a program.</summary>
    public SequenceMachine(byte[] image, int cases)
    {
        count = cases;
        session = Session.Boot(new MachineConfiguration
        {
            Machine = Board,
            Cpu = Cpu,
            Memory = 256 << 20,
            Bios = new GuestImage("sequences", BareElf.Make(image, SequenceProgram.Entry)),
            // A reservation ends with a slice of the schedule, which the reference has not: none ends within a sequence.
            Scheduler = new SchedulerOptions { Quantum = Engine.Base.VirtualTime.Second },
        });
        core = session.Machine.Devices().OfType<PowerPcCpu>().Single().Core;
    }

    /// <summary>The outcome of each sequence, in order, of an undisturbed run.</summary>
    public static List<SequenceOutcome> Run(IReadOnlyList<SequenceCase> cases)
    {
        using var machine = new SequenceMachine(SequenceProgram.Build(cases), cases.Count);
        return machine.Finish();
    }

    /// <summary>Runs all sequences.</summary>
    /// <exception cref="EndlessSequenceException">One does not end.</exception>
    public List<SequenceOutcome> Finish()
    {
        uint done = SequenceProgram.Done;
        while (core.State->Pc != done)
        {
            Advance(100_000);
            if (session.Scheduler.TotalInstructions > StartInstructions + (count * InstructionsPerCase))
                throw new EndlessSequenceException(string.Create(CultureInfo.InvariantCulture,
                    $"The program does not end: it is at 0x{core.State->Pc:x}, at the record at 0x{core.State->Sprg[0]:x}."));
        }

        return Outcomes();
    }

    /// <summary>Runs all sequences one instruction at a time and counts what they do.</summary>
    public List<SequenceOutcome> Finish(SequenceCoverage coverage)
    {
        bool marked = false;
        var ops = new MemoryRegionOps
        {
            Read = static (_, _, _) => 0,
            Peek = static (_, _, _) => 0,
            Write = (_, _, _, _) =>
            {
                marked = true;
                session.Scheduler.RequestStop();
            },
        };
        var marker = MemoryRegion.NewIo(session.Machine, ops, "marker", 8);
        session.Machine.SystemMemory.AddSubregion(SequenceLayout.Marker, marker, priority: 100);
        uint done = SequenceProgram.Done;
        while (core.State->Pc != done)
        {
            marked = false;
            Advance(100_000);
            if (!marked)
                continue;
            while (!InSlot)
                Advance(1);
            while (!InProgram)
                Step(coverage);
            coverage.EndSequence();
        }

        return Outcomes();
    }

    bool InSlot => core.State->Pc - SequenceLayout.Slot < 4 * (SequenceLayout.MaxWords + 1);

    bool InProgram => core.State->Pc - SequenceLayout.Program < 1 << 20;

    void Advance(long instructions) =>
        session.Scheduler.Run(new StopCondition { Instructions = session.Scheduler.TotalInstructions + instructions });

    void Step(SequenceCoverage coverage)
    {
        uint address = core.State->Pc, msr = core.State->Msr;
        // Elsewhere nothing can be executed.
        uint word = InSlot ? (uint)session.Machine.Memory.Read(SequenceLayout.WorkPhysical + address - SequenceLayout.Work, 4, null) : 0;
        Advance(1);
        uint offset = core.State->Pc - SequenceLayout.Vectors;
        bool interrupted = offset < 36 * 16;
        int vector = interrupted ? (int)offset / 16 : -1;
        if (interrupted)
            coverage.CountVector(vector);
        // An interrupt between instructions has already executed the first one of its handler.
        bool isBetween = interrupted && offset % 16 != 0;
        bool isAfter = interrupted && !isBetween && vector is 8 or 18;
        if (!isBetween && (!interrupted || isAfter))
            coverage.CountInstruction(word, msr);
    }

    List<SequenceOutcome> Outcomes()
    {
        var records = new byte[count * SequenceLayout.RecordSize];
        session.Machine.Memory.Read(SequenceLayout.Records, records);
        return ReadOutcomes(records, count);
    }

    /// <summary>The outcomes in the records of a finished run.</summary>
    public static List<SequenceOutcome> ReadOutcomes(byte[] records, int count) =>
        [.. Enumerable.Range(0, count).Select(i =>
            SequenceOutcome.Read(records.AsSpan(i * SequenceLayout.RecordSize, SequenceLayout.RecordSize)))];

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();
}

/// <summary>A sequence does not end.</summary>
internal sealed class EndlessSequenceException(string message) : Exception(message);
